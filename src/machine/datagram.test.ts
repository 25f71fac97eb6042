import { describe, expect, it } from 'vitest';
import { captureAt } from '../export/capture';
import { ipt_entry } from '../kernel/include/linux/netfilter/x_tables';
import { inet_peer } from '../kernel/include/net/dst';
import type { CallInput } from '../scenario/calls';
import { parseScenario, type ScenarioInput } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { type Run, run } from './run';

const EAGAIN = 11;
const EMSGSIZE = 90;
const EDESTADDRREQ = 89;
const EPROTONOSUPPORT = 93;
const EADDRINUSE = 98;
const ECONNREFUSED = 111;

function ran(input: ScenarioInput): Run {
  const parsed = parseScenario(input);
  if (!parsed.ok) throw new Error(parsed.issues.map(({ message }) => message).join('; '));
  const ended = run(parsed.scenario, { level: 'calls' });
  expect(ended.trace.end).toMatchObject({ reason: 'done' });
  expect(ended.machine.quiet).toBe(true);
  return ended;
}

/** What a function returned each time it ran on a host. */
function results(ended: Run, name: string, host = 0): unknown[] {
  const trace = new Trace(ended.trace);
  const found: unknown[] = [];
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER || trace.functionAt(n)?.name !== name) continue;
    if (trace.context(trace.ctx(n)).host !== host) continue;
    found.push(trace.variablesAt(trace.leaveOf(n)).find(({ isReturn }) => isReturn)?.value);
  }
  return found;
}

/** IP packets on the wire of a host's card, without their link headers and padding. */
function packets(ended: Run, host: number, direction: 'in' | 'out'): Uint8Array[] {
  return captureAt(new Trace(ended.trace), { host, dev: 'eth0', side: 'wire' })
    .filter((one) => one.direction === direction && one.bytes[12] === 8 && one.bytes[13] === 0)
    .map(({ bytes }) => bytes.slice(14, 14 + be16(bytes, 16)));
}

const be16 = (bytes: Uint8Array, at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);

const socket: CallInput = { op: 'socket', as: 's', type: 'SOCK_DGRAM' };
const bind = (port: number): CallInput => ({ op: 'bind', fd: 's', port });
const sendto = (bytes: number, port: number): CallInput => ({
  op: 'sendto',
  fd: 's',
  bytes,
  to: { host: 'B', port },
});
const recvfrom = (bytes: number, ...flags: ('MSG_PEEK' | 'MSG_TRUNC' | 'MSG_DONTWAIT')[]): CallInput => ({
  op: 'recvfrom',
  fd: 's',
  bytes,
  flags,
});
const sleep = (us: number): CallInput => ({ op: 'sleep', us });

/** A program on A, later than one on B; no TCP connection. */
function twoPrograms(onA: CallInput[], onB: CallInput[], rest: ScenarioInput = {}): Run {
  return ran({
    connections: [],
    tasks: [
      ...(onB.length > 0 ? [{ host: 'B' as const, name: 'server', calls: onB }] : []),
      { host: 'A', name: 'client', startUs: 100, calls: onA },
    ],
    limits: { maxMs: 100_000 },
    ...rest,
  });
}

