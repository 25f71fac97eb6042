/** Mirrors include/linux/netfilter.h (2.6.39): hooks of IPv4 and ARP. The functions are in net/netfilter/core.ts. */
import { enumeration, fn, int, list, ref, struct } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import type { net_device } from './netdevice';
import type { sk_buff } from './skbuff';

export const NF_DROP = 0;
export const NF_ACCEPT = 1;
export const NF_REPEAT = 4;

export const NFPROTO_IPV4 = 2;

/** Order of the tables on a hook, first to last. */
export const NF_IP_PRI_RAW = -300;
export const NF_IP_PRI_MANGLE = -150;
export const NF_IP_PRI_FILTER = 0;

export const NF_INET_PRE_ROUTING = 0;
export const NF_INET_LOCAL_IN = 1;
export const NF_INET_FORWARD = 2;
export const NF_INET_LOCAL_OUT = 3;
export const NF_INET_POST_ROUTING = 4;
export const NF_INET_NAMES = {
  NF_INET_PRE_ROUTING,
  NF_INET_LOCAL_IN,
  NF_INET_FORWARD,
  NF_INET_LOCAL_OUT,
  NF_INET_POST_ROUTING,
};

/** A function on a hook. */
export const nf_hook_ops = struct('nf_hook_ops', {
  hook: fn<(hooknum: number, skb: sk_buff, indev: net_device | null, outdev: net_device | null) => Kgen<number>>(
    'gives a verdict',
  ),
  pf: int('protocol family'),
  hooknum: enumeration('hook', NF_INET_NAMES),
  priority: int('lower ones come first'),
});
export interface nf_hook_ops extends InstanceType<typeof nf_hook_ops> {}

/** The hooks of IPv4. In C the array nf_hooks[family][hook]. */
export const nf_hook_lists = struct('nf_hook_lists', {
  PRE_ROUTING: list(ref<nf_hook_ops>('function'), 8, 'packets that came in, before the routing decision'),
  LOCAL_IN: list(ref<nf_hook_ops>('function'), 8, 'packets for this host'),
  FORWARD: list(ref<nf_hook_ops>('function'), 8, 'packets that pass through'),
  LOCAL_OUT: list(ref<nf_hook_ops>('function'), 8, 'packets made by this host'),
  POST_ROUTING: list(ref<nf_hook_ops>('function'), 8, 'packets about to leave'),
});
export interface nf_hook_lists extends InstanceType<typeof nf_hook_lists> {}
