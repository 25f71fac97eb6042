/**
 * Mirrors net/ipv4/inet_hashtables.c, the inline functions of include/net/inet_hashtables.h, and inet_ehashfn and its kin of
 * include/net/inet_sock.h (2.6.39): how a segment finds its socket, and which ports are in use.
 * Modelled: the hash of connections with its chains, the hash of listeners and their scores, the hash of ports and their
 * owners, the choice of a port for connect().
 * Left out: network namespaces, RCU and the locks of buckets (a kernel's softirqs and tasks meet them only under a socket's lock).
 */
import { heap } from '../../../base/heap';
import { hex32, int, list, ref, struct } from '../../../base/struct';
import { kernel, kernel_global, sysctl } from '../../arch/current';
import { secure_ipv4_port_ephemeral } from '../../drivers/char/random';
import { EADDRNOTAVAIL } from '../../include/linux/errno';
import { jhash_3words } from '../../include/linux/jhash';
import type { sk_buff } from '../../include/linux/skbuff';
import { TCP_CLOSE, TCP_LISTEN } from '../../include/linux/tcp';
import { inet_iif } from '../../include/net/dst';
import { inet_csk } from '../../include/net/inet_connection_sock';
import { inet_bind_bucket } from '../../include/net/inet_hashtables';
import { inet_sk } from '../../include/net/inet_sock';
import type { inet_timewait_death_row, inet_timewait_sock } from '../../include/net/inet_timewait_sock';
import { ip_hdr } from '../../include/net/ip';
import { type proto, sk_add_bind_node, sk_unhashed, skb_steal_sock, type sock } from '../../include/net/sock';
import { inet_twsk_deschedule, inet_twsk_put, inet_twsk_unhash } from './inet_timewait_sock';

/** Buckets of established connections: a power of two. In Linux it grows with the memory. */
const EHASH_SIZE = 512;
/** Buckets of ports in use. */
const BHASH_SIZE = 512;
const INET_LHTABLE_SIZE = 32;

/** The hash tables of a transport protocol. */
export const inet_hashinfo = struct('inet_hashinfo', {
  ehash: list(ref<sock>('first of the chain'), EHASH_SIZE, 'established connections by bucket'),
  twchain: list(ref<inet_timewait_sock>('first of the chain'), EHASH_SIZE, 'sockets in TIME_WAIT by the same buckets'),
  bhash: list(ref<inet_bind_bucket>('first of the chain'), BHASH_SIZE, 'ports in use by bucket'),
  listening_hash: list(ref<sock>('first of the chain'), INET_LHTABLE_SIZE, 'listening sockets by port'),
  ehash_secret: hex32('mixed into the hash, so that nobody can choose a bucket'),
  bsockets: int('sockets that own a port'),
  hint: int('ports connect() has stepped over so far: the next search starts there'),
});
export interface inet_hashinfo extends InstanceType<typeof inet_hashinfo> {}

const NO_SOCK = null as unknown as sock;
const NO_BUCKET = null as unknown as inet_bind_bucket;

/** The tables of TCP. */
export const tcp_hashinfo = kernel_global(() => {
  const hashinfo = new inet_hashinfo();
  hashinfo.ehash.set(EHASH_SIZE - 1, NO_SOCK);
  hashinfo.bhash.set(BHASH_SIZE - 1, NO_BUCKET);
  hashinfo.listening_hash.set(INET_LHTABLE_SIZE - 1, NO_SOCK);
  hashinfo.ehash_secret = kernel.arch.random32();
  return hashinfo;
});

/** Hash of a connection, seen from our side; ports in host order. */
export const inet_ehashfn = (laddr: number, lport: number, faddr: number, fport: number): number =>
  jhash_3words(laddr, faddr, ((lport << 16) | fport) >>> 0, tcp_hashinfo().ehash_secret);

const bucket_of = (hash: number): number => hash & (EHASH_SIZE - 1);
const chain_head = (hashinfo: inet_hashinfo, hash: number): sock | null =>
  hashinfo.ehash.at(bucket_of(hash)) as sock | null;
