/**
 * Mirrors net/socket.c (2.6.39): from the file, or a socket system call, to the operations of the protocol family.
 * Left out: ancillary data, security and cgroups.
 */

import { charge } from '../../base/clock';
import { type OpsTable, ops } from '../../base/dispatch';
import { heap } from '../../base/heap';
import { list, struct, table } from '../../base/struct';
import { type Kgen, kernel_global, sysctl } from '../arch/current';
import { iput } from '../fs/dcache';
import {
  alloc_fd,
  alloc_file,
  fd_install,
  fget_light,
  fput,
  fput_light,
  type fput_needed_ptr,
  get_unused_fd,
  put_unused_fd,
} from '../fs/file_table';
import {
  EAFNOSUPPORT,
  EBADF,
  ECONNABORTED,
  EFAULT,
  EINVAL,
  EMSGSIZE,
  ENOIOCTLCMD,
  ENOTSOCK,
  EOPNOTSUPP,
  ESPIPE,
} from '../include/linux/errno';
import {
  FMODE_READ,
  FMODE_WRITE,
  type file,
  type file_operations,
  type files_struct,
  type iovec,
  type kiocb,
  O_NONBLOCK,
  O_RDWR,
} from '../include/linux/fs';
import {
  AF_UNSPEC,
  SIZEOF_SOCKADDR_IN,
  SIZEOF_SOCKADDR_STORAGE,
  type sockaddr,
  sockaddr_at,
} from '../include/linux/in';
import {
  MSG_DONTWAIT,
  MSG_EOR,
  type msghdr,
  type net_proto_family,
  type proto_ops,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_TYPE_MASK,
  SOMAXCONN,
  SS_UNCONNECTED,
  socket,
  socket_wq,
  type super_operations,
} from '../include/linux/net';
import type { poll_table } from '../include/linux/poll';
import { access_ok, COPY_NS_PER_BYTE } from '../include/linux/uaccess';
import type { sock, sock_iocb } from '../include/net/sock';
import { current } from '../kernel/sched';
import { sock_getsockopt, sock_setsockopt } from './core/sock';

/** Families there is room for. */
const NPROTO = 39;
/** Kinds of sockets there are numbers for. */
const SOCK_MAX = 11;
/** Most bytes of one message. */
const INT_MAX = 0x7fffffff;

/** What a file that is a socket can do; read and write go by the aio slots. */
export const socket_file_ops = ops<file_operations>('file_operations', 'socket_file_ops', {
  read: null,
  write: null,
  aio_read: sock_aio_read,
  aio_write: sock_aio_write,
  poll: sock_poll,
  unlocked_ioctl: sock_ioctl,
  release: sock_close,
});

/** What the file system of sockets does. */
const sockfs_ops = ops<super_operations>('super_operations', 'sockfs_ops', { destroy_inode: sock_destroy_inode });
/** Protocol families by their number. In C the array net_families[NPROTO]. */
export const net_families = struct('net_families', {
  family: list(table<net_proto_family>('family'), NPROTO, 'by number'),
});
export interface net_families extends InstanceType<typeof net_families> {}

const families = kernel_global(() => {
  const all = new net_families();
  all.family.set(NPROTO - 1, null as never);
  return all;
});

/**
 * Makes a protocol family known: 0.
 * @modelled net/socket.c
 */
export function sock_register(fam: net_proto_family & OpsTable): number {
  families().family.set(fam.family, fam);
  return 0;
}

/**
 * A new socket without protocol.
 * @simplified no inode: the file points to the socket itself
 * @cost 60
 */
export function sock_alloc(): socket {
  const sock = new socket();
  sock.wq = new socket_wq();
  sock.state = SS_UNCONNECTED;
  sock.s_op = sockfs_ops;
  return sock;
}

/**
 * Frees a socket, with the queue of those who sleep on it.
 * @modelled net/socket.c
 * @cost 10
 */
export function sock_destroy_inode(inode: socket): void {
  if (inode.wq !== null) {
    heap.release(inode.wq);
  }
  heap.release(inode);
}

/**
 * Lets the protocol go, and then the socket itself, but for its memory if a file has it.
 * @modelled net/socket.c
 * @cost 15
 */
export function* sock_release(sock: socket): Kgen {
  const { ops } = sock;
  if (ops !== null) {
    yield* ops.release(sock);
    sock.ops = null;
  }
  if (sock.file === null) {
    iput(sock);
    return;
  }
  sock.file = null;
}