describe('a datagram', () => {
  it('is a message: what does not fit the buffer is lost, and the next call gets the next one', () => {
    const ended = twoPrograms(
      [socket, sendto(100, 5001), sendto(0, 5001), sendto(30, 5001)],
      [
        socket,
        bind(5001),
        recvfrom(40, 'MSG_PEEK'),
        recvfrom(40, 'MSG_PEEK', 'MSG_TRUNC'),
        recvfrom(40),
        recvfrom(40),
        recvfrom(40),
      ],
    );
    expect(results(ended, 'sys_sendto')).toEqual([100, 0, 30]);
    expect(results(ended, 'sys_recvfrom', 1)).toEqual([40, 100, 40, 0, 30]);
  });

  it('has the checksum of RFC 768 over pseudo-header, header and data, whoever computes it', () => {
    for (const nic of [{}, { txCsum: false }]) {
      const ended = twoPrograms([socket, sendto(101, 5001)], [socket, bind(5001), recvfrom(200)], {
        hosts: { A: { nic } },
      });
      const [packet = new Uint8Array()] = packets(ended, 0, 'out');
      expect([packet.length, packet[9], be16(packet, 24)]).toEqual([20 + 8 + 101, 17, 8 + 101]);
      expect(be16(packet, 26)).not.toBe(0);
      expect(onesSum(packet.subarray(12), 17 + 109)).toBe(0xffff);
    }
  });

  it('of 4000 bytes leaves as fragments of 1480, 1480 and 1048 bytes, each a multiple of 8 but the last (RFC 791)', () => {
    const ended = twoPrograms([socket, sendto(4000, 5001)], [socket, bind(5001), recvfrom(8000)]);
    const sent = packets(ended, 0, 'out');
    expect(sent.map((one) => one.length - 20)).toEqual([1480, 1480, 4008 - 2960]);
    expect(sent.map((one) => be16(one, 6))).toEqual([0x2000, 0x2000 | (1480 / 8), 2960 / 8]);
    expect(new Set(sent.map((one) => be16(one, 4))).size).toBe(1);
    expect(results(ended, 'sys_recvfrom', 1)).toEqual([4000]);
  });

  it('of which a fragment is lost is given up after 30 s, and its sender is told (RFC 792), if the first one came', () => {
    for (const [nth, messages] of [
      [2, [[11, 1]]],
      [1, []],
    ] as const) {
      const ended = twoPrograms([socket, sendto(4000, 5001)], [], {
        link: { faults: [{ op: 'drop', from: 'A', nth }] },
      });
      expect(packets(ended, 0, 'in').map((one) => [one[20], one[21]])).toEqual(messages);
      expect(Math.floor(results(ended, 'ip_expire', 1).length)).toBe(1);
      expect(new Trace(ended.trace).time(ended.trace.columns.kind.length - 1)).toBeGreaterThan(30e9);
    }
  });

  it('larger than an IP packet, or for nobody, is refused', () => {
    const nowhere: CallInput = { op: 'sendto', fd: 's', bytes: 5 };
    const ended = twoPrograms([socket, sendto(65_508, 5001), nowhere, sendto(65_507, 5001)], []);
    expect(results(ended, 'sys_sendto')).toEqual([-EMSGSIZE, -EDESTADDRREQ, 65_507]);
  });

  it('is put together by MSG_MORE and by UDP_CORK, and leaves when the last part comes or the cork goes', () => {
    const more: CallInput = { op: 'sendto', fd: 's', bytes: 10, flags: ['MSG_MORE'], to: { host: 'B', port: 5001 } };
    const cork = (value: number): CallInput => ({ op: 'setsockopt', fd: 's', option: 'UDP_CORK', value });
    const ended = twoPrograms(
      [socket, more, sendto(7, 5001), cork(1), sendto(20, 5001), sendto(21, 5001), cork(0)],
      [socket, bind(5001), recvfrom(100), recvfrom(100)],
    );
    expect(results(ended, 'sys_recvfrom', 1)).toEqual([17, 41]);
    expect(packets(ended, 0, 'out')).toHaveLength(2);
  });

  it('finds no room once sk_rcvbuf is full, and is dropped without a word', () => {
    const small: CallInput = { op: 'setsockopt', fd: 's', option: 'SO_RCVBUF', value: 1200 };
    const nonblocking = Array.from({ length: 8 }, () => recvfrom(100, 'MSG_DONTWAIT'));
    const ended = twoPrograms(
      [socket, ...Array.from({ length: 6 }, () => sendto(100, 5001))],
      [socket, bind(5001), small, sleep(20_000), ...nonblocking],
    );
    const got = results(ended, 'sys_recvfrom', 1);
    const arrived = got.filter((one) => one === 100).length;
    expect(arrived).toBeGreaterThan(0);
    expect(arrived).toBeLessThan(6);
    expect(got.slice(arrived)).toEqual(Array.from({ length: 8 - arrived }, () => -EAGAIN));
    expect(packets(ended, 1, 'out')).toEqual([]);
  });
});

