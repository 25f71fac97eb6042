/**
 * Mirrors net/core/neighbour.c (2.6.39), with the inline functions of include/net/neighbour.h: who is on the link, how
 * sure we are of it, packets that wait for an answer, ready-made link headers.
 * One table a host, that of ARP. Left out: garbage collection, proxy entries, netlink notification, the locks (an entry is
 * changed for moments only).
 */
import { heap } from '../../../base/heap';
import { list, ref, struct } from '../../../base/struct';
import { type Kgen, kernel, kernel_global, sysctl } from '../../arch/current';
import { EINVAL, EPERM } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { dev_hard_header, HH_DATA_MOD, type net_device } from '../../include/linux/netdevice';
import {
  __skb_dequeue,
  __skb_pull,
  __skb_queue_tail,
  type sk_buff,
  skb_network_offset,
  skb_peek,
} from '../../include/linux/skbuff';
import { HZ, jiffies } from '../../include/linux/timer';
import {
  DST_NOCACHE,
  type dst_entry,
  hh_cache,
  NUD_CONNECTED,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_NOARP,
  NUD_NONE,
  NUD_PERMANENT,
  NUD_PROBE,
  NUD_REACHABLE,
  NUD_STALE,
  neighbour,
  skb_dst,
  skb_dst_force,
} from '../../include/net/dst';
import { del_timer, mod_timer, setup_timer } from '../../kernel/timer';
import { kfree_skb, skb_copy, skb_push, skb_queue_purge } from './skbuff';

export const NEIGH_UPDATE_F_OVERRIDE = 0x00000001;
export const NEIGH_UPDATE_F_WEAK_OVERRIDE = 0x00000002;
export const NEIGH_UPDATE_F_ADMIN = 0x80000000;

/** States with a timer under way. */
const NUD_IN_TIMER = NUD_INCOMPLETE | NUD_REACHABLE | NUD_DELAY | NUD_PROBE;
/** States in which the address is believed. */
export const NUD_VALID = NUD_PERMANENT | NUD_NOARP | NUD_REACHABLE | NUD_PROBE | NUD_STALE | NUD_DELAY;

/** Entries the table holds (gc_thresh3). */
const GC_THRESH3 = 1024;

/** Neighbours of a host (struct neigh_table, arp_tbl). */
export const neigh_table = struct('neigh_table', {
  neighbours: list(ref<neighbour>('neighbour'), GC_THRESH3, 'neighbours; a hash table in Linux'),
});
export interface neigh_table extends InstanceType<typeof neigh_table> {}

/** The ARP table of this host. */
export const arp_tbl = kernel_global(() => new neigh_table());

/**
 * Time between requests, jiffies.
 * @model parms->retrans_time
 * @cost 1
 */
function retrans_time(): number {
  return sysctl('ipv4.neigh.retrans_time_ms', HZ);
}

/**
 * Time to wait for a sign of life before asking, jiffies.
 * @model parms->delay_probe_time
 * @cost 1
 */
function delay_probe_time(): number {
  return sysctl('ipv4.neigh.delay_first_probe_time', 5) * HZ;
}

/**
 * Requests sent to the known address before it is given up.
 * @model parms->ucast_probes
 * @cost 1
 */
export function ucast_probes(): number {
  return sysctl('ipv4.neigh.ucast_solicit', 3);
}

/**
 * Time a neighbour counts as reachable: random, half to one and a half times 30 s, so that hosts do not ask in step.
 * @modelled net/core/neighbour.c
 */
export function neigh_rand_reach_time(base: number): number {
  return base === 0 ? 0 : (kernel.arch.random32() % base) + Math.trunc(base / 2);
}

/**
 * Drops a packet for a neighbour that is going away.
 * @modelled net/core/neighbour.c
 */
export function* neigh_blackhole(skb: sk_buff): Kgen<number> {
  kfree_skb(skb);
  return -EINVAL;
}

/**
 * Finds a neighbour by address and device.
 * @modelled net/core/neighbour.c
 */
