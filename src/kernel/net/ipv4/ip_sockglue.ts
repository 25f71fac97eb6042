/**
 * Mirrors net/ipv4/ip_sockglue.c (2.6.39): options of level IP, and what receiving sockets of IP have in common.
 * Left out: multicast, source routes and other IP options, ancillary data, transparent proxying, filter tables.
 */

import { heap } from '../../../base/heap';
import type { Kgen } from '../../arch/current';
import { sysctl } from '../../arch/current';
import { EFAULT, EINVAL, ENOPROTOOPT, ENOTCONN, EOPNOTSUPP } from '../../include/linux/errno';
import { SOCK_STREAM } from '../../include/linux/net';
import type { sk_buff } from '../../include/linux/skbuff';
import { access_ok, get_user } from '../../include/linux/uaccess';
import { dst_mtu, skb_dst_drop } from '../../include/net/dst';
import { IP_CMSG_PKTINFO, IP_PMTUDISC_PROBE, inet_sk } from '../../include/net/inet_sock';
import { __sk_dst_get, __sk_dst_reset, type sock } from '../../include/net/sock';
import { lock_sock, put_option, release_sock, sock_queue_rcv_skb } from '../core/sock';

/** Level of these options. */
export const SOL_IP = 0;
const IP_TOS = 1;
const IP_TTL = 2;
const IP_MTU_DISCOVER = 10;
const IP_RECVERR = 11;
const IP_MTU = 14;
const IP_FREEBIND = 15;
const DEFAULT_TTL = 64;
/** The two bits of the type of service that ECN has. */
const INET_ECN_MASK = 3;
/** Priority of a type of service (ip_tos2prio of net/ipv4/route.c): best effort, filler, bulk, interactive bulk, interactive. */
const TOS_PRIORITIES = [0, 1, 0, 0, 2, 2, 2, 2, 6, 6, 6, 6, 4, 4, 4, 4] as const;

/**
 * The priority that a type of service stands for.
 * @modelled include/net/route.h
 * @cost 2
 */
export function rt_tos2priority(tos: number): number {
  return TOS_PRIORITIES[(tos & 0x1e) >> 1] ?? 0;
}

/**
 * Sets an option of level IP: 0, or -errno.
 * @modelled net/ipv4/ip_sockglue.c
 * @omits ip_options_get_from_user: no IP options
 * @omits ip_mc_join_group: no multicast
 * @cost 30
 */
export function* do_ip_setsockopt(
  sk: sock,
  _level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const inet = inet_sk(sk);
  let val = 0;
  if (optlen >= 4) {
    const word = get_user(optval);
    if (word === null) {
      return -EFAULT;
    }
    val = word;
  } else if (optlen >= 1) {
    if (!access_ok(optval, 1)) {
      return -EFAULT;
    }
    val = heap.read8(optval);
  }
  let err = 0;
  yield* lock_sock(sk);
  switch (optname) {
    case IP_TOS:
      if (sk.sk_type === SOCK_STREAM) {
        val = (val & ~INET_ECN_MASK) | (inet.tos & INET_ECN_MASK);
      }
      if (inet.tos !== (val & 0xff)) {
        inet.tos = val;
        sk.sk_priority = rt_tos2priority(val);
        __sk_dst_reset(sk);
      }
      break;
    case IP_TTL:
      if (optlen < 1 || (val !== -1 && (val < 0 || val > 255))) {
        err = -EINVAL;
      } else {
        inet.uc_ttl = val;
      }
      break;
    case IP_MTU_DISCOVER:
      if (val < 0 || val > IP_PMTUDISC_PROBE) {
        err = -EINVAL;
      } else {
        inet.pmtudisc = val;
      }
      break;
    case IP_RECVERR:
      inet.recverr = val !== 0;
      break;
    case IP_FREEBIND:
      if (optlen < 1) {
        err = -EINVAL;
      } else {
        inet.freebind = val !== 0;
      }
      break;
    default:
      err = -ENOPROTOOPT;
  }
  yield* release_sock(sk);
  return err;
}

/**
 * Sets an option of level IP; other levels have none here.
 * @modelled net/ipv4/ip_sockglue.c
 * @omits nf_setsockopt: no filter tables
 * @cost 4
 */
export function* ip_setsockopt(sk: sock, level: number, optname: number, optval: number, optlen: number): Kgen<number> {
  if (level !== SOL_IP) {
    return -ENOPROTOOPT;
  }
  return yield* do_ip_setsockopt(sk, level, optname, optval, optlen);
}

/**
 * Reads an option of level IP; a small value fits a single byte. 0, or -errno.
 * @modelled net/ipv4/ip_sockglue.c
 * @omits ip_mc_msfget: no multicast
 * @cost 25
 */
export function* do_ip_getsockopt(
  sk: sock,
  level: number,
  optname: number,
  optval: number,
  optlen: number,
): Kgen<number> {
  const inet = inet_sk(sk);
  if (level !== SOL_IP) {
    return -EOPNOTSUPP;
  }
  const len = get_user(optlen);
  if (len === null) {
    return -EFAULT;
  }
  if (len < 0) {
    return -EINVAL;
  }
  yield* lock_sock(sk);
  let val = 0;
  let err = 0;
  switch (optname) {
    case IP_TOS:
      val = inet.tos;
      break;
    case IP_TTL:
      val = inet.uc_ttl === -1 ? sysctl('ipv4.ip_default_ttl', DEFAULT_TTL) : inet.uc_ttl;
      break;
    case IP_MTU_DISCOVER:
      val = inet.pmtudisc;
      break;
    case IP_MTU: {
      const dst = __sk_dst_get(sk);
      val = dst === null ? 0 : dst_mtu(dst);
      if (val === 0) {
        err = -ENOTCONN;
      }
      break;
    }
    case IP_RECVERR:
      val = inet.recverr ? 1 : 0;
      break;
    case IP_FREEBIND:
      val = inet.freebind ? 1 : 0;
      break;
    default:
      err = -ENOPROTOOPT;
  }
  yield* release_sock(sk);
  if (err !== 0) {
    return err;
  }
  const fits_byte = len < 4 && len > 0 && val >= 0 && val <= 255;
  return put_option([val], fits_byte ? 1 : len, optval, optlen);
}

/**
 * Reads an option of level IP.
 * @modelled net/ipv4/ip_sockglue.c
 * @omits nf_getsockopt: no filter tables
 * @cost 4
 */
export function* ip_getsockopt(sk: sock, level: number, optname: number, optval: number, optlen: number): Kgen<number> {
  return yield* do_ip_getsockopt(sk, level, optname, optval, optlen);
}

/**
 * Puts a packet into the receive queue; its route is kept only for readers that ask where it came in.
 * @modelled net/ipv4/ip_sockglue.c
 * @cost 4
 */
export function* ip_queue_rcv_skb(sk: sock, skb: sk_buff): Kgen<number> {
  if ((inet_sk(sk).cmsg_flags & IP_CMSG_PKTINFO) === 0) {
    skb_dst_drop(skb);
  }
  return yield* sock_queue_rcv_skb(sk, skb);
}
