/** One write(), and what holds a sender back. */
import { type Preset, preset, read, readAll, reader, write, writer } from './parts';

export const WRITE: readonly Preset[] = [
  preset(
    'write-4000',
    'write(4000), as the article tells it',
    'One write() becomes three sk_buffs of 1460, 1460 and 1080 bytes: tcp_push_one sends the first two, tcp_push the last.',
    {
      kernel: 'article',
      hosts: { A: { nic: { sg: false, tso: false, gso: false } }, B: { nic: { gro: false } } },
      connections: [{ timestamps: false }],
      tasks: [writer(write(4000)), reader(readAll(4000))],
    },
  ),
  preset(
    'write-100',
    'write(100): one small segment',
    'The smallest journey: 100 bytes in one sk_buff, straight past an empty qdisc into the ring, and up to the reader.',
    { tasks: [writer(write(100)), reader(read(100))] },
  ),
  preset(
    'write-4000-2.6.39',
    'write(4000) with the defaults of 2.6.39',
    'One sk_buff takes all 4000 bytes in page fragments; its two full segments leave as one, for the card to cut, the rest follows.',
    { tasks: [writer(write(4000)), reader(readAll(4000))] },
  ),
  preset(
    'write-64k-cwnd',
    'write(65536) against the congestion window',
    'Ten segments leave at once and the rest wait at the cwnd gate; each ACK opens it a little wider.',
    {
      hosts: { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } },
      link: { delayUs: 500 },
      connections: [{ a: { sndbuf: 262_144, sndWnd: 131_072 }, b: { rcvbuf: 262_144 } }],
      tasks: [writer(write(65_536)), reader(readAll(65_536))],
    },
  ),
  preset(
    'write-rwnd',
    "write(12000) against the receiver's window",
    'The congestion window has room for ten segments, but the peer announced 6144 bytes: the fifth waits until the reader reads.',
    {
      hosts: { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } },
      connections: [{ b: { rcvbuf: 8192 } }],
      tasks: [
        writer(write(12_000)),
        { host: 'B', name: 'reader', cpu: 1, calls: [{ op: 'sleep', us: 5000 }, readAll(12_000)] },
      ],
    },
  ),
  preset(
    'write-sndbuf',
    'write(65536) and a send buffer of 16 kB',
    'The writer fills its send buffer and falls asleep in sk_stream_wait_memory; ACKs free memory and wake it.',
    {
      link: { delayUs: 500 },
      connections: [{ a: { sndbuf: 16_000 } }],
      tasks: [writer(write(65_536)), reader(readAll(65_536))],
    },
  ),
  preset(
    'read-wakes',
    'A reader wakes',
    'The reader sleeps in recv(); the segment goes to the prequeue, wakes it, and is processed in its context.',
    {
      tasks: [{ ...writer(write(100)), startUs: 500 }, reader({ op: 'recv', fd: 'c1', bytes: 65_536 })],
    },
  ),
];
