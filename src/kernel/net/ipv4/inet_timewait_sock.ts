/**
 * Mirrors net/ipv4/inet_timewait_sock.c (2.6.39) and the lists of its header: sockets in TIME_WAIT, their hash and their two timers. A slow
 * timer kills one of eight slots every 7.5 s; a fast one has 32 slots of 128 ms for short timeouts.
 * Left out: the work queue for slots with more than 100 sockets (they are killed in the timer), network namespaces, RCU, the locks of buckets.
 */
import { heap } from '../../../base/heap';
import type { List } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import { TCP_TIME_WAIT } from '../../include/linux/tcp';
import { jiffies } from '../../include/linux/timer';
import { inet_csk } from '../../include/net/inet_connection_sock';
import type { inet_bind_bucket } from '../../include/net/inet_hashtables';
import { inet_sk } from '../../include/net/inet_sock';
import {
  INET_TWDR_RECYCLE_SLOTS,
  INET_TWDR_RECYCLE_TICK,
  INET_TWDR_TWKILL_SLOTS,
  type inet_timewait_death_row,
  type inet_timewait_sock,
  inet_twsk_dead_hashed,
  inet_twsk_dead_node_init,
  tcp_timewait_sock,
} from '../../include/net/inet_timewait_sock';
import type { sock } from '../../include/net/sock';
import { del_timer, mod_timer } from '../../kernel/timer';
import {
  __sk_del_bind_node,
  __sk_nulls_del_node_init_rcu,
  inet_bind_bucket_destroy,
  inet_ehash_bucket,
  inet_ehash_lockp,
  type inet_hashinfo,
  sock_prot_inuse_add,
  tcp_hashinfo,
} from './inet_hashtables';

const NO_TW = null as unknown as inet_timewait_sock;

/** As an owner of a port it stands among sockets. */
const as_sock = (tw: inet_timewait_sock): sock => tw as unknown as sock;

/** The list that holds a slot, and its index there. */
const slot_of = (twdr: inet_timewait_death_row, slot: number): [List<inet_timewait_sock>, number] =>
  slot < INET_TWDR_TWKILL_SLOTS ? [twdr.cells, slot] : [twdr.twcal_row, slot - INET_TWDR_TWKILL_SLOTS];

/** First of a slot, or null. */
const first_of = (list: List<inet_timewait_sock>, at: number): inet_timewait_sock | null =>
  at < list.length ? (list.at(at) as inet_timewait_sock | null) : null;

/**
 * Ties it to the network namespace.
 * @simplified one namespace a host
 * @cost 1
 */
export function twsk_net_set(_tw: inet_timewait_sock): void {}

/**
 * Makes what is left of a connection: addresses, ports, hash. No one holds it yet.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 40
 */
export function inet_twsk_alloc(sk: sock, state: number): inet_timewait_sock {
  const tw = new tcp_timewait_sock();
  const inet = inet_sk(sk);
  tw.skc_family = sk.skc_family;
  tw.skc_daddr = inet.inet_daddr;
  tw.skc_rcv_saddr = inet.inet_rcv_saddr;
  tw.tw_num = inet.inet_num;
  tw.skc_state = TCP_TIME_WAIT;
  tw.tw_substate = state;
  tw.tw_sport = inet.inet_sport;
  tw.tw_dport = inet.inet_dport;
  tw.skc_reuse = sk.skc_reuse;
  tw.skc_bound_dev_if = sk.skc_bound_dev_if;
  tw.skc_hash = sk.skc_hash;
  tw.skc_prot = sk.skc_prot;
  twsk_net_set(tw);
  tw.skc_refcnt = 0;
  inet_twsk_dead_node_init(tw);
  return tw;
}

/**
 * Takes it out of the slot of its timer; false if it was in none.
 * @modelled include/net/inet_timewait_sock.h
 * @cost 4
 */
export function inet_twsk_del_dead_node(twdr: inet_timewait_death_row, tw: inet_timewait_sock): boolean {
  if (!inet_twsk_dead_hashed(tw)) {
    return false;
  }
  const [list, at] = slot_of(twdr, tw.tw_death_slot);
  let before: inet_timewait_sock | null = null;
  for (let other = first_of(list, at); other !== null && other !== tw; other = other.tw_death_next) before = other;
  if (before === null) list.set(at, (tw.tw_death_next ?? NO_TW) as inet_timewait_sock);
  else before.tw_death_next = tw.tw_death_next;
  tw.tw_death_next = null;
  inet_twsk_dead_node_init(tw);
  return true;
}

/**
 * Drops a reference; the last one frees it.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 4
 */
