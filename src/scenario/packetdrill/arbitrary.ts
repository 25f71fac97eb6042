/** Random packetdrill scripts for property tests. The library is handed in, as the app does not carry it. */
import type fastCheck from 'fast-check';
import type {
  Action,
  Expression,
  IcmpPacket,
  IpInfo,
  Packet,
  Place,
  Script,
  ScriptEvent,
  TcpOption,
  Time,
} from './ast';
import { ECN } from './ast';

export function arbitraryScript(fc: typeof fastCheck): fastCheck.Arbitrary<Script> {
  const nowhere = fc.constant<Place>({ line: 1, column: 1, lastLine: 1 });
  const name = fc.stringMatching(/^[A-Z][A-Z_]{2,12}$/);
  const maybe = <T>(of: fastCheck.Arbitrary<T>): fastCheck.Arbitrary<T | null> => fc.option(of, { nil: null });
  const upTo = (max: number): fastCheck.Arbitrary<number> => fc.nat({ max });
  const u16 = upTo(0xffff);
  const u32 = upTo(0xffffffff);
  const hex = fc
    .uint8Array({ maxLength: 16 })
    .map((bytes) => [...bytes].map((b) => b.toString(16).padStart(2, '0')).join(''));
  /** No mark that ends what it stands in. */
  const prose = fc.stringMatching(/^[a-z]{1,8}( [a-z]{1,8}){0,3}$/);
  const shell = fc.stringMatching(/^[ -_a-z\n]{0,30}$/).filter((text) => !/[\\`]/.test(text));

  const time: fastCheck.Arbitrary<Time> = fc.record({
    kind: fc.constantFrom('absolute', 'relative'),
    us: upTo(10_000_000_000),
    until: fc.constant(null),
  });
  const freeTime: fastCheck.Arbitrary<Time> = fc.oneof(
    time,
    fc.constant({ kind: 'any' } as const),
    fc
      .tuple(fc.constantFrom<'absolute' | 'relative'>('absolute', 'relative'), upTo(1e9), upTo(1e9))
      .map(([kind, us, more]) => ({ kind, us, until: us + more })),
  );

  const number: fastCheck.Arbitrary<Expression> = fc
    .oneof(
      fc.integer().map(String),
      u32.map((value) => `0x${value.toString(16)}`),
      fc.tuple(upTo(999), upTo(20)).map(([digits, exponent]) => `${digits}e${exponent}`),
    )
    .map((text) => ({ kind: 'number', value: Number(text), text }));

  const { expression } = fc.letrec<{ expression: Expression; operand: Expression; field: Expression }>((tie) => {
    const args = fc.array(tie('expression'), { maxLength: 3 });
    const operand = fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.constant<Expression>({ kind: 'ellipsis' }),
      number,
      name.map((text): Expression => ({ kind: 'symbol', name: text })),
      fc.record({
        kind: fc.constant('string' as const),
        parts: fc.array(fc.stringMatching(/^[ !#-[\]-~]{0,12}$/), { minLength: 1, maxLength: 3 }),
        more: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('list' as const), items: args }),
      fc.record({
        kind: fc.constant('struct' as const),
        items: fc.array(fc.oneof(tie('expression'), tie('field')), { maxLength: 3 }),
      }),
      fc.record({ kind: fc.constant('call' as const), name, args }),
      fc.record({ kind: fc.constant('cast' as const), type: fc.constantFrom('void *', 'int'), of: tie('operand') }),
      fc.constant<Expression>({ kind: 'raw', text: '( label 1 , tc 2 , [ S ] , ttl 3 )' }),
    );
    return {
      operand,
      field: fc.record({ kind: fc.constant('field' as const), name, args: maybe(args), value: tie('expression') }),
      expression: fc.oneof(
        { weight: 4, arbitrary: operand },
        {
          weight: 1,
          arbitrary: fc.record({
            kind: fc.constant('or' as const),
            of: fc.array(operand, { minLength: 2, maxLength: 3 }),
          }),
        },
      ),
    };
  });

  const call: fastCheck.Arbitrary<Action> = fc.record({
    kind: fc.constant('call'),
    end: maybe(upTo(1e9)),
    name: fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/),
    args: fc.array(expression, { maxLength: 4 }),
    result: expression,
    errno: maybe(fc.record({ name, message: prose })),
    note: maybe(prose),
  });

  const sequence = fc.tuple(u32, u16).map(([start, length]) => ({ start, end: (start + length) % 2 ** 32, length }));
  const ports = maybe(fc.record({ source: u16, destination: u16 }));
  const outer = fc.array(
    fc.constantFrom(
      'ipv4 192.0.2.2 > 192.0.2.1 :',
      'ipv6 [ ect0 ] 2001:db8::2 > ::1 :',
      'gre :',
      'gre flags 0xb000 , sum 1 , off 2 , key 0x3 , seq 4 :',
      'mpls ( label 1 , tc 2 , [ S ] , ttl 3 ) :',
    ),
    { maxLength: 2 },
  );
  const ip: fastCheck.Arbitrary<IpInfo | null> = maybe(
    fc.record({
      ecn: maybe(fc.constantFrom(...ECN.filter((ecn) => ecn !== 'ect01'))),
      tos: maybe(upTo(255)),
      flowLabel: maybe(upTo(0xfffff)),
      ttl: maybe(upTo(255)),
    }),
  ).filter((info) => info === null || Object.values(info).some((value) => value !== null));
  const head = { kind: fc.constant('packet' as const), direction: fc.constantFrom('in', 'out'), outer, ip };

  const tcpOption: fastCheck.Arbitrary<TcpOption> = fc.oneof(
    fc.record({ kind: fc.constantFrom('nop', 'eol', 'sackOK') }),
    fc.record({ kind: fc.constant('mss'), bytes: u16 }),
    fc.record({ kind: fc.constant('wscale'), shift: maybe(upTo(255)) }),
    fc.record({
      kind: fc.constant('sack'),
      blocks: fc.array(fc.record({ start: u32, end: u32 }), { minLength: 1, maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant('timestamp'), value: u32, echo: u32 }),
    fc.record({ kind: fc.constantFrom('FO', 'FOEXP'), cookie: hex }),
    fc.record({ kind: fc.constant('md5'), digest: hex }),
    fc.record({ kind: fc.constant('unknown'), text: fc.constantFrom('ECN e1b 1 ceb 0', 'dss key [ a = 2 , b ]') }),
  ) as fastCheck.Arbitrary<TcpOption>;

  const packet = fc.oneof(
    fc.record({
      ...head,
      protocol: fc.constant('tcp'),
      ports,
      flags: fc.constantFrom('S', 'S.', '.', 'FP.', 'R', '-', 'SEW', 'SEWA', 'P.', 'W.', 'PU.', 'EAP.5'),
      sequence,
      ack: maybe(u32),
      window: maybe(u16),
      urgent: maybe(u16),
      options: fc.array(tcpOption, { maxLength: 5 }),
      fuzz: maybe(fc.constant('mut tcp mss')),
    }),
    fc.record({ ...head, protocol: fc.constant('udp'), ports, length: u16 }),
    fc.record({
      ...head,
      protocol: fc.constant('icmp'),
      type: fc.constantFrom('unreachable', 'echo_request'),
      code: maybe(fc.constantFrom('frag_needed', 'port_unreachable')),
      mtu: maybe(u16),
      id: maybe(u16),
      about: maybe(
        fc.oneof(
          fc.record({ protocol: fc.constant('tcp'), sequence }),
          fc.record({ protocol: fc.constantFrom('udp', 'raw'), length: u16 }),
        ),
      ) as fastCheck.Arbitrary<IcmpPacket['about']>,
    }),
  ) as fastCheck.Arbitrary<Packet>;
  const outbound = packet.map((of): Packet => {
    const out = { ...of, direction: 'out' as const };
    return out.protocol === 'tcp' && out.options.length === 0 ? { ...out, options: 'any' } : out;
  });

  const code: fastCheck.Arbitrary<Action> = fc.record({
    kind: fc.constant('code'),
    text: fc.stringMatching(/^[a-z\n][ -~\n]{0,30}[a-z\n]$/).filter((text) => !text.includes('}%')),
    textPlace: nowhere,
  });
  const command: fastCheck.Arbitrary<Action> = fc.record({ kind: fc.constant('command'), text: shell });

  const event: fastCheck.Arbitrary<ScriptEvent> = fc.oneof(
    fc.record({ time, action: fc.oneof(call, packet, code, command), place: nowhere }),
    fc.record({ time: freeTime, action: outbound, place: nowhere }),
  );

  return fc.record({
    options: fc.array(
      fc.record({
        name: fc.stringMatching(/^[a-z][a-z_]{2,12}$/),
        value: maybe(
          fc.constantFrom('ipv4', '1000', '-1', '192.0.2.1', '2001:db8::1', '"reno"', 'A=b', 'CC="reno"', 'X=`ls`'),
        ),
        place: nowhere,
      }),
      { maxLength: 3 },
    ),
    init: fc.array(fc.record({ text: shell, place: nowhere }), { maxLength: 2 }),
    events: fc.array(event, { minLength: 1, maxLength: 6 }),
    cleanup: fc.array(fc.record({ text: shell, place: nowhere }), { maxLength: 2 }),
  });
}