describe('a port', () => {
  it('that nobody has is told to the sender, who gets the error only if it is connected (RFC 1122 section 4.1.3.3)', () => {
    const connect: CallInput = { op: 'connect', fd: 's', to: { host: 'B', port: 9 } };
    const send: CallInput = { op: 'send', fd: 's', bytes: 10 };
    const ended = twoPrograms([socket, sendto(10, 9), sleep(500), sendto(10, 9), connect, send, sleep(500), send], []);
    expect(results(ended, 'sys_sendto')).toEqual([10, 10, 10, -ECONNREFUSED]);
    const [unreachable = new Uint8Array()] = packets(ended, 0, 'in');
    // ICMP type 3 code 3 with the whole packet it is about, precedence internetwork control (RFC 1812 section 4.3.2.5).
    expect([unreachable[9], unreachable[20], unreachable[21], unreachable[1]]).toEqual([1, 3, 3, 0xc0]);
    expect(onesSum(unreachable.subarray(20), 0)).toBe(0xffff);
    expect([...unreachable.subarray(28)]).toEqual([...(packets(ended, 0, 'out')[0] ?? [])]);
  });

  it('can be had once, unless both allow others', () => {
    const other: CallInput[] = [
      { op: 'socket', as: 't', type: 'SOCK_DGRAM' },
      { op: 'bind', fd: 't', port: 5001 },
    ];
    const reuse = (fd: string): CallInput => ({ op: 'setsockopt', fd, option: 'SO_REUSEADDR', value: 1 });
    expect(results(twoPrograms([socket, bind(5001), ...other], []), 'sys_bind')).toEqual([0, -EADDRINUSE]);
    const [open, ask] = other as [CallInput, CallInput];
    const shared = twoPrograms([socket, reuse('s'), bind(5001), open, reuse('t'), ask], []);
    expect(results(shared, 'sys_bind')).toEqual([0, 0]);
  });

  it('is chosen among 32768 to 61000 for a socket that has none', () => {
    const ended = twoPrograms([socket, sendto(10, 5001)], [socket, bind(5001), recvfrom(10)]);
    const port = be16(packets(ended, 0, 'out')[0] ?? new Uint8Array(), 20);
    expect(port).toBeGreaterThanOrEqual(32_768);
    expect(port).toBeLessThanOrEqual(61_000);
  });
});

describe('ICMP', () => {
  const ping = (seq: number, bytes = 64): CallInput[] => [
    { op: 'sendto', fd: 's', bytes, echo: { id: 7, seq }, to: { host: 'B' } },
    recvfrom(70_000),
  ];
  const raw: CallInput = { op: 'socket', as: 's', type: 'SOCK_RAW', protocol: 'IPPROTO_ICMP' };

  it('echoes data, identifier and sequence number (RFC 792), also of a packet in fragments', () => {
    const ended = twoPrograms([raw, ...ping(1), ...ping(2, 3000)], []);
    expect(results(ended, 'sys_recvfrom')).toEqual([84, 3020]);
    const [request = new Uint8Array()] = packets(ended, 0, 'out');
    const [reply = new Uint8Array()] = packets(ended, 0, 'in');
    expect([request[20], reply[20]]).toEqual([8, 0]);
    expect([...reply.subarray(24)]).toEqual([...request.subarray(24)]);
    expect(onesSum(reply.subarray(20), 0)).toBe(0xffff);
  });

  it('needs a protocol to be spoken by a raw socket', () => {
    const ended = twoPrograms([{ op: 'socket', as: 's', type: 'SOCK_RAW' }], []);
    expect(results(ended, 'sys_socket')).toEqual([-EPROTONOSUPPORT]);
  });

  it('tells of at most six packets at once, then of one a second: a token bucket', () => {
    const ended = twoPrograms(
      [socket, ...Array.from({ length: 9 }, () => sendto(10, 9)), sleep(1_000_000), sendto(10, 9), sendto(10, 9)],
      [],
    );
    expect(packets(ended, 0, 'in')).toHaveLength(6 + 1);
  });
});

