/** What a host is made of: CPUs, addresses, card, queueing discipline, switches of its kernel. */
import * as v from 'valibot';
import { IP, listOf, matching, oneOf, whole, yes } from './fields';
import { Rule } from './netfilter';
import { Qdisc } from './qdisc';
import { SYSCTL_LISTS, SYSCTL_WORDS, SYSCTLS, type SysctlValue } from './sysctls';

export function ring(which: string) {
  const expected = 'a whole number from 80 to 4096, a multiple of 8';
  return v.pipe(
    v.number(expected),
    v.minValue(80, expected),
    v.maxValue(4096, expected),
    v.multipleOf(8, expected),
    v.description(`Descriptors in the ${which} ring; one always stays unused.`),
  );
}

const MOST_QUEUES = 8;
const cpu = whole(0, 7, 'A CPU.');
const cpus = listOf(cpu, 8, 'CPUs');
const FLOW_COUNT = '0 or a power of two up to 1024';
const flowCount = v.pipe(
  v.number(FLOW_COUNT),
  v.check((n) => n === 0 || (n >= 1 && n <= 1024 && Number.isInteger(Math.log2(n))), FLOW_COUNT),
  v.description('Flows of each RX queue that follow their readers; needs net.core.rps_sock_flow_entries.'),
);

const ITR = '0, 1, 3 or a whole number from 100 to 100000';

export function interruptRate() {
  return v.pipe(
    v.number(ITR),
    v.integer(ITR),
    v.check((n) => n === 0 || n === 1 || n === 3 || (n >= 100 && n <= 100_000), ITR),
    v.description('Interrupt throttling: 0 none, 1 dynamic, 3 dynamic conservative, else interrupts a second.'),
  );
}

/** Pause frames a card wants: none, to obey those of the peer, to send its own, both. */
export const PAUSE = ['none', 'rx', 'tx', 'full'] as const;

const delay = (initial: number, doc: string) => v.optional(whole(0, 65_535, doc, 'units of 1.024 us'), initial);

const Nic = v.strictObject(
  {
    model: v.optional(
      oneOf(
        ['82540EM', '82545EM', '82576'],
        'The card: the first two have one queue (e1000), the 82576 several (igb).',
      ),
      '82540EM',
    ),
    queues: v.optional(
      v.nullable(whole(1, MOST_QUEUES, 'Queues each way of an 82576; null: one a CPU.', 'queues')),
      null,
    ),
    affinity: v.optional(
      v.pipe(
        listOf(cpu, MOST_QUEUES, 'CPUs'),
        v.description(
          'Entry n: the CPU that takes the interrupts of queue n (smp_affinity); further queues go round the list. Empty: CPU 0 takes all.',
        ),
      ),
      [],
    ),
    xps: v.optional(
      v.pipe(
        listOf(cpus, MOST_QUEUES, 'lists of CPUs'),
        v.description('Entry n: the CPUs that send by TX queue n (xps_cpus).'),
      ),
      [],
    ),
    rps: v.optional(
      v.pipe(
        listOf(cpus, MOST_QUEUES, 'lists of CPUs'),
        v.description('Entry n: the CPUs that share the packets of RX queue n (rps_cpus).'),
      ),
      [],
    ),
    rpsFlowCnt: v.optional(flowCount, 0),
    txRing: v.optional(ring('TX'), 256),
    rxRing: v.optional(ring('RX'), 256),
    txCsum: yes('The card fills in the TCP checksum (ethtool -K tx).'),
    rxCsum: yes('The card verifies the TCP checksum of what it receives (ethtool -K rx).'),
    sg: yes('Scatter-gather: payload in page fragments. Off without txCsum.'),
    tso: yes('The card cuts large TCP segments. Off without sg.'),
    gso: yes('Software cuts large segments just before the driver. Off without sg.'),
    gro: yes('Received segments are merged before IP.'),
    itr: v.optional(interruptRate(), 3),
    txIntDelay: delay(8, 'TIDV: interrupt this long after the last packet sent.'),
    txAbsIntDelay: delay(32, 'TADV: interrupt at most this long after the first packet sent.'),
    rxIntDelay: delay(0, 'RDTR: interrupt this long after the last packet received.'),
    rxAbsIntDelay: delay(8, 'RADV: interrupt at most this long after the first packet received.'),
    pause: v.optional(oneOf(PAUSE, 'Pause frames (ethtool -A): none, obeyed, sent, or both.'), 'full'),
    watchdog: yes(
      'The watchdogs of driver and stack look after the card every few seconds; without, only when its link changes.',
      false,
    ),
    mtu: v.optional(whole(576, 9000, 'Largest IP packet.', 'bytes'), 1500),
  },
  'a card, such as { "txRing": 256, "tso": false }',
);

const Sysctls: v.GenericSchema<Record<string, SysctlValue>> = v.strictObject(
  {
    ...Object.fromEntries(
      Object.entries(SYSCTLS).map(([name, { min, max, doc }]) => [name, v.exactOptional(whole(min, max, doc))]),
    ),
    ...Object.fromEntries(
      Object.entries(SYSCTL_LISTS).map(([name, { parts, min, max, doc }]) => {
        const expected = `rising numbers (${parts.join(', ')})`;
        const rising = v.check(
          (list: number[]) => list.every((n, i) => n >= (list[i - 1] ?? 0)),
          `${parts.length} ${expected}`,
        );
        const list = listOf(whole(min, max, ''), parts.length, expected, parts.length);
        return [name, v.exactOptional(v.pipe(list, rising, v.description(doc)))];
      }),
    ),
    ...Object.fromEntries(
      Object.entries(SYSCTL_WORDS).map(([name, { words, doc }]) => [name, v.exactOptional(oneOf(words, doc))]),
    ),
  },
  'switches by name, such as { "ipv4.tcp_slow_start_after_idle": 0 }',
) as never;

