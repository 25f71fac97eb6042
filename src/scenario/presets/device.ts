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