describe('loopback', () => {
  it('carries a datagram to the own address and back, and nothing is seen of it on the wire', () => {
    const own = (bytes: number): CallInput => ({ op: 'sendto', fd: 's', bytes, to: { host: 'A', port: 5001 } });
    const ended = twoPrograms([socket, bind(5001), own(20_000), recvfrom(65_000), own(100), recvfrom(65_000)], []);
    expect(results(ended, 'sys_recvfrom')).toEqual([20_000, 100]);
    expect([...packets(ended, 0, 'out'), ...packets(ended, 1, 'in')]).toEqual([]);
    expect(results(ended, 'loopback_xmit').length).toBe(2);
  });
});

describe('a rule', () => {
  it('takes every second packet and counts it; one that refuses answers a SYN with a reset', () => {
    const ended = twoPrograms(
      [
        socket,
        ...Array.from({ length: 5 }, () => sendto(100, 5001)),
        { op: 'socket', as: 't' },
        { op: 'connect', fd: 't', to: { host: 'B', port: 80 } },
      ],
      [socket, bind(5001), recvfrom(100), recvfrom(100), recvfrom(100)],
      {
        hosts: {
          B: {
            netfilter: [
              { hook: 'INPUT', match: { proto: 'udp', src: '10.0.0.0/24', dport: 5001, nth: 2 }, target: 'DROP' },
              {
                hook: 'INPUT',
                match: { proto: 'tcp', dport: 80, flags: ['SYN'] },
                target: 'REJECT',
                with: 'tcp-reset',
              },
            ],
          },
        },
      },
    );
    expect(results(ended, 'sys_recvfrom', 1)).toEqual([100, 100, 100]);
    expect(results(ended, 'sys_connect')).toEqual([-ECONNREFUSED]);
    const rules = ended.heap.objects.filter((one): one is ipt_entry & typeof one => ipt_entry.isInstance(one));
    const counted = rules.filter(({ text }) => text.startsWith('-A')).map(({ pcnt, bcnt }) => [pcnt, bcnt]);
    // 128 bytes a datagram; a SYN with MSS, SACK, timestamps and window scale has 60.
    expect(counted).toEqual([
      [2, 256],
      [1, 60],
    ]);
  });

  it('stands at any of the five hooks', () => {
    const rule = (hook: 'PREROUTING' | 'INPUT' | 'OUTPUT' | 'POSTROUTING') => ({
      hook,
      match: { proto: 'udp' as const, dport: 5001 },
      target: 'DROP' as const,
    });
    for (const [host, hook] of [
      ['A', 'OUTPUT'],
      ['A', 'POSTROUTING'],
      ['B', 'PREROUTING'],
      ['B', 'INPUT'],
    ] as const) {
      const ended = twoPrograms(
        [socket, sendto(10, 5001)],
        [socket, bind(5001), sleep(5000), recvfrom(10, 'MSG_DONTWAIT')],
        {
          hosts: { [host]: { netfilter: [rule(hook)] } },
        },
      );
      expect([hook, results(ended, 'sys_recvfrom', 1)]).toEqual([hook, [-EAGAIN]]);
      expect([hook, packets(ended, 0, 'out').length]).toEqual([hook, host === 'A' ? 0 : 1]);
      // What is dropped on its way out is told to the sender as EPERM.
      const sent = results(ended, 'sys_sendto')[0];
      expect([hook, sent]).toEqual([hook, host === 'A' ? -1 : 10]);
    }
    const routed = twoPrograms(
      [socket, sendto(10, 5001)],
      [socket, bind(5001), sleep(5000), recvfrom(10, 'MSG_DONTWAIT')],
      { hosts: { R: { netfilter: [{ hook: 'FORWARD', match: { proto: 'udp' }, target: 'REJECT' }] } } },
    );
    expect(results(routed, 'sys_recvfrom', 1)).toEqual([-EAGAIN]);
    expect(packets(routed, 0, 'in').map((one) => [one[20], one[21]])).toEqual([[3, 3]]);
  });

  it('that makes no sense is refused with its place', () => {
    const parsed = parseScenario({
      tasks: [{ host: 'A', name: 'idle', calls: [sleep(1)] }],
      hosts: {
        A: {
          netfilter: [
            { hook: 'PREROUTING', match: {}, target: 'REJECT' },
            { hook: 'INPUT', match: { dport: 1 }, target: 'DROP' },
          ],
        },
      },
    });
    expect(parsed.ok ? [] : parsed.issues.map(({ path }) => path)).toEqual([
      'hosts.A.netfilter[0].target',
      'hosts.A.netfilter[1].match.dport',
    ]);
  });
});

