/**
 * Mirrors net/ipv4/raw.c (2.6.39): raw sockets, which send whole transport messages and get a copy of every packet of their
 * protocol with its IP header. Left out: statistics, the error queue, ancillary data, /proc.
 */
import { ops } from '../../../base/dispatch';
import { hex32, list, ref, struct } from '../../../base/struct';
import { type Kgen, kernel_global } from '../../arch/current';
import {
  EACCES,
  EADDRNOTAVAIL,
  EAFNOSUPPORT,
  EDESTADDRREQ,
  EFAULT,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  EOPNOTSUPP,
  EPROTO,
} from '../../include/linux/errno';
import type { kiocb } from '../../include/linux/fs';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import {
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  ICMP_PARAMETERPROB,
  ICMP_SOURCE_QUENCH,
  icmphdr,
  NR_ICMP_UNREACH,
} from '../../include/linux/icmp';
import { AF_INET, AF_UNSPEC, SIZEOF_SOCKADDR_IN, type sockaddr } from '../../include/linux/in';
import { IPPROTO_ICMP, iphdr } from '../../include/linux/ip';
import { MSG_DONTROUTE, MSG_MORE, MSG_OOB, MSG_TRUNC, type msghdr } from '../../include/linux/net';
import { NET_RX_DROP, NET_RX_SUCCESS, type net_device } from '../../include/linux/netdevice';
import type { sk_buff } from '../../include/linux/skbuff';
import { TCP_CLOSE, TCP_ESTABLISHED } from '../../include/linux/tcp';
import { access_ok } from '../../include/linux/uaccess';
import { type flowi4, RTCF_BROADCAST, RTN_BROADCAST, RTN_LOCAL, RTN_MULTICAST } from '../../include/net/dst';
import { IP_PMTUDISC_DONT, inet_sock } from '../../include/net/inet_sock';
import { ip_hdr, type ipcm_cookie, RT_TOS, RTO_ONLINK } from '../../include/net/ip';
import {
  type addr_len_ptr,
  type proto,
  SOCK_BROADCAST,
  sk_dst_reset,
  sk_unhashed,
  type sock,
  sock_flag,
  sock_recv_ts_and_drops,
} from '../../include/net/sock';
import { type error_ptr, skb_copy_datagram_iovec, skb_free_datagram, skb_recv_datagram } from '../core/datagram';
import { kfree_skb, skb_clone, skb_push } from '../core/skbuff';
import { lock_sock, release_sock, sk_common_release } from '../core/sock';
import { ip4_datagram_connect } from './datagram';
import { inet_addr_type } from './fib_frontend';
import { icmp_err_convert } from './icmp';
import {
  ip_append_data,
  ip_flush_pending_frames,
  ip_generic_getfrag,
  ip_push_pending_frames,
  type rtable_ptr,
} from './ip_output';
import { ip_getsockopt, ip_queue_rcv_skb, ip_setsockopt } from './ip_sockglue';
import { ip_route_output_flow, ip_rt_put } from './route';
import { udp_disconnect } from './udp';

const RAW_HTABLE_SIZE = 256;
const LARGEST_PACKET = 0xffff;

export const raw_sock = struct(
  'raw_sock',
  { filter: hex32('ICMP types that the socket does not want, one bit each (ICMP_FILTER)') },
  inet_sock,
);
export interface raw_sock extends InstanceType<typeof raw_sock> {}

/** The raw_sock a sock begins: a free cast. */
export const raw_sk = (sk: object): raw_sock => sk as raw_sock;

/** Raw sockets of a host. */
export const raw_hashinfo = struct('raw_hashinfo', {
  ht: list(ref<sock>('first of the chain'), RAW_HTABLE_SIZE, 'sockets by protocol'),
});
export interface raw_hashinfo extends InstanceType<typeof raw_hashinfo> {}

const NO_SOCK = null as unknown as sock;

/** Raw sockets of this host. */
export const raw_v4_hashinfo = kernel_global(() => {
  const info = new raw_hashinfo();
  info.ht.set(RAW_HTABLE_SIZE - 1, NO_SOCK);
  return info;
});

/**
 * Makes a raw socket findable by its protocol.
 * @modelled net/ipv4/raw.c
 * @omits sock_prot_inuse_add: a statistics counter
 * @cost 8
 */
export function raw_hash_sk(sk: sock): void {
  const { ht } = raw_v4_hashinfo();
  const slot = raw_sk(sk).inet_num & (RAW_HTABLE_SIZE - 1);
  sk.skc_nulls_next = ht.at(slot) as sock | null;
  ht.set(slot, sk);
  sk.skc_hashed = true;
}

/**
 * Takes a raw socket out of the table.
 * @modelled net/ipv4/raw.c
 * @omits sock_prot_inuse_add: a statistics counter
 * @cost 8
 */
