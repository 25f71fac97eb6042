/**
 * Mirrors net/ipv4/udp.c (2.6.39), with inline functions of include/net/udp.h: UDP (RFC 768, RFC 1122 section 4.1).
 * Left out: the table by port and address (it serves only where more than ten sockets share a bucket), UDP-Lite,
 * encapsulation (ESP in UDP), the error queue, delivery to several sockets of a broadcast or multicast datagram, statistics.
 */

import { ops } from '../../../base/dispatch';
import { type Kgen, kernel, kernel_global, type SysctlVector, sysctl, sysctls } from '../../arch/current';
import {
  EACCES,
  EAFNOSUPPORT,
  EAGAIN,
  EDESTADDRREQ,
  EFAULT,
  EHOSTUNREACH,
  EINVAL,
  EMSGSIZE,
  ENETUNREACH,
  ENOBUFS,
  ENOIOCTLCMD,
  ENOPROTOOPT,
  EOPNOTSUPP,
  EPROTO,
} from '../../include/linux/errno';
import { type file, type kiocb, O_NONBLOCK } from '../../include/linux/fs';
import {
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  ICMP_PARAMETERPROB,
  ICMP_PORT_UNREACH,
  ICMP_SOURCE_QUENCH,
  icmphdr,
  NR_ICMP_UNREACH,
} from '../../include/linux/icmp';
import { AF_INET, AF_UNSPEC, SIZEOF_SOCKADDR_IN } from '../../include/linux/in';
import { IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import { jhash_2words } from '../../include/linux/jhash';
import {
  MSG_CONFIRM,
  MSG_DONTROUTE,
  MSG_DONTWAIT,
  MSG_MORE,
  MSG_OOB,
  MSG_PROBE,
  MSG_TRUNC,
  type msghdr,
  type socket,
} from '../../include/linux/net';
import type { net_device } from '../../include/linux/netdevice';
import type { poll_table } from '../../include/linux/poll';
import {
  __skb_unlink,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  type sk_buff,
  skb_csum_unnecessary,
  skb_has_frag_list,
  skb_peek,
  skb_queue_empty,
  skb_shinfo,
  skb_transport_offset,
} from '../../include/linux/skbuff';
import { SIOCINQ, SIOCOUTQ } from '../../include/linux/sockios';
import { TCP_CLOSE, TCP_ESTABLISHED } from '../../include/linux/tcp';
import { get_user, put_user } from '../../include/linux/uaccess';
import {
  CSUM_MANGLED_0,
  SOL_UDP,
  UDP_CORK,
  UDP_CSUM_NOXMIT,
  UDP_HTABLE_SIZE_MIN,
  udp_sk,
  udp_table,
  udphdr,
} from '../../include/linux/udp';
import { dst_confirm, inet_iif, RTCF_BROADCAST, RTCF_MULTICAST, type rtable, skb_rtable } from '../../include/net/dst';
import { IP_PMTUDISC_DONT, inet_sk, inet_sk_flowi_flags } from '../../include/net/inet_sock';
import { ip_hdr, type ipcm_cookie, RT_TOS, RTO_ONLINK } from '../../include/net/ip';
import type { net_protocol } from '../../include/net/protocol';
import {
  type addr_len_ptr,
  bh_lock_sock,
  bh_unlock_sock,
  POLLIN,
  POLLRDNORM,
  type proto,
  RCV_SHUTDOWN,
  SOCK_BINDADDR_LOCK,
  SOCK_BINDPORT_LOCK,
  SOCK_BROADCAST,
  sk_add_backlog,
  sk_dst_reset,
  sk_dst_set,
  sk_rcvqueues_full,
  sk_unhashed,
  skb_steal_sock,
  type sock,
  sock_flag,
  sock_owned_by_user,
  sock_recv_ts_and_drops,
  sock_rps_save_rxhash,
  sock_tx_timestamp,
} from '../../include/net/sock';
import { csum_add, csum_partial, csum_tcpudp_magic, csum_tcpudp_nofold } from '../../lib/checksum';
import {
  __skb_checksum_complete,
  __skb_recv_datagram,
  datagram_poll,
  type error_ptr,
  type peeked_ptr,
  skb_copy_and_csum_datagram_iovec,
  skb_copy_datagram_iovec,
  skb_free_datagram_locked,
  skb_kill_datagram,
} from '../core/datagram';
import { kfree_skb, pskb_may_pull, pskb_trim_rcsum, skb_checksum } from '../core/skbuff';
import {
  lock_sock,
  lock_sock_fast,
  release_sock,
  sk_common_release,
  sk_dst_check,
  sk_mem_reclaim_partial,
  sock_put,
  unlock_sock_fast,
} from '../core/sock';
import { ip4_datagram_connect } from './datagram';
import { ipv4_is_multicast } from './fib_frontend';
import { icmp_err_convert, icmp_send } from './icmp';
import { inet_get_local_port_range, inet_is_reserved_local_port } from './inet_hashtables';
import {
  ip_append_data,
  ip_finish_skb,
  ip_flush_pending_frames,
  ip_generic_getfrag,
  ip_make_skb,
  ip_send_skb,
  type rtable_ptr,
} from './ip_output';
import { ip_getsockopt, ip_queue_rcv_skb, ip_setsockopt } from './ip_sockglue';
import { ip_route_output_flow, ip_rt_put } from './route';

/** As tcp_mem, for UDP: pages. */
const sysctl_udp_mem = sysctls('ipv4.udp_mem', { low: 98_304, pressure: 131_072, high: 196_608 });
/** Bytes a socket may have however short memory is. */
const sysctl_udp_rmem_min: SysctlVector = { at: () => sysctl('ipv4.udp_rmem_min', 4096) };
const sysctl_udp_wmem_min: SysctlVector = { at: () => sysctl('ipv4.udp_wmem_min', 4096) };

const UDPHDR_LEN = 8;
const SIZEOF_INT = 4;
/** Where the checksum stands in the header, bytes. */
const UDP_CHECK_OFFSET = 6;
const LARGEST_DATAGRAM = 0xffff;

const NO_SOCK = null as unknown as sock;

/** UDP sockets of this host by port. */
export const udp_hash = kernel_global(() => {
  const table = new udp_table();
  table.hash.set(UDP_HTABLE_SIZE_MIN - 1, NO_SOCK);
  return table;
});

/** Bucket of a port. */
const udp_hashslot = (num: number): number => num & (UDP_HTABLE_SIZE_MIN - 1);

const udp_hdr = (skb: sk_buff): udphdr => new udphdr(skb.transport_header);

/**
 * True when another socket has the port in a way that conflicts; with a bitmap, notes all ports of the bucket that are so in
 * use.
 * @modelled net/ipv4/udp.c
 * @cost 8
 */
export function udp_lib_lport_inuse(num: number, slot: number, bitmap: Set<number> | null, sk: sock): boolean {
  let sk2 = udp_hash().hash.at(slot) as sock | null;
  for (; sk2 !== null; sk2 = sk2.skc_nulls_next) {
    const conflicts =
      sk2 !== sk &&
      (bitmap !== null || udp_sk(sk2).udp_port_hash === num) &&
      (sk2.skc_reuse === 0 || sk.skc_reuse === 0) &&
      (sk2.skc_bound_dev_if === 0 || sk.skc_bound_dev_if === 0 || sk2.skc_bound_dev_if === sk.skc_bound_dev_if) &&
      ipv4_rcv_saddr_equal(sk, sk2);
    if (conflicts) {
      if (bitmap === null) {
        return true;
      }
      bitmap.add(udp_sk(sk2).udp_port_hash);
    }
  }
  return false;
}

/**
 * True when two sockets would take datagrams to the same address: the same one, or one of them any.
 * @modelled net/ipv4/udp.c
 * @cost 2
 */
export function ipv4_rcv_saddr_equal(sk1: sock, sk2: sock): boolean {
  const a = inet_sk(sk1).inet_rcv_saddr;
  const b = inet_sk(sk2).inet_rcv_saddr;
  return a === 0 || b === 0 || a === b;
}

/**
 * A free port, chosen at random among those the kernel may give; -1 when none is left.
 * @model the branch of udp_lib_get_port for port 0
 */
function udp_free_port(sk: sock): number {
  const { low, high } = inet_get_local_port_range();
  const remaining = high - low + 1;
  const random = kernel.arch.random32();
  const start = Math.floor((random * remaining) / 2 ** 32) + low;
  const step = ((random | 1) >>> 0) * UDP_HTABLE_SIZE_MIN;
  for (let first = start; first < start + UDP_HTABLE_SIZE_MIN; first++) {
    const used = new Set<number>();
    udp_lib_lport_inuse(0, udp_hashslot(first), used, sk);
    let snum = first & 0xffff;
    do {
      if (low <= snum && snum <= high && !used.has(snum) && !inet_is_reserved_local_port(snum)) {
        return snum;
      }
      snum = (snum + step) % 0x10000;
    } while (snum !== (first & 0xffff));
  }
  return -1;
}

/**
 * Gives a socket a local port and makes it findable: 0, or 1 when the port is in use or none is free.
 * @modelled net/ipv4/udp.c
 * @omits sock_prot_inuse_add: a statistics counter
 * @cost 30
 */
export function udp_lib_get_port(sk: sock, wanted: number): number {
  let snum = wanted;
  if (snum === 0) {
    snum = udp_free_port(sk);
    if (snum < 0) {
      return 1;
    }
  } else if (udp_lib_lport_inuse(snum, udp_hashslot(snum), null, sk)) {
    return 1;
  }
  inet_sk(sk).inet_num = snum;
  udp_sk(sk).udp_port_hash = snum;
  if (sk_unhashed(sk)) {
    const { hash } = udp_hash();
    const slot = udp_hashslot(snum);
    sk.skc_nulls_next = hash.at(slot) as sock | null;
    hash.set(slot, sk);
    sk.skc_hashed = true;
  }
  return 0;
}

/**
 * Hash of an own address and a port.
 * @modelled net/ipv4/udp.c
 * @cost 4
 */
export function udp4_portaddr_hash(saddr: number, port: number): number {
  return (jhash_2words(saddr, 0, 0) ^ port) >>> 0;
}

/**
 * Gives a socket a local port: 0, or 1.
 * @simplified the hashes of port and address lead to no second table
 * @cost 5
 */
export function udp_v4_get_port(sk: sock, snum: number): number {
  udp4_portaddr_hash(0, snum);
  udp_sk(sk).udp_portaddr_hash = udp4_portaddr_hash(inet_sk(sk).inet_rcv_saddr, 0);
  return udp_lib_get_port(sk, snum);
}

/**
 * Takes a socket out of the table: its port is free again.
 * @modelled net/ipv4/udp.c
 * @omits sock_prot_inuse_add: a statistics counter
 * @cost 10
 */
export function udp_lib_unhash(sk: sock): void {
  if (sk_unhashed(sk)) {
    return;
  }
  const { hash } = udp_hash();
  const slot = udp_hashslot(udp_sk(sk).udp_port_hash);
  let before: sock | null = null;
  for (let at = hash.at(slot) as sock | null; at !== null; at = at.skc_nulls_next) {
    if (at === sk) {
      if (before === null) {
        hash.set(slot, sk.skc_nulls_next as sock);
      } else {
        before.skc_nulls_next = sk.skc_nulls_next;
      }
      break;
    }
    before = at;
  }
  sk.skc_nulls_next = null;
  sk.skc_hashed = false;
  inet_sk(sk).inet_num = 0;
}

/**
 * How well a socket fits a datagram: one point for the family, two for each of address, peer, port of the peer and device that
 * it is bound to. −1: not at all.
 * @modelled net/ipv4/udp.c
 * @cost 6
 */
export function compute_score(
  sk: sock,
  saddr: number,
  hnum: number,
  sport: number,
  daddr: number,
  _dport: number,
  dif: number,
): number {
  const inet = inet_sk(sk);
  if (udp_sk(sk).udp_port_hash !== hnum) {
    return -1;
  }
  let score = 1;
  if (inet.inet_rcv_saddr !== 0) {
    if (inet.inet_rcv_saddr !== daddr) {
      return -1;
    }
    score += 2;
  }
  if (inet.inet_daddr !== 0) {
    if (inet.inet_daddr !== saddr) {
      return -1;
    }
    score += 2;
  }
  if (inet.inet_dport !== 0) {
    if (inet.inet_dport !== sport) {
      return -1;
    }
    score += 2;
  }
  if (sk.skc_bound_dev_if !== 0) {
    if (sk.skc_bound_dev_if !== dif) {
      return -1;
    }
    score += 2;
  }
  return score;
}

/**
 * The socket that fits a datagram best, with a reference; null: none does. Its score is asked a second time, since it may have
 * been bound anew meanwhile.
 * @modelled net/ipv4/udp.c
 * @omits udp4_lib_lookup2: there is no table by port and address
 * @cost 12
 */
export function __udp4_lib_lookup(
  saddr: number,
  sport: number,
  daddr: number,
  dport: number,
  dif: number,
  udptable: udp_table,
): sock | null {
  let result: sock | null = null;
  let badness = -1;
  let sk = udptable.hash.at(udp_hashslot(dport)) as sock | null;
  for (; sk !== null; sk = sk.skc_nulls_next) {
    const score = compute_score(sk, saddr, dport, sport, daddr, dport, dif);
    if (score > badness) {
      result = sk;
      badness = score;
    }
  }
  if (result !== null) {
    result.skc_refcnt++;
    if (compute_score(result, saddr, dport, sport, daddr, dport, dif) < badness) {
      sock_put(result);
      return null;
    }
  }
  return result;
}

/**
 * The socket of a received datagram: the one found for it earlier, else by its addresses and ports.
 * @modelled net/ipv4/udp.c
 * @cost 6
 */
export function __udp4_lib_lookup_skb(skb: sk_buff, sport: number, dport: number, udptable: udp_table): sock | null {
  const sk = skb_steal_sock(skb);
  if (sk !== null) {
    return sk;
  }
  const iph = ip_hdr(skb);
  return __udp4_lib_lookup(iph.saddr, sport, iph.daddr, dport, inet_iif(skb), udptable);
}

/**
 * An ICMP error came about a datagram of ours: the socket that sent it is told, at once if the error is hard and the socket is
 * connected (RFC 1122 section 4.1.3.3).
 * @modelled net/ipv4/udp.c
 * @omits ip_icmp_error: no error queue (IP_RECVERR)
 * @cost 20
 */
export function* __udp4_lib_err(skb: sk_buff, _info: number, udptable: udp_table): Kgen {
  const iph = new iphdr(skb.data);
  const uh = new udphdr(skb.data + (iph.version_ihl & 0xf) * 4);
  const { type, code } = new icmphdr(skb.transport_header);
  const { ifindex } = skb.dev as net_device;
  const sk = __udp4_lib_lookup(iph.daddr, uh.dest, iph.saddr, uh.source, ifindex, udptable);
  if (sk === null) {
    return;
  }
  let err = EHOSTUNREACH;
  let harderr = false;
  let ignored = false;
  if (type === ICMP_SOURCE_QUENCH) {
    ignored = true;
  } else if (type === ICMP_PARAMETERPROB) {
    err = EPROTO;
    harderr = true;
  } else if (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED) {
    ignored = inet_sk(sk).pmtudisc === IP_PMTUDISC_DONT;
    err = EMSGSIZE;
    harderr = true;
  } else if (type === ICMP_DEST_UNREACH && code <= NR_ICMP_UNREACH) {
    const meaning = icmp_err_convert(code);
    err = meaning.errno;
    harderr = meaning.fatal;
  }
  if (!ignored && harderr && sk.skc_state === TCP_ESTABLISHED) {
    sk.sk_err = err;
    sk.sk_error_report?.(sk);
  }
  sock_put(sk);
}

/**
 * An ICMP error came about a UDP datagram.
 * @modelled net/ipv4/udp.c
 * @cost 3
 */
export function* udp_err(skb: sk_buff, info: number): Kgen {
  yield* __udp4_lib_err(skb, info, udp_hash());
}

/**
 * Throws away a datagram that is being put together.
 * @modelled net/ipv4/udp.c
 * @cost 4
 */
export function udp_flush_pending_frames(sk: sock): void {
  const up = udp_sk(sk);
  if (up.pending !== 0) {
    up.len = 0;
    up.pending = 0;
    ip_flush_pending_frames(sk);
  }
}

/**
 * Leaves the checksum to the device, or, for a datagram in several skbs, makes it of their sums.
 * @modelled net/ipv4/udp.c
 * @cost 10
 */
export function udp4_hwcsum(skb: sk_buff, src: number, dst: number): void {
  const uh = udp_hdr(skb);
  const offset = skb_transport_offset(skb);
  const len = skb.len - offset;
  if (!skb_has_frag_list(skb)) {
    skb.csum_start = skb.transport_header - skb.head;
    skb.csum_offset = UDP_CHECK_OFFSET;
    uh.check = ~csum_tcpudp_magic(src, dst, len, IPPROTO_UDP, 0);
    return;
  }
  let csum = 0;
  let hlen = len;
  for (let frags = skb_shinfo(skb).frag_list; frags !== null; frags = frags.next) {
    csum = csum_add(csum, frags.csum);
    hlen -= frags.len;
  }
  csum = skb_checksum(skb, offset, hlen, csum);
  skb.ip_summed = CHECKSUM_NONE;
  uh.check = csum_tcpudp_magic(src, dst, len, IPPROTO_UDP, csum);
  if (uh.check === 0) {
    uh.check = CSUM_MANGLED_0;
  }
}

/**
 * Sum of a datagram, from the sums made while its data was copied.
 * @modelled include/net/udp.h
 * @cost 4
 */
export function udp_csum(skb: sk_buff): number {
  let csum = csum_partial(skb.transport_header, UDPHDR_LEN, skb.csum);
  for (let frag = skb_shinfo(skb).frag_list; frag !== null; frag = frag.next) {
    csum = csum_add(csum, frag.csum);
  }
  return csum;
}

/**
 * Fills in the UDP header and sends the datagram: 0, or -errno. A datagram that a full queue below dropped counts as sent: UDP
 * promises nothing.
 * @modelled net/ipv4/udp.c
 * @cost 20
 */
export function* udp_send_skb(skb: sk_buff, daddr: number, dport: number): Kgen<number> {
  const sk = skb.sk as sock;
  const inet = inet_sk(sk);
  const rt = skb_rtable(skb) as rtable;
  const offset = skb_transport_offset(skb);
  const len = skb.len - offset;
  const uh = udp_hdr(skb);
  uh.source = inet.inet_sport;
  uh.dest = dport;
  uh.len = len;
  uh.check = 0;
  if (sk.sk_no_check === UDP_CSUM_NOXMIT) {
    skb.ip_summed = CHECKSUM_NONE;
  } else if (skb.ip_summed === CHECKSUM_PARTIAL) {
    udp4_hwcsum(skb, rt.rt_src, daddr);
  } else {
    const csum = udp_csum(skb);
    uh.check = csum_tcpudp_magic(rt.rt_src, daddr, len, sk.sk_protocol, csum);
    if (uh.check === 0) {
      uh.check = CSUM_MANGLED_0;
    }
  }
  const err = yield* ip_send_skb(skb);
  return err === -ENOBUFS ? 0 : err;
}

/**
 * Sends the datagram that was put together on an owned socket.
 * @modelled net/ipv4/udp.c
 * @cost 6
 */
export function* udp_push_pending_frames(sk: sock): Kgen<number> {
  const up = udp_sk(sk);
  const { cork } = inet_sk(sk);
  const skb = ip_finish_skb(sk);
  const err = skb === null ? 0 : yield* udp_send_skb(skb, cork.daddr, cork.dport);
  up.len = 0;
  up.pending = 0;
  return err;
}

/** Where a datagram goes, or an errno. */
type udp_target = { readonly daddr: number; readonly dport: number; readonly connected: boolean } | number;

/**
 * Destination of a message: the address given, else that of the connected peer.
 * @model the branch over msg_name in udp_sendmsg
 */
function udp_destination(sk: sock, msg: msghdr): udp_target {
  const usin = msg.msg_name ?? null;
  if (usin === null) {
    if (sk.skc_state !== TCP_ESTABLISHED) {
      return -EDESTADDRREQ;
    }
    const inet = inet_sk(sk);
    return { daddr: inet.inet_daddr, dport: inet.inet_dport, connected: true };
  }
  if ((msg.msg_namelen ?? 0) < SIZEOF_SOCKADDR_IN) {
    return -EINVAL;
  }
  if (usin.sa_family !== AF_INET && usin.sa_family !== AF_UNSPEC) {
    return -EAFNOSUPPORT;
  }
  return usin.sin_port === 0 ? -EINVAL : { daddr: usin.sin_addr, dport: usin.sin_port, connected: false };
}

/**
 * Sends a datagram, or with MSG_MORE or UDP_CORK a part of one. Returns the bytes taken, or -errno.
 * @simplified any route that is not found is ENETUNREACH
 * @omits ip_cmsg_send: no ancillary data
 * @omits ip_mc_drop_socket: no multicast groups
 * @cost 60
 */
export function* udp_sendmsg(_iocb: kiocb, sk: sock, msg: msghdr, len: number): Kgen<number> {
  const inet = inet_sk(sk);
  const up = udp_sk(sk);
  const corkreq = up.corkflag !== 0 || (msg.msg_flags & MSG_MORE) !== 0;
  if (len > LARGEST_DATAGRAM) {
    return -EMSGSIZE;
  }
  if ((msg.msg_flags & MSG_OOB) !== 0) {
    return -EOPNOTSUPP;
  }
  const ipc: ipcm_cookie = { addr: 0, oif: 0, tx_flags: 0 };
  const rtp: rtable_ptr = { rt: null };
  if (up.pending !== 0) {
    yield* lock_sock(sk);
    if (up.pending !== 0) {
      // The destination is that of the first part.
      return yield* udp_append(sk, msg, len, len, ipc, rtp, corkreq);
    }
    yield* release_sock(sk);
  }
  const ulen = len + UDPHDR_LEN;
  const target = udp_destination(sk, msg);
  if (typeof target === 'number') {
    return target;
  }
  const { dport } = target;
  let { daddr, connected } = target;
  let saddr = inet.inet_saddr;
  ipc.oif = sk.skc_bound_dev_if;
  ipc.tx_flags = sock_tx_timestamp(sk);
  ipc.addr = daddr;
  let tos = RT_TOS(inet.tos);
  if ((msg.msg_flags & MSG_DONTROUTE) !== 0) {
    tos |= RTO_ONLINK;
    connected = false;
  }
  if (ipv4_is_multicast(daddr)) {
    connected = false;
  }
  if (connected) {
    rtp.rt = sk_dst_check(sk, 0) as rtable | null;
  }
  if (rtp.rt === null) {
    rtp.rt = ip_route_output_flow(
      {
        daddr,
        saddr,
        flowi4_oif: ipc.oif,
        flowi4_iif: 0,
        flowi4_mark: sk.sk_mark,
        flowi4_tos: tos,
        flowi4_proto: sk.sk_protocol,
        flowi4_flags: inet_sk_flowi_flags(sk),
        fl4_dport: dport,
        fl4_sport: inet.inet_sport,
      },
      sk,
    );
    if (rtp.rt === null) {
      return -ENETUNREACH;
    }
    if ((rtp.rt.rt_flags & RTCF_BROADCAST) !== 0 && !sock_flag(sk, SOCK_BROADCAST)) {
      ip_rt_put(rtp.rt);
      return -EACCES;
    }
    if (connected) {
      rtp.rt.__refcnt++;
      sk_dst_set(sk, rtp.rt);
    }
  }
  if ((msg.msg_flags & MSG_CONFIRM) !== 0) {
    dst_confirm(rtp.rt);
    if ((msg.msg_flags & MSG_PROBE) !== 0 && len === 0) {
      ip_rt_put(rtp.rt);
      return len;
    }
  }
  saddr = rtp.rt.rt_src;
  if (ipc.addr === 0) {
    daddr = rtp.rt.rt_dst;
    ipc.addr = daddr;
  }
  if (!corkreq) {
    const made = { err: 0 };
    const skb = yield* ip_make_skb(
      sk,
      ip_generic_getfrag,
      msg.msg_iov,
      ulen,
      UDPHDR_LEN,
      ipc,
      rtp,
      msg.msg_flags,
      made,
    );
    const err = skb === null ? made.err : yield* udp_send_skb(skb, daddr, dport);
    ip_rt_put(rtp.rt);
    return err === 0 ? len : err;
  }
  yield* lock_sock(sk);
  if (up.pending !== 0) {
    yield* release_sock(sk);
    ip_rt_put(rtp.rt);
    return -EINVAL;
  }
  const { cork } = inet;
  cork.daddr = daddr;
  cork.dport = dport;
  cork.saddr = saddr;
  cork.sport = inet.inet_sport;
  up.pending = AF_INET;
  return yield* udp_append(sk, msg, len, ulen, ipc, rtp, corkreq);
}

/**
 * Appends to the datagram being put together on an owned socket, sends it unless more is to come, and lets go of the socket.
 * @model from the label do_append_data of udp_sendmsg to its end
 */
function* udp_append(
  sk: sock,
  msg: msghdr,
  len: number,
  ulen: number,
  ipc: ipcm_cookie,
  rtp: rtable_ptr,
  corkreq: boolean,
): Kgen<number> {
  const up = udp_sk(sk);
  up.len += ulen;
  const flags = corkreq ? msg.msg_flags | MSG_MORE : msg.msg_flags;
  let err = yield* ip_append_data(sk, ip_generic_getfrag, msg.msg_iov, ulen, UDPHDR_LEN, ipc, rtp, flags);
  if (err !== 0) {
    udp_flush_pending_frames(sk);
  } else if (!corkreq) {
    err = yield* udp_push_pending_frames(sk);
  } else if (skb_queue_empty(sk.sk_write_queue)) {
    up.pending = 0;
  }
  yield* release_sock(sk);
  ip_rt_put(rtp.rt);
  return err === 0 ? len : err;
}

/**
 * Verifies the checksum of what a reader is about to get: nonzero when it is wrong.
 * @modelled include/net/udp.h
 * @cost 2
 */
export function udp_lib_checksum_complete(skb: sk_buff): number {
  return skb_csum_unnecessary(skb) ? 0 : __udp_lib_checksum_complete(skb);
}

/**
 * Verifies the checksum of a datagram.
 * @modelled include/net/udp.h
 * @cost 2
 */
export function __udp_lib_checksum_complete(skb: sk_buff): number {
  return __skb_checksum_complete(skb);
}

/**
 * Length of the first datagram with a right checksum in the receive queue, header included; broken ones before it are thrown
 * away. 0: there is none.
 * @modelled net/ipv4/udp.c
 * @simplified the broken ones are freed while the queue is looked through, not after
 * @cost 10
 */
export function first_packet_length(sk: sock): number {
  const rcvq = sk.sk_receive_queue;
  for (;;) {
    const skb = skb_peek(rcvq);
    if (skb === null) {
      return 0;
    }
    if (udp_lib_checksum_complete(skb) === 0) {
      return skb.len;
    }
    sk.sk_drops++;
    __skb_unlink(skb, rcvq);
    kfree_skb(skb);
    sk_mem_reclaim_partial(sk);
  }
}

/**
 * ioctl() on a UDP socket: bytes of the next datagram (SIOCINQ), or memory of datagrams under way (SIOCOUTQ).
 * @modelled net/ipv4/udp.c
 * @cost 8
 */
export function* udp_ioctl(sk: sock, cmd: number, arg: number): Kgen<number> {
  if (cmd === SIOCOUTQ) {
    return put_user(sk.sk_wmem_alloc - 1, arg);
  }
  if (cmd === SIOCINQ) {
    const amount = first_packet_length(sk);
    return put_user(amount === 0 ? 0 : amount - UDPHDR_LEN, arg);
  }
  return -ENOIOCTLCMD;
}

/**
 * What poll() says of a UDP socket; a broken datagram at the head of the queue does not count, since reading would wait.
 * @modelled net/ipv4/udp.c
 * @cost 8
 */
export function udp_poll(file: file, sock: socket, wait: poll_table | null): number {
  let mask = datagram_poll(file, sock, wait);
  const sk = sock.sk as sock;
  const nonblock = (file.f_flags & O_NONBLOCK) !== 0;
  const open = (sk.sk_shutdown & RCV_SHUTDOWN) === 0;
  if ((mask & POLLRDNORM) !== 0 && !nonblock && open && first_packet_length(sk) === 0) {
    mask &= ~(POLLIN | POLLRDNORM);
  }
  return mask;
}

/**
 * setsockopt() of the level UDP: UDP_CORK; lifting it sends the datagram. 0, or -errno.
 * @modelled net/ipv4/udp.c
 * @cost 10
 */
export function* udp_lib_setsockopt(
  sk: sock,
  _level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  if (optlen < SIZEOF_INT) {
    return -EINVAL;
  }
  const val = get_user(optval);
  if (val === null) {
    return -EFAULT;
  }
  if (optname !== UDP_CORK) {
    return -ENOPROTOOPT;
  }
  udp_sk(sk).corkflag = val === 0 ? 0 : 1;
  if (val === 0) {
    yield* lock_sock(sk);
    yield* udp_push_pending_frames(sk);
    yield* release_sock(sk);
  }
  return 0;
}

/**
 * setsockopt() on a UDP socket.
 * @modelled net/ipv4/udp.c
 * @cost 3
 */
export function* udp_setsockopt(
  sk: sock,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  return level === SOL_UDP
    ? yield* udp_lib_setsockopt(sk, level, optname, optval, optlen)
    : yield* ip_setsockopt(sk, level, optname, optval, optlen);
}

/**
 * getsockopt() of the level UDP: UDP_CORK. 0, or -errno.
 * @modelled net/ipv4/udp.c
 * @cost 8
 */
export function* udp_lib_getsockopt(
  sk: sock,
  _level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const room = get_user(optlen);
  if (room === null) {
    return -EFAULT;
  }
  if (room < 0) {
    return -EINVAL;
  }
  if (optname !== UDP_CORK) {
    return -ENOPROTOOPT;
  }
  const len = Math.min(room, SIZEOF_INT);
  return put_user(len, optlen) || put_user(udp_sk(sk).corkflag, optval);
}

/**
 * getsockopt() on a UDP socket.
 * @modelled net/ipv4/udp.c
 * @cost 3
 */
export function* udp_getsockopt(
  sk: sock,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  return level === SOL_UDP
    ? yield* udp_lib_getsockopt(sk, level, optname, optval, optlen)
    : yield* ip_getsockopt(sk, level, optname, optval, optlen);
}

/**
 * Takes a datagram. Returns the bytes of it that the program got (with MSG_TRUNC its length), or -errno. What does not fit is
 * thrown away; a datagram whose checksum turns out wrong is dropped, and the next one awaited.
 * @modelled net/ipv4/udp.c
 * @omits ip_recv_error: no error queue
 * @omits ip_cmsg_recv: no ancillary data
 * @cost 25
 */
export function* udp_recvmsg(
  _iocb: kiocb,
  sk: sock,
  msg: msghdr,
  size: number,
  noblock: number,
  flags: number,
  addr_len: addr_len_ptr,
): Kgen<number> {
  let len = size;
  addr_len.addr_len = SIZEOF_SOCKADDR_IN;
  for (;;) {
    const fault: error_ptr = { err: 0 };
    const peeked: peeked_ptr = { peeked: 0 };
    const skb = yield* __skb_recv_datagram(sk, flags | (noblock !== 0 ? MSG_DONTWAIT : 0), peeked, fault);
    if (skb === null) {
      return fault.err;
    }
    const ulen = skb.len - UDPHDR_LEN;
    len = Math.min(len, ulen);
    if (len < ulen) {
      msg.msg_flags |= MSG_TRUNC;
    }
    // Part of the data cannot be summed on the way.
    let err = len < ulen && udp_lib_checksum_complete(skb) !== 0 ? -EINVAL : 0;
    if (err === 0) {
      err = skb_csum_unnecessary(skb)
        ? skb_copy_datagram_iovec(skb, UDPHDR_LEN, msg.msg_iov, len)
        : skb_copy_and_csum_datagram_iovec(skb, UDPHDR_LEN, msg.msg_iov);
    }
    if (err === -EINVAL) {
      const slow = yield* lock_sock_fast(sk);
      yield* skb_kill_datagram(sk, skb, flags);
      yield* unlock_sock_fast(sk, slow);
      if (noblock !== 0) {
        return -EAGAIN;
      }
      msg.msg_flags &= ~MSG_TRUNC;
      continue;
    }
    if (err === 0) {
      sock_recv_ts_and_drops(msg, sk, skb);
      const sin = msg.msg_name ?? null;
      if (sin !== null) {
        sin.sa_family = AF_INET;
        sin.sin_port = udp_hdr(skb).source;
        sin.sin_addr = ip_hdr(skb).saddr;
      }
      err = (flags & MSG_TRUNC) !== 0 ? ulen : len;
    }
    yield* skb_free_datagram_locked(sk, skb);
    return err;
  }
}

/**
 * Forgets the peer: datagrams of anybody come again.
 * @modelled net/ipv4/udp.c
 * @cost 12
 */
export function* udp_disconnect(sk: sock, _flags: number): Kgen<number> {
  const inet = inet_sk(sk);
  sk.skc_state = TCP_CLOSE;
  inet.inet_daddr = 0;
  inet.inet_dport = 0;
  sock_rps_save_rxhash(sk, 0);
  sk.skc_bound_dev_if = 0;
  if ((sk.sk_userlocks & SOCK_BINDADDR_LOCK) === 0) {
    inet_reset_saddr(sk);
  }
  if ((sk.sk_userlocks & SOCK_BINDPORT_LOCK) === 0) {
    (sk.skc_prot as proto).unhash?.(sk);
    inet.inet_sport = 0;
  }
  sk_dst_reset(sk);
  return 0;
}

/**
 * Forgets the own address.
 * @modelled include/net/ip.h
 * @cost 2
 */
export function inet_reset_saddr(sk: sock): void {
  inet_sk(sk).inet_rcv_saddr = 0;
  inet_sk(sk).inet_saddr = 0;
}

/**
 * Puts a datagram into the receive queue, the socket's lock held: 0, or -1 when there is no room.
 * @modelled net/ipv4/udp.c
 * @cost 8
 */
export function* __udp_queue_rcv_skb(sk: sock, skb: sk_buff): Kgen<number> {
  if (inet_sk(sk).inet_daddr !== 0) {
    sock_rps_save_rxhash(sk, skb.rxhash);
  }
  const rc = yield* ip_queue_rcv_skb(sk, skb);
  if (rc < 0) {
    kfree_skb(skb);
    return -1;
  }
  return 0;
}

/**
 * Gives a datagram to a socket: to its receive queue, or to the backlog while a task owns it; dropped when there is no room.
 * @modelled net/ipv4/udp.c
 * @omits xfrm4_policy_check: no IPsec
 * @omits udp_lib_checksum_complete: it is verified here only for sockets with a filter
 * @cost 15
 */
export function* udp_queue_rcv_skb(sk: sock, skb: sk_buff): Kgen<number> {
  if (sk_rcvqueues_full(sk, skb)) {
    sk.sk_drops++;
    kfree_skb(skb);
    return -1;
  }
  let rc = 0;
  yield* bh_lock_sock(sk);
  if (!sock_owned_by_user(sk)) {
    rc = yield* __udp_queue_rcv_skb(sk, skb);
  } else if (sk_add_backlog(sk, skb) !== 0) {
    bh_unlock_sock(sk);
    sk.sk_drops++;
    kfree_skb(skb);
    return -1;
  }
  bh_unlock_sock(sk);
  return rc;
}

/**
 * Prepares verification of the checksum: nothing to do when there is none or the device has verified it. Nonzero: wrong
 * already.
 * @modelled net/ipv4/udp.c
 * @cost 6
 */
export function udp4_csum_init(skb: sk_buff, uh: udphdr, proto: number): number {
  const iph = ip_hdr(skb);
  if (uh.check === 0) {
    skb.ip_summed = CHECKSUM_UNNECESSARY;
  } else if (skb.ip_summed === CHECKSUM_COMPLETE) {
    if (csum_tcpudp_magic(iph.saddr, iph.daddr, skb.len, proto, skb.csum) === 0) {
      skb.ip_summed = CHECKSUM_UNNECESSARY;
    }
  }
  if (!skb_csum_unnecessary(skb)) {
    skb.csum = csum_tcpudp_nofold(iph.saddr, iph.daddr, skb.len, proto, 0);
  }
  return 0;
}

/**
 * Takes a datagram from IP: checks it and gives it to its socket; where nobody listens, the sender gets an ICMP port
 * unreachable (RFC 1122 section 4.1.3.1).
 * @simplified a broadcast goes to the best socket only
 * @omits __udp4_lib_mcast_deliver: a broadcast goes to the best socket only
 * @omits xfrm4_policy_check: no IPsec
 * @cost 30
 */
export function* __udp4_lib_rcv(skb: sk_buff, udptable: udp_table, proto: number): Kgen<number> {
  if (!pskb_may_pull(skb, UDPHDR_LEN)) {
    kfree_skb(skb);
    return 0;
  }
  const rt = skb_rtable(skb) as rtable;
  let uh = udp_hdr(skb);
  const ulen = uh.len;
  if (ulen > skb.len || ulen < UDPHDR_LEN || pskb_trim_rcsum(skb, ulen) !== 0) {
    kfree_skb(skb);
    return 0;
  }
  uh = udp_hdr(skb);
  if (udp4_csum_init(skb, uh, proto) !== 0) {
    kfree_skb(skb);
    return 0;
  }
  const sk = __udp4_lib_lookup_skb(skb, uh.source, uh.dest, udptable);
  if (sk !== null) {
    const ret = yield* udp_queue_rcv_skb(sk, skb);
    sock_put(sk);
    return ret > 0 ? -ret : 0;
  }
  const toMany = (rt.rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0;
  if (toMany || udp_lib_checksum_complete(skb) !== 0) {
    kfree_skb(skb);
    return 0;
  }
  yield* icmp_send(skb, ICMP_DEST_UNREACH, ICMP_PORT_UNREACH, 0);
  kfree_skb(skb);
  return 0;
}

/**
 * Takes a UDP datagram from IP.
 * @modelled net/ipv4/udp.c
 * @cost 3
 */
export function* udp_rcv(skb: sk_buff): Kgen<number> {
  return yield* __udp4_lib_rcv(skb, udp_hash(), IPPROTO_UDP);
}

/**
 * The socket goes: a datagram that is being put together is thrown away.
 * @modelled net/ipv4/udp.c
 * @cost 4
 */
export function* udp_destroy_sock(sk: sock): Kgen {
  const slow = yield* lock_sock_fast(sk);
  udp_flush_pending_frames(sk);
  yield* unlock_sock_fast(sk, slow);
}

/**
 * The last descriptor of a socket was closed.
 * @modelled include/net/udp.h
 * @cost 3
 */
export function* udp_lib_close(sk: sock, _timeout: number): Kgen {
  yield* sk_common_release(sk);
}

/** The protocol behind a UDP socket. */
export const udp_prot = ops<proto>('proto', 'udp_prot', {
  name: 'UDP',
  close: udp_lib_close,
  connect: ip4_datagram_connect,
  disconnect: udp_disconnect,
  destroy: udp_destroy_sock,
  ioctl: udp_ioctl,
  setsockopt: udp_setsockopt,
  getsockopt: udp_getsockopt,
  sendmsg: udp_sendmsg,
  recvmsg: udp_recvmsg,
  backlog_rcv: __udp_queue_rcv_skb,
  unhash: udp_lib_unhash,
  get_port: udp_v4_get_port,
  max_header: 0,
  no_autobind: false,
  obj_size: 832,
  sysctl_mem: sysctl_udp_mem,
  sysctl_wmem: sysctl_udp_wmem_min,
  sysctl_rmem: sysctl_udp_rmem_min,
});

/** What IP calls of UDP: entry 17 of inet_protos. */
export const udp_protocol = ops<net_protocol>('net_protocol', 'udp_protocol', {
  handler: udp_rcv,
  err_handler: udp_err,
  gso_segment: null,
  gso_send_check: null,
  gro_receive: null,
  gro_complete: null,
  no_policy: true,
});