export function inet_twsk_put(tw: inet_timewait_sock): void {
  tw.skc_refcnt--;
  if (tw.skc_refcnt === 0) {
    inet_twsk_free(tw);
  }
}

/**
 * Frees it.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 10
 */
export function inet_twsk_free(tw: inet_timewait_sock): void {
  heap.release(tw);
}

/**
 * Takes it out of the hash; the number of references that held it there.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 6
 */
export function inet_twsk_unhash(tw: inet_timewait_sock, hashinfo: inet_hashinfo): number {
  if (!tw.tw_hashed) {
    return 0;
  }
  const bucket = inet_ehash_bucket(hashinfo, tw.skc_hash);
  const chain = hashinfo.twchain;
  let before: inet_timewait_sock | null = null;
  for (let other = first_of(chain, bucket); other !== null && other !== tw; other = other.skc_nulls_next)
    before = other;
  if (before === null) chain.set(bucket, (tw.skc_nulls_next ?? NO_TW) as inet_timewait_sock);
  else before.skc_nulls_next = tw.skc_nulls_next;
  tw.skc_nulls_next = null;
  tw.tw_hashed = false;
  return 1;
}

/**
 * Gives its port up; the number of references that held it there.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 6
 */
export function inet_twsk_bind_unhash(tw: inet_timewait_sock, hashinfo: inet_hashinfo): number {
  const tb = tw.tw_tb;
  if (tb === null) {
    return 0;
  }
  __sk_del_bind_node(as_sock(tw), tb);
  tw.tw_tb = null;
  inet_bind_bucket_destroy(hashinfo, tb);
  return 1;
}

/**
 * Takes it out of all tables. The caller took it off its timer.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 15
 */
export function __inet_twsk_kill(tw: inet_timewait_sock, hashinfo: inet_hashinfo): void {
  inet_ehash_lockp(hashinfo, tw.skc_hash);
  let refcnt = inet_twsk_unhash(tw, hashinfo);
  refcnt += inet_twsk_bind_unhash(tw, hashinfo);
  for (; refcnt > 0; refcnt--) {
    inet_twsk_put(tw);
  }
}

/**
 * Joins the owners of a port.
 * @modelled include/net/inet_timewait_sock.h
 * @cost 3
 */
export function inet_twsk_add_bind_node(tw: inet_timewait_sock, tb: inet_bind_bucket): void {
  tw.skc_bind_next = tb.owners;
  tb.owners = as_sock(tw);
}

/**
 * Joins the TIME_WAIT chain of its hash.
 * @modelled include/net/inet_timewait_sock.h
 * @cost 4
 */
export function inet_twsk_add_node_rcu(tw: inet_timewait_sock, hashinfo: inet_hashinfo, bucket: number): void {
  tw.skc_nulls_next = first_of(hashinfo.twchain, bucket);
  hashinfo.twchain.set(bucket, tw);
  tw.tw_hashed = true;
}

/**
 * Puts it into the tables in the place of the connection. The caller has a reference then.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @omits twsk_net: one namespace a host
 * @cost 20
 */
export function __inet_twsk_hashdance(tw: inet_timewait_sock, sk: sock, hashinfo: inet_hashinfo): void {
  const bucket = inet_ehash_bucket(hashinfo, sk.skc_hash);
  inet_ehash_lockp(hashinfo, sk.skc_hash);
  const tb = inet_csk(sk).icsk_bind_hash as inet_bind_bucket;
  tw.tw_tb = tb;
  inet_twsk_add_bind_node(tw, tb);
  inet_twsk_add_node_rcu(tw, hashinfo, bucket);
  if (__sk_nulls_del_node_init_rcu(sk, hashinfo.ehash, bucket)) {
    sock_prot_inuse_add(sk, -1);
  }
  // For the port, the hash and the caller.
  tw.skc_refcnt += 3;
}

/**
 * Ends it before its time.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 10
 */
export function inet_twsk_deschedule(tw: inet_timewait_sock, twdr: inet_timewait_death_row): void {
  if (inet_twsk_del_dead_node(twdr, tw)) {
    inet_twsk_put(tw);
    twdr.tw_count--;
    if (twdr.tw_count === 0) {
      del_timer(twdr.tw_timer);
    }
  }
  __inet_twsk_kill(tw, tcp_hashinfo());
}

/**
 * It is to die in `timeo` jiffies, to the grain of the timers; a timer holds it until then. `timewait_len`: how long TIME_WAIT lasts.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 20
 */
