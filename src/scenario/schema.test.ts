import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryScenario } from './arbitrary';
import { parseScenario, parseScenarioText, type ScenarioInput } from './schema';
import { VERSION } from './shape';
import { upgrade } from './upgrade';
import { warningsOf } from './warnings';

const tasks: ScenarioInput['tasks'] = [{ host: 'A', name: 'writer', calls: [{ op: 'write', fd: 'c1', bytes: 100 }] }];

function complaints(input: unknown): string[] {
  const parsed = parseScenario(input);
  return parsed.ok ? [] : parsed.issues.map(({ message }) => message);
}

describe('parseScenario', () => {
  it('fills in every field', () => {
    const parsed = parseScenario({ tasks });
    if (!parsed.ok) throw new Error('not parsed');
    const { hosts, connections, limits, link } = parsed.scenario;
    expect([hosts.A.ip, hosts.B.mac, hosts.B.cpus, hosts.A.nic.txRing, link.mbps, limits.maxEvents]).toEqual([
      '10.0.0.1',
      '02:00:00:00:00:02',
      2,
      256,
      1000,
      2_000_000,
    ]);
    expect(connections).toHaveLength(1);
    expect(connections[0]).toMatchObject({ mss: 1460, a: { sndWnd: 14_480, rttMs: 1, cwnd: 10, quickack: null } });
    expect(JSON.stringify(parsed.scenario)).not.toContain('undefined');
  });

  it('settles what depends on other fields: MSS, first window, offloads', () => {
    const nic = { mtu: 1400, txCsum: false };
    const parsed = parseScenario({ tasks, hosts: { A: { nic } }, connections: [{ timestamps: false }] });
    if (!parsed.ok) throw new Error('not parsed');
    expect(parsed.scenario.connections[0]).toMatchObject({ mss: 1360, a: { sndWnd: 13_600 }, b: { sndWnd: 13_600 } });
    expect(parsed.scenario.hosts.A.nic).toMatchObject({ sg: false, tso: false, gso: false, gro: true });
  });

  it.each([
    [
      { hosts: { A: { nic: { txRing: 'many' } } } },
      /^hosts\.A\.nic\.txRing: expected a whole number from 80 to 4096.*, got "many"$/,
    ],
    [{ hosts: { A: { nic: { txRign: 80 } } } }, /no field "txRign"; did you mean "txRing"\?$/],
    [{ hosts: { A: { sysctl: { 'net.ipv4.tcp_abc': 1 } } } }, /did you mean "ipv4\.tcp_abc"\?$/],
    [{ hosts: { B: { ip: '10.0.0.1' } } }, /^hosts\.B\.ip: expected an address other than that of host A/],
    [
      { hosts: { A: { qdisc: { kind: 'tbf', rate: 8000, burst: 1000 } } } },
      /^hosts\.A\.qdisc\.burst: expected at least 1514/,
    ],
    [
      { hosts: { A: { qdisc: { kind: 'prio', bands: 2 } } } },
      /^hosts\.A\.qdisc\.priomap\[1\]: expected a band from 0 to 1, got 2/,
    ],
    [
      { hosts: { A: { qdisc: { kind: 'sfq', divisor: 100 } } } },
      /divisor: expected a power of two from 1 to 1024, got 100/,
    ],
    [{ hosts: { A: { qdisc: { kind: 'netem', loss: 101 } } } }, /loss: expected a number of percent from 0 to 100/],
    [
      { hosts: { A: { qdisc: { kind: 'prio', children: [{ kind: 'prio' }] } } } },
      /children\[0\]\.kind: expected a qdisc of a band/,
    ],
    [
      { hosts: { A: { qdisc: { kind: 'tfb' } } } },
      /^hosts\.A\.qdisc\.kind: expected a queueing discipline.*, got "tfb"; did you mean "tbf"\?$/,
    ],
    [
      { link: { faults: [{ op: 'drop', nth: 0 }] } },
      /^link\.faults\[0\]\.nth: expected a whole number from 1 to 1000000, got 0$/,
    ],
    [{ link: { faults: [{ op: 'drop', rate: 2 }] } }, /^link\.faults\[0\]\.rate: expected a number above 0, at most 1/],
    [
      { link: { faults: [{ op: 'down', fromUs: 9, untilUs: 9 }] } },
      /^link\.faults\[0\]\.untilUs: expected more than 9/,
    ],
    [{ edits: [{ op: 'drop', atUs: 0, from: 'R' }] }, /^edits\[0\]\.from: expected a host at an end of the cable/],
    [{ captures: [{ host: 'R' }] }, /^captures\[0\]\.host: expected a host that is there/],
    [{ captures: [{ host: 'A', dev: 'eth1' }] }, /^captures\[0\]\.dev: expected a device of host A/],
    [{ hosts: { R: {}, B: { ip: '10.0.0.2' } } }, /^hosts\.R\.eth1\.ip: expected an address in 10\.0\.0\.0\/24/],
    [
      { hosts: { A: { routes: [{ to: '10.0.9.0/24', via: '10.0.7.1' }] } } },
      /^hosts\.A\.routes\[0\]\.via: expected an address on a link of host A/,
    ],
    [{ hosts: { A: { routes: [{ to: '10.0.9.1/24' }] } } }, /^hosts\.A\.routes\[0\]\.to: expected no bits set/],
    [{ edits: [{ op: 'drop', atUs: 0, from: 'C' }] }, /^edits\[0\]\.from: expected "A", "B" or "R"/],
    [{ tasks: [{ host: 'A', name: 'w', calls: [{ op: 'wriet' }] }] }, /got "wriet"; did you mean "write"\?$/],
    [
      { tasks: [{ host: 'A', name: 'w', calls: [{ op: 'setsockopt', fd: 'c1', option: 'TCP_NODELY' }] }] },
      /option: expected the name of an option.*, got "TCP_NODELY"; did you mean "TCP_NODELAY"\?$/,
    ],
    [
      { tasks: [{ host: 'A', name: 'w', calls: [{ op: 'send', fd: 'c1', bytes: 1, flags: ['MSG_MOER'] }] }] },
      /flags\[0\]: expected .*; did you mean "MSG_MORE"\?$/,
    ],
    [{ hosts: { A: { ip: '10.0.0.300' } } }, /got "10\.0\.0\.300"$/],
    [{ hosts: { A: { mac: '01:00:5e:00:00:01' } } }, /^hosts\.A\.mac: expected a MAC address of one card/],
    [{ hosts: { C: {} } }, /has no field "C"; known are A, B, R$/],
    [{ edits: [{ op: 'drop', at: 1, atUs: 1, from: 'A' }] }, /no field "at"; did you mean "atUs"\?$/],
    [{ edits: [{ op: 'nic', atUs: 1, host: 'A' }] }, /^edits\[0\]: expected a switch to flip/],
    [{ linkB: { mbps: 10 } }, /^linkB: expected none without a router/],
    [
      { hosts: { A: { qdisc: { kind: 'netem', reorder: 10 } } } },
      /^hosts\.A\.qdisc\.reorder: expected 0 without a delayUs/,
    ],
    [
      { hosts: { R: {} }, tasks: [{ host: 'R', name: 'w', calls: [{ op: 'write', fd: 'c1', bytes: 1 }] }] },
      /^tasks\[0\]\.calls\[0\]\.fd: expected the name of a connection.*, got "c1"$/,
    ],
    [
      { tasks: [{ host: 'A', name: 'w', cpu: 2, calls: [{ op: 'sleep', us: 1 }] }] },
      /^tasks\[0\]\.cpu: expected at most 1/,
    ],
    [{ tasks: [{ host: 'A', name: 'w', calls: [{ op: 'write', fd: 'c2', bytes: 1 }] }] }, /mean "c1"\?\), got "c2"$/],
    [{ tasks: [...tasks, ...tasks] }, /^tasks\[1\]\.name: expected a name that no other task of host A has/],
    [{ connections: [{}, {}] }, /^connections\[1\]\.name: expected a name that no connection before it has, got "c1"$/],
    [
      { connections: [{ b: { rcvbuf: 4096 }, a: { sndWnd: 4000 } }] },
      /^connections\[0\]\.a\.sndWnd: expected at most 3072/,
    ],
    [{ constructor: 1 }, /^constructor: expected a name that a field may have, got "constructor"$/],
    [{ tasks: undefined }, /^tasks: expected a list of 1 to 64 tasks \(or a script\), got \[\]$/],
    [{ version: VERSION + 1 }, /newer than this skbscope/],
    [{ version: 'one' }, /^version: expected a whole number from 1 to/],
  ])('says what is wrong, and where: %j', (change, expected) => {
    expect(complaints({ tasks, ...change })[0]).toMatch(expected);
  });

  it('refuses what would eat memory or time', () => {
    let calls: unknown = [{ op: 'sleep', us: 1 }];
    for (let i = 0; i < 8; i++) calls = [{ op: 'loop', times: 1000, calls }];
    expect(complaints({ tasks: [{ host: 'A', name: 'w', calls }] })[0]).toContain('at most 100000 calls');
    let deep: unknown = {};
    for (let i = 0; i < 100_000; i++) deep = { calls: [deep] };
    expect(complaints({ tasks: deep })[0]).toContain('levels inside each other');
    const loop = { op: 'loop', times: 10, calls: [{ op: 'write', fd: 'c1', bytes: 16 << 20 }] };
    expect(complaints({ tasks: [{ host: 'A', name: 'w', calls: [loop] }] })[0]).toContain('bytes written by all tasks');
    expect(complaints({ tasks: Array.from({ length: 60_000 }, () => 1) })[0]).toContain('at most 50000 values');
  });

  it('accepts its own output and changes nothing', () => {
    fc.assert(
      fc.property(arbitraryScenario(fc), (input) => {
        const first = parseScenario(input);
        if (!first.ok) throw new Error(first.issues[0]?.message);
        expect(parseScenario(first.scenario)).toEqual(first);
      }),
    );
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.anything(), (input) => void parseScenario(input)));
    fc.assert(fc.property(fc.string(), (text) => void parseScenarioText(text)));
  });
});

