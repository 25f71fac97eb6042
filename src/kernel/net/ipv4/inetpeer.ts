/**
 * Mirrors net/ipv4/inetpeer.c (2.6.39): what is remembered of a destination address beyond a route's life: identification
 * counter, path MTU, how many ICMP messages it may still get.
 * Simplified: the tree is not rebalanced, and nothing is ever forgotten.
 */
import { int, ref, struct } from '../../../base/struct';
import { kernel, kernel_global } from '../../arch/current';
import { jiffies } from '../../include/linux/timer';
import { inet_peer } from '../../include/net/dst';

/** Messages that may be sent at once after a pause, in units of the rate. */
const XRLIM_BURST_FACTOR = 6;

/** Peers of a host (struct inet_peer_base). */
export const inet_peer_base = struct('inet_peer_base', {
  root: ref<inet_peer>('root of the tree'),
  total: int('peers in the tree'),
});
export interface inet_peer_base extends InstanceType<typeof inet_peer_base> {}

/** Peers of this host. */
export const v4_peers = kernel_global(() => new inet_peer_base());

/**
 * The tree of an address family.
 * @modelled net/ipv4/inetpeer.c
 * @cost 1
 */
export function family_to_base(): inet_peer_base {
  return v4_peers();
}

/**
 * Order of two addresses: negative, 0 or positive.
 * @modelled net/ipv4/inetpeer.c
 * @cost 2
 */
export function addr_compare(a: number, b: number): number {
  return a - b;
}

/**
 * Finds a peer in the tree and takes a reference.
 * @simplified C counts -1 for a peer that is about to be freed; none ever is here
 * @cost 8
 */
export function lookup_rcu(daddr: number, base: inet_peer_base): inet_peer | null {
  let u = base.root;
  while (u !== null) {
    const cmp = addr_compare(daddr, u.daddr);
    if (cmp === 0) {
      u.refcnt++;
      return u;
    }
    u = cmp < 0 ? u.avl_left : u.avl_right;
  }
  return null;
}

/**
 * Takes a peer off the list of those nobody uses: there is no such list, as nothing is forgotten.
 * @simplified peers are kept for good
 * @cost 3
 */
export function unlink_from_unused(_p: inet_peer): void {}

/**
 * Puts a new peer into the tree.
 * @simplified without rebalancing
 * @cost 10
 */
export function link_to_pool(p: inet_peer, base: inet_peer_base): void {
  base.total++;
  let at = base.root;
  if (at === null) {
    base.root = p;
    return;
  }
  for (;;) {
    const next: inet_peer | null = p.daddr < at.daddr ? at.avl_left : at.avl_right;
    if (next === null) {
      break;
    }
    at = next;
  }
  if (p.daddr < at.daddr) {
    at.avl_left = p;
  } else {
    at.avl_right = p;
  }
}

/**
 * Finds what is known of an address, or makes an entry; null when there is none and none is to be made.
 * @modelled net/ipv4/inetpeer.c
 * @omits cleanup_once: peers are kept for good
 */
export function inet_getpeer(daddr: number, create: boolean): inet_peer | null {
  const base = family_to_base();
  const found = lookup_rcu(daddr, base);
  if (found !== null) {
    unlink_from_unused(found);
    return found;
  }
  if (!create) {
    return null;
  }
  const p = new inet_peer();
  p.daddr = daddr;
  p.refcnt = 1;
  p.ip_id_count = kernel.arch.random32();
  link_to_pool(p, base);
  return p;
}

/**
 * Gives a reference back.
 * @modelled net/ipv4/inetpeer.c
 */
export function inet_putpeer(p: inet_peer): void {
  p.refcnt--;
}

/**
 * Next IP identification toward a peer, and room for `more` after it.
 * @modelled include/net/inetpeer.h
 */
export function inet_getid(p: inet_peer, more: number): number {
  const id = p.ip_id_count;
  p.ip_id_count = id + 1 + more;
  return id;
}

/**
 * Takes a token of a peer's bucket, into which one falls every `timeout` jiffies, up to six: true when there was one.
 * @modelled net/ipv4/inetpeer.c
 * @cost 6
 */
export function inet_peer_xrlim_allow(peer: inet_peer | null, timeout: number): boolean {
  if (peer === null) {
    return true;
  }
  const now = jiffies();
  const token = Math.min(peer.rate_tokens + now - peer.rate_last, XRLIM_BURST_FACTOR * timeout);
  peer.rate_last = now;
  const rc = token >= timeout;
  peer.rate_tokens = rc ? token - timeout : token;
  return rc;
}