export function neigh_lookup(tbl: neigh_table, pkey: number, dev: net_device): neighbour | null {
  for (const n of tbl.neighbours) {
    if (n.primary_key === pkey && n.dev === dev) {
      n.refcnt++;
      return n;
    }
  }
  return null;
}

/**
 * Makes an entry of which nothing is known yet; `setup` is the protocol's set-up. Null: there is no room for one.
 * @modelled net/core/neighbour.c
 * @omits neigh_forced_gc: entries stay for the whole of a run
 */
export function neigh_create(
  tbl: neigh_table,
  pkey: number,
  dev: net_device,
  setup: (neigh: neighbour) => number,
): neighbour | null {
  if (tbl.neighbours.length >= GC_THRESH3) {
    return null;
  }
  const n = new neighbour();
  n.updated = jiffies();
  n.used = jiffies();
  n.nud_state = NUD_NONE;
  n.output = neigh_blackhole;
  n.reachable_time = neigh_rand_reach_time(sysctl('ipv4.neigh.base_reachable_time', 30) * HZ);
  setup_timer(n.timer, neigh_timer_handler, n);
  n.primary_key = pkey;
  n.dev = dev;
  if (setup(n) !== 0) {
    heap.release(n);
    return null;
  }
  n.confirmed = jiffies() - 2 * n.reachable_time;
  tbl.neighbours.push(n);
  return n;
}

/**
 * Starts the state timer, which holds a reference.
 * @modelled net/core/neighbour.c
 */
export function neigh_add_timer(n: neighbour, when: number): void {
  n.refcnt++;
  mod_timer(n.timer, when);
}

/**
 * Stops the state timer.
 * @modelled net/core/neighbour.c
 */
export function neigh_del_timer(n: neighbour): number {
  if ((n.nud_state & NUD_IN_TIMER) !== 0 && del_timer(n.timer) !== 0) {
    neigh_release(n);
    return 1;
  }
  return 0;
}

/**
 * The neighbour may be gone: every packet is looked at again before it leaves.
 * @modelled net/core/neighbour.c
 */
export function neigh_suspect(neigh: neighbour): void {
  const { ops } = neigh;
  if (ops === null) {
    return;
  }
  neigh.output = ops.output;
  if (neigh.hh !== null) {
    neigh.hh.hh_output = ops.output;
  }
}

/**
 * The neighbour is there: packets take the short way.
 * @modelled net/core/neighbour.c
 */
export function neigh_connect(neigh: neighbour): void {
  const { ops } = neigh;
  if (ops === null) {
    return;
  }
  neigh.output = ops.connected_output;
  if (neigh.hh !== null) {
    neigh.hh.hh_output = ops.hh_output;
  }
}

/**
 * Requests to send before the neighbour counts as gone.
 * @modelled net/core/neighbour.c
 */
export function neigh_max_probes(n: neighbour): number {
  const ucast = ucast_probes();
  return n.nud_state === NUD_PROBE ? ucast : ucast + sysctl('ipv4.neigh.mcast_solicit', 3);
}

/**
 * Gives up on a neighbour: packets that wait for it are reported as undeliverable.
 * @modelled net/core/neighbour.c
 */
export function* neigh_invalidate(neigh: neighbour): Kgen {
  neigh.updated = jiffies();
  let skb = __skb_dequeue(neigh.arp_queue);
  while (neigh.nud_state === NUD_FAILED && skb !== null) {
    if (neigh.ops !== null) {
      yield* neigh.ops.error_report(neigh, skb);
    }
    skb = __skb_dequeue(neigh.arp_queue);
  }
  if (skb !== null) {
    kfree_skb(skb);
  }
  skb_queue_purge(neigh.arp_queue);
}

/**
 * State timer: reachable grows stale, delay becomes probe, probes are sent and counted.
 * @modelled net/core/neighbour.c
 * @omits neigh_update_notify: nobody listens to netlink
 */
