/** What expressions of a call stand for: Linux's constants by name (x86-64, as in 2.6.39 and, where newer, as scripts spell them). */
import { lookUp } from '../../base/look-up';
import type { Expression } from './ast';

const octal = (digits: string): number => Number.parseInt(digits, 8);

const CONSTANTS: Readonly<Record<string, number>> = {
  AF_INET: 2,
  PF_INET: 2,
  AF_INET6: 10,
  PF_INET6: 10,
  SOCK_STREAM: 1,
  SOCK_DGRAM: 2,
  SOCK_RAW: 3,
  SOCK_NONBLOCK: octal('4000'),
  SOCK_CLOEXEC: octal('2000000'),
  IPPROTO_IP: 0,
  IPPROTO_ICMP: 1,
  IPPROTO_TCP: 6,
  IPPROTO_UDP: 17,
  IPPROTO_MPTCP: 262,
  SOL_IP: 0,
  SOL_SOCKET: 1,
  SOL_TCP: 6,
  SOL_UDP: 17,
  INADDR_ANY: 0,
  INADDR_LOOPBACK: 0x7f000001,

  SO_DEBUG: 1,
  SO_REUSEADDR: 2,
  SO_TYPE: 3,
  SO_ERROR: 4,
  SO_DONTROUTE: 5,
  SO_BROADCAST: 6,
  SO_SNDBUF: 7,
  SO_RCVBUF: 8,
  SO_KEEPALIVE: 9,
  SO_OOBINLINE: 10,
  SO_PRIORITY: 12,
  SO_LINGER: 13,
  SO_REUSEPORT: 15,
  SO_PASSCRED: 16,
  SO_PEERCRED: 17,
  SO_RCVLOWAT: 18,
  SO_SNDLOWAT: 19,
  SO_RCVTIMEO: 20,
  SO_SNDTIMEO: 21,
  SO_BINDTODEVICE: 25,
  SO_ATTACH_FILTER: 26,
  SO_DETACH_FILTER: 27,
  SO_TIMESTAMP: 29,
  SO_ACCEPTCONN: 30,
  SO_SNDBUFFORCE: 32,
  SO_RCVBUFFORCE: 33,
  SO_TIMESTAMPNS: 35,
  SO_MARK: 36,
  SO_TIMESTAMPING: 37,
  SO_PROTOCOL: 38,
  SO_DOMAIN: 39,
  SO_BUSY_POLL: 46,
  SO_MAX_PACING_RATE: 47,
  SO_INCOMING_CPU: 49,
  SO_ZEROCOPY: 60,

  IP_TOS: 1,
  IP_TTL: 2,
  IP_HDRINCL: 3,
  IP_OPTIONS: 4,
  IP_RECVOPTS: 6,
  IP_PKTINFO: 8,
  IP_MTU_DISCOVER: 10,
  IP_RECVERR: 11,
  IP_RECVTTL: 12,
  IP_RECVTOS: 13,
  IP_MTU: 14,
  IP_FREEBIND: 15,
  IP_TRANSPARENT: 19,
  IP_MINTTL: 21,
  IP_PMTUDISC_DONT: 0,
  IP_PMTUDISC_WANT: 1,
  IP_PMTUDISC_DO: 2,
  IP_PMTUDISC_PROBE: 3,

  TCP_NODELAY: 1,
  TCP_MAXSEG: 2,
  TCP_CORK: 3,
  TCP_KEEPIDLE: 4,
  TCP_KEEPINTVL: 5,
  TCP_KEEPCNT: 6,
  TCP_SYNCNT: 7,
  TCP_LINGER2: 8,
  TCP_DEFER_ACCEPT: 9,
  TCP_WINDOW_CLAMP: 10,
  TCP_INFO: 11,
  TCP_QUICKACK: 12,
  TCP_CONGESTION: 13,
  TCP_MD5SIG: 14,
  TCP_COOKIE_TRANSACTIONS: 15,
  TCP_THIN_LINEAR_TIMEOUTS: 16,
  TCP_THIN_DUPACK: 17,
  TCP_USER_TIMEOUT: 18,
  TCP_REPAIR: 19,
  TCP_FASTOPEN: 23,
  TCP_TIMESTAMP: 24,
  TCP_NOTSENT_LOWAT: 25,
  TCP_CC_INFO: 26,
  TCP_SAVE_SYN: 27,
  TCP_SAVED_SYN: 28,
  TCP_FASTOPEN_CONNECT: 30,
  TCP_ULP: 31,
  TCP_FASTOPEN_KEY: 33,
  TCP_ZEROCOPY_RECEIVE: 35,
  TCP_INQ: 36,
  TCP_CM_INQ: 36,
  TCP_TX_DELAY: 37,

  UDP_CORK: 1,

  MSG_OOB: 0x1,
  MSG_PEEK: 0x2,
  MSG_DONTROUTE: 0x4,
  MSG_CTRUNC: 0x8,
  MSG_TRUNC: 0x20,
  MSG_DONTWAIT: 0x40,
  MSG_EOR: 0x80,
  MSG_WAITALL: 0x100,
  MSG_FIN: 0x200,
  MSG_SYN: 0x400,
  MSG_CONFIRM: 0x800,
  MSG_RST: 0x1000,
  MSG_ERRQUEUE: 0x2000,
  MSG_NOSIGNAL: 0x4000,
  MSG_MORE: 0x8000,
  MSG_CMSG_CLOEXEC: 0x40000000,
  MSG_FASTOPEN: 0x20000000,
  MSG_ZEROCOPY: 0x4000000,

  SHUT_RD: 0,
  SHUT_WR: 1,
  SHUT_RDWR: 2,

  F_GETFD: 1,
  F_SETFD: 2,
  F_GETFL: 3,
  F_SETFL: 4,
  FD_CLOEXEC: 1,
  O_RDONLY: 0,
  O_WRONLY: 1,
  O_RDWR: 2,
  O_NONBLOCK: octal('4000'),
  O_NDELAY: octal('4000'),
  O_CLOEXEC: octal('2000000'),

  FIONREAD: 0x541b,
  FIONBIO: 0x5421,
  SIOCINQ: 0x541b,
  SIOCOUTQ: 0x5411,
  SIOCOUTQNSD: 0x894b,
  SIOCATMARK: 0x8905,

  POLLIN: 0x1,
  POLLPRI: 0x2,
  POLLOUT: 0x4,
  POLLERR: 0x8,
  POLLHUP: 0x10,
  POLLNVAL: 0x20,
  POLLRDNORM: 0x40,
  POLLRDBAND: 0x80,
  POLLWRNORM: 0x100,
  POLLWRBAND: 0x200,
  POLLMSG: 0x400,
  POLLRDHUP: 0x2000,
  EPOLLIN: 0x1,
  EPOLLPRI: 0x2,
  EPOLLOUT: 0x4,
  EPOLLERR: 0x8,
  EPOLLHUP: 0x10,
  EPOLLRDHUP: 0x2000,
  EPOLLET: 2 ** 31,
  EPOLLONESHOT: 2 ** 30,
  EPOLL_CTL_ADD: 1,
  EPOLL_CTL_DEL: 2,
  EPOLL_CTL_MOD: 3,

  NULL: 0,
  true: 1,
  false: 0,
};