const twchain_head = (hashinfo: inet_hashinfo, hash: number): inet_timewait_sock | null =>
  bucket_of(hash) < hashinfo.twchain.length
    ? (hashinfo.twchain.at(bucket_of(hash)) as inet_timewait_sock | null)
    : null;

/** A socket in TIME_WAIT is that of a segment; a macro in C: no call. */
export const INET_TW_MATCH = (
  tw: inet_timewait_sock,
  hash: number,
  saddr: number,
  daddr: number,
  sport: number,
  hnum: number,
): boolean =>
  tw.skc_hash === hash &&
  tw.skc_daddr === saddr &&
  tw.skc_rcv_saddr === daddr &&
  tw.tw_dport === sport &&
  tw.tw_num === hnum;
const listeners_of = (port: number): number => port & (INET_LHTABLE_SIZE - 1);

/** A socket is the connection from `saddr`:`sport` to `daddr`:`dport`, seen from the segments it receives. */
const INET_MATCH = (
  sk: sock,
  hash: number,
  saddr: number,
  daddr: number,
  sport: number,
  dport: number,
  dif: number,
): boolean => {
  const inet = inet_sk(sk);
  return (
    sk.skc_hash === hash &&
    inet.inet_daddr === saddr &&
    inet.inet_rcv_saddr === daddr &&
    inet.inet_dport === sport &&
    inet.inet_num === dport &&
    (sk.skc_bound_dev_if === 0 || sk.skc_bound_dev_if === dif)
  );
};

/** Bucket of a port (in C an inline function that is in no recording: merged everywhere). */
const inet_bhashfn = (lport: number): number => lport & (BHASH_SIZE - 1);

const bhash_head = (hashinfo: inet_hashinfo, port: number): inet_bind_bucket | null =>
  hashinfo.bhash.at(inet_bhashfn(port)) as inet_bind_bucket | null;

/** The entry of a port in use, null: nobody uses it. */
export const inet_bind_bucket_of = (hashinfo: inet_hashinfo, port: number): inet_bind_bucket | null => {
  let tb = bhash_head(hashinfo, port);
  while (tb !== null && tb.port !== port) {
    tb = tb.node;
  }
  return tb;
};

/**
 * Makes an entry for a port that nobody uses.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 30
 */
export function inet_bind_bucket_create(hashinfo: inet_hashinfo, snum: number): inet_bind_bucket {
  const tb = new inet_bind_bucket();
  tb.port = snum;
  tb.node = bhash_head(hashinfo, snum);
  hashinfo.bhash.set(inet_bhashfn(snum), tb);
  return tb;
}

/**
 * Frees the entry of a port without owners.
 * @modelled net/ipv4/inet_hashtables.c
 * @omits ib_net: one namespace a host
 * @cost 10
 */
export function inet_bind_bucket_destroy(hashinfo: inet_hashinfo, tb: inet_bind_bucket): void {
  if (tb.owners !== null) {
    return;
  }
  const head = bhash_head(hashinfo, tb.port);
  if (head === tb) {
    hashinfo.bhash.set(inet_bhashfn(tb.port), tb.node as inet_bind_bucket);
  } else {
    let before = head;
    while (before !== null && before.node !== tb) {
      before = before.node;
    }
    if (before !== null) {
      before.node = tb.node;
    }
  }
  heap.release(tb);
}

/**
 * Makes a socket an owner of a port.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 5
 */
export function inet_bind_hash(sk: sock, tb: inet_bind_bucket, snum: number): void {
  tcp_hashinfo().bsockets++;
  inet_sk(sk).inet_num = snum;
  sk_add_bind_node(sk, tb);
  tb.num_owners++;
  inet_csk(sk).icsk_bind_hash = tb;
}

/**
 * A socket gives up its port.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 10
 */
