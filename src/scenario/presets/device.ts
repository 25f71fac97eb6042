/** Between IP and the wire: queues and locks. */
import { type Preset, preset, read, readAll, reader, write, writer } from './parts';

export const DEVICE: readonly Preset[] = [
  preset(
    'qdisc-backlog',
    'A qdisc that holds packets back',
    'The token bucket lets two frames go; the others wait in it until its watchdog raises NET_TX.',
    {
      hosts: {
        A: { qdisc: { kind: 'tbf', rate: 10_000_000, burst: 3100, limit: 30_000 }, nic: { tso: false, gso: false } },
      },
      tasks: [writer(write(8000)), reader(readAll(8000))],
    },
  ),
  preset(
    'tbf-shaping',
    'A token bucket at 4 Mbit/s',
    'Twenty frames leave as tokens come: a burst, then one every 3 ms; each time the bucket is short, overlimits counts and a timer is set.',
    {
      hosts: {
        A: { qdisc: { kind: 'tbf', rate: 4_000_000, burst: 4600, limit: 60_000 }, nic: { tso: false, gso: false } },
      },
      connections: [{ a: { cwnd: 24, sndbuf: 65_536, sndWnd: 40_000 }, b: { rcvbuf: 131_072 } }],
      tasks: [writer(write(28_960)), reader(readAll(28_960))],
    },
  ),
  preset(
    'prio-bands',
    'Three bands, and one may always go first',
    'The ring is full and bulk data waits in band 1; what is written now with priority 6 goes to band 0, and leaves first when the queue is woken.',
    {
      hosts: {
        A: {
          qdisc: { kind: 'prio', children: [null, { kind: 'sfq' }, null] },
          nic: { txRing: 80, tso: false, gso: false },
        },
      },
      link: { mbps: 10 },
      connections: [
        { name: 'bulk', a: { cwnd: 60, sndbuf: 131_072, sndWnd: 65_000 }, b: { rcvbuf: 131_072 } },
        { name: 'urgent', a: { port: 40_001 }, b: { port: 5002 } },
      ],
      tasks: [
        writer(write(60_000, 'bulk')),
        {
          host: 'A',
          name: 'talker',
          startUs: 200,
          calls: [{ op: 'setsockopt', fd: 'urgent', option: 'SO_PRIORITY', value: 6 }, write(500, 'urgent')],
        },
        reader(readAll(60_000, 'bulk')),
        { host: 'B', name: 'listener', cpu: 1, calls: [readAll(500, 'urgent')] },
      ],
    },
  ),
  preset(
    'two-writers',
    'Two CPUs meet at the TX lock',
    'Two tasks write at the same moment on two CPUs; eth0 has no qdisc, so both go for the TX lock and one spins.',
    {
      hosts: { A: { qdisc: { kind: 'noqueue' } } },
      connections: [{ name: 'c1' }, { name: 'c2', a: { port: 40_001 } }],
      tasks: [
        { host: 'A', name: 'writer-1', cpu: 0, startUs: 50, calls: [write(1000, 'c1')] },
        { host: 'A', name: 'writer-2', cpu: 1, startUs: 50, calls: [write(1000, 'c2')] },
        { host: 'B', name: 'reader-1', cpu: 0, calls: [read(1000, 'c1')] },
        { host: 'B', name: 'reader-2', cpu: 1, calls: [read(1000, 'c2')] },
      ],
    },
  ),
];
