/** Mirrors include/net/protocol.h (2.6.39): transport protocols above IPv4. Registration is in net/ipv4/protocol.ts. */
import { list, struct, table } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { napi_struct } from '../linux/netdevice';
import type { sk_buff } from '../linux/skbuff';

/** What IP calls of a transport protocol. */
export interface net_protocol {
  handler: (skb: sk_buff) => Kgen<number>;
  /** Takes an ICMP error about a packet of this protocol; `skb` begins with that packet's IP header. */
  err_handler?: ((skb: sk_buff, info: number) => Kgen) | null;
  gso_segment: ((skb: sk_buff, features: number) => sk_buff | null) | null;
  gso_send_check?: ((skb: sk_buff) => number) | null;
  gro_receive: ((head: napi_struct, skb: sk_buff) => sk_buff | null) | null;
  gro_complete: ((skb: sk_buff) => number) | null;
  no_policy?: boolean;
}

export const MAX_INET_PROTOS = 256;

/** Transport protocols by their number. In C the array inet_protos[256]. */
export const inet_protocol_table = struct('inet_protocol_table', {
  inet_protos: list(table<net_protocol>('protocol'), MAX_INET_PROTOS, 'by number'),
});
export interface inet_protocol_table extends InstanceType<typeof inet_protocol_table> {}
