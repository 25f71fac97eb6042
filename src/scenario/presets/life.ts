/** The life of a connection once it is made: small writes, late ACKs, a closed window, and its end. */
import type { CallInput } from '../schema';
import { type Preset, preset, read, readAll, reader, write, writer } from './parts';

const NODELAY: CallInput = { op: 'setsockopt', fd: 'c2', option: 'TCP_NODELAY', value: 1 };
const small = (fd: string): CallInput[] => [write(100, fd), write(100, fd), write(100, fd)];

export const LIFE: readonly Preset[] = [
  preset(
    'nagle-vs-nodelay',
    'Three small writes: Nagle against TCP_NODELAY',
    'On c1 the first 100 bytes leave and the other writes wait in one sk_buff for its ACK, because tcp_nagle_test says no; on c2, with TCP_NODELAY, each write is a segment at once.',
    {
      link: { delayUs: 1000 },
      connections: [{ name: 'c1' }, { name: 'c2', a: { port: 40_001 } }],
      tasks: [
        { host: 'A', name: 'nagle', cpu: 0, startUs: 50, calls: small('c1') },
        { host: 'A', name: 'nodelay', cpu: 1, startUs: 400, calls: [NODELAY, ...small('c2')] },
        { host: 'B', name: 'reader-1', cpu: 0, calls: [readAll(300, 'c1')] },
        { host: 'B', name: 'reader-2', cpu: 1, calls: [readAll(300, 'c2')] },
      ],
    },
  ),
  preset(
    'delayed-ack',
    'An ACK that waits, and Nagle that waits for it',
    'B counts as interactive, so it puts its ACK off for 40 ms in the hope of data to ride on; A may not send its second small write before that ACK: two good ideas make a pause.',
    {
      connections: [{ b: { quickack: 0, pingpong: true } }],
      tasks: [writer(write(100), write(100)), reader(read(100), read(100))],
    },
  ),
  preset(
    'zero-window',
    'A reader that stops: zero window and probes',
    'Nobody reads, so the offered window shrinks to zero; the probe timer asks with an empty segment after 200 ms, then after twice as long each time, until the reader takes a lot and tcp_cleanup_rbuf tells the new window.',
    {
      hosts: { A: { nic: { tso: false, gso: false } }, B: { nic: { gro: false } } },
      connections: [{ a: { sndbuf: 65_536 }, b: { rcvbuf: 8192 } }],
      tasks: [
        writer(write(20_000)),
        { host: 'B', name: 'reader', cpu: 1, calls: [{ op: 'sleep', us: 1_500_000 }, readAll(20_000)] },
      ],
      limits: { maxMs: 10_000 },
    },
  ),
  preset(
    'close',
    'close() on both sides: FIN, FIN and TIME_WAIT',
    "A's close sends a FIN behind its data; B reads the end of the stream, closes too, and is done with the last ACK, while of A's socket a small one is left in TIME_WAIT for a minute.",
    {
      tasks: [
        writer(write(1000), { op: 'close', fd: 'c1' }),
        reader(readAll(1000), read(1000), { op: 'close', fd: 'c1' }),
      ],
      limits: { maxMs: 70_000 },
    },
  ),
];