export function raw_unhash_sk(sk: sock): void {
  if (sk_unhashed(sk)) {
    return;
  }
  const { ht } = raw_v4_hashinfo();
  const slot = raw_sk(sk).inet_num & (RAW_HTABLE_SIZE - 1);
  let before: sock | null = null;
  for (let at = ht.at(slot) as sock | null; at !== null; at = at.skc_nulls_next) {
    if (at === sk) {
      if (before === null) {
        ht.set(slot, sk.skc_nulls_next as sock);
      } else {
        before.skc_nulls_next = sk.skc_nulls_next;
      }
      break;
    }
    before = at;
  }
  sk.skc_nulls_next = null;
  sk.skc_hashed = false;
}

/**
 * The next raw socket of a chain that takes packets of this protocol, from `raddr` to `laddr`, by device `dif`.
 * @modelled net/ipv4/raw.c
 * @cost 6
 */
export function __raw_v4_lookup(
  first: sock | null,
  num: number,
  raddr: number,
  laddr: number,
  dif: number,
): sock | null {
  for (let sk = first; sk !== null; sk = sk.skc_nulls_next) {
    const inet = raw_sk(sk);
    if (
      inet.inet_num === num &&
      (inet.inet_daddr === 0 || inet.inet_daddr === raddr) &&
      (inet.inet_rcv_saddr === 0 || inet.inet_rcv_saddr === laddr) &&
      (sk.skc_bound_dev_if === 0 || sk.skc_bound_dev_if === dif)
    ) {
      return sk;
    }
  }
  return null;
}

/**
 * True for an ICMP message whose type the socket does not want.
 * @modelled net/ipv4/raw.c
 * @cost 4
 */
export function icmp_filter(sk: sock, skb: sk_buff): boolean {
  const { type } = new icmphdr(skb.transport_header);
  return type < 32 && ((1 << type) & raw_sk(sk).filter) !== 0;
}

/**
 * Gives each raw socket of the protocol a clone; true when there was one.
 * @modelled net/ipv4/raw.c
 * @cost 10
 */
export function* raw_v4_input(skb: sk_buff, iph: iphdr, hash: number): Kgen<boolean> {
  const head = raw_v4_hashinfo().ht.at(hash) as sock | null;
  const { protocol, saddr, daddr } = iph;
  const { ifindex } = skb.dev as net_device;
  let delivered = false;
  let sk = __raw_v4_lookup(head, protocol, saddr, daddr, ifindex);
  while (sk !== null) {
    delivered = true;
    if (protocol !== IPPROTO_ICMP || !icmp_filter(sk, skb)) {
      const clone = skb_clone(skb, GFP_ATOMIC);
      if (clone !== null) {
        yield* raw_rcv(sk, clone);
      }
    }
    sk = __raw_v4_lookup(sk.skc_nulls_next, protocol, saddr, daddr, ifindex);
  }
  return delivered;
}

/**
 * Hands copies to raw sockets of the protocol; true when there was one.
 * @modelled net/ipv4/raw.c
 * @cost 5
 */
export function* raw_local_deliver(skb: sk_buff, protocol: number): Kgen<boolean> {
  const hash = protocol & (RAW_HTABLE_SIZE - 1);
  const raw_sk_head = raw_v4_hashinfo().ht.at(hash) as sock | null;
  return raw_sk_head !== null && (yield* raw_v4_input(skb, ip_hdr(skb), hash));
}

/**
 * An ICMP error came about a packet of a raw socket.
 * @modelled net/ipv4/raw.c
 * @omits ip_icmp_error: no error queue
 * @cost 10
 */
export function raw_err(sk: sock, skb: sk_buff, _info: number): void {
  const { type, code } = new icmphdr(skb.transport_header);
  const inet = raw_sk(sk);
  if (sk.skc_state !== TCP_ESTABLISHED || type === ICMP_SOURCE_QUENCH) {
    return;
  }
  let err = EHOSTUNREACH;
  let harderr = false;
  if (type === ICMP_PARAMETERPROB) {
    err = EPROTO;
    harderr = true;
  } else if (type === ICMP_DEST_UNREACH) {
    if (code <= NR_ICMP_UNREACH) {
      err = icmp_err_convert(code).errno;
      harderr = icmp_err_convert(code).fatal;
    }
    if (code === ICMP_FRAG_NEEDED) {
      harderr = inet.pmtudisc !== IP_PMTUDISC_DONT;
      err = EMSGSIZE;
    }
  }
  if (harderr) {
    sk.sk_err = err;
    sk.sk_error_report?.(sk);
  }
}

