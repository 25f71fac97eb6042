import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryScript } from './arbitrary';
import type { Action, Expression, Script, SystemCall, TcpOption, Time } from './ast';
import { parsePacketdrill } from './parse';
import { printPacketdrill } from './print';

function parsed(text: string): Script {
  const result = parsePacketdrill(text);
  if (!result.ok) throw new Error(result.issues.map(({ message }) => message).join('\n'));
  return result.script;
}

function complaints(text: string): string[] {
  const result = parsePacketdrill(text);
  return result.ok ? [] : result.issues.map(({ message }) => message);
}

/** The script without what says where its parts stand. */
function placeless(script: Script): unknown {
  return JSON.parse(JSON.stringify(script, (key, value) => (/^(place|textPlace)$/.test(key) ? undefined : value)));
}

function event(text: string): { time: Time; action: Action } {
  const [first] = parsed(text).events;
  if (first === undefined) throw new Error('no event');
  return first;
}

function call(text: string): SystemCall {
  const { action } = event(`0 ${text}`);
  if (action.kind !== 'call') throw new Error('no call');
  return action;
}

const number = (value: number, text = String(value)): Expression => ({ kind: 'number', value, text });
const symbol = (name: string): Expression => ({ kind: 'symbol', name });
const rest: Expression = { kind: 'ellipsis' };

describe('times', () => {
  it.each<[string, Time]>([
    ['0.5 > . 1:1(0)', { kind: 'absolute', us: 500_000, until: null }],
    ['+0.1 > . 1:1(0)', { kind: 'relative', us: 100_000, until: null }],
    ['+.002 > . 1:1(0)', { kind: 'relative', us: 2000, until: null }],
    ['12 > . 1:1(0)', { kind: 'absolute', us: 12_000_000, until: null }],
    ['* > . 1:1(0)', { kind: 'any' }],
    ['0.1~0.2 > . 1:1(0)', { kind: 'absolute', us: 100_000, until: 200_000 }],
    ['+0~+0.2 > . 1:1(0)', { kind: 'relative', us: 0, until: 200_000 }],
    ['+0.29 > . 1:1(0)', { kind: 'relative', us: 290_000, until: null }],
    ['+0.1234567 > . 1:1(0)', { kind: 'relative', us: 123_456, until: null }],
  ])('%s', (text, time) => {
    expect(event(text).time).toEqual(time);
  });

  it('a blocking call has the time it returns at', () => {
    expect(event('+0.1...0.25 read(4, ..., 10) = 10')).toMatchObject({
      time: { kind: 'relative', us: 100_000 },
      action: { kind: 'call', name: 'read', end: 250_000 },
    });
  });
});

describe('expressions', () => {
  it.each<[string, Expression]>([
    ['...', rest],
    ['-1', number(-1)],
    ['0x40', number(64, '0x40')],
    ['010', number(10, '010')],
    ['1e6', number(1_000_000, '1e6')],
    ['A|B', { kind: 'or', of: [symbol('A'), symbol('B')] }],
    ['"a\\"b"', { kind: 'string', parts: ['a\\"b'], more: false }],
    ['"ab" "cd"', { kind: 'string', parts: ['ab', 'cd'], more: false }],
    ['"ab"...', { kind: 'string', parts: ['ab'], more: true }],
    ['[]', { kind: 'list', items: [] }],
    ['[1, X]', { kind: 'list', items: [number(1), symbol('X')] }],
    [
      '{onoff=1, linger=0}',
      {
        kind: 'struct',
        items: [
          { kind: 'field', name: 'onoff', args: null, value: number(1) },
          { kind: 'field', name: 'linger', args: null, value: number(0) },
        ],
      },
    ],
    ['{..., 100}', { kind: 'struct', items: [rest, number(100)] }],
    [
      '{msg_name(...)=..., msg_iov(1)=[{..., 9}], msg_flags=A|B}',
      {
        kind: 'struct',
        items: [
          { kind: 'field', name: 'msg_name', args: [rest], value: rest },
          {
            kind: 'field',
            name: 'msg_iov',
            args: [number(1)],
            value: { kind: 'list', items: [{ kind: 'struct', items: [rest, number(9)] }] },
          },
          { kind: 'field', name: 'msg_flags', args: null, value: { kind: 'or', of: [symbol('A'), symbol('B')] } },
        ],
      },
    ],
    ['htons(80)', { kind: 'call', name: 'htons', args: [number(80)] }],
    ['(void *)0', { kind: 'cast', type: 'void *', of: number(0) }],
    ['{ (label 7, tc 1, [S], ttl 3) }', { kind: 'raw', text: '( label 7 , tc 1 , [ S ] , ttl 3 )' }],
    [
      '{ flags [none], sum 0, off 0, key = 0, seq 0 }',
      { kind: 'raw', text: 'flags [ none ] , sum 0 , off 0 , key = 0 , seq 0' },
    ],
  ])('%s', (text, expected) => {
    expect(call(`f(${text}) = 0`).args).toEqual([expected]);
  });

  it.each<[string, Pick<SystemCall, 'result' | 'errno' | 'note'>]>([
    ['f() = 3', { result: number(3), errno: null, note: null }],
    [
      'f() = -1 EAGAIN (Resource  temporarily\n unavailable)',
      { result: number(-1), errno: { name: 'EAGAIN', message: 'Resource temporarily unavailable' }, note: null },
    ],
    ['f() = -1 EPIPE', { result: number(-1), errno: { name: 'EPIPE', message: null }, note: null }],
    ['f() = 0x2 (flags O_RDWR)', { result: number(2, '0x2'), errno: null, note: 'flags O_RDWR' }],
    ['f() = -1 (Invalid Argument)', { result: number(-1), errno: null, note: 'Invalid Argument' }],
    ['f() = ...', { result: rest, errno: null, note: null }],
  ])('%s', (text, expected) => {
    expect(call(text)).toMatchObject(expected);
  });
});

