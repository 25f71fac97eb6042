/** Mirrors include/net/ip.h (2.6.39): constants and the inline functions that call nothing else. */
import { iphdr } from '../linux/ip';
import type { sk_buff } from '../linux/skbuff';
import type { dst_entry } from './dst';
import { IP_PMTUDISC_DO, IP_PMTUDISC_WANT, inet_sk } from './inet_sock';
import type { sock } from './sock';

export const IPSKB_FRAG_COMPLETE = 8;
export const IPSKB_REROUTED = 16;

/** What a sender tells ip_append_data about the packet (struct ipcm_cookie); lives on the kernel stack. */
export interface ipcm_cookie {
  /** Source address, later destination: see udp_sendmsg. */
  addr: number;
  oif: number;
  tx_flags: number;
}

/** Bit of ip_reply_arg.flags: any source address will do. */
export const IP_REPLY_ARG_NOSRCCHECK = 1;

/** What ip_send_reply sends, and how; lives on the kernel stack. */
export interface ip_reply_arg {
  /** Address and length of the transport header with its data. */
  iov: { readonly iov_base: number; readonly iov_len: number };
  flags: number;
  /** Sum of the pseudo header. */
  csum: number;
  /** Where the checksum stands, in words of 16 bits; -1: there is none. */
  csumoffset: number;
  bound_dev_if: number;
}

/** TOS bits that take part in routing. */
export const IPTOS_RT_MASK = 0x1c;
export const IPTOS_TOS_MASK = 0x1e;
export const IP_MAX_MTU = 0xfff0;

/** The bits of a type of service that packets of a socket carry into routing: all but precedence and ECN. */
export const RT_TOS = (tos: number): number => tos & IPTOS_TOS_MASK;
/** Beside these bits: only destinations on the link. */
export const RTO_ONLINK = 1;
export const RT_CONN_FLAGS = (sk: sock): number => RT_TOS(inet_sk(sk).tos);

/**
 * The IP header of an skb.
 * @modelled include/linux/ip.h
 * @cost 0
 */
export function ip_hdr(skb: sk_buff): iphdr {
  return new iphdr(skb.network_header);
}

/**
 * Length of the IP header with its options, bytes.
 * @modelled include/net/ip.h
 * @cost 1
 */
export function ip_hdrlen(skb: sk_buff): number {
  return (ip_hdr(skb).version_ihl & 0x0f) * 4;
}

/**
 * True when packets of this socket carry DF: path MTU discovery is on and the route does not fix its MTU.
 * @modelled include/net/ip.h
 * @cost 3
 */
export function ip_dont_fragment(sk: sock, dst: dst_entry): boolean {
  const { pmtudisc } = inet_sk(sk);
  return pmtudisc === IP_PMTUDISC_DO || (pmtudisc === IP_PMTUDISC_WANT && !dst.mtu_locked);
}