/**
 * Tells raw sockets of a protocol of an ICMP error about one of its packets.
 * @modelled net/ipv4/raw.c
 * @cost 6
 */
export function* raw_icmp_error(skb: sk_buff, protocol: number, info: number): Kgen {
  const iph = new iphdr(skb.data);
  const head = raw_v4_hashinfo().ht.at(protocol & (RAW_HTABLE_SIZE - 1)) as sock | null;
  const { ifindex } = skb.dev as net_device;
  let sk = __raw_v4_lookup(head, protocol, iph.daddr, iph.saddr, ifindex);
  while (sk !== null) {
    raw_err(sk, skb, info);
    sk = __raw_v4_lookup(sk.skc_nulls_next, protocol, iph.daddr, iph.saddr, ifindex);
  }
}

/**
 * Puts a packet into the receive queue of a raw socket.
 * @modelled net/ipv4/raw.c
 * @cost 4
 */
export function* raw_rcv_skb(sk: sock, skb: sk_buff): Kgen<number> {
  if ((yield* ip_queue_rcv_skb(sk, skb)) < 0) {
    kfree_skb(skb);
    return NET_RX_DROP;
  }
  return NET_RX_SUCCESS;
}

/**
 * Takes a packet for a raw socket: its reader gets the IP header too.
 * @modelled net/ipv4/raw.c
 * @omits xfrm4_policy_check: no IPsec
 * @cost 6
 */
export function* raw_rcv(sk: sock, skb: sk_buff): Kgen<number> {
  skb_push(skb, skb.data - skb.network_header);
  yield* raw_rcv_skb(sk, skb);
  return 0;
}

/**
 * Looks at type and code of an ICMP message that a program sends: part of the key of its route. 0, or -EFAULT.
 * @simplified they are read, but routes here do not depend on them; only IPsec's do
 * @cost 4
 */
export function raw_probe_proto_opt(fl4: flowi4, msg: msghdr): number {
  if (fl4.flowi4_proto !== IPPROTO_ICMP) {
    return 0;
  }
  const [piece] = msg.msg_iov;
  return piece !== undefined && piece.iov_len > 0 && !access_ok(piece.iov_base, 1) ? -EFAULT : 0;
}

/**
 * Sends a message as a packet of the socket's protocol: the IP header is made here. Returns the bytes taken, or -errno.
 * @simplified any route that is not found is ENETUNREACH
 * @omits raw_send_hdrinc: IP_HDRINCL is not modelled
 * @omits ip_cmsg_send: no ancillary data
 * @cost 50
 */
export function* raw_sendmsg(_iocb: kiocb, sk: sock, msg: msghdr, len: number): Kgen<number> {
  const inet = raw_sk(sk);
  if (len > LARGEST_PACKET) {
    return -EMSGSIZE;
  }
  if ((msg.msg_flags & MSG_OOB) !== 0) {
    return -EOPNOTSUPP;
  }
  const usin = msg.msg_name ?? null;
  let daddr = inet.inet_daddr;
  if (usin !== null) {
    if ((msg.msg_namelen ?? 0) < SIZEOF_SOCKADDR_IN) {
      return -EINVAL;
    }
    if (usin.sa_family !== AF_INET && usin.sa_family !== AF_UNSPEC) {
      return -EAFNOSUPPORT;
    }
    daddr = usin.sin_addr;
  } else if (sk.skc_state !== TCP_ESTABLISHED) {
    return -EDESTADDRREQ;
  }
  const ipc: ipcm_cookie = { addr: inet.inet_saddr, oif: sk.skc_bound_dev_if, tx_flags: 0 };
  const saddr = ipc.addr;
  ipc.addr = daddr;
  const onlink = (msg.msg_flags & MSG_DONTROUTE) !== 0 ? RTO_ONLINK : 0;
  const fl4: flowi4 = {
    daddr,
    saddr,
    flowi4_oif: ipc.oif,
    flowi4_iif: 0,
    flowi4_mark: sk.sk_mark,
    flowi4_tos: RT_TOS(inet.tos) | onlink,
    flowi4_proto: inet.inet_num,
    flowi4_flags: 0,
    fl4_dport: 0,
    fl4_sport: 0,
  };
  const err_probe = raw_probe_proto_opt(fl4, msg);
  if (err_probe !== 0) {
    return err_probe;
  }
  const rtp: rtable_ptr = { rt: ip_route_output_flow(fl4, sk) };
  if (rtp.rt === null) {
    return -ENETUNREACH;
  }
  if ((rtp.rt.rt_flags & RTCF_BROADCAST) !== 0 && !sock_flag(sk, SOCK_BROADCAST)) {
    ip_rt_put(rtp.rt);
    return -EACCES;
  }
  ipc.addr ||= rtp.rt.rt_dst;
  yield* lock_sock(sk);
  let err = yield* ip_append_data(sk, ip_generic_getfrag, msg.msg_iov, len, 0, ipc, rtp, msg.msg_flags);
  if (err !== 0) {
    ip_flush_pending_frames(sk);
  } else if ((msg.msg_flags & MSG_MORE) === 0) {
    err = yield* ip_push_pending_frames(sk);
    err = err === -ENOBUFS ? 0 : err;
  }
  yield* release_sock(sk);
  ip_rt_put(rtp.rt);
  return err < 0 ? err : len;
}

