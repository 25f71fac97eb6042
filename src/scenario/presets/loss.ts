/** What goes wrong on the way, and how TCP recovers; neighbours that have to be asked for. */
import { type Preset, preset, readAll, reader, write, writer } from './parts';

/** One segment an sk_buff on both sides, so that each can be followed. */
const ONE_BY_ONE = { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } } as const;

export const LOSS: readonly Preset[] = [
  preset(
    'fast-retransmit',
    'One segment is lost: fast retransmit',
    'The fourth segment never arrives; each one behind it brings a duplicate ACK with a SACK block; at the third tcp_time_to_recover says yes, and the hole is filled long before the timeout.',
    {
      hosts: ONE_BY_ONE,
      link: { delayUs: 2000, faults: [{ op: 'drop', from: 'A', kind: 'data', nth: 4 }] },
      connections: [{ a: { sndbuf: 65_536 } }],
      tasks: [writer(write(20_000)), reader(readAll(20_000))],
    },
  ),
  preset(
    'rto',
    'The last segment is lost: retransmission timeout',
    'Nothing comes behind the lost segment, so no duplicate ACK can tell: the timer fires after 201 ms, F-RTO sends the segment again, that is lost too, and the next timeout is twice as long.',
    {
      hosts: ONE_BY_ONE,
      link: { delayUs: 500, faults: [{ op: 'drop', from: 'A', kind: 'data', nth: [3, 4] }] },
      tasks: [writer(write(4000)), reader(readAll(4000))],
    },
  ),
  preset(
    'sack-recovery',
    'Three segments of a window are lost: the SACK scoreboard',
    'SACK blocks name what has arrived; the scoreboard marks what lies far enough below the highest of them as lost, and rate halving lets one retransmission go for every two ACKs.',
    {
      hosts: ONE_BY_ONE,
      link: { delayUs: 2000, faults: [{ op: 'drop', from: 'A', kind: 'data', nth: [5, 8, 9] }] },
      connections: [{ a: { sndbuf: 131_072, cwnd: 16 }, b: { rcvbuf: 131_072 } }],
      tasks: [writer(write(40_000)), reader(readAll(40_000))],
    },
  ),
  preset(
    'cubic-growth',
    'CUBIC after a loss: steep, flat, steep again',
    'A loss sets ssthresh to 717/1024 of the window; from there cwnd climbs on a cubic of the time since the loss, lies flat near its old value and rises beyond it: follow it on the time axis.',
    {
      link: { delayUs: 100_000, faults: [{ op: 'drop', from: 'A', kind: 'data', nth: 12 }] },
      connections: [{ a: { sndbuf: 1 << 20, cwnd: 24, ssthresh: 24, sndWnd: 400_000 }, b: { rcvbuf: 1 << 20 } }],
      tasks: [writer(write(900_000)), reader(readAll(900_000))],
      limits: { maxMs: 20_000 },
    },
  ),
  preset(
    'arp-miss',
    'The neighbour is not known: ARP',
    'No one has told A the MAC address of 10.0.0.2: the segments wait in the arp_queue of its neighbour entry while a broadcast asks, and the reply sends them on their way.',
    {
      hosts: { A: { arp: 'unknown', nic: { tso: false, gso: false } }, B: { arp: 'unknown', nic: { gro: false } } },
      tasks: [writer(write(4000)), reader(readAll(4000))],
      captures: [{ host: 'A' }],
      // The neighbour entries are looked after for some time: stale after half a minute.
      limits: { maxMs: 120_000 },
    },
  ),
  preset(
    'router',
    'A router between the hosts',
    'R takes each packet in by eth0, finds its route in the cache, counts the hop in ip_forward and sends it out by eth1 with the MAC addresses of the second link.',
    {
      hosts: { ...ONE_BY_ONE, R: { cpus: 1, eth0: { nic: { gro: false } }, eth1: { nic: { gro: false } } } },
      tasks: [writer(write(3000)), reader(readAll(3000))],
    },
  ),
];