export function inet_twsk_schedule(
  tw: inet_timewait_sock,
  twdr: inet_timewait_death_row,
  timeo: number,
  timewait_len: number,
): void {
  let slot = (timeo + (1 << INET_TWDR_RECYCLE_TICK) - 1) >> INET_TWDR_RECYCLE_TICK;
  if (inet_twsk_del_dead_node(twdr, tw)) {
    twdr.tw_count--;
  } else {
    tw.skc_refcnt++;
  }

  if (slot >= INET_TWDR_RECYCLE_SLOTS) {
    slot = timeo >= timewait_len ? INET_TWDR_TWKILL_SLOTS - 1 : Math.ceil(timeo / twdr.period);
    slot = Math.min(slot, INET_TWDR_TWKILL_SLOTS - 1);
    tw.tw_ttd = jiffies() + timeo;
    slot = (twdr.slot + slot) & (INET_TWDR_TWKILL_SLOTS - 1);
  } else {
    const delay = slot << INET_TWDR_RECYCLE_TICK;
    tw.tw_ttd = jiffies() + delay;
    if (twdr.twcal_hand < 0) {
      twdr.twcal_hand = 0;
      twdr.twcal_jiffie = jiffies();
      mod_timer(twdr.twcal_timer, twdr.twcal_jiffie + delay);
    } else {
      if (twdr.twcal_timer.expires > jiffies() + delay) {
        mod_timer(twdr.twcal_timer, jiffies() + delay);
      }
      slot = (twdr.twcal_hand + slot) & (INET_TWDR_RECYCLE_SLOTS - 1);
    }
    slot += INET_TWDR_TWKILL_SLOTS;
  }
  const [list, at] = slot_of(twdr, slot);
  tw.tw_death_next = first_of(list, at);
  tw.tw_death_slot = slot;
  list.set(at, tw);

  if (twdr.tw_count === 0) {
    mod_timer(twdr.tw_timer, jiffies() + twdr.period);
  }
  twdr.tw_count++;
}

/**
 * Kills all of a slot of the slow timer.
 * @simplified no quota of 100 a time: all of the slot goes in the timer
 * @cost 10
 */
export function inet_twdr_do_twkill_work(twdr: inet_timewait_death_row, slot: number): number {
  let killed = 0;
  for (let tw = first_of(twdr.cells, slot); tw !== null; tw = first_of(twdr.cells, slot)) {
    inet_twsk_del_dead_node(twdr, tw);
    __inet_twsk_kill(tw, tcp_hashinfo());
    inet_twsk_put(tw);
    killed++;
  }
  twdr.tw_count -= killed;
  return 0;
}

/**
 * The slow timer: kills a slot and goes on to the next while any socket is left.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 15
 */
export function* inet_twdr_hangman(twdr: inet_timewait_death_row): Kgen {
  if (twdr.tw_count === 0) {
    return;
  }
  inet_twdr_do_twkill_work(twdr, twdr.slot);
  twdr.slot = (twdr.slot + 1) & (INET_TWDR_TWKILL_SLOTS - 1);
  if (twdr.tw_count !== 0) {
    mod_timer(twdr.tw_timer, jiffies() + twdr.period);
  }
}

/**
 * The fast timer: kills the slots that are due, and rests at the next that is not empty.
 * @modelled net/ipv4/inet_timewait_sock.c
 * @cost 20
 */
export function* inet_twdr_twcal_tick(twdr: inet_timewait_death_row): Kgen {
  if (twdr.twcal_hand < 0) {
    return;
  }
  const now = jiffies();
  let killed = 0;
  let advanced = false;
  let waits = false;
  let slot = twdr.twcal_hand;
  let j = twdr.twcal_jiffie;
  for (let n = 0; n < INET_TWDR_RECYCLE_SLOTS && !waits; n++) {
    if (j <= now) {
      for (let tw = first_of(twdr.twcal_row, slot); tw !== null; tw = first_of(twdr.twcal_row, slot)) {
        inet_twsk_del_dead_node(twdr, tw);
        __inet_twsk_kill(tw, tcp_hashinfo());
        inet_twsk_put(tw);
        killed++;
      }
    } else {
      if (!advanced) {
        advanced = true;
        twdr.twcal_jiffie = j;
        twdr.twcal_hand = slot;
      }
      if (first_of(twdr.twcal_row, slot) !== null) {
        mod_timer(twdr.twcal_timer, j);
        waits = true;
      }
    }
    j += 1 << INET_TWDR_RECYCLE_TICK;
    slot = (slot + 1) & (INET_TWDR_RECYCLE_SLOTS - 1);
  }
  if (!waits) {
    twdr.twcal_hand = -1;
  }
  twdr.tw_count -= killed;
  if (twdr.tw_count === 0) {
    del_timer(twdr.tw_timer);
  }
}
