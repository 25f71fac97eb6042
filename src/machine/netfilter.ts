/** Rules of a scenario as `iptables -A` sets them. */
import type { OpsTable } from '../base/dispatch';
import { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP } from '../kernel/include/linux/ip';
import { NF_ACCEPT, NF_DROP, NF_INET_NAMES } from '../kernel/include/linux/netfilter';
import {
  IPT_ICMP_ADMIN_PROHIBITED,
  IPT_ICMP_HOST_UNREACHABLE,
  IPT_ICMP_NET_UNREACHABLE,
  IPT_ICMP_PORT_UNREACHABLE,
  IPT_ICMP_PROT_UNREACHABLE,
  IPT_TCP_RESET,
  ipt_entry,
  ipt_reject_info,
  xt_entry_match,
  type xt_match,
  xt_statistic_info,
  xt_tcp,
  xt_udp,
} from '../kernel/include/linux/netfilter/x_tables';
import { TCPHDR_ACK, TCPHDR_FIN, TCPHDR_RST, TCPHDR_SYN } from '../kernel/include/net/tcp';
import { inet_make_mask } from '../kernel/net/ipv4/fib_trie';
import { ipt_model_append, ipt_standard_target } from '../kernel/net/ipv4/netfilter/ip_tables';
import { reject_target } from '../kernel/net/ipv4/netfilter/ipt_REJECT';
import { iptable_filter_init } from '../kernel/net/ipv4/netfilter/iptable_filter';
import { iptable_mangle_init } from '../kernel/net/ipv4/netfilter/iptable_mangle';
import { iptable_raw_init } from '../kernel/net/ipv4/netfilter/iptable_raw';
import { statistic_match } from '../kernel/net/netfilter/xt_statistic';
import { tcp_match, udp_match } from '../kernel/net/netfilter/xt_tcpudp';
import type { Rule } from '../scenario/netfilter';
import { ipNumber } from './addresses';

/** The table whose chain a rule of each hook stands in, and the kernel's number of the hook. */
const CHAINS = {
  PREROUTING: { table: iptable_raw_init, hook: NF_INET_NAMES.NF_INET_PRE_ROUTING },
  INPUT: { table: iptable_filter_init, hook: NF_INET_NAMES.NF_INET_LOCAL_IN },
  FORWARD: { table: iptable_filter_init, hook: NF_INET_NAMES.NF_INET_FORWARD },
  OUTPUT: { table: iptable_filter_init, hook: NF_INET_NAMES.NF_INET_LOCAL_OUT },
  POSTROUTING: { table: iptable_mangle_init, hook: NF_INET_NAMES.NF_INET_POST_ROUTING },
};
const PROTOCOLS = { tcp: IPPROTO_TCP, udp: IPPROTO_UDP, icmp: IPPROTO_ICMP };
const FLAGS = { SYN: TCPHDR_SYN, ACK: TCPHDR_ACK, FIN: TCPHDR_FIN, RST: TCPHDR_RST };
const ALL_FLAGS = TCPHDR_SYN | TCPHDR_ACK | TCPHDR_FIN | TCPHDR_RST;
const REJECT_WITH = {
  'icmp-net-unreachable': IPT_ICMP_NET_UNREACHABLE,
  'icmp-host-unreachable': IPT_ICMP_HOST_UNREACHABLE,
  'icmp-proto-unreachable': IPT_ICMP_PROT_UNREACHABLE,
  'icmp-port-unreachable': IPT_ICMP_PORT_UNREACHABLE,
  'icmp-admin-prohibited': IPT_ICMP_ADMIN_PROHIBITED,
  'tcp-reset': IPT_TCP_RESET,
};

function prefixOf(text: string | undefined): { address: number; mask: number } {
  const [address = '0.0.0.0', length = text === undefined ? '0' : '32'] = text?.split('/') ?? [];
  const mask = inet_make_mask(Number(length));
  return { address: (ipNumber(address) & mask) >>> 0, mask };
}

function condition(entry: ipt_entry, match: xt_match & OpsTable, data: object): void {
  const made = new xt_entry_match();
  made.match = match;
  made.data = data;
  entry.matches.push(made);
}

/** Appends a rule to its chain of the host that is current. */
export function addRule(rule: Rule): void {
  const { proto, src, dst, sport, dport, flags, nth } = rule.match;
  const entry = new ipt_entry();
  ({ address: entry.src, mask: entry.smsk } = prefixOf(src));
  ({ address: entry.dst, mask: entry.dmsk } = prefixOf(dst));
  entry.proto = proto === undefined ? 0 : PROTOCOLS[proto];
  if (sport !== undefined || dport !== undefined || flags !== undefined) {
    const segment = proto === 'tcp' ? new xt_tcp() : null;
    const wanted = segment ?? new xt_udp();
    wanted.spts0 = sport ?? 0;
    wanted.spts1 = sport ?? 65_535;
    wanted.dpts0 = dport ?? 0;
    wanted.dpts1 = dport ?? 65_535;
    if (flags !== undefined && segment !== null) {
      segment.flg_mask = ALL_FLAGS;
      segment.flg_cmp = flags.reduce((all, name) => all | FLAGS[name], 0);
    }
    condition(entry, proto === 'tcp' ? tcp_match : udp_match, wanted);
  }
  if (nth !== undefined) {
    const statistic = new xt_statistic_info();
    statistic.every = nth - 1;
    condition(entry, statistic_match, statistic);
  }
  if (rule.target === 'REJECT') {
    const info = new ipt_reject_info();
    info.with = REJECT_WITH[rule.with];
    entry.target = reject_target;
    entry.targinfo = info;
  } else {
    entry.target = ipt_standard_target;
    entry.verdict = rule.target === 'DROP' ? NF_DROP : NF_ACCEPT;
  }
  entry.text = textOf(rule);
  const chain = CHAINS[rule.hook];
  ipt_model_append(chain.table(), chain.hook, entry);
}

/** A rule as iptables takes it. */
function textOf({ hook, match, target, with: how }: Rule): string {
  const parts = [`-A ${hook}`];
  if (match.proto !== undefined) parts.push(`-p ${match.proto}`);
  if (match.src !== undefined) parts.push(`-s ${match.src}`);
  if (match.dst !== undefined) parts.push(`-d ${match.dst}`);
  if (match.sport !== undefined) parts.push(`--sport ${match.sport}`);
  if (match.dport !== undefined) parts.push(`--dport ${match.dport}`);
  if (match.flags !== undefined) parts.push(`--tcp-flags SYN,ACK,FIN,RST ${match.flags.join(',') || 'NONE'}`);
  if (match.nth !== undefined) parts.push(`-m statistic --mode nth --every ${match.nth} --packet ${match.nth - 1}`);
  parts.push(`-j ${target}`);
  if (target === 'REJECT') parts.push(`--reject-with ${how}`);
  return parts.join(' ');
}
