/** Mirrors net/ipv4/ip_sockglue.c (2.6.39) in part: what receiving sockets of IP have in common. */
import type { Kgen } from '../../arch/current';
import type { sk_buff } from '../../include/linux/skbuff';
import { skb_dst_drop } from '../../include/net/dst';
import { IP_CMSG_PKTINFO, inet_sk } from '../../include/net/inet_sock';
import type { sock } from '../../include/net/sock';
import { sock_queue_rcv_skb } from '../core/sock';

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
