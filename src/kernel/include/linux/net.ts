/** Mirrors include/linux/net.h and socket.h (2.6.39): struct socket, proto_ops, msghdr. */
import { embed, enumeration, flags, int, ref, struct, table } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { sock } from '../net/sock';
import type { file, iovec, kiocb } from './fs';
import type { sockaddr } from './in';
import type { poll_table } from './poll';
import { wait_queue_head_t } from './wait';

export const SS_FREE = 0;
export const SS_UNCONNECTED = 1;
export const SS_CONNECTING = 2;
export const SS_CONNECTED = 3;
export const SS_DISCONNECTING = 4;

/** Masks of the bits SOCK_ASYNC_NOSPACE, SOCK_ASYNC_WAITDATA and SOCK_NOSPACE in socket.flags. */
export const SOCK_ASYNC_NOSPACE = 1 << 0;
export const SOCK_ASYNC_WAITDATA = 1 << 1;
export const SOCK_NOSPACE = 1 << 2;

export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_SEQPACKET = 5;
export const SOCK_PACKET = 10;
export const PF_INET = 2;
export const PF_PACKET = 17;

export const MSG_OOB = 0x1;
export const MSG_PEEK = 0x2;
export const MSG_DONTROUTE = 0x4;
export const MSG_PROBE = 0x10;
export const MSG_TRUNC = 0x20;
export const MSG_DONTWAIT = 0x40;
export const MSG_EOR = 0x80;
export const MSG_WAITALL = 0x100;
export const MSG_CONFIRM = 0x800;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_MORE = 0x8000;

/** A message of sendmsg or recvmsg; lives on the kernel stack. */
export interface msghdr {
  msg_iov: iovec[];
  msg_iovlen: number;
  msg_flags: number;
  /** Address given by the caller, or where to put the sender's; left out: none. */
  msg_name?: sockaddr | null;
  /** Its length, bytes; receiving sets it. */
  msg_namelen?: number;
}

/** In the type given to socket(): the descriptor does not block. */
export const SOCK_TYPE_MASK = 0xf;
export const SOCK_NONBLOCK = 0o4000;
export const SOCK_CLOEXEC = 0o2000000;
export const SOMAXCONN = 128;

export interface proto_ops {
  family: number;
  bind?: (sock: socket, myaddr: sockaddr, sockaddr_len: number) => Kgen<number>;
  connect?: (sock: socket, vaddr: sockaddr, sockaddr_len: number, flags: number) => Kgen<number>;
  accept?: (sock: socket, newsock: socket, flags: number) => Kgen<number>;
  /** Own address (`peer` 0) or the peer's (1; 2: even if it is gone). Length of the address, or -errno. */
  getname?: (sock: socket, addr: sockaddr, peer: number) => number;
  listen?: (sock: socket, len: number) => Kgen<number>;
  sendmsg: (iocb: kiocb, sock: socket, msg: msghdr, size: number) => Kgen<number>;
  recvmsg: (iocb: kiocb, sock: socket, msg: msghdr, size: number, flags: number) => Kgen<number>;
  release: (sock: socket) => Kgen<number>;
  poll: (file: file, sock: socket, wait: poll_table | null) => number;
  ioctl: (sock: socket, cmd: number, arg: number) => Kgen<number>;
  shutdown: (sock: socket, how: number) => Kgen<number>;
  setsockopt: (sock: socket, level: number, optname: number, optval: number, optlen: number) => Kgen<number>;
  getsockopt: (sock: socket, level: number, optname: number, optval: number, optlen: number) => Kgen<number>;
}

/** What a file system does; sockfs frees its inodes. */
export interface super_operations {
  destroy_inode: (inode: socket) => void;
}

/** A protocol family: how its sockets are made. */
export interface net_proto_family {
  family: number;
  create: (sock: socket, protocol: number) => number;
}

export const socket_wq = struct('socket_wq', { wait: embed(wait_queue_head_t, 'tasks that sleep on the socket') });
export interface socket_wq extends InstanceType<typeof socket_wq> {}

export const socket = struct('socket', {
  state: enumeration('connection state of the file side', {
    SS_FREE,
    SS_UNCONNECTED,
    SS_CONNECTING,
    SS_CONNECTED,
    SS_DISCONNECTING,
  }),
  type: enumeration('kind of socket', { SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET, SOCK_PACKET }),
  flags: flags('a writer waits for space, a reader for data', {
    SOCK_ASYNC_NOSPACE,
    SOCK_ASYNC_WAITDATA,
    SOCK_NOSPACE,
  }),
  wq: ref<socket_wq>('wait queue'),
  file: ref<file>('file it is opened as'),
  sk: ref<sock>('protocol side'),
  ops: table<proto_ops>('operations of this protocol family and type'),
  s_op: table<super_operations>('operations of the file system that its inode is of'),
  fd: int('descriptor it was opened as, for display', -1),
});
export interface socket extends InstanceType<typeof socket> {}