/** Options that came after 2.6.39. */
export const NEWER_OPTIONS: ReadonlySet<string> = new Set([
  'SO_REUSEPORT',
  'SO_BUSY_POLL',
  'SO_MAX_PACING_RATE',
  'SO_INCOMING_CPU',
  'SO_ZEROCOPY',
  'TCP_REPAIR',
  'TCP_FASTOPEN',
  'TCP_TIMESTAMP',
  'TCP_NOTSENT_LOWAT',
  'TCP_CC_INFO',
  'TCP_SAVE_SYN',
  'TCP_SAVED_SYN',
  'TCP_FASTOPEN_CONNECT',
  'TCP_ULP',
  'TCP_FASTOPEN_KEY',
  'TCP_ZEROCOPY_RECEIVE',
  'TCP_INQ',
  'TCP_CM_INQ',
  'TCP_TX_DELAY',
]);

/** Numbers of errors, x86 (asm-generic/errno-base.h and errno.h). */
export const ERRNO: Readonly<Record<string, number>> = {
  EPERM: 1,
  ENOENT: 2,
  EINTR: 4,
  EIO: 5,
  ENXIO: 6,
  EBADF: 9,
  EAGAIN: 11,
  EWOULDBLOCK: 11,
  ENOMEM: 12,
  EACCES: 13,
  EFAULT: 14,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENFILE: 23,
  EMFILE: 24,
  ENOTTY: 25,
  EFBIG: 27,
  ENOSPC: 28,
  ESPIPE: 29,
  EPIPE: 32,
  EDOM: 33,
  ERANGE: 34,
  ENAMETOOLONG: 36,
  ENOSYS: 38,
  ENOTSOCK: 88,
  EDESTADDRREQ: 89,
  EMSGSIZE: 90,
  EPROTOTYPE: 91,
  ENOPROTOOPT: 92,
  EPROTONOSUPPORT: 93,
  ESOCKTNOSUPPORT: 94,
  EOPNOTSUPP: 95,
  ENOTSUP: 95,
  EPFNOSUPPORT: 96,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENETRESET: 102,
  ECONNABORTED: 103,
  ECONNRESET: 104,
  ENOBUFS: 105,
  EISCONN: 106,
  ENOTCONN: 107,
  ESHUTDOWN: 108,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTDOWN: 112,
  EHOSTUNREACH: 113,
  EALREADY: 114,
  EINPROGRESS: 115,
};

