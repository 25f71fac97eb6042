/** The card and its driver: a full ring, interrupts, a link that goes, a unit that hangs. */
import { type Preset, preset, readAll, reader, write, writer } from './parts';

export const CARD: readonly Preset[] = [
  preset(
    'ring-full',
    'The ring is full, and the queue stops',
    'At 10 Mbit/s eighty descriptors are soon taken: e1000_maybe_stop_tx stops the queue, packets wait in pfifo_fast, and cleaning wakes it.',
    {
      hosts: { A: { nic: { txRing: 80, tso: false, gso: false } }, B: { nic: { gro: false } } },
      link: { mbps: 10 },
      connections: [{ a: { cwnd: 60, sndbuf: 131_072, sndWnd: 65_000 }, b: { rcvbuf: 131_072 } }],
      tasks: [writer(write(60_000)), reader(readAll(60_000))],
    },
  ),
  preset(
    'interrupt-throttle',
    'Four thousand interrupts a second, and no more',
    'Thirty small segments arrive one by one, but ITR keeps the line low for 250 us at a time: eight interrupts bring them all.',
    {
      hosts: { B: { nic: { itr: 4000, gro: false } } },
      connections: [{ a: { nodelay: true, cwnd: 60 } }],
      tasks: [writer({ op: 'loop', times: 30, calls: [write(100), { op: 'sleep', us: 40 }] }), reader(readAll(3000))],
    },
  ),
  preset(
    'pause-frames',
    'A receiver that asks for a pause',
    'The reader has no CPU to spare and few descriptors: past FCRTH its card sends XOFF, and the sender stands still until XON.',
    {
      hosts: { A: { nic: { tso: false, gso: false } }, B: { cpus: 1, nic: { rxRing: 80, gro: false, itr: 100 } } },
      connections: [{ a: { cwnd: 160, sndbuf: 524_288, sndWnd: 230_000 }, b: { rcvbuf: 1_048_576 } }],
      tasks: [writer(write(220_000)), { ...reader(readAll(220_000)), cpu: 0 }],
    },
  ),
  preset(
    'link-flap',
    'The cable is pulled, and plugged in again',
    'A link interrupt each way: the carrier goes, the qdisc becomes noop and drops, timeouts pass in vain; with the link all of it comes back.',
    {
      link: { faults: [{ op: 'down', fromUs: 300, untilUs: 500_000 }] },
      tasks: [writer(write(60_000)), reader(readAll(60_000))],
      limits: { maxMs: 10_000 },
    },
  ),
  preset(
    'tx-timeout',
    'The transmit unit hangs',
    'Descriptors are not written back any more: the driver stops the queue, the watchdog sees it stand for five seconds, ndo_tx_timeout has the card reset.',
    {
      hosts: { A: { nic: { watchdog: true } } },
      tasks: [writer(write(20_000)), reader(readAll(20_000))],
      edits: [{ op: 'hang', atUs: 100, host: 'A' }],
      limits: { maxMs: 60_000 },
    },
  ),
];
