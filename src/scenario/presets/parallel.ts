/** Several CPUs at once: locks they meet at, queues that keep them apart, softirqs that do not end. */
import { type Preset, preset, readAll, write } from './parts';

/** Client ports whose flows RSS sends to queue 0, 1, 2 and 3 of four, at both ends. */
const PORTS = [40_020, 40_004, 40_013, 40_029] as const;
const CPUS = [0, 1, 2, 3];

/** Four connections, c1 to c4, whose writers send each write at once. */
const connections = PORTS.map((port, n) => ({ name: `c${n + 1}`, a: { port, nodelay: true } }));

const writers = (times: number, bytes: number) =>
  CPUS.map((cpu) => {
    const calls = [{ op: 'loop' as const, times, calls: [write(bytes, `c${cpu + 1}`)] }];
    return { host: 'A' as const, name: `writer-${cpu + 1}`, cpu, startUs: 50, calls };
  });

/** Reader n runs on CPU `cpuOf(n)`. */
const readers = (bytes: number, cpuOf: (n: number) => number) =>
  CPUS.map((n) => ({
    host: 'B' as const,
    name: `reader-${n + 1}`,
    cpu: cpuOf(n),
    calls: [readAll(bytes, `c${n + 1}`)],
  }));

/** A queue a CPU: each sends by its own (XPS), and takes the interrupts of its own. */
const queueEach = { model: '82576' as const, queues: 4, affinity: CPUS, xps: CPUS.map((cpu) => [cpu]) };

export const PARALLEL: readonly Preset[] = [
  preset(
    'tx-lock-contention',
    'Four CPUs, one TX lock',
    'Four tasks write at the same moment; eth0 has one TX queue and no qdisc, so three CPUs spin at its TX lock, the last for three packets.',
    {
      hosts: { A: { cpus: 4, qdisc: { kind: 'noqueue' } }, B: { cpus: 4 } },
      connections,
      tasks: [...writers(2, 1000), ...readers(2000, (n) => n)],
    },
  ),
  preset(
    'mq-no-contention',
    'Four CPUs, four TX queues',
    'The same four tasks and an 82576: mq gives each TX queue a qdisc and a lock, XPS gives each CPU a queue, and nobody ever waits.',
    {
      hosts: { A: { cpus: 4, nic: queueEach }, B: { cpus: 4 } },
      connections,
      tasks: [...writers(2, 1000), ...readers(2000, (n) => n)],
    },
  ),
  preset(
    'rss',
    'Receive side scaling',
    "The receiving card hashes addresses and ports of each frame: every flow gets its own ring, and its own CPU takes the ring's interrupts.",
    {
      hosts: { A: { cpus: 4, nic: queueEach }, B: { cpus: 4, nic: { model: '82576', queues: 4, affinity: CPUS } } },
      connections,
      tasks: [...writers(2, 4000), ...readers(8000, (n) => n)],
    },
  ),
  preset(
    'napi-budget',
    'More packets than NET_RX may take',
    'A run of NET_RX may take four packets: it leaves the rest to the next one, a time_squeeze; after ten in a row ksoftirqd is woken to go on.',
    {
      hosts: {
        A: { cpus: 4, nic: queueEach },
        B: {
          sysctl: { 'core.netdev_budget': 4 },
          nic: { model: '82576', queues: 2, gro: false, itr: 0 },
        },
      },
      connections: connections.map(({ name, a }) => ({ name, timestamps: false, a: { ...a, cwnd: 100 } })),
      tasks: [...writers(20, 64), ...readers(1280, () => 1)],
    },
  ),
];