export function* neigh_timer_handler(neigh: neighbour): Kgen {
  const state = neigh.nud_state;
  const now = jiffies();
  let next = now + HZ;
  if ((state & NUD_IN_TIMER) === 0) {
    neigh_release(neigh);
    return;
  }
  if ((state & NUD_REACHABLE) !== 0) {
    if (now <= neigh.confirmed + neigh.reachable_time) {
      next = neigh.confirmed + neigh.reachable_time;
    } else if (now <= neigh.used + delay_probe_time()) {
      neigh.nud_state = NUD_DELAY;
      neigh.updated = now;
      neigh_suspect(neigh);
      next = now + delay_probe_time();
    } else {
      neigh.nud_state = NUD_STALE;
      neigh.updated = now;
      neigh_suspect(neigh);
    }
  } else if ((state & NUD_DELAY) !== 0) {
    if (now <= neigh.confirmed + delay_probe_time()) {
      neigh.nud_state = NUD_REACHABLE;
      neigh.updated = now;
      neigh_connect(neigh);
      next = neigh.confirmed + neigh.reachable_time;
    } else {
      neigh.nud_state = NUD_PROBE;
      neigh.updated = now;
      neigh.probes = 0;
      next = now + retrans_time();
    }
  } else {
    next = now + retrans_time();
  }
  if ((neigh.nud_state & (NUD_INCOMPLETE | NUD_PROBE)) !== 0 && neigh.probes >= neigh_max_probes(neigh)) {
    neigh.nud_state = NUD_FAILED;
    yield* neigh_invalidate(neigh);
  }
  if ((neigh.nud_state & NUD_IN_TIMER) !== 0) {
    if (mod_timer(neigh.timer, Math.max(next, now + HZ / 2)) === 0) {
      neigh.refcnt++;
    }
  }
  if ((neigh.nud_state & (NUD_INCOMPLETE | NUD_PROBE)) !== 0 && neigh.ops !== null) {
    const waiting = skb_peek(neigh.arp_queue);
    const skb = waiting === null ? null : skb_copy(waiting, GFP_ATOMIC);
    yield* neigh.ops.solicit(neigh, skb);
    neigh.probes++;
    kfree_skb(skb);
  }
  neigh_release(neigh);
}

/**
 * A packet wants to go to a neighbour that is not connected. 0: send it; 1: it was queued or dropped.
 * @modelled net/core/neighbour.c
 */
export function __neigh_event_send(neigh: neighbour, skb: sk_buff | null): number {
  if ((neigh.nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)) !== 0) {
    return 0;
  }
  const now = jiffies();
  if ((neigh.nud_state & (NUD_STALE | NUD_INCOMPLETE)) === 0) {
    neigh.probes = ucast_probes();
    neigh.nud_state = NUD_INCOMPLETE;
    neigh.updated = now;
    neigh_add_timer(neigh, now + 1);
  } else if ((neigh.nud_state & NUD_STALE) !== 0) {
    neigh.nud_state = NUD_DELAY;
    neigh.updated = now;
    neigh_add_timer(neigh, now + delay_probe_time());
  }
  if (neigh.nud_state !== NUD_INCOMPLETE) {
    return 0;
  }
  if (skb !== null) {
    if (neigh.arp_queue.qlen >= sysctl('ipv4.neigh.unres_qlen', 3)) {
      kfree_skb(__skb_dequeue(neigh.arp_queue));
      neigh.arp_queue_dropped++;
    }
    skb_dst_force(skb);
    __skb_queue_tail(neigh.arp_queue, skb);
  }
  return 1;
}

/**
 * Notes the use of a neighbour; looks closer when it is not connected. 0: the packet may go.
 * @modelled include/net/neighbour.h
 * @cost 4
 */
export function neigh_event_send(neigh: neighbour, skb: sk_buff | null): number {
  neigh.used = jiffies();
  if ((neigh.nud_state & (NUD_CONNECTED | NUD_DELAY | NUD_PROBE)) === 0) {
    return __neigh_event_send(neigh, skb);
  }
  return 0;
}

