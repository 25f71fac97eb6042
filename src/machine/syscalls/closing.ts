/** Calls that end a connection: shutdown, close; and poll, which waits for what happens to one. */
import type { Kgen } from '../../kernel/arch/current';
import { sys_close } from '../../kernel/fs/open';
import { type pollfd, sys_poll } from '../../kernel/fs/select';
import {
  POLLERR,
  POLLHUP,
  POLLIN,
  POLLNVAL,
  POLLOUT,
  POLLPRI,
  POLLRDBAND,
  POLLRDHUP,
  POLLRDNORM,
  POLLWRBAND,
  POLLWRNORM,
} from '../../kernel/include/net/sock';
import { sys_shutdown } from '../../kernel/net/socket';
import type { SystemCall } from '../../scenario/schema';
import type { Process } from '../process';
import { type CallResult, enter } from './enter';

type CallOf<Op extends SystemCall['op']> = Extract<SystemCall, { op: Op }>;

const HOW = { SHUT_RD: 0, SHUT_WR: 1, SHUT_RDWR: 2 } as const;

/** Events of poll() by name. */
const EVENTS: Readonly<Record<string, number>> = {
  POLLIN,
  POLLPRI,
  POLLOUT,
  POLLERR,
  POLLHUP,
  POLLNVAL,
  POLLRDNORM,
  POLLRDBAND,
  POLLWRNORM,
  POLLWRBAND,
  POLLRDHUP,
};

/** A mask that poll() gave, in names. */
export function eventNames(mask: number): string {
  const names = Object.entries(EVENTS).filter(([, bit]) => (mask & bit) !== 0);
  return names.map(([name]) => name).join(' | ');
}

export function* close(process: Process, call: CallOf<'close'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  return { result: yield* enter(process, `close(${fd})`, null, sys_close(fd)) };
}

export function* shutdown(process: Process, call: CallOf<'shutdown'>): Kgen<CallResult> {
  const { fd } = process.named(call.fd);
  const { how } = call;
  const code = sys_shutdown(fd, typeof how === 'number' ? how : HOW[how]);
  return { result: yield* enter(process, `shutdown(${fd}, ${how})`, null, code) };
}

export function* poll(process: Process, call: CallOf<'poll'>): Kgen<CallResult> {
  const fds: pollfd[] = call.fds.map(({ fd, events }) => ({
    fd: process.named(fd).fd,
    events: events.reduce((all, name) => all | (EVENTS[name] ?? 0), 0),
    revents: 0,
  }));
  const listed = call.fds.map(({ events }, n) => `{${fds[n]?.fd}, ${events.join(' | ')}}`);
  const text = `poll([${listed.join(', ')}], ${call.timeoutMs})`;
  const result = yield* enter(process, text, null, sys_poll(fds, fds.length, call.timeoutMs));
  return { result, revents: fds.map(({ revents }) => revents) };
}
