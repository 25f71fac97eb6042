/** Mirrors net/ipv4/datagram.c (2.6.39): connecting a socket that sends datagrams. Left out: multicast source addresses. */

import type { Kgen } from '../../arch/current';
import { EACCES, EAFNOSUPPORT, EINVAL, ENETUNREACH } from '../../include/linux/errno';
import { AF_INET, SIZEOF_SOCKADDR_IN, type sockaddr } from '../../include/linux/in';
import { TCP_ESTABLISHED } from '../../include/linux/tcp';
import { jiffies } from '../../include/linux/timer';
import { RTCF_BROADCAST } from '../../include/net/dst';
import { inet_sk } from '../../include/net/inet_sock';
import { RT_TOS } from '../../include/net/ip';
import { SOCK_BROADCAST, sk_dst_reset, sk_dst_set, type sock, sock_flag } from '../../include/net/sock';
import { ip_route_connect, ip_rt_put } from './route';

/**
 * Names the only peer of a socket: its route is kept, its address is the default destination, and datagrams of others are no
 * longer taken. Nothing is sent. 0, or -errno.
 * @modelled net/ipv4/datagram.c
 * @cost 25
 */
export function* ip4_datagram_connect(sk: sock, uaddr: sockaddr, addr_len: number): Kgen<number> {
  const inet = inet_sk(sk);
  if (addr_len < SIZEOF_SOCKADDR_IN) {
    return -EINVAL;
  }
  if (uaddr.sa_family !== AF_INET) {
    return -EAFNOSUPPORT;
  }
  sk_dst_reset(sk);
  const rt = ip_route_connect(
    uaddr.sin_addr,
    inet.inet_saddr,
    RT_TOS(inet.tos),
    sk.skc_bound_dev_if,
    sk.sk_protocol,
    inet.inet_sport,
    uaddr.sin_port,
    sk,
    true,
  );
  if (rt === null) {
    return -ENETUNREACH;
  }
  if ((rt.rt_flags & RTCF_BROADCAST) !== 0 && !sock_flag(sk, SOCK_BROADCAST)) {
    ip_rt_put(rt);
    return -EACCES;
  }
  inet.inet_saddr ||= rt.rt_src;
  inet.inet_rcv_saddr ||= rt.rt_src;
  inet.inet_daddr = rt.rt_dst;
  inet.inet_dport = uaddr.sin_port;
  sk.skc_state = TCP_ESTABLISHED;
  inet.inet_id = jiffies();
  sk_dst_set(sk, rt);
  return 0;
}