/** Of one card: the lowest bit of the first byte is that of groups. */
const MAC = /^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/;

const ip = matching(IP, 'an IPv4 address such as "10.0.0.1"', 'Address of the interface, in a /24.');
const mac = matching(MAC, 'a MAC address of one card, such as "02:00:00:00:00:01", lower case', 'Address of the card.');
const PREFIX = /^(default|(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}(\/(3[0-2]|[12]?\d))?)$/;

/** `ip route replace`: where a prefix is reached, and what is to be assumed of the path. */
const Route = v.strictObject(
  {
    to: matching(PREFIX, 'a prefix such as "10.0.1.0/24", an address or "default"', 'The destinations.'),
    type: v.optional(
      oneOf(
        ['unicast', 'unreachable', 'prohibit', 'blackhole'],
        'What is done with them: the last three are refusals.',
      ),
      'unicast',
    ),
    via: v.optional(
      matching(IP, 'an IPv4 address such as "10.0.0.254"', 'The gateway; left out: they are on the link.'),
    ),
    dev: v.optional(oneOf(['eth0', 'eth1'], 'Device; left out: the one whose network the gateway or prefix is in.')),
    metric: v.optional(whole(0, 0xffff, 'Of several routes to the same prefix the smallest counts.'), 0),
    mtu: v.optional(whole(68, 65_535, 'Path MTU.', 'bytes')),
    advmss: v.optional(whole(48, 65_495, 'MSS to announce.', 'bytes')),
    hoplimit: v.optional(whole(1, 255, 'TTL.')),
    initcwnd: v.optional(whole(1, 100_000, 'First congestion window.', 'segments')),
    initrwnd: v.optional(whole(1, 100_000, 'First receive window.', 'segments')),
    window: v.optional(whole(1, 0x3fff_c000, 'Largest window to offer.', 'bytes')),
    cwnd: v.optional(whole(1, 100_000, 'Largest congestion window (locked).', 'segments')),
    ssthresh: v.optional(whole(2, 0x7fffffff, 'Slow start ends here.', 'segments')),
    reordering: v.optional(whole(1, 127, 'Segments that are overtaken before one counts as lost.', 'segments')),
    rttMs: v.optional(whole(1, 60_000, 'RTT to begin with.', 'ms')),
    rttvarMs: v.optional(whole(1, 60_000, 'And how much it varies.', 'ms')),
    rtoMinMs: v.optional(whole(1, 120_000, 'Least retransmission timeout (locked).', 'ms')),
    lock: v.optional(
      v.pipe(
        listOf(oneOf(['mtu', 'ssthresh', 'reordering', 'rtt'], ''), 4, 'metrics'),
        v.description('Metrics that the kernel may not change.'),
      ),
      [],
    ),
  },
  'a route, such as { "to": "10.0.1.0/24", "via": "10.0.0.254" }',
);

const shared = {
  cpus: v.optional(whole(1, 8, 'CPUs of the host.'), 2),
  sysctl: v.optional(Sysctls, {}),
  routes: v.optional(listOf(Route, 16, 'routes')),
  netfilter: v.optional(listOf(Rule, 64, 'rules'), []),
  arp: v.optional(
    oneOf(['known', 'unknown'], 'known: the neighbours stand in the ARP table for good. unknown: they are asked for.'),
    'known',
  ),
};

const card = {
  mac,
  nic: v.optional(Nic, {}),
  qdisc: v.optional(Qdisc, { kind: 'pfifo_fast' }),
};

/** `n`: 1 for host A, 2 for host B; makes the default addresses. */
export function host(n: number) {
  return v.optional(
    v.strictObject(
      { ip: v.optional(ip), ...card, mac: v.optional(mac, `02:00:00:00:00:0${n}`), ...shared },
      'a host: { ip, mac, cpus, qdisc, nic, sysctl, routes, netfilter, arp }',
    ),
    {},
  );
}

function port(address: string, hardware: string) {
  return v.optional(
    v.strictObject(
      { ...card, ip: v.optional(ip, address), mac: v.optional(mac, hardware) },
      'an interface: { ip, mac, qdisc, nic }',
    ),
    {},
  );
}

/** A host with two cards that forwards between them: eth0 to A, eth1 to B. */
export const router = v.strictObject(
  {
    eth0: port('10.0.0.254', '02:00:00:00:00:fe'),
    eth1: port('10.0.1.254', '02:00:00:00:01:fe'),
    ...shared,
  },
  'a router: { eth0, eth1, cpus, sysctl, routes, netfilter, arp }',
);

type AnyHost = v.InferOutput<ReturnType<typeof host>>;
export type Route = v.InferOutput<typeof Route>;
/** What belongs to one interface. */
export type Port = Required<Pick<AnyHost, 'mac' | 'nic' | 'qdisc'>> & { readonly ip: string };
