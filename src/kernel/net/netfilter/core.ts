/**
 * Mirrors net/netfilter/core.c and the inline functions of include/linux/netfilter.h (2.6.39). A caller looks at the list
 * of its hook first and comes here only when something hangs on it; an empty hook costs a comparison.
 * Left out: queueing to user space, families other than IPv4, locking.
 */
import { type Kgen, kernel_global } from '../../arch/current';
import { EPERM } from '../../include/linux/errno';
import type { net_device } from '../../include/linux/netdevice';
import {
  NF_ACCEPT,
  NF_DROP,
  NF_INET_FORWARD,
  NF_INET_LOCAL_IN,
  NF_INET_LOCAL_OUT,
  NF_INET_PRE_ROUTING,
  NF_REPEAT,
  nf_hook_lists,
  type nf_hook_ops,
} from '../../include/linux/netfilter';
import type { sk_buff } from '../../include/linux/skbuff';
import { kfree_skb } from '../core/skbuff';

/** Hooks of this host. */
export const nf_hooks = kernel_global(() => new nf_hook_lists());

/**
 * The functions on a hook.
 * @model an array access in C
 * @cost 2
 */
export function nf_hook_list(hooknum: number): nf_hook_lists['PRE_ROUTING'] {
  const hooks = nf_hooks();
  switch (hooknum) {
    case NF_INET_PRE_ROUTING:
      return hooks.PRE_ROUTING;
    case NF_INET_LOCAL_IN:
      return hooks.LOCAL_IN;
    case NF_INET_FORWARD:
      return hooks.FORWARD;
    case NF_INET_LOCAL_OUT:
      return hooks.LOCAL_OUT;
    default:
      return hooks.POST_ROUTING;
  }
}

/**
 * Puts a function on its hook, in order of priority.
 * @modelled net/netfilter/core.c
 */
export function nf_register_hook(reg: nf_hook_ops): number {
  const hooks = nf_hook_list(reg.hooknum);
  let i = 0;
  while (i < hooks.length && hooks.at(i).priority <= reg.priority) {
    i++;
  }
  hooks.insertAt(i, reg);
  return 0;
}

/**
 * Asks the functions of a hook one after the other until one does not accept.
 * @modelled net/netfilter/core.c
 */
export function* nf_iterate(
  hooknum: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
): Kgen<number> {
  for (const elem of nf_hook_list(hooknum)) {
    let verdict = NF_REPEAT;
    while (verdict === NF_REPEAT) {
      const hook = elem.hook;
      verdict = hook === null ? NF_ACCEPT : yield* hook(hooknum, skb, indev, outdev);
    }
    if (verdict !== NF_ACCEPT) {
      return verdict;
    }
  }
  return NF_ACCEPT;
}

/**
 * Runs a hook. 1: the caller goes on; −EPERM: dropped; 0: a function has taken the packet.
 * @modelled net/netfilter/core.c
 */
export function* nf_hook_slow(
  _pf: number,
  hooknum: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
): Kgen<number> {
  const verdict = yield* nf_iterate(hooknum, skb, indev, outdev);
  if (verdict === NF_ACCEPT) {
    return 1;
  }
  if (verdict === NF_DROP) {
    kfree_skb(skb);
    return -EPERM;
  }
  return 0;
}

/**
 * Runs a hook that has functions on it. 1: the caller goes on.
 * @modelled include/linux/netfilter.h
 */
export function* nf_hook(
  pf: number,
  hook: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
): Kgen<number> {
  return yield* nf_hook_slow(pf, hook, skb, indev, outdev);
}

/**
 * Runs a hook that has functions on it, then goes on with `okfn` if the packet is accepted.
 * @modelled include/linux/netfilter.h
 */
export function* NF_HOOK(
  pf: number,
  hook: number,
  skb: sk_buff,
  indev: net_device | null,
  outdev: net_device | null,
  okfn: (skb: sk_buff) => Kgen<number>,
): Kgen<number> {
  const ret = yield* nf_hook(pf, hook, skb, indev, outdev);
  return ret === 1 ? yield* okfn(skb) : ret;
}