/**
 * Puts a new link address into the ready-made header.
 * @modelled net/core/neighbour.c
 */
export function neigh_update_hhs(neigh: neighbour): void {
  const dev = neigh.dev as net_device;
  const update = dev.header_ops === null ? null : dev.header_ops.cache_update;
  if (update !== null && neigh.hh !== null) {
    update(neigh.hh, dev, neigh.ha);
  }
}

/**
 * Something was learned of a neighbour. Packets that waited for its address leave now.
 * @modelled net/core/neighbour.c
 * @omits neigh_update_notify: nobody listens to netlink
 */
export function* neigh_update(neigh: neighbour, lladdr: number | null, update: number, flags: number): Kgen<number> {
  const old = neigh.nud_state;
  let state = update;
  if ((flags & NEIGH_UPDATE_F_ADMIN) === 0 && (old & (NUD_NOARP | NUD_PERMANENT)) !== 0) {
    return -EPERM;
  }
  if ((state & NUD_VALID) === 0) {
    neigh_del_timer(neigh);
    if ((old & NUD_CONNECTED) !== 0) {
      neigh_suspect(neigh);
    }
    neigh.nud_state = state;
    if ((old & (NUD_INCOMPLETE | NUD_PROBE)) !== 0 && (state & NUD_FAILED) !== 0) {
      yield* neigh_invalidate(neigh);
    }
    return 0;
  }
  if (lladdr === null && (old & NUD_VALID) === 0) {
    return -EINVAL;
  }
  let ha = lladdr ?? neigh.ha;
  const now = jiffies();
  if ((state & NUD_CONNECTED) !== 0) {
    neigh.confirmed = now;
  }
  neigh.updated = now;
  if ((old & NUD_VALID) !== 0) {
    if (ha !== neigh.ha && (flags & NEIGH_UPDATE_F_OVERRIDE) === 0) {
      if ((flags & NEIGH_UPDATE_F_WEAK_OVERRIDE) === 0 || (old & NUD_CONNECTED) === 0) {
        return 0;
      }
      ha = neigh.ha;
      state = NUD_STALE;
    } else if (
      ha === neigh.ha &&
      state === NUD_STALE &&
      ((flags & NEIGH_UPDATE_F_WEAK_OVERRIDE) !== 0 || (old & NUD_CONNECTED) !== 0)
    ) {
      state = old;
    }
  }
  if (state !== old) {
    neigh_del_timer(neigh);
    if ((state & NUD_IN_TIMER) !== 0) {
      neigh_add_timer(neigh, now + ((state & NUD_REACHABLE) !== 0 ? neigh.reachable_time : 0));
    }
    neigh.nud_state = state;
  }
  if (ha !== neigh.ha) {
    neigh.ha = ha;
    neigh_update_hhs(neigh);
    if ((state & NUD_CONNECTED) === 0) {
      neigh.confirmed = now - 2 * neigh.reachable_time;
    }
  }
  if (state === old) {
    return 0;
  }
  if ((state & NUD_CONNECTED) !== 0) {
    neigh_connect(neigh);
  } else {
    neigh_suspect(neigh);
  }
  if ((old & NUD_VALID) === 0) {
    while ((neigh.nud_state & NUD_VALID) !== 0) {
      const skb = __skb_dequeue(neigh.arp_queue);
      if (skb === null) {
        break;
      }
      const n1 = skb_dst(skb)?.neighbour ?? neigh;
      const output = n1.output;
      if (output === null) {
        kfree_skb(skb);
      } else {
        yield* output(skb);
      }
    }
    skb_queue_purge(neigh.arp_queue);
  }
  return 0;
}

/**
 * Gives a route the ready-made link header of its neighbour, making it if there is none.
 * @modelled net/core/neighbour.c
 */