describe('packets', () => {
  const tcp = { kind: 'packet', direction: 'out', outer: [], ip: null, protocol: 'tcp', ports: null, ack: null };
  const empty = { start: 1, end: 1, length: 0 };

  it.each<[string, object]>([
    ['> . 1:1(0)', { ...tcp, flags: '.', sequence: empty, window: null, urgent: null, options: [], fuzz: null }],
    [
      '< P. 1:1001(1000) ack 5 win 257 urg 3',
      { direction: 'in', flags: 'P.', sequence: { start: 1, end: 1001, length: 1000 }, ack: 5, window: 257, urgent: 3 },
    ],
    ['> - 1:1(0) <...>', { ...tcp, flags: '-', options: 'any' }],
    ['> SEWA 0:0(0)', { flags: 'SEWA' }],
    ['> EAP.5 1:1(0)', { flags: 'EAP.5' }],
    ['> .5 1:1(0)', { ports: null, flags: '.5' }],
    ['> P5. 1:1(0)', { flags: 'P5.' }],
    ['> FRPU 1:1(0)', { flags: 'FRPU' }],
    ['< . 4294967295:1(2)', { sequence: { start: 4294967295, end: 1, length: 2 } }],
    ['> [ect0] . 1:1(0)', { ip: { ecn: 'ect0', tos: null, flowLabel: null, ttl: null } }],
    ['> (tos 0x10, flowlabel 0x12) . 1:1(0)', { ip: { ecn: null, tos: 16, flowLabel: 18, ttl: null } }],
    ['> [ttl 9] . 1:1(0)', { ip: { ecn: null, tos: null, flowLabel: null, ttl: 9 } }],
    ['> 8080 > 55 . 1:1(0)', { ports: { source: 8080, destination: 55 } }],
    ['< udp (100)', { direction: 'in', protocol: 'udp', ports: null, length: 100 }],
    ['> [noecn] udp 53 > 99 (7)', { protocol: 'udp', ports: { source: 53, destination: 99 }, length: 7 }],
    [
      '< icmp unreachable frag_needed mtu 1500 [1:1461(1460)]',
      {
        protocol: 'icmp',
        type: 'unreachable',
        code: 'frag_needed',
        mtu: 1500,
        id: null,
        about: { protocol: 'tcp', sequence: { start: 1, end: 1461, length: 1460 } },
      },
    ],
    [
      '< icmp echo_reply id 7 [raw (56)]',
      { type: 'echo_reply', code: null, id: 7, about: { protocol: 'raw', length: 56 } },
    ],
    [
      '< [1:3(2)] icmp unreachable frag_needed mtu 1500',
      { ip: null, mtu: 1500, about: { protocol: 'tcp', sequence: { start: 1, end: 3, length: 2 } } },
    ],
    ['< icmp packet_too_big mtu 1280', { type: 'packet_too_big', code: null, mtu: 1280, about: null }],
    [
      '< ipv4 192.0.2.2 > 192.0.2.1: gre: mpls (label 1, tc 0, [S], ttl 2): . 1:1(0)',
      { outer: ['ipv4 192.0.2.2 > 192.0.2.1 :', 'gre :', 'mpls ( label 1 , tc 0 , [ S ] , ttl 2 ) :'], flags: '.' },
    ],
    ['< ipv6 2001:db8::2 > ::1: udp (1)', { outer: ['ipv6 2001:db8::2 > ::1 :'], protocol: 'udp' }],
    ['< . 1:1(0) {mut tcp mss}', { fuzz: 'mut tcp mss' }],
  ])('%s', (text, expected) => {
    expect(event(`+0 ${text}`).action).toMatchObject(expected);
  });

  it.each<[string, TcpOption[]]>([
    [
      'mss 1000,sackOK,nop,eol,wscale 7,wscale *',
      [
        { kind: 'mss', bytes: 1000 },
        { kind: 'sackOK' },
        { kind: 'nop' },
        { kind: 'eol' },
        { kind: 'wscale', shift: 7 },
        { kind: 'wscale', shift: null },
      ],
    ],
    ['TS val 100 ecr 0', [{ kind: 'timestamp', value: 100, echo: 0 }]],
    [
      'sack 1:2 5:9,nop',
      [
        {
          kind: 'sack',
          blocks: [
            { start: 1, end: 2 },
            { start: 5, end: 9 },
          ],
        },
        { kind: 'nop' },
      ],
    ],
    ['FO,nop', [{ kind: 'FO', cookie: '' }, { kind: 'nop' }]],
    [
      'FO 12345678, FOEXP 0e12ab',
      [
        { kind: 'FO', cookie: '12345678' },
        { kind: 'FOEXP', cookie: '0e12ab' },
      ],
    ],
    ['FO TFO_COOKIE', [{ kind: 'FO', cookie: 'TFO_COOKIE' }]],
    ['md5 00ff', [{ kind: 'md5', digest: '00ff' }]],
    [
      'ECN e1b 1 ceb 0,mpcapable v1 flags[flag_h] key[a=2,b],nop',
      [
        { kind: 'unknown', text: 'ECN e1b 1 ceb 0' },
        { kind: 'unknown', text: 'mpcapable v1 flags [ flag_h ] key [ a = 2 , b ]' },
        { kind: 'nop' },
      ],
    ],
  ])('<%s>', (text, options) => {
    expect(event(`+0 > . 1:1(0) <${text}>`).action).toMatchObject({ options });
  });
});

