/**
 * Mirrors net/ipv4/inetpeer.c (2.6.39): what is remembered of a destination address beyond a route's life.
 * Simplified: a list instead of an AVL tree, nothing is ever forgotten.
 */
import { list, ref, struct } from '../../../base/struct';
import { kernel, kernel_global } from '../../arch/current';
import { inet_peer } from '../../include/net/dst';

/** Peers of a host (struct inet_peer_base). */
export const inet_peer_base = struct('inet_peer_base', {
  peers: list(ref<inet_peer>('peer'), 32, 'peers by address'),
});
export interface inet_peer_base extends InstanceType<typeof inet_peer_base> {}

/** Peers of this host. */
export const v4_peers = kernel_global(() => new inet_peer_base());

/**
 * Finds what is known of an address, or makes an entry; null when there is none and none is to be made.
 * @simplified a walk over a list instead of the AVL tree
 */
export function inet_getpeer(daddr: number, create: boolean): inet_peer | null {
  const { peers } = v4_peers();
  for (const peer of peers) {
    if (peer.daddr === daddr) {
      peer.refcnt++;
      return peer;
    }
  }
  if (!create) {
    return null;
  }
  const peer = new inet_peer();
  peer.daddr = daddr;
  peer.refcnt = 1;
  peer.ip_id_count = kernel.arch.random32();
  peers.push(peer);
  return peer;
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