export function __inet_put_port(sk: sock): void {
  const hashinfo = tcp_hashinfo();
  const icsk = inet_csk(sk);
  const tb = icsk.icsk_bind_hash as inet_bind_bucket;
  hashinfo.bsockets--;
  __sk_del_bind_node(sk, tb);
  tb.num_owners--;
  icsk.icsk_bind_hash = null;
  icsk.inet_num = 0;
  inet_bind_bucket_destroy(hashinfo, tb);
}

/**
 * Counts a socket out of the owners of a port.
 * @modelled include/net/sock.h
 * @cost 3
 */
export function __sk_del_bind_node(sk: sock, tb: inet_bind_bucket): void {
  if (tb.owners === sk) {
    tb.owners = sk.skc_bind_next;
  } else {
    let before = tb.owners;
    while (before !== null && before.skc_bind_next !== sk) {
      before = before.skc_bind_next;
    }
    if (before !== null) {
      before.skc_bind_next = sk.skc_bind_next;
    }
  }
  sk.skc_bind_next = null;
}

/**
 * A socket gives up its port, with softirqs off.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 4
 */
export function inet_put_port(sk: sock): void {
  __inet_put_port(sk);
}

/**
 * A connection shares the port of its listener; after redirection by a proxy it may be another. 0.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 5
 */
export function __inet_inherit_port(sk: sock, child: sock): number {
  const hashinfo = tcp_hashinfo();
  const port = inet_sk(child).inet_num;
  let tb = inet_csk(sk).icsk_bind_hash as inet_bind_bucket;
  if (tb.port !== port) {
    tb = inet_bind_bucket_of(hashinfo, port) ?? inet_bind_bucket_create(hashinfo, port);
  }
  inet_bind_hash(child, tb, port);
  return 0;
}

/**
 * How well a listener fits the segment: better when it is bound to this address. −1: not at all.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 6
 */
export function compute_score(sk: sock, hnum: number, daddr: number, dif: number): number {
  const inet = inet_sk(sk);
  if (inet.inet_num !== hnum) {
    return -1;
  }
  let score = 1;
  if (inet.inet_rcv_saddr !== 0) {
    if (inet.inet_rcv_saddr !== daddr) {
      return -1;
    }
    score += 2;
  }
  if (sk.skc_bound_dev_if !== 0) {
    if (sk.skc_bound_dev_if !== dif) {
      return -1;
    }
    score += 2;
  }
  return score;
}

/**
 * The listener that fits a segment to `daddr`:`hnum` best, with a reference; null if there is none.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function __inet_lookup_listener(hashinfo: inet_hashinfo, daddr: number, hnum: number, dif: number): sock | null {
  let result: sock | null = null;
  let hiscore = 0;
  let sk = hashinfo.listening_hash.at(listeners_of(hnum)) as sock | null;
  for (; sk !== null; sk = sk.skc_nulls_next) {
    const score = compute_score(sk, hnum, daddr, dif);
    if (score > hiscore) {
      result = sk;
      hiscore = score;
    }
  }
  if (result !== null) {
    result.skc_refcnt++;
    // It may have been closed and opened again between the two: it is looked at once more, now that it stays.
    if (compute_score(result, hnum, daddr, dif) < hiscore) {
      result.skc_refcnt--;
      return __inet_lookup_listener(hashinfo, daddr, hnum, dif);
    }
  }
  return result;
}

/**
 * The connection of a segment from `saddr`:`sport` to `daddr`:`hnum`, established or in TIME_WAIT (then an inet_timewait_sock), with a
 * reference; null if none.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 35
 */
export function __inet_lookup_established(
  hashinfo: inet_hashinfo,
  saddr: number,
  sport: number,
  daddr: number,
  hnum: number,
  dif: number,
): sock | null {
  const hash = inet_ehashfn(daddr, hnum, saddr, sport);
  for (let sk = chain_head(hashinfo, hash); sk !== null; sk = sk.skc_nulls_next) {
    if (INET_MATCH(sk, hash, saddr, daddr, sport, hnum, dif)) {
      sk.skc_refcnt++;
      return sk;
    }
  }
  for (let tw = twchain_head(hashinfo, hash); tw !== null; tw = tw.skc_nulls_next) {
    if (INET_TW_MATCH(tw, hash, saddr, daddr, sport, hnum)) {
      tw.skc_refcnt++;
      return tw as unknown as sock;
    }
  }
  return null;
}

