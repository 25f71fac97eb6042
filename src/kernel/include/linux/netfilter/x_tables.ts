/** Mirrors include/linux/netfilter/x_tables.h and ip_tables.h (2.6.39): rules, their matches and targets, the tables they stand in. */
import {
  byteCount,
  enumeration,
  flags,
  hex32,
  int,
  ip4,
  list,
  port,
  ref,
  str,
  struct,
  table,
} from '../../../../base/struct';
import type { Kgen } from '../../../arch/current';
import type { net_device } from '../netdevice';
import { NF_ACCEPT, NF_DROP } from '../netfilter';
import type { sk_buff } from '../skbuff';

/** Verdict of a target that leaves the packet to the next rule. */
export const XT_CONTINUE = 0xffffffff;

/** What matches and targets are told of a packet; on the stack of ipt_do_table. */
export interface xt_action_param {
  matchinfo: unknown;
  targinfo: unknown;
  in: net_device | null;
  out: net_device | null;
  /** Offset of the fragment, in units of 8 bytes. */
  fragoff: number;
  /** Where the transport header begins, from the data. */
  thoff: number;
  hooknum: number;
  /** Set by a match that wants the packet dropped at once. */
  hotdrop: boolean;
}

/** A kind of match. */
export interface xt_match {
  name: string;
  match: (skb: sk_buff, par: xt_action_param) => boolean;
}

/** A kind of target; one without a function stands for a verdict. */
export interface xt_target {
  name: string;
  target: ((skb: sk_buff, par: xt_action_param) => Kgen<number>) | null;
}

/** Ports and flags that a rule wants of a TCP segment. */
export const xt_tcp = struct('xt_tcp', {
  spts0: port('lowest source port'),
  spts1: port('highest source port', 65535),
  dpts0: port('lowest destination port'),
  dpts1: port('highest destination port', 65535),
  flg_mask: hex32('flags looked at'),
  flg_cmp: hex32('those of them that must be set'),
});
export interface xt_tcp extends InstanceType<typeof xt_tcp> {}

/** Ports that a rule wants of a UDP datagram. */
export const xt_udp = struct('xt_udp', {
  spts0: port('lowest source port'),
  spts1: port('highest source port', 65535),
  dpts0: port('lowest destination port'),
  dpts1: port('highest destination port', 65535),
});
export interface xt_udp extends InstanceType<typeof xt_udp> {}

/** Of the packets that come this far, one in so many. */
export const xt_statistic_info = struct('xt_statistic_info', {
  every: int('one packet in this many, less one'),
  count: int('packets seen since the last one taken'),
});
export interface xt_statistic_info extends InstanceType<typeof xt_statistic_info> {}

/** A further condition of a rule. */
export const xt_entry_match = struct('xt_entry_match', {
  match: table<xt_match>('kind'),
  data: ref<object>('what it wants'),
});
export interface xt_entry_match extends InstanceType<typeof xt_entry_match> {}

/** How a packet is refused. */
export const IPT_ICMP_NET_UNREACHABLE = 0;
export const IPT_ICMP_HOST_UNREACHABLE = 1;
export const IPT_ICMP_PROT_UNREACHABLE = 2;
export const IPT_ICMP_PORT_UNREACHABLE = 3;
export const IPT_TCP_RESET = 7;
export const IPT_ICMP_ADMIN_PROHIBITED = 8;

export const ipt_reject_info = struct('ipt_reject_info', {
  with: enumeration('what the sender gets', {
    IPT_ICMP_NET_UNREACHABLE,
    IPT_ICMP_HOST_UNREACHABLE,
    IPT_ICMP_PROT_UNREACHABLE,
    IPT_ICMP_PORT_UNREACHABLE,
    IPT_TCP_RESET,
    IPT_ICMP_ADMIN_PROHIBITED,
  }),
});
export interface ipt_reject_info extends InstanceType<typeof ipt_reject_info> {}

/** A rule. */
export const ipt_entry = struct('ipt_entry', {
  src: ip4('source wanted'),
  smsk: ip4('bits of it that count'),
  dst: ip4('destination wanted'),
  dmsk: ip4('bits of it that count'),
  proto: int('protocol wanted, 0: any'),
  matches: list(ref<xt_entry_match>('condition'), 4, 'further conditions'),
  target: table<xt_target>('what happens to the packet'),
  verdict: enumeration('verdict of a standard target', { NF_DROP, NF_ACCEPT }),
  targinfo: ref<object>('what the target is told'),
  pcnt: int('packets that matched'),
  bcnt: byteCount('their bytes'),
  next: ref<ipt_entry>('next rule'),
  text: str('as iptables lists it, for display'),
});
export interface ipt_entry extends InstanceType<typeof ipt_entry> {}

/** The rules of a table; each chain ends with its policy. */
export const xt_table = struct('xt_table', {
  name: str('name'),
  valid_hooks: flags('hooks it has chains for', {
    PREROUTING: 1,
    INPUT: 2,
    FORWARD: 4,
    OUTPUT: 8,
    POSTROUTING: 16,
  }),
  hook_entry: list(ref<ipt_entry>('first rule'), 5, 'chains by hook'),
});
export interface xt_table extends InstanceType<typeof xt_table> {}