/** `EAGAIN` for 11. */
export function errnoName(errno: number): string {
  return Object.entries(ERRNO).find(([, value]) => value === errno)?.[0] ?? `errno ${errno}`;
}

/** The number of an expression; null: it is not one, or has a name nothing is known of. */
export function numberOf(of: Expression | undefined): number | null {
  switch (of?.kind) {
    case 'number':
      return of.value;
    case 'symbol':
      return lookUp(CONSTANTS, of.name) ?? lookUp(ERRNO, of.name) ?? null;
    case 'or': {
      let bits = 0;
      for (const part of of.of) {
        const value = numberOf(part);
        if (value === null || !Number.isInteger(value)) return null;
        bits = Number(BigInt(bits) | BigInt(value));
      }
      return bits;
    }
    case 'cast':
      return numberOf(of.of);
    case 'call': {
      const [first] = of.args;
      if (of.name === 'htons' || of.name === 'htonl' || of.name === 'ntohs' || of.name === 'ntohl')
        return numberOf(first);
      if ((of.name === 'inet_addr' || of.name === 'inet_pton') && first !== undefined) {
        const last = of.args.at(-1);
        return last?.kind === 'string' ? ipOf(last.parts.join('')) : null;
      }
      return null;
    }
    default:
      return null;
  }
}

/** A dotted address as a number in host order; null: it is none. */
function ipOf(text: string): number | null {
  const parts = text.split('.').map(Number);
  if (parts.length !== 4 || parts.some((part) => !Number.isInteger(part) || part < 0 || part > 255)) return null;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** Names of the constants whose bits are in `value`, for messages: `POLLIN|POLLOUT`. */
export function bitNames(value: number, prefix: string): string {
  const names = Object.entries(CONSTANTS).filter(
    ([name, bits]) => name.startsWith(prefix) && bits !== 0 && (value & bits) === bits,
  );
  return names.length === 0 ? String(value) : names.map(([name]) => name).join('|');
}