/**
 * The connection of a segment from `saddr`:`sport` to `daddr`:`dport`, with a reference; null if none.
 * @modelled include/net/inet_hashtables.h
 * @cost 3
 */
export function inet_lookup_established(
  hashinfo: inet_hashinfo,
  saddr: number,
  sport: number,
  daddr: number,
  dport: number,
  dif: number,
): sock | null {
  return __inet_lookup_established(hashinfo, saddr, sport, daddr, dport, dif);
}

/**
 * The socket of a segment from `saddr`:`sport` to `daddr`:`dport`, with a reference; null if none.
 * @modelled include/net/inet_hashtables.h
 * @cost 3
 */
export function inet_lookup(
  hashinfo: inet_hashinfo,
  saddr: number,
  sport: number,
  daddr: number,
  dport: number,
  dif: number,
): sock | null {
  return __inet_lookup(hashinfo, saddr, sport, daddr, dport, dif);
}

/**
 * The socket of a segment: an established connection, else a listener.
 * @modelled include/net/inet_hashtables.h
 * @cost 5
 */
export function __inet_lookup(
  hashinfo: inet_hashinfo,
  saddr: number,
  sport: number,
  daddr: number,
  dport: number,
  dif: number,
): sock | null {
  const sk = __inet_lookup_established(hashinfo, saddr, sport, daddr, dport, dif);
  return sk !== null ? sk : __inet_lookup_listener(hashinfo, daddr, dport, dif);
}

/**
 * The socket of a received segment: the one found for it earlier, else by its addresses and ports.
 * @modelled include/net/inet_hashtables.h
 * @cost 5
 */
export function __inet_lookup_skb(hashinfo: inet_hashinfo, skb: sk_buff, sport: number, dport: number): sock | null {
  const sk = skb_steal_sock(skb);
  if (sk !== null) {
    return sk;
  }
  const iph = ip_hdr(skb);
  return __inet_lookup(hashinfo, iph.saddr, sport, iph.daddr, dport, inet_iif(skb));
}

/**
 * The chain of a hash of connections.
 * @modelled include/net/inet_hashtables.h
 * @cost 2
 */
export function inet_ehash_bucket(_hashinfo: inet_hashinfo, hash: number): number {
  return bucket_of(hash);
}

/**
 * The lock of a chain.
 * @simplified chains have no lock here
 * @cost 2
 */
export function inet_ehash_lockp(_hashinfo: inet_hashinfo, _hash: number): void {}

/**
 * Puts a socket in front of a chain.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function __sk_nulls_add_node_rcu(sk: sock, bucket: number): void {
  const { ehash } = tcp_hashinfo();
  sk.skc_nulls_next = ehash.at(bucket) as sock | null;
  sk.skc_hashed = true;
  ehash.set(bucket, sk);
}

/**
 * Counts the sockets of a protocol.
 * @simplified a statistics counter that nobody reads
 * @cost 2
 */
export function sock_prot_inuse_add(_sk: sock, _val: number): void {}

/**
 * Puts a connection into the hash of established ones. 0.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function __inet_hash_nolisten(sk: sock, _tw: sock | null = null): number {
  const hashinfo = tcp_hashinfo();
  const inet = inet_sk(sk);
  sk.skc_hash = inet_ehashfn(inet.inet_rcv_saddr, inet.inet_num, inet.inet_daddr, inet.inet_dport);
  const list = inet_ehash_bucket(hashinfo, sk.skc_hash);
  inet_ehash_lockp(hashinfo, sk.skc_hash);
  __sk_nulls_add_node_rcu(sk, list);
  sock_prot_inuse_add(sk, 1);
  return 0;
}

/**
 * Puts a socket into the hash its state asks for.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function __inet_hash(sk: sock): void {
  if (sk.skc_state !== TCP_LISTEN) {
    __inet_hash_nolisten(sk);
    return;
  }
  const hashinfo = tcp_hashinfo();
  const bucket = listeners_of(inet_sk(sk).inet_num);
  sk.skc_nulls_next = hashinfo.listening_hash.at(bucket) as sock | null;
  sk.skc_hashed = true;
  hashinfo.listening_hash.set(bucket, sk);
  sock_prot_inuse_add(sk, 1);
}

/**
 * Makes a socket findable.
 * @modelled net/ipv4/inet_hashtables.c
 * @omits local_bh_disable: the tables have no lock here
 */