describe('the whole', () => {
  const text = `// a comment
--ip_version=ipv4
--define=CC="reno"   # another
--dry_run
\`sysctl -q a=1
 echo x\`

0   socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0  setsockopt(3, SOL_TCP, TCP_CONGESTION, CC, 4) = 0
+.1 %{
assert tcpi_snd_cwnd == 10
}%
/* over
   lines */ +0 \`echo there\`
+0 > S. 0:0(0) ack 1
     <mss 1460>
\`echo end\`
`;

  it('has options, commands before and after, and events with their lines', () => {
    const { options, init, events, cleanup } = parsed(text);
    expect(options.map(({ name, value }) => [name, value])).toEqual([
      ['ip_version', 'ipv4'],
      ['define', 'CC="reno"'],
      ['dry_run', null],
    ]);
    expect(init).toEqual([{ text: 'sysctl -q a=1\n echo x', place: { line: 5, column: 1, lastLine: 6 } }]);
    expect(cleanup.map(({ text }) => text)).toEqual(['echo end']);
    expect(events.map(({ place }) => [place.line, place.column, place.lastLine])).toEqual([
      [8, 1, 8],
      [9, 1, 9],
      [10, 1, 12],
      [14, 13, 14],
      [15, 1, 16],
    ]);
  });

  it('a defined word stands for its value', () => {
    expect(parsed(text).events[1]?.action).toMatchObject({ args: [{}, {}, {}, { parts: ['reno'] }, {}] });
  });

  it('words can be defined from outside; what the script defines goes before', () => {
    const text = '--define=B=X\n0 f(A, B) = 0\n+0 > S 0:0(0) <mss MSS,FO COOKIE>';
    const result = parsePacketdrill(text, { A: '"a"', B: '"b"', MSS: '1460', COOKIE: '0e12' });
    expect(result.ok && result.script.events.map(({ action }) => action)).toMatchObject([
      { args: [{ parts: ['a'] }, { name: 'X' }] },
      { options: [{ bytes: 1460 }, { cookie: '0e12' }] },
    ]);
  });

  it('code says where its text begins', () => {
    expect(event('0 %{  x }%').action).toEqual({
      kind: 'code',
      text: 'x',
      textPlace: { line: 1, column: 7, lastLine: 1 },
    });
  });
});