describe('a path with a smaller MTU', () => {
  const hosts: ScenarioInput['hosts'] = {
    A: { nic: { tso: false, gso: false } },
    R: { eth0: { nic: { gro: false } }, eth1: { nic: { mtu: 1000, gro: false } } },
  };

  it('is found by a TCP connection (RFC 1191): the MSS shrinks to 948 and what was lost is sent again', () => {
    const ended = ran({
      hosts,
      tasks: [
        { host: 'A', name: 'writer', startUs: 50, calls: [{ op: 'write', fd: 'c1', bytes: 4000 }] },
        { host: 'B', name: 'reader', calls: [{ op: 'recv', fd: 'c1', bytes: 4000, flags: ['MSG_WAITALL'] }] },
      ],
      limits: { maxMs: 60_000 },
    });
    expect(results(ended, 'sys_recvfrom', 1)).toEqual([4000]);
    const needed = packets(ended, 0, 'in').filter((one) => one[9] === 1);
    expect(needed.map((one) => [one[20], one[21], be16(one, 26)])).toContainEqual([3, 4, 1000]);
    const lengths = packets(ended, 0, 'out').map((one) => one.length);
    expect(Math.max(...lengths.slice(3))).toBe(1000);
    const peers = ended.heap.objects.filter((one): one is inet_peer & typeof one => inet_peer.isInstance(one));
    expect(peers.map(({ pmtu_learned }) => pmtu_learned)).toContain(1000);
  });

  it('is told to a connected UDP socket as EMSGSIZE; the next datagram goes in fragments that fit', () => {
    const connect: CallInput = { op: 'connect', fd: 's', to: { host: 'B', port: 5001 } };
    const send: CallInput = { op: 'send', fd: 's', bytes: 1400 };
    const ended = twoPrograms([socket, connect, send, sleep(1000), send, send], [socket, bind(5001), recvfrom(2000)], {
      hosts,
    });
    expect(results(ended, 'sys_sendto')).toEqual([1400, -EMSGSIZE, 1400]);
    expect(packets(ended, 0, 'out').map((one) => one.length)).toEqual([1428, 996, 452]);
    expect(results(ended, 'sys_recvfrom', 1)).toEqual([1400]);
  });
});

describe('a datagram that cannot arrive', () => {
  const connect: CallInput = { op: 'connect', fd: 's', to: { host: 'B', port: 5001 } };
  const send: CallInput = { op: 'send', fd: 's', bytes: 10 };

  it('because its time to live is over is thrown away by the router, which says so (RFC 792); the sender is not told', () => {
    const ttl: CallInput = { op: 'setsockopt', fd: 's', option: 'IP_TTL', value: 1 };
    const ended = twoPrograms([socket, ttl, connect, send, sleep(1000), send], [], { hosts: { R: {} } });
    expect(packets(ended, 0, 'in').map((one) => [one[9], one[20], one[21]])).toEqual([
      [1, 11, 0],
      [1, 11, 0],
    ]);
    expect(results(ended, 'sys_sendto')).toEqual([10, 10]);
  });

  it.each(['unreachable', 'prohibit', 'blackhole'] as const)(
    'because the own routing table says %s is an ENETUNREACH in this version',
    (type) => {
      const ended = twoPrograms([socket, connect, sendto(10, 5001)], [], {
        hosts: { A: { routes: [{ to: '10.0.0.2/32', type }] } },
      });
      expect(results(ended, 'sys_connect')).toEqual([-101]);
      expect(results(ended, 'sys_sendto')).toEqual([-101]);
      expect(packets(ended, 0, 'out')).toEqual([]);
    },
  );
});

/** Ones' complement sum of 16-bit words on top of `seed`: 0xffff over data with its checksum in place (RFC 1071). */
function onesSum(bytes: Uint8Array, seed: number): number {
  let sum = seed;
  for (let i = 0; i < bytes.length; i += 2) sum += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