export function neigh_hh_init(n: neighbour, dst: dst_entry, _protocol: number): void {
  let hh = n.hh;
  if (hh === null) {
    const dev = n.dev as net_device;
    const cache = dev.header_ops === null ? null : dev.header_ops.cache;
    if (cache === null) {
      return;
    }
    hh = new hh_cache();
    hh.hh_data = heap.ramAlloc(HH_DATA_MOD);
    if (cache(n, hh) !== 0) {
      heap.ramFree(hh.hh_data, HH_DATA_MOD);
      heap.release(hh);
      return;
    }
    if (n.ops !== null) {
      hh.hh_output = (n.nud_state & NUD_CONNECTED) !== 0 ? n.ops.hh_output : n.ops.output;
    }
    n.hh = hh;
  } else {
    hh.hh_refcnt++;
  }
  dst.hh = hh;
}

/**
 * Sends a packet to a neighbour whose address may not be known: it waits then, and this is no error.
 * @modelled net/core/neighbour.c
 */
export function* neigh_resolve_output(skb: sk_buff): Kgen<number> {
  const dst = skb_dst(skb);
  const neigh = dst === null ? null : dst.neighbour;
  if (dst === null || neigh === null) {
    kfree_skb(skb);
    return -EINVAL;
  }
  __skb_pull(skb, skb_network_offset(skb));
  if (neigh_event_send(neigh, skb) !== 0) {
    return 0;
  }
  const dev = neigh.dev as net_device;
  const cacheable = dev.header_ops !== null && dev.header_ops.cache !== null;
  if (cacheable && dst.hh === null && (dst.flags & DST_NOCACHE) === 0) {
    neigh_hh_init(neigh, dst, skb.protocol);
  }
  const err = dev_hard_header(skb, dev, skb.protocol, neigh.ha, null, skb.len);
  if (err < 0 || neigh.ops === null) {
    kfree_skb(skb);
    return -EINVAL;
  }
  return yield* neigh.ops.queue_xmit(skb);
}

/**
 * Copies the ready-made link header in front of the data, 16 bytes at once, and sends the packet on.
 * @modelled include/net/neighbour.h
 * @cost 8
 */
export function* neigh_hh_output(hh: hh_cache, skb: sk_buff): Kgen<number> {
  heap.copy(skb.data - HH_DATA_MOD, hh.hh_data, HH_DATA_MOD);
  skb_push(skb, hh.hh_len);
  const output = hh.hh_output as NonNullable<hh_cache['hh_output']>;
  return yield* output(skb);
}

/**
 * Finds the entry of an address, making it if there is none.
 * @modelled include/net/neighbour.h
 */
export function __neigh_lookup_errno(
  tbl: neigh_table,
  pkey: number,
  dev: net_device,
  setup: (neigh: neighbour) => number,
): neighbour | null {
  const n = neigh_lookup(tbl, pkey, dev);
  return n === null ? neigh_create(tbl, pkey, dev, setup) : n;
}

/**
 * Finds the entry of an address; makes it if there is none and `creat` sets it up.
 * @modelled include/net/neighbour.h
 */
export function __neigh_lookup(
  tbl: neigh_table,
  pkey: number,
  dev: net_device,
  creat: ((neigh: neighbour) => number) | null,
): neighbour | null {
  const n = neigh_lookup(tbl, pkey, dev);
  return n === null && creat !== null ? neigh_create(tbl, pkey, dev, creat) : n;
}

/**
 * Gives a reference back.
 * @modelled include/net/neighbour.h
 * @omits neigh_destroy: entries stay for the whole of a run
 * @cost 2
 */
export function neigh_release(neigh: neighbour): void {
  neigh.refcnt--;
}

/**
 * Learns the sender of a request that was received; null when there is no room for it.
 * @modelled net/core/neighbour.c
 */
export function* neigh_event_ns(
  tbl: neigh_table,
  lladdr: number,
  saddr: number,
  dev: net_device,
  setup: (neigh: neighbour) => number,
): Kgen<neighbour | null> {
  const neigh = __neigh_lookup(tbl, saddr, dev, setup);
  if (neigh !== null) {
    yield* neigh_update(neigh, lladdr, NUD_STALE, NEIGH_UPDATE_F_OVERRIDE);
  }
  return neigh;
}