export function inet_hash(sk: sock): void {
  if (sk.skc_state !== TCP_CLOSE) {
    __inet_hash(sk);
  }
}

/**
 * Takes a socket out of the tables; one that is in none stays as it is.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function inet_unhash(sk: sock): void {
  if (sk_unhashed(sk)) {
    return;
  }
  const hashinfo = tcp_hashinfo();
  const listening = sk.skc_state === TCP_LISTEN;
  const table = listening ? hashinfo.listening_hash : hashinfo.ehash;
  const bucket = listening ? listeners_of(inet_sk(sk).inet_num) : bucket_of(sk.skc_hash);
  if (!listening) {
    inet_ehash_lockp(hashinfo, sk.skc_hash);
  }
  if (__sk_nulls_del_node_init_rcu(sk, table, bucket)) {
    sock_prot_inuse_add(sk, -1);
  }
}

/**
 * Takes a socket out of its chain; true when it was in it.
 * @modelled include/net/sock.h
 * @cost 4
 */
export function __sk_nulls_del_node_init_rcu(sk: sock, table: inet_hashinfo['ehash'], bucket: number): boolean {
  let before: sock | null = null;
  for (let at = table.at(bucket) as sock | null; at !== null; at = at.skc_nulls_next) {
    if (at === sk) {
      if (before === null) {
        table.set(bucket, sk.skc_nulls_next as sock);
      } else {
        before.skc_nulls_next = sk.skc_nulls_next;
      }
      sk.skc_nulls_next = null;
      sk.skc_hashed = false;
      return true;
    }
    before = at;
  }
  return false;
}

/**
 * Puts a connection with a port of its own choice into the hash, unless one with the same addresses and ports is there: 0, or
 * -EADDRNOTAVAIL. One in TIME_WAIT may give way; it ends, or with `twp` is left to the caller to end.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function __inet_check_established(
  death_row: inet_timewait_death_row,
  sk: sock,
  lport: number,
  twp: tw_ptr | null,
): number {
  const hashinfo = tcp_hashinfo();
  const inet = inet_sk(sk);
  const daddr = inet.inet_rcv_saddr;
  const saddr = inet.inet_daddr;
  const dif = sk.skc_bound_dev_if;
  const hash = inet_ehashfn(daddr, lport, saddr, inet.inet_dport);
  const head = inet_ehash_bucket(hashinfo, hash);
  inet_ehash_lockp(hashinfo, hash);
  let tw = twchain_head(hashinfo, hash);
  while (tw !== null && !INET_TW_MATCH(tw, hash, saddr, daddr, inet.inet_dport, lport)) {
    tw = tw.skc_nulls_next;
  }
  if (tw !== null && !twsk_unique(sk, tw, twp)) {
    return -EADDRNOTAVAIL;
  }
  for (let sk2 = hashinfo.ehash.at(head) as sock | null; tw === null && sk2 !== null; sk2 = sk2.skc_nulls_next) {
    if (INET_MATCH(sk2, hash, saddr, daddr, inet.inet_dport, lport, dif)) {
      return -EADDRNOTAVAIL;
    }
  }
  inet.inet_num = lport;
  inet.inet_sport = lport;
  sk.skc_hash = hash;
  __sk_nulls_add_node_rcu(sk, head);
  if (tw !== null && inet_twsk_unhash(tw, hashinfo) !== 0) {
    inet_twsk_put(tw);
  }
  sock_prot_inuse_add(sk, 1);
  if (twp !== null) {
    twp.tw = tw;
  } else if (tw !== null) {
    inet_twsk_deschedule(tw, death_row);
    inet_twsk_put(tw);
  }
  return 0;
}

/** Where a socket in TIME_WAIT that gives way is left for the caller to end; in C a pointer to a pointer. */
export interface tw_ptr {
  tw: inet_timewait_sock | null;
}