describe('what is wrong is named: line, column, what was expected', () => {
  it.each([
    ['', 'line 1, column 1: expected an event: a time and what happens then, got the end of the script'],
    ['0 f() 3', 'line 1, column 7: expected "=" and the result, got "3"'],
    ['0 f(1 = 3', 'line 1, column 7: expected "," or ")", got "="'],
    ['x', 'line 1, column 1: expected a time like 0.1, +0.1 or *, got "x"'],
    ['\n  +x', 'line 2, column 4: expected seconds after "+", got "x"'],
    ['0 3', 'line 1, column 3: expected a packet (< or >), a system call, a `command` or %{ code }%, got "3"'],
    ['0 < X. 1:1(0)', 'expected TCP flags out of F S R P U E W A . (or - for none), udp or icmp, got "X."'],
    ['0 < . 1:3(1)', 'line 1, column 9: expected 2, as 1 and 1 bytes make, got 3'],
    ['0 < . 1:1(0) win 65536', 'line 1, column 18: expected a window from 0 to 65535, got "65536"'],
    ['0 < . 1:1(0) <mss>', 'line 1, column 18: expected a segment size from 0 to 65535, got ">"'],
    ['0 < . 1:1(0) <...>', 'expected TCP options, as <...> is for outbound packets only'],
    ['0 < [ect01] . 1:1(0)', '[ect01] on outbound packets only'],
    ['0 < [ect2] . 1:1(0)', 'expected one of noecn, ect0, ect1, ect01, ce, tos, flowlabel or ttl, got "ect2]"'],
    ['* f() = 0', 'line 1, column 1: expected a time: * is for outbound packets only'],
    ['0~1 < . 1:1(0)', 'expected one time: ranges are for outbound packets only'],
    ['2~1 > . 1:1(0)', 'expected a range that ends after it begins'],
    ['0 > . 1:1(0) <FO 123>', 'expected hex digits, two for each byte, got "123>"'],
    ['0 f("a', 'line 1, column 5: expected another " that closes this one'],
    ['0 %{ a', 'line 1, column 3: expected "}%" after this "%{"'],
    ['/* a', 'line 1, column 1: expected "*/" after this "/*"'],
    ['0 f() = 0\n--late', 'line 2, column 1: expected options at the beginning of the script only'],
    ['0 f() = 0\n`x`\n0 f() = 0', 'line 3, column 1: expected a time before a command between two events'],
    ['0 < [1:2(1)] . 1:1(0)', 'expected icmp after what it is about, got "."'],
    ['0 < gre .', 'expected ":" after the gre header'],
    ['9999999999 f() = 0', 'expected at most 1000000000 seconds'],
    [`0 f(${'['.repeat(100)}`, 'expected at most 64 levels inside each other'],
  ])('%j', (text, message) => {
    expect(complaints(text)[0]).toContain(message);
  });

  it('goes on after an error, for twenty of them', () => {
    expect(complaints('0 f( = 1\n+0 f() = 2\n+0 < ] \n').map((text) => text.split(':')[0])).toEqual([
      'line 1, column 6',
      'line 3, column 6',
    ]);
    expect(complaints('+0 ?\n'.repeat(100))).toHaveLength(20);
  });

  it('a text beyond the limit is refused', () => {
    expect(complaints(' '.repeat((1 << 20) + 1))).toEqual([
      'line 1, column 1: expected at most 1048576 characters, got 1048577',
    ]);
  });
});

describe('properties', () => {
  it('what was printed reads back as the same', () => {
    fc.assert(
      fc.property(arbitraryScript(fc), (script) => {
        expect(placeless(parsed(printPacketdrill(script)))).toEqual(placeless(script));
      }),
      { numRuns: 300 },
    );
  });

  it('no text throws', () => {
    const pieces = ['0', '+', '.1', '*', '~', '...', 'f(', ')', '=', '<', '>', 'S.', '1:1(0)', '<mss 1', ',', 'sack'];
    const words = [
      ...pieces,
      '{',
      '}',
      '[',
      ']',
      '"',
      '`',
      '%{',
      '}%',
      '//',
      '/*',
      '#',
      '\n',
      ' ',
      'ipv6 ::1',
      'icmp x',
      '--a=',
    ];
    const soup = fc.array(fc.constantFrom(...words), { maxLength: 60 }).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), soup), (text) => {
        const result = parsePacketdrill(text);
        expect(result.ok || (result.issues.length > 0 && result.issues.length <= 20)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    '"',
    '`',
    '(',
    '[',
    '+',
    '0',
    '1:',
    '\n',
    ' ',
    '/*',
    '%{',
    '0 f(',
    '\\',
    'a:',
    '0 < ipv6 1:',
    '0 f((',
    '+0 f()=1\n',
    '-',
  ])('a mebibyte of %j ends', (piece) => {
    const text = piece.repeat(Math.floor((1 << 20) / piece.length));
    // Quadratic work would take longer than a test may.
    const parsed = parsePacketdrill(text);
    expect(parsed.ok || parsed.issues.length > 0).toBe(true);
  });
});