/**
 * The socket behind an inode: both are one block of memory.
 * @modelled include/net/sock.h
 * @cost 1
 */
export function SOCKET_I(inode: object): socket {
  return inode as socket;
}

/**
 * The last descriptor of a socket is closed.
 * @modelled net/socket.c
 * @cost 8
 */
export function* sock_close(filp: file): Kgen<number> {
  if (filp.private_data !== null) {
    yield* sock_release(SOCKET_I(filp.private_data));
  }
  return 0;
}

/**
 * What may be done with a socket now (POLLIN...), and whose wait queue to be on.
 * @modelled net/socket.c
 * @cost 6
 */
export function sock_poll(file: file, wait: poll_table | null): number {
  const sock = file.private_data as socket;
  return (sock.ops as proto_ops).poll(file, sock, wait);
}

/**
 * ioctl() on a socket.
 * @modelled net/socket.c
 * @omits dev_ioctl: no device ioctls
 * @cost 10
 */
export function* sock_ioctl(file: file, cmd: number, arg: number): Kgen<number> {
  return yield* sock_do_ioctl(file.private_data as socket, cmd, arg);
}

/**
 * Asks the protocol family first.
 * @modelled net/socket.c
 * @omits dev_ioctl: no device ioctls
 * @cost 5
 */
export function* sock_do_ioctl(sock: socket, cmd: number, arg: number): Kgen<number> {
  const err = yield* (sock.ops as proto_ops).ioctl(sock, cmd, arg);
  return err === -ENOIOCTLCMD ? -EINVAL : err;
}

/**
 * Opens a socket as a file.
 * @simplified no directory entry; the descriptor is the caller's affair
 */
export function sock_alloc_file(sock: socket, flags: number): file {
  const file = alloc_file(FMODE_READ | FMODE_WRITE, socket_file_ops);
  sock.file = file;
  file.f_flags = O_RDWR | (flags & O_NONBLOCK);
  file.f_pos = 0;
  file.private_data = sock;
  return file;
}

/**
 * Gives a socket a descriptor in a table, by default the running task's: returns it, or -EMFILE.
 * @modelled net/socket.c
 */
export function sock_map_fd(sock: socket, flags = 0, files: files_struct = current().files as files_struct): number {
  const fd = alloc_fd(files, 0);
  if (fd >= 0) {
    sock.fd = fd;
    fd_install(files, fd, sock_alloc_file(sock, flags));
  }
  return fd;
}

/**
 * The socket behind a file, or null and -ENOTSOCK.
 * @modelled net/socket.c
 * @cost 4
 */
export function sock_from_file(file: file, err: err_out): socket | null {
  if (file.f_op === socket_file_ops) {
    return file.private_data as socket;
  }
  err.err = -ENOTSOCK;
  return null;
}

/** Where a lookup leaves its error; in C a pointer to int. */
export interface err_out {
  err: number;
}

/**
 * The socket of a descriptor, or null and -EBADF or -ENOTSOCK.
 * @modelled net/socket.c
 * @cost 6
 */
export function* sockfd_lookup_light(fd: number, err: err_out, needed: fput_needed_ptr): Kgen<socket | null> {
  err.err = -EBADF;
  const file = fget_light(fd, needed);
  if (file === null) {
    return null;
  }
  const sock = sock_from_file(file, err);
  if (sock === null) {
    yield* fput_light(file, needed.fput_needed);
  }
  return sock;
}

/**
 * Ties a socket's control block to that of the I/O operation.
 * @modelled net/socket.c
 * @cost 4
 */
export function alloc_sock_iocb(iocb: kiocb, siocb: sock_iocb): sock_iocb {
  siocb.kiocb = iocb;
  iocb.private = siocb;
  return siocb;
}

/**
 * The socket's control block of an I/O operation.
 * @modelled include/net/sock.h
 * @cost 2
 */
export function kiocb_to_siocb(iocb: kiocb): sock_iocb {
  return iocb.private as sock_iocb;
}

/**
 * Gives the socket the traffic class of the running task.
 * @simplified no cgroups: the class stays 0
 * @cost 6
 */
export function sock_update_classid(_sk: sock): void {}

/**
 * write() on a socket.
 * @modelled net/socket.c
 * @cost 12
 */
