/**
 * Mirrors net/ipv4/netfilter/ip_tables.c (2.6.39): going through the rules of a chain.
 * Left out: chains of the user's own, negated conditions, conditions on devices, tracing, the interface to iptables.
 */
import { ops } from '../../../../base/dispatch';
import { type Kgen, kernel_global } from '../../../arch/current';
import { EINVAL } from '../../../include/linux/errno';
import { IP_OFFSET, type iphdr } from '../../../include/linux/ip';
import type { net_device } from '../../../include/linux/netdevice';
import { NF_ACCEPT, NF_DROP, NFPROTO_IPV4, nf_hook_ops } from '../../../include/linux/netfilter';
import {
  ipt_entry,
  XT_CONTINUE,
  type xt_action_param,
  xt_table,
  type xt_target,
} from '../../../include/linux/netfilter/x_tables';
import type { sk_buff } from '../../../include/linux/skbuff';
import { ip_hdr, ip_hdrlen } from '../../../include/net/ip';
import { nf_register_hook } from '../../netfilter/core';

const NF_INET_NUMHOOKS = 5;
const NO_ENTRY = null as unknown as ipt_entry;

/** The target that is a verdict. */
export const ipt_standard_target = ops<xt_target>('xt_target', 'ipt_standard_target', { name: '', target: null });

/** The tables of this host: in C net->ipv4.iptable_filter and its neighbours. */
export const iptables = kernel_global<Record<'filter' | 'mangle' | 'raw', xt_table | null>>(() => ({
  filter: null,
  mangle: null,
  raw: null,
}));

/**
 * True when addresses and protocol are those a rule wants.
 * @modelled net/ipv4/netfilter/ip_tables.c
 * @omits ifname_compare_aligned: rules here do not name devices
 * @cost 6
 */
export function ip_packet_match(ip: iphdr, ipinfo: ipt_entry, _isfrag: number): boolean {
  if ((ip.saddr & ipinfo.smsk) >>> 0 !== ipinfo.src || (ip.daddr & ipinfo.dmsk) >>> 0 !== ipinfo.dst) {
    return false;
  }
  return ipinfo.proto === 0 || ip.protocol === ipinfo.proto;
}

/**
 * True when all further conditions of a rule hold.
 * @model the loop over the matches in ipt_do_table
 * @cost 2
 */
function matches_all(skb: sk_buff, e: ipt_entry, acpar: xt_action_param): boolean {
  for (const { match, data } of e.matches) {
    acpar.matchinfo = data;
    if (match !== null && !match.match(skb, acpar)) {
      return false;
    }
  }
  return true;
}

/**
 * Goes through the rules of a chain until one decides; the policy at its end always does. Gives the verdict.
 * @modelled net/ipv4/netfilter/ip_tables.c
 * @cost 20
 */
export function* ipt_do_table(
  skb: sk_buff,
  hook: number,
  indev: net_device | null,
  outdev: net_device | null,
  table: xt_table,
): Kgen<number> {
  const ip = ip_hdr(skb);
  const acpar: xt_action_param = {
    matchinfo: null,
    targinfo: null,
    in: indev,
    out: outdev,
    fragoff: ip.frag_off & IP_OFFSET,
    thoff: ip_hdrlen(skb),
    hooknum: hook,
    hotdrop: false,
  };
  let verdict = NF_DROP;
  let e: ipt_entry | null = table.hook_entry.at(hook);
  while (e !== null && !acpar.hotdrop) {
    if (!ip_packet_match(ip, e, acpar.fragoff) || !matches_all(skb, e, acpar)) {
      e = e.next;
      continue;
    }
    e.pcnt++;
    e.bcnt += skb.len;
    const t = e.target as xt_target;
    if (t.target === null) {
      ({ verdict } = e);
      break;
    }
    acpar.targinfo = e.targinfo;
    verdict = yield* t.target(skb, acpar);
    if (verdict !== XT_CONTINUE) {
      break;
    }
    e = e.next;
  }
  return acpar.hotdrop ? NF_DROP : verdict;
}

/**
 * Makes a table whose chains have no rules yet, only the policy ACCEPT.
 * @simplified without what iptables gives it
 */
export function ipt_register_table(name: string, valid_hooks: number): xt_table {
  const table = new xt_table();
  table.name = name;
  table.valid_hooks = valid_hooks;
  table.hook_entry.set(NF_INET_NUMHOOKS - 1, NO_ENTRY);
  for (let hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
    if ((valid_hooks & (1 << hook)) !== 0) {
      const policy = new ipt_entry();
      policy.target = ipt_standard_target;
      policy.verdict = NF_ACCEPT;
      policy.text = 'policy ACCEPT';
      table.hook_entry.set(hook, policy);
    }
  }
  return table;
}

/**
 * Puts a table's function on all its hooks.
 * @modelled net/netfilter/x_tables.c
 */
export function xt_hook_link(table: xt_table, fn: NonNullable<nf_hook_ops['hook']>, priority: number): void {
  for (let hook = 0; hook < NF_INET_NUMHOOKS; hook++) {
    if ((table.valid_hooks & (1 << hook)) !== 0) {
      const reg = new nf_hook_ops();
      reg.hook = fn;
      reg.pf = NFPROTO_IPV4;
      reg.hooknum = hook;
      reg.priority = priority;
      nf_register_hook(reg);
    }
  }
}

/**
 * Puts a rule behind the others of a chain, before its policy (iptables -A): 0, or -EINVAL when the table has no such chain.
 * @model iptables replaces the whole table
 */
export function ipt_model_append(table: xt_table, hook: number, rule: ipt_entry): number {
  let before: ipt_entry | null = null;
  let at = table.hook_entry.at(hook) as ipt_entry | null;
  if (at === null) {
    return -EINVAL;
  }
  while (at.next !== null) {
    before = at;
    at = at.next;
  }
  rule.next = at;
  if (before === null) {
    table.hook_entry.set(hook, rule);
  } else {
    before.next = rule;
  }
  return 0;
}
