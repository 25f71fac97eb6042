/** Connections are asked for, accepted, and asked for too often. */
import type { CallInput } from '../schema';
import { type Preset, preset, read, write } from './parts';

const PORT = 5001;

const listening = (backlog: number): CallInput[] => [
  { op: 'socket', as: 'listener' },
  { op: 'bind', fd: 'listener', port: PORT },
  { op: 'listen', fd: 'listener', backlog },
];
const accept: CallInput = { op: 'accept', fd: 'listener', as: 'c1' };
const connect: CallInput = { op: 'connect', fd: 's', to: { host: 'B', port: PORT } };

/** A listener for 8 has room for 16 half-open connections: the next power of two above. */
const HALF_OPEN = 16;

export const OPENING: readonly Preset[] = [
  preset(
    'handshake',
    'connect and accept: the three-way handshake',
    'The SYN makes a request in the SYN queue, the ACK makes a socket of it in the accept queue, and accept() hands it out.',
    {
      connections: [],
      tasks: [
        { host: 'B', name: 'server', calls: [...listening(8), accept, read(100)] },
        { host: 'A', name: 'client', startUs: 100, calls: [{ op: 'socket', as: 's' }, connect, write(100, 's')] },
      ],
    },
  ),
  preset(
    'syn-flood-cookies',
    'SYN flood: cookies in place of requests',
    'Sixteen SYNs whose answers are lost fill the SYN queue; the next SYN is answered with a cookie, and its ACK alone makes the connection.',
    {
      connections: [],
      link: { faults: [{ op: 'drop', from: 'B', nth: Array.from({ length: HALF_OPEN }, (_, n) => n + 1) }] },
      tasks: [
        { host: 'B', name: 'server', calls: [...listening(8), accept, read(100)] },
        {
          host: 'A',
          name: 'flood',
          startUs: 100,
          calls: [
            {
              op: 'loop',
              times: HALF_OPEN,
              calls: [{ op: 'socket', as: 's', flags: ['SOCK_NONBLOCK'] }, connect],
            },
          ],
        },
        {
          host: 'A',
          name: 'client',
          cpu: 1,
          startUs: 5000,
          calls: [{ op: 'socket', as: 's' }, connect, write(100, 's')],
        },
      ],
      limits: { maxMs: 500 },
    },
  ),
];
