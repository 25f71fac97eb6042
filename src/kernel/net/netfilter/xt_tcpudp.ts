/** Mirrors net/netfilter/xt_tcpudp.c (2.6.39): conditions on ports and TCP flags. Left out: TCP options, negation. */
import { ops } from '../../../base/dispatch';
import { heap } from '../../../base/heap';
import type { xt_action_param, xt_match, xt_tcp, xt_udp } from '../../include/linux/netfilter/x_tables';
import type { sk_buff } from '../../include/linux/skbuff';
import { skb_copy_bits } from '../core/skbuff';

const TCPHDR_LEN = 20;
const UDPHDR_LEN = 8;
const TCP_FLAGS_OFFSET = 13;

/**
 * True when a port lies in a range.
 * @modelled net/netfilter/xt_tcpudp.c
 * @cost 1
 */
export function port_match(min: number, max: number, port: number): boolean {
  return port >= min && port <= max;
}

/** The first bytes of a transport header, wherever they are; null when the packet is too short (skb_header_pointer). */
const header = (skb: sk_buff, offset: number, len: number): Uint8Array | null => {
  if (offset + len > skb.len) {
    return null;
  }
  const at = heap.ramAlloc(len);
  skb_copy_bits(skb, offset, at, len);
  const bytes = heap.bytes(at, len).slice();
  heap.ramFree(at, len);
  return bytes;
};

const port_at = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);

/**
 * True for a TCP segment with the ports and flags wanted. A fragment that would overwrite them is dropped at once.
 * @modelled net/netfilter/xt_tcpudp.c
 * @omits tcp_find_option: no conditions on options
 * @cost 8
 */
export function tcp_mt(skb: sk_buff, par: xt_action_param): boolean {
  const tcpinfo = par.matchinfo as xt_tcp;
  if (par.fragoff !== 0) {
    par.hotdrop = par.fragoff === 1;
    return false;
  }
  const th = header(skb, par.thoff, TCPHDR_LEN);
  if (th === null) {
    par.hotdrop = true;
    return false;
  }
  return (
    port_match(tcpinfo.spts0, tcpinfo.spts1, port_at(th, 0)) &&
    port_match(tcpinfo.dpts0, tcpinfo.dpts1, port_at(th, 2)) &&
    ((th[TCP_FLAGS_OFFSET] as number) & tcpinfo.flg_mask) === tcpinfo.flg_cmp
  );
}

/**
 * True for a UDP datagram with the ports wanted.
 * @modelled net/netfilter/xt_tcpudp.c
 * @cost 6
 */
export function udp_mt(skb: sk_buff, par: xt_action_param): boolean {
  const udpinfo = par.matchinfo as xt_udp;
  if (par.fragoff !== 0) {
    return false;
  }
  const uh = header(skb, par.thoff, UDPHDR_LEN);
  if (uh === null) {
    par.hotdrop = true;
    return false;
  }
  return (
    port_match(udpinfo.spts0, udpinfo.spts1, port_at(uh, 0)) && port_match(udpinfo.dpts0, udpinfo.dpts1, port_at(uh, 2))
  );
}

export const tcp_match = ops<xt_match>('xt_match', 'tcp', { name: 'tcp', match: tcp_mt });
export const udp_match = ops<xt_match>('xt_match', 'udp', { name: 'udp', match: udp_mt });