/**
 * A new connection may take the place of one in TIME_WAIT, as the protocol sees it; then it has a reference to it.
 * @modelled include/net/timewait_sock.h
 * @cost 3
 */
export function twsk_unique(sk: sock, sktw: inet_timewait_sock, twp: tw_ptr | null): boolean {
  const { twsk_unique: unique } = sk.skc_prot as proto;
  return unique?.(sk, sktw, twp !== null) ?? false;
}

/**
 * Where the search for a port begins for the addresses of a socket.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 3
 */
export function inet_sk_port_offset(sk: sock): number {
  const inet = inet_sk(sk);
  return secure_ipv4_port_ephemeral(inet.inet_rcv_saddr, inet.inet_daddr, inet.inet_dport);
}

/** A range of ports, both ends included. */
export interface port_range {
  low: number;
  high: number;
}

/**
 * Ports that the kernel may choose.
 * @modelled net/ipv4/inet_connection_sock.c
 * @cost 4
 */
export function inet_get_local_port_range(): port_range {
  return {
    low: sysctl('ipv4.ip_local_port_range.min', 32768),
    high: sysctl('ipv4.ip_local_port_range.max', 61000),
  };
}

/**
 * The kernel must not choose this port.
 * @simplified none is reserved (ip_local_reserved_ports is empty)
 * @cost 2
 */
export function inet_is_reserved_local_port(_port: number): boolean {
  return false;
}

/**
 * Gives a connecting socket a port, if it has none, and makes it findable: 0, or -EADDRNOTAVAIL. A port that bind() gave to
 * somebody is left alone; one that connect() chose may be shared by connections to different peers.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function __inet_hash_connect(
  death_row: inet_timewait_death_row,
  sk: sock,
  port_offset: number,
  check_established: typeof __inet_check_established,
  hash: (sk: sock) => number,
): number {
  const hashinfo = tcp_hashinfo();
  const snum = inet_sk(sk).inet_num;
  if (snum !== 0) {
    const tb = inet_csk(sk).icsk_bind_hash as inet_bind_bucket;
    if (tb.owners === sk && sk.skc_bind_next === null) {
      hash(sk);
      return 0;
    }
    return check_established(death_row, sk, snum, null);
  }
  const { low, high } = inet_get_local_port_range();
  const remaining = high - low + 1;
  const offset = hashinfo.hint + port_offset;
  for (let i = 1; i <= remaining; i++) {
    const port = low + ((i + offset) % remaining);
    if (inet_is_reserved_local_port(port)) {
      continue;
    }
    const twp: tw_ptr = { tw: null };
    let tb = inet_bind_bucket_of(hashinfo, port);
    if (tb === null) {
      tb = inet_bind_bucket_create(hashinfo, port);
      tb.fastreuse = -1;
    } else if (tb.fastreuse >= 0 || check_established(death_row, sk, port, twp) !== 0) {
      continue;
    }
    hashinfo.hint += i;
    inet_bind_hash(sk, tb, port);
    if (sk_unhashed(sk)) {
      inet_sk(sk).inet_sport = port;
      hash(sk);
    }
    if (twp.tw !== null) {
      inet_twsk_deschedule(twp.tw, death_row);
      inet_twsk_put(twp.tw);
    }
    return 0;
  }
  return -EADDRNOTAVAIL;
}

/**
 * Gives a connecting socket a port, if it has none, and makes it findable: 0, or -EADDRNOTAVAIL.
 * @modelled net/ipv4/inet_hashtables.c
 */
export function inet_hash_connect(death_row: inet_timewait_death_row, sk: sock): number {
  return __inet_hash_connect(death_row, sk, inet_sk_port_offset(sk), __inet_check_established, __inet_hash_nolisten);
}