export function* sock_aio_write(iocb: kiocb, iov: readonly iovec[], nr_segs: number, pos: number): Kgen<number> {
  if (pos !== 0) {
    return -ESPIPE;
  }
  const siocb: sock_iocb = { kiocb: null, sock: null, msg: null, size: 0, flags: 0 };
  const msg: msghdr = { msg_iov: [], msg_iovlen: 0, msg_flags: 0 };
  alloc_sock_iocb(iocb, siocb);
  return yield* do_sock_write(msg, iocb, iocb.ki_filp as file, iov, nr_segs);
}

/**
 * read() on a socket.
 * @modelled net/socket.c
 * @cost 12
 */
export function* sock_aio_read(iocb: kiocb, iov: readonly iovec[], nr_segs: number, pos: number): Kgen<number> {
  if (pos !== 0) {
    return -ESPIPE;
  }
  if (iocb.ki_left === 0) {
    return 0;
  }
  const siocb: sock_iocb = { kiocb: null, sock: null, msg: null, size: 0, flags: 0 };
  const msg: msghdr = { msg_iov: [], msg_iovlen: 0, msg_flags: 0 };
  alloc_sock_iocb(iocb, siocb);
  return yield* do_sock_read(msg, iocb, iocb.ki_filp as file, iov, nr_segs);
}

/**
 * Makes a message of the pieces to be written.
 * @modelled net/socket.c
 * @cost 10
 */