describe('parseScenarioText', () => {
  const at = (text: string) => {
    const parsed = parseScenarioText(text);
    return parsed.ok ? null : [parsed.issues[0]?.line, parsed.issues[0]?.column, parsed.issues[0]?.message];
  };

  it('names line and column of text that is not JSON', () => {
    expect(at('{\n  "tasks": [}')).toEqual([2, 13, 'line 2, column 13: expected a value, got "}"']);
    expect(at('{"tasks": [1,')).toEqual([1, 14, 'line 1, column 14: expected a value, got the end of the text']);
    expect(at('{"a": 1, "a": 2}')?.slice(0, 2)).toEqual([1, 10]);
  });

  it('names line and column of the value that is wrong', () => {
    expect(at('{\n  "tasks": 3\n}')).toEqual([2, 12, 'tasks: expected a list of at most 64 tasks, got 3']);
  });

  it('reads JSON as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        const parsed = parseScenarioText(`{"tasks": [], "title": ${JSON.stringify(text)}, "x": ${text}}`);
        expect(parsed.ok || parsed.issues.every(({ message }) => !message.startsWith('line'))).toBe(true);
      }),
    );
  });
});

describe('upgrade', () => {
  it('goes up version by version', () => {
    const upgraders = {
      1: (old: Record<string, unknown>) => ({ ...old, b: old.a }),
      2: (old: Record<string, unknown>) => ({ ...old, c: old.b }),
    };
    expect(upgrade({ a: 5 }, upgraders, 3)).toEqual({ ok: true, value: { a: 5, b: 5, c: 5, version: 3 } });
    expect(upgrade({ version: 3 }, upgraders, 3)).toEqual({ ok: true, value: { version: 3 } });
  });

  it('take version 1, whose calls named a connection, in loops too', () => {
    const write = { op: 'write', connection: 'c1', bytes: 1 };
    const old = {
      version: 1,
      tasks: [{ host: 'A', name: 'w', calls: [write, { op: 'loop', times: 2, calls: [write] }] }],
    };
    const parsed = parseScenario(old);
    const call = { op: 'write', fd: 'c1' };
    expect(parsed).toMatchObject({ ok: true, scenario: { tasks: [{ calls: [call, { calls: [call] }] }] } });
  });

  it('have a connection that nobody named only where a program uses a descriptor it does not open', () => {
    const socket = { op: 'socket', as: 's' };
    const close = { op: 'close', fd: 's' };
    const count = (calls: object[]): number | undefined => {
      const parsed = parseScenario({ tasks: [{ host: 'A', name: 'w', calls }] });
      return parsed.ok ? parsed.scenario.connections.length : undefined;
    };
    expect([count([socket, close]), count([{ op: 'read', fd: 'c1', bytes: 1 }])]).toEqual([0, 1]);
    expect(count([{ op: 'read', fd: 'c9', bytes: 1 }])).toBeUndefined();
  });
});

it('faults that do nothing are warned of', () => {
  const faults = [
    { op: 'drop', nth: [1, 3], every: 2 },
    { op: 'drop', nth: 4, every: 2 },
    { op: 'delay', nth: 1 },
    { op: 'delay', jitterUs: 5 },
  ];
  const parsed = parseScenario({
    link: { faults },
    tasks: [{ host: 'A', name: 'w', calls: [{ op: 'sleep', us: 1 }] }],
  });
  expect(parsed.ok ? warningsOf(parsed.scenario) : parsed.issues).toEqual([
    'link.faults[0]: nth and every pick frames together, and none of 1, 3 is a multiple of 2.',
    'link.faults[2]: a delay of 0 us without jitter delays nothing.',
  ]);
});
