/** Mirrors include/net/sock.h (2.6.39): struct sock and struct proto. Bodies of sock.c are in net/core/sock.ts. */
import { bool, byteCount, embed, enumeration, flags, fn, hex32, int, ip4, ref, struct, table } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { kiocb } from '../linux/fs';
import type { msghdr, socket, socket_wq } from '../linux/net';
import type { page } from '../linux/skbuff';
import { type sk_buff, sk_buff_head } from '../linux/skbuff';
import { spinlock_t } from '../linux/spinlock';
import { timer_list } from '../linux/timer';
import { type task_struct, wait_queue_head_t } from '../linux/wait';
import type { dst_entry } from './dst';

export const RCV_SHUTDOWN = 1;
export const SEND_SHUTDOWN = 2;
export const SHUTDOWN_MASK = 3;
export const SOCK_MIN_SNDBUF = 2048;
export const SOCK_MIN_RCVBUF = 256;

/** Masks of the sk_flags the model uses. */
export const SOCK_DEAD = 1 << 0;
export const SOCK_DONE = 1 << 1;
export const SOCK_QUEUE_SHRUNK = 1 << 9;
export const SOCK_TIMESTAMP = 1 << 8;
export const SOCK_USE_WRITE_QUEUE = 1 << 7;

/** The protocol behind a socket. */
export interface proto {
  name: string;
  sendmsg: (iocb: kiocb, sk: sock, msg: msghdr, size: number) => Kgen<number>;
  recvmsg: (iocb: kiocb, sk: sock, msg: msghdr, len: number, nonblock: number, flags: number) => Kgen<number>;
  backlog_rcv: (sk: sock, skb: sk_buff) => Kgen<number>;
  max_header: number;
  no_autobind: boolean;
  obj_size: number;
  sysctl_mem: readonly [number, number, number];
  sysctl_wmem: readonly [number, number, number];
  sysctl_rmem: readonly [number, number, number];
}

export const socket_lock_t = struct('socket_lock_t', {
  slock: embed(spinlock_t, 'held by softirqs, and for moments by the owner'),
  owned: bool('a task owns the socket (lock_sock)'),
  owner: ref<task_struct>('that task'),
  wq: embed(wait_queue_head_t, 'tasks waiting to own it'),
});
export interface socket_lock_t extends InstanceType<typeof socket_lock_t> {}

/** Segments that arrived while a task owned the socket. */
export const sk_backlog = struct('sk_backlog', {
  head: ref<sk_buff>('first'),
  tail: ref<sk_buff>('last'),
  len: byteCount('truesize queued'),
});
export interface sk_backlog extends InstanceType<typeof sk_backlog> {}

export const sock = struct('sock', {
  skc_family: int('address family'),
  skc_state: enumeration('TCP state', {
    TCP_ESTABLISHED: 1,
    TCP_SYN_SENT: 2,
    TCP_SYN_RECV: 3,
    TCP_FIN_WAIT1: 4,
    TCP_FIN_WAIT2: 5,
    TCP_TIME_WAIT: 6,
    TCP_CLOSE: 7,
    TCP_CLOSE_WAIT: 8,
    TCP_LAST_ACK: 9,
    TCP_LISTEN: 10,
    TCP_CLOSING: 11,
  }),
  skc_hash: hex32('hash of the connection'),
  skc_refcnt: int('references', 1),
  skc_daddr: ip4('address of the peer'),
  skc_rcv_saddr: ip4('own address'),
  skc_nulls_next: ref<sock>('next in the hash chain'),
  skc_tx_queue_mapping: int('TX queue cached, -1: none', -1),
  skc_prot: table<proto>('protocol'),
  sk_shutdown: flags('sides shut down', { RCV_SHUTDOWN, SEND_SHUTDOWN }),
  sk_protocol: int('IP protocol number'),
  sk_type: int('socket type'),
  sk_rcvbuf: byteCount('limit of receive memory'),
  sk_lock: embed(socket_lock_t, 'lock'),
  sk_backlog: embed(sk_backlog, 'segments that arrived while it was owned'),
  sk_wq: ref<socket_wq>('who sleeps on it'),
  sk_dst_cache: ref<dst_entry>('cached route'),
  sk_rmem_alloc: byteCount('receive memory in use (truesize)'),
  sk_wmem_alloc: byteCount('truesize of skbs handed down and not yet released'),
  sk_omem_alloc: byteCount('option memory'),
  sk_sndbuf: byteCount('limit of send memory'),
  sk_receive_queue: embed(sk_buff_head, 'in order data the reader has not taken'),
  sk_write_queue: embed(sk_buff_head, 'data sent but not acked, then data not yet sent'),
  sk_wmem_queued: byteCount('truesize on the write queue'),
  sk_forward_alloc: byteCount('memory charged to the protocol but not yet used'),
  sk_allocation: int('allocation flags'),
  sk_route_caps: hex32('features of the device the route leads to'),
  sk_route_nocaps: hex32('features not to use'),
  sk_gso_type: hex32('GSO type of this protocol'),
  sk_gso_max_size: byteCount('largest GSO skb'),
  sk_rcvlowat: byteCount('least to wake a reader for', 1),
  sk_flags: flags('state bits', { SOCK_DEAD, SOCK_DONE, SOCK_QUEUE_SHRUNK, SOCK_TIMESTAMP, SOCK_USE_WRITE_QUEUE }),
  sk_err: int('error to report'),
  sk_err_soft: int('error that does not end the connection'),
  sk_ack_backlog: int('connections waiting for accept'),
  sk_max_ack_backlog: int('most that may wait'),
  sk_priority: int('priority of its packets'),
  sk_mark: int('mark of its packets'),
  sk_rxhash: hex32('flow hash of what was received'),
  sk_rcvtimeo: int('receive timeout, jiffies', Number.MAX_SAFE_INTEGER),
  sk_sndtimeo: int('send timeout, jiffies', Number.MAX_SAFE_INTEGER),
  sk_timer: embed(timer_list, 'keepalive timer'),
  sk_socket: ref<socket>('file side'),
  sk_sndmsg_page: ref<page>('page being filled by sendmsg'),
  sk_sndmsg_off: byteCount('how far it is filled'),
  sk_send_head: ref<sk_buff>('first skb not yet sent'),
  sk_write_pending: int('a write waits'),
  sk_no_check: bool('no checksum wanted'),
  sk_userlocks: int('buffer sizes set by the user'),
  sk_state_change: fn<(sk: sock) => void>('called when the state changes'),
  sk_data_ready: fn<(sk: sock, bytes: number) => void>('called when data has arrived'),
  sk_write_space: fn<(sk: sock) => void>('called when send memory is free'),
  sk_error_report: fn<(sk: sock) => void>('called on an error'),
  sk_backlog_rcv: fn<(sk: sock, skb: sk_buff) => Kgen<number>>('takes a segment off the backlog'),
  sk_destruct: fn<(sk: sock) => void>('called at the end'),
});
export interface sock extends InstanceType<typeof sock> {}