export function* do_sock_write(
  msg: msghdr,
  iocb: kiocb,
  file: file,
  iov: readonly iovec[],
  nr_segs: number,
): Kgen<number> {
  const sock = file.private_data as socket;
  let size = 0;
  for (let i = 0; i < nr_segs; i++) {
    size += (iov[i] as iovec).iov_len;
  }
  msg.msg_iov = iov as iovec[];
  msg.msg_iovlen = nr_segs;
  msg.msg_flags = (file.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
  if (sock.type === SOCK_SEQPACKET) {
    msg.msg_flags |= MSG_EOR;
  }
  return yield* __sock_sendmsg(iocb, sock, msg, size);
}

/**
 * Makes a message of the pieces to be filled.
 * @modelled net/socket.c
 * @cost 10
 */
export function* do_sock_read(
  msg: msghdr,
  iocb: kiocb,
  file: file,
  iov: readonly iovec[],
  nr_segs: number,
): Kgen<number> {
  const sock = file.private_data as socket;
  let size = 0;
  for (let i = 0; i < nr_segs; i++) {
    size += (iov[i] as iovec).iov_len;
  }
  msg.msg_iov = iov as iovec[];
  msg.msg_iovlen = nr_segs;
  msg.msg_flags = (file.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
  return yield* __sock_recvmsg(iocb, sock, msg, size, msg.msg_flags);
}

/**
 * Hands a message to the protocol family.
 * @modelled net/socket.c
 * @omits security_socket_sendmsg: no security module
 * @cost 10
 */
export function* __sock_sendmsg(iocb: kiocb, sock: socket, msg: msghdr, size: number): Kgen<number> {
  const si = kiocb_to_siocb(iocb);
  sock_update_classid(sock.sk as sock);
  si.sock = sock;
  si.msg = msg;
  si.size = size;
  return yield* (sock.ops as proto_ops).sendmsg(iocb, sock, msg, size);
}

/**
 * Sends a message and waits until the family has taken it.
 * @modelled net/socket.c
 * @omits wait_on_sync_kiocb: no operation here is queued
 * @cost 10
 */
export function* sock_sendmsg(sock: socket, msg: msghdr, size: number): Kgen<number> {
  const siocb: sock_iocb = { kiocb: null, sock: null, msg: null, size: 0, flags: 0 };
  const iocb: kiocb = { ki_filp: null, ki_pos: 0, ki_left: size, ki_nbytes: size, private: siocb };
  return yield* __sock_sendmsg(iocb, sock, msg, size);
}

/**
 * Has the protocol family fill a message.
 * @modelled net/socket.c
 * @cost 8
 */
export function* __sock_recvmsg_nosec(
  iocb: kiocb,
  sock: socket,
  msg: msghdr,
  size: number,
  flags: number,
): Kgen<number> {
  const si = kiocb_to_siocb(iocb);
  sock_update_classid(sock.sk as sock);
  si.sock = sock;
  si.msg = msg;
  si.size = size;
  si.flags = flags;
  return yield* (sock.ops as proto_ops).recvmsg(iocb, sock, msg, size, flags);
}

/**
 * Has the protocol family fill a message, if that is allowed.
 * @modelled net/socket.c
 * @omits security_socket_recvmsg: no security module
 * @cost 4
 */
export function* __sock_recvmsg(iocb: kiocb, sock: socket, msg: msghdr, size: number, flags: number): Kgen<number> {
  return yield* __sock_recvmsg_nosec(iocb, sock, msg, size, flags);
}

/**
 * Receives a message and waits until the family has filled it.
 * @modelled net/socket.c
 * @omits wait_on_sync_kiocb: no operation here is queued
 * @cost 10
 */
export function* sock_recvmsg(sock: socket, msg: msghdr, size: number, flags: number): Kgen<number> {
  const siocb: sock_iocb = { kiocb: null, sock: null, msg: null, size: 0, flags: 0 };
  const iocb: kiocb = { ki_filp: null, ki_pos: 0, ki_left: size, ki_nbytes: size, private: siocb };
  return yield* __sock_recvmsg(iocb, sock, msg, size, flags);
}

/**
 * Copies a socket address from the program: 0, -EINVAL for an impossible length, or -EFAULT.
 * @modelled net/socket.c
 * @cost 6
 */
export function move_addr_to_kernel(uaddr: number, ulen: number, kaddr: sockaddr): number {
  if (ulen < 0 || ulen > SIZEOF_SOCKADDR_STORAGE) {
    return -EINVAL;
  }
  if (ulen === 0) {
    return 0;
  }
  if (!access_ok(uaddr, ulen)) {
    return -EFAULT;
  }
  charge(Math.round(ulen * COPY_NS_PER_BYTE));
  Object.assign(kaddr, sockaddr_at(uaddr));
  return 0;
}

/**
 * Copies a socket address to the program, no more than it has room for, and says how long it is: 0, or -errno. `ulen`
 * is the address of the program's length, a 32-bit number.
 * @modelled net/socket.c
 * @cost 8
 */
export function move_addr_to_user(kaddr: sockaddr, klen: number, uaddr: number, ulen: number): number {
  if (!access_ok(ulen, 4)) {
    return -EFAULT;
  }
  const room = heap.readLe16(ulen) | (heap.readLe16(ulen + 2) << 16);
  const len = Math.min(room, klen);
  if (len < 0 || len > SIZEOF_SOCKADDR_STORAGE) {
    return -EINVAL;
  }
  if (len > 0) {
    if (!access_ok(uaddr, len)) {
      return -EFAULT;
    }
    charge(Math.round(len * COPY_NS_PER_BYTE));
    heap.writeBytes(uaddr, sockaddr_bytes(kaddr).subarray(0, len));
  }
  heap.writeLe16(ulen, klen);
  heap.writeLe16(ulen + 2, 0);
  return 0;
}

/** The 16 bytes of a struct sockaddr as a program sees them. */
const sockaddr_bytes = ({ sa_family, sin_port, sin_addr }: sockaddr): Uint8Array => {
  const bytes = new Uint8Array(SIZEOF_SOCKADDR_IN);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, sa_family, true);
  view.setUint16(2, sin_port);
  view.setUint32(4, sin_addr);
  return bytes;
};

/** An address that nothing has been copied to yet. */
const no_sockaddr = (): sockaddr => ({ sa_family: AF_UNSPEC, sin_port: 0, sin_addr: 0 });

/**
 * The system call: sends `len` bytes at `buff`, to the address at `addr` (0: to the peer of a connected socket). Returns how
 * many were taken, or -errno.
 * @modelled net/socket.c
 * @cost 15
 */
export function* sys_sendto(
  fd: number,
  buff: number,
  len: number,
  flags: number,
  addr = 0,
  addr_len = 0,
): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const size = Math.min(len, INT_MAX);
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  const msg: msghdr = { msg_iov: [{ iov_base: buff, iov_len: size }], msg_iovlen: 1, msg_flags: 0 };
  let ret = access_ok(buff, size) ? 0 : -EFAULT;
  if (ret === 0 && addr !== 0) {
    const address = no_sockaddr();
    ret = move_addr_to_kernel(addr, addr_len, address);
    msg.msg_name = address;
    msg.msg_namelen = addr_len;
  }
  if (ret === 0) {
    const nonblock = (file.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
    msg.msg_flags = flags | nonblock;
    ret = yield* sock_sendmsg(sock, msg, size);
  }
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/**
 * The system call: receives up to `size` bytes to `ubuf`; the sender's address goes to `addr` and its length to `addr_len`
 * (0: not wanted). Returns how many came, 0 at the end, or -errno.
 * @modelled net/socket.c
 * @cost 15
 */
export function* sys_recvfrom(
  fd: number,
  ubuf: number,
  size: number,
  flags: number,
  addr = 0,
  addr_len = 0,
): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const len = Math.min(size, INT_MAX);
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  let ret = -EFAULT;
  if (access_ok(ubuf, len)) {
    const nonblock = (file.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
    const address = no_sockaddr();
    const msg: msghdr = {
      msg_iov: [{ iov_base: ubuf, iov_len: len }],
      msg_iovlen: 1,
      msg_flags: 0,
      msg_name: address,
      msg_namelen: SIZEOF_SOCKADDR_STORAGE,
    };
    ret = yield* sock_recvmsg(sock, msg, len, flags | nonblock);
    if (ret >= 0 && addr !== 0) {
      const err2 = move_addr_to_user(address, msg.msg_namelen as number, addr, addr_len);
      if (err2 < 0) {
        ret = err2;
      }
    }
  }
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/** Most pieces of one message. */
const UIO_MAXIOV = 1024;
/** The level of options that all sockets have. */
const SOL_SOCKET = 1;

/** Bytes in the pieces of a message: verify_iovec's sum, or -EINVAL or -EFAULT. */
const verify_iovec = (iov: readonly iovec[]): number => {
  let total = 0;
  for (const { iov_base, iov_len } of iov) {
    if (iov_len < 0) return -EINVAL;
    if (!access_ok(iov_base, iov_len)) return -EFAULT;
    total += iov_len;
  }
  return Math.min(total, INT_MAX);
};

/**
 * The system call: sends the pieces `iov` as one message. Returns how many bytes were taken, or -errno.
 * @simplified the pieces come as they are, not by a struct msghdr in user memory; no address, no ancillary data
 * @cost 25
 */
export function* sys_sendmsg(fd: number, iov: readonly iovec[], flags: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  let ret = iov.length > UIO_MAXIOV ? -EMSGSIZE : verify_iovec(iov);
  if (ret >= 0) {
    const nonblock = (file.f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
    const pieces = iov.map((piece) => ({ ...piece }));
    const msg: msghdr = { msg_iov: pieces, msg_iovlen: iov.length, msg_flags: flags | nonblock };
    ret = yield* sock_sendmsg(sock, msg, ret);
  }
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/** Where recvmsg leaves the flags of the message; in C a field of the user's struct msghdr. */
export interface msg_flags_ptr {
  msg_flags: number;
}

/**
 * The system call: receives a message to the pieces `iov`. Returns how many bytes came, 0 at the end, or -errno.
 * @simplified as sys_sendmsg
 * @cost 25
 */
export function* sys_recvmsg(fd: number, iov: readonly iovec[], flags: number, out: msg_flags_ptr): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  const ret = yield* __sys_recvmsg(sock, iov, flags, out);
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/**
 * Receives one message.
 * @simplified as sys_sendmsg
 * @cost 15
 */
export function* __sys_recvmsg(sock: socket, iov: readonly iovec[], flags: number, out: msg_flags_ptr): Kgen<number> {
  const total = iov.length > UIO_MAXIOV ? -EMSGSIZE : verify_iovec(iov);
  if (total < 0) {
    return total;
  }
  const nonblock = ((sock.file as file).f_flags & O_NONBLOCK) !== 0 ? MSG_DONTWAIT : 0;
  const msg: msghdr = { msg_iov: iov.map((piece) => ({ ...piece })), msg_iovlen: iov.length, msg_flags: 0 };
  const ret = yield* sock_recvmsg(sock, msg, total, flags | nonblock);
  out.msg_flags = msg.msg_flags;
  return ret;
}

/**
 * The system call: shuts down a connection for reading (`how` 0), writing (1) or both (2). 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_shutdown: no security module
 * @cost 15
 */
export function* sys_shutdown(fd: number, how: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  const ret = yield* (sock.ops as proto_ops).shutdown(sock, how);
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/**
 * The system call: sets an option of a socket. `optval`: its value's address in user memory. 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_setsockopt: no security module
 * @cost 15
 */
export function* sys_setsockopt(
  fd: number,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  if (optlen < 0) {
    return -EINVAL;
  }
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  const ret =
    level === SOL_SOCKET
      ? yield* sock_setsockopt(sock, level, optname, optval, optlen)
      : yield* (sock.ops as proto_ops).setsockopt(sock, level, optname, optval, optlen);
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/**
 * The system call: reads an option of a socket to user memory at `optval`; at `optlen` stands how much fits there, and then how much came.
 * 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_getsockopt: no security module
 * @cost 15
 */
export function* sys_getsockopt(
  fd: number,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const file = sock.file as file;
  const ret =
    level === SOL_SOCKET
      ? sock_getsockopt(sock, level, optname, optval, optlen)
      : yield* (sock.ops as proto_ops).getsockopt(sock, level, optname, optval, optlen);
  yield* fput_light(file, needed.fput_needed);
  return ret;
}

/**
 * Makes a socket of a protocol family: 0, or -errno. The socket is left in `res`.
 * @modelled net/socket.c
 * @omits security_socket_create: no security module
 * @cost 20
 */
export function* __sock_create(
  family: number,
  type: number,
  protocol: number,
  res: { sock: socket | null },
): Kgen<number> {
  if (family < 0 || family >= NPROTO) {
    return -EAFNOSUPPORT;
  }
  if (type < 0 || type >= SOCK_MAX) {
    return -EINVAL;
  }
  const pf = families().family.at(family) as (net_proto_family & OpsTable) | null;
  if (pf === null) {
    return -EAFNOSUPPORT;
  }
  const sock = sock_alloc();
  sock.type = type;
  const err = pf.create(sock, protocol);
  if (err < 0) {
    yield* sock_release(sock);
    return err;
  }
  res.sock = sock;
  return 0;
}

/**
 * Makes a socket for a program: 0, or -errno.
 * @modelled net/socket.c
 * @cost 4
 */
export function* sock_create(
  family: number,
  type: number,
  protocol: number,
  res: { sock: socket | null },
): Kgen<number> {
  return yield* __sock_create(family, type, protocol, res);
}

/**
 * The system call: makes a socket. Returns its descriptor, or -errno.
 * @modelled net/socket.c
 * @cost 15
 */
export function* sys_socket(family: number, type: number, protocol: number): Kgen<number> {
  const flags = type & ~SOCK_TYPE_MASK;
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) {
    return -EINVAL;
  }
  const res: { sock: socket | null } = { sock: null };
  const retval = yield* sock_create(family, type & SOCK_TYPE_MASK, protocol, res);
  return retval < 0 || res.sock === null ? retval : sock_map_fd(res.sock, flags & O_NONBLOCK);
}

/**
 * The system call: binds a socket to the address of `addrlen` bytes at `umyaddr`. 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_bind: no security module
 * @cost 15
 */
export function* sys_bind(fd: number, umyaddr: number, addrlen: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const address: sockaddr = no_sockaddr();
  let ret = move_addr_to_kernel(umyaddr, addrlen, address);
  if (ret >= 0) {
    const { bind } = sock.ops as proto_ops;
    ret = bind === undefined ? -EOPNOTSUPP : yield* bind(sock, address, addrlen);
  }
  yield* fput_light(sock.file as file, needed.fput_needed);
  return ret;
}

/**
 * The system call: a socket is to wait for connections, at most `backlog` and one of them at once. 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_listen: no security module
 * @cost 15
 */
export function* sys_listen(fd: number, backlog: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const err: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, err, needed);
  if (sock === null) {
    return err.err;
  }
  const somaxconn = sysctl('core.somaxconn', SOMAXCONN);
  const { listen } = sock.ops as proto_ops;
  // Taken for unsigned: a negative backlog is a large one.
  const ret = listen === undefined ? -EOPNOTSUPP : yield* listen(sock, Math.min(backlog >>> 0, somaxconn));
  yield* fput_light(sock.file as file, needed.fput_needed);
  return ret;
}

/**
 * The system call: gives the next connection of a listener a descriptor, with flags of its own; the address of the peer goes to
 * `upeer_sockaddr` (0: not wanted). Returns the descriptor, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_accept: no security module
 * @cost 20
 */
export function* sys_accept4(fd: number, upeer_sockaddr: number, upeer_addrlen: number, flags: number): Kgen<number> {
  if ((flags & ~(SOCK_CLOEXEC | SOCK_NONBLOCK)) !== 0) {
    return -EINVAL;
  }
  const needed: fput_needed_ptr = { fput_needed: false };
  const lookup: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, lookup, needed);
  if (sock === null) {
    return lookup.err;
  }
  const files = current().files as files_struct;
  const newsock = sock_alloc();
  newsock.type = sock.type;
  newsock.ops = sock.ops;
  let err = get_unused_fd(files);
  if (err < 0) {
    newsock.ops = null;
    yield* sock_release(newsock);
  } else {
    const newfd = err;
    const newfile = sock_alloc_file(newsock, flags & O_NONBLOCK);
    const { accept, getname } = sock.ops as proto_ops;
    err = accept === undefined ? -EOPNOTSUPP : yield* accept(sock, newsock, (sock.file as file).f_flags);
    if (err >= 0 && upeer_sockaddr !== 0) {
      const address: sockaddr = no_sockaddr();
      const len = getname?.(newsock, address, 2) ?? -1;
      err = len < 0 ? -ECONNABORTED : move_addr_to_user(address, len, upeer_sockaddr, upeer_addrlen);
    }
    if (err >= 0) {
      newsock.fd = newfd;
      fd_install(files, newfd, newfile);
      err = newfd;
    } else {
      yield* fput(newfile);
      put_unused_fd(files, newfd);
    }
  }
  yield* fput_light(sock.file as file, needed.fput_needed);
  return err;
}

/**
 * The system call: accept4() without flags.
 * @modelled net/socket.c
 * @cost 2
 */
export function* sys_accept(fd: number, upeer_sockaddr: number, upeer_addrlen: number): Kgen<number> {
  return yield* sys_accept4(fd, upeer_sockaddr, upeer_addrlen, 0);
}

/**
 * The system call: connects a socket to the address of `addrlen` bytes at `uservaddr`. 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_connect: no security module
 * @cost 15
 */
export function* sys_connect(fd: number, uservaddr: number, addrlen: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const lookup: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, lookup, needed);
  if (sock === null) {
    return lookup.err;
  }
  const address: sockaddr = no_sockaddr();
  let err = move_addr_to_kernel(uservaddr, addrlen, address);
  if (err >= 0) {
    const { connect } = sock.ops as proto_ops;
    err = connect === undefined ? -EOPNOTSUPP : yield* connect(sock, address, addrlen, (sock.file as file).f_flags);
  }
  yield* fput_light(sock.file as file, needed.fput_needed);
  return err;
}

/**
 * The address of a socket or of its peer, to user memory: 0, or -errno.
 * @model what sys_getsockname and sys_getpeername have in common
 * @cost 0
 */
function* name_to_user(fd: number, usockaddr: number, usockaddr_len: number, peer: number): Kgen<number> {
  const needed: fput_needed_ptr = { fput_needed: false };
  const lookup: err_out = { err: 0 };
  const sock = yield* sockfd_lookup_light(fd, lookup, needed);
  if (sock === null) {
    return lookup.err;
  }
  const address: sockaddr = no_sockaddr();
  const { getname } = sock.ops as proto_ops;
  const len = getname === undefined ? -EOPNOTSUPP : getname(sock, address, peer);
  const err = len < 0 ? len : move_addr_to_user(address, len, usockaddr, usockaddr_len);
  yield* fput_light(sock.file as file, needed.fput_needed);
  return err;
}

/**
 * The system call: the own address of a socket. 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_getsockname: no security module
 * @cost 15
 */
export function* sys_getsockname(fd: number, usockaddr: number, usockaddr_len: number): Kgen<number> {
  return yield* name_to_user(fd, usockaddr, usockaddr_len, 0);
}

/**
 * The system call: the address of a socket's peer. 0, or -errno.
 * @modelled net/socket.c
 * @omits security_socket_getpeername: no security module
 * @cost 15
 */
export function* sys_getpeername(fd: number, usockaddr: number, usockaddr_len: number): Kgen<number> {
  return yield* name_to_user(fd, usockaddr, usockaddr_len, 1);
}
