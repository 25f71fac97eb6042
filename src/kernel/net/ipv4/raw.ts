/** Mirrors net/ipv4/raw.c (2.6.39): raw sockets get a copy of every packet of their protocol. Left out: raw sockets themselves. */
import type { sk_buff } from '../../include/linux/skbuff';

/**
 * Hands copies to raw sockets of the protocol; true when there was one.
 * @simplified there are no raw sockets
 * @omits raw_v4_input: there are no raw sockets
 */
export function raw_local_deliver(_skb: sk_buff, _protocol: number): boolean {
  return false;
}