/**
 * Takes a packet with its IP header. Returns the bytes the program got (with MSG_TRUNC the packet's length), or -errno.
 * @modelled net/ipv4/raw.c
 * @omits ip_recv_error: no error queue
 * @omits ip_cmsg_recv: no ancillary data
 * @cost 20
 */
export function* raw_recvmsg(
  _iocb: kiocb,
  sk: sock,
  msg: msghdr,
  size: number,
  noblock: number,
  flags: number,
  addr_len: addr_len_ptr,
): Kgen<number> {
  if ((flags & MSG_OOB) !== 0) {
    return -EOPNOTSUPP;
  }
  addr_len.addr_len = SIZEOF_SOCKADDR_IN;
  const fault: error_ptr = { err: 0 };
  const skb = yield* skb_recv_datagram(sk, flags, noblock, fault);
  if (skb === null) {
    return fault.err;
  }
  const copied = Math.min(size, skb.len);
  if (copied < skb.len) {
    msg.msg_flags |= MSG_TRUNC;
  }
  let err = skb_copy_datagram_iovec(skb, 0, msg.msg_iov, copied);
  if (err === 0) {
    sock_recv_ts_and_drops(msg, sk, skb);
    const sin = msg.msg_name ?? null;
    if (sin !== null) {
      sin.sa_family = AF_INET;
      sin.sin_addr = ip_hdr(skb).saddr;
      sin.sin_port = 0;
    }
    err = (flags & MSG_TRUNC) !== 0 ? skb.len : copied;
  }
  skb_free_datagram(sk, skb);
  return err;
}

/**
 * The last descriptor of a raw socket was closed.
 * @modelled net/ipv4/raw.c
 * @omits ip_ra_control: no router alert
 * @cost 4
 */
export function* raw_close(sk: sock, _timeout: number): Kgen {
  yield* sk_common_release(sk);
}

/**
 * The socket goes: a packet that is being put together is thrown away.
 * @modelled net/ipv4/raw.c
 * @cost 4
 */
export function* raw_destroy(sk: sock): Kgen {
  yield* lock_sock(sk);
  ip_flush_pending_frames(sk);
  yield* release_sock(sk);
}

/**
 * Binds a raw socket to an address of this host, so that it gets only packets to that one: 0, or -errno.
 * @modelled net/ipv4/raw.c
 * @cost 10
 */
export function* raw_bind(sk: sock, uaddr: sockaddr, addr_len: number): Kgen<number> {
  const inet = raw_sk(sk);
  if (sk.skc_state !== TCP_CLOSE || addr_len < SIZEOF_SOCKADDR_IN) {
    return -EINVAL;
  }
  const type = inet_addr_type(uaddr.sin_addr);
  if (uaddr.sin_addr !== 0 && type !== RTN_LOCAL && type !== RTN_MULTICAST && type !== RTN_BROADCAST) {
    return -EADDRNOTAVAIL;
  }
  inet.inet_rcv_saddr = uaddr.sin_addr;
  inet.inet_saddr = type === RTN_MULTICAST || type === RTN_BROADCAST ? 0 : uaddr.sin_addr;
  sk_dst_reset(sk);
  return 0;
}

/**
 * Gives a new raw socket its state: no ICMP message is filtered out.
 * @modelled net/ipv4/raw.c
 * @cost 2
 */
export function raw_init(sk: sock): number {
  if (raw_sk(sk).inet_num === IPPROTO_ICMP) {
    raw_sk(sk).filter = 0;
  }
  return 0;
}

/** The protocol behind a raw socket. */
export const raw_prot = ops<proto>('proto', 'raw_prot', {
  name: 'RAW',
  close: raw_close,
  destroy: raw_destroy,
  connect: ip4_datagram_connect,
  disconnect: udp_disconnect,
  init: raw_init,
  setsockopt: ip_setsockopt,
  getsockopt: ip_getsockopt,
  sendmsg: raw_sendmsg,
  recvmsg: raw_recvmsg,
  bind: raw_bind,
  backlog_rcv: raw_rcv_skb,
  hash: raw_hash_sk,
  unhash: raw_unhash_sk,
  max_header: 0,
  no_autobind: false,
  obj_size: 776,
});
