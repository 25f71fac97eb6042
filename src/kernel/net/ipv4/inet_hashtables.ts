/**
 * Mirrors net/ipv4/inet_hashtables.c, the inline functions of include/net/inet_hashtables.h, and inet_ehashfn of
 * include/net/inet_sock.h (Linux 2.6.39): how a segment finds its socket.
 * Modelled: the hash of established connections with its chains, the hash of listeners and their scores.
 * Left out: ports in use (bhash), TIME_WAIT chains, network namespaces, RCU and the locks of buckets.
 */
import { hex32, list, ref, struct } from '../../../base/struct';
import { kernel, kernel_global } from '../../arch/current';
import type { sk_buff } from '../../include/linux/skbuff';
import { TCP_CLOSE, TCP_LISTEN } from '../../include/linux/tcp';
import { inet_iif } from '../../include/net/dst';
import { inet_sk } from '../../include/net/inet_sock';
import type { inet_timewait_sock } from '../../include/net/inet_timewait_sock';
import { ip_hdr } from '../../include/net/ip';
import { skb_steal_sock, type sock } from '../../include/net/sock';

/** Buckets of established connections: a power of two. In Linux it grows with the memory. */
const EHASH_SIZE = 512;
const INET_LHTABLE_SIZE = 32;
const JHASH_INITVAL = 0xdeadbeef;

/** The hash tables of a transport protocol. */
export const inet_hashinfo = struct('inet_hashinfo', {
  ehash: list(ref<sock>('first of the chain'), EHASH_SIZE, 'established connections by bucket'),
  twchain: list(ref<inet_timewait_sock>('first of the chain'), EHASH_SIZE, 'sockets in TIME_WAIT by the same buckets'),
  listening_hash: list(ref<sock>('first of the chain'), INET_LHTABLE_SIZE, 'listening sockets by port'),
  ehash_secret: hex32('mixed into the hash, so that nobody can choose a bucket'),
});
export interface inet_hashinfo extends InstanceType<typeof inet_hashinfo> {}

const NO_SOCK = null as unknown as sock;

/** The tables of TCP. */
export const tcp_hashinfo = kernel_global(() => {
  const hashinfo = new inet_hashinfo();
  hashinfo.ehash.set(EHASH_SIZE - 1, NO_SOCK);
  hashinfo.listening_hash.set(INET_LHTABLE_SIZE - 1, NO_SOCK);
  hashinfo.ehash_secret = kernel.arch.random32();
  return hashinfo;
});

const rol32 = (word: number, shift: number): number => (word << shift) | (word >>> (32 - shift));

/** Bob Jenkins' lookup3 for three words (include/linux/jhash.h). */
const jhash_3words = (a: number, b: number, c: number, initval: number): number => {
  a = (a + JHASH_INITVAL) | 0;
  b = (b + JHASH_INITVAL) | 0;
  c = (c + initval) | 0;
  c = ((c ^ b) - rol32(b, 14)) | 0;
  a = ((a ^ c) - rol32(c, 11)) | 0;
  b = ((b ^ a) - rol32(a, 25)) | 0;
  c = ((c ^ b) - rol32(b, 16)) | 0;
  a = ((a ^ c) - rol32(c, 4)) | 0;
  b = ((b ^ a) - rol32(a, 14)) | 0;
  c = ((c ^ b) - rol32(b, 24)) | 0;
  return c >>> 0;
};

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

/**
 * How well a listener fits the segment: better when it is bound to this address. −1: not at all.
 * @modelled net/ipv4/inet_hashtables.c
 * @cost 6
 */
export function compute_score(sk: sock, hnum: number, daddr: number, _dif: number): number {
  const inet = inet_sk(sk);
  if (inet.inet_num !== hnum) {
    return -1;
  }
  if (inet.inet_rcv_saddr === 0) {
    return 1;
  }
  return inet.inet_rcv_saddr === daddr ? 3 : -1;
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
  _dif: number,
): sock | null {
  const hash = inet_ehashfn(daddr, hnum, saddr, sport);
  for (let sk = chain_head(hashinfo, hash); sk !== null; sk = sk.skc_nulls_next) {
    if (sk.skc_hash !== hash) {
      continue;
    }
    const inet = inet_sk(sk);
    if (
      inet.inet_daddr === saddr &&
      inet.inet_rcv_saddr === daddr &&
      inet.inet_dport === sport &&
      inet.inet_num === hnum
    ) {
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
 * Puts a connection into the hash of established ones.
 * @modelled net/ipv4/inet_hashtables.c
 * @omits sock_prot_inuse_add: a statistics counter
 */
export function __inet_hash_nolisten(sk: sock): void {
  const hashinfo = tcp_hashinfo();
  const inet = inet_sk(sk);
  sk.skc_hash = inet_ehashfn(inet.inet_rcv_saddr, inet.inet_num, inet.inet_daddr, inet.inet_dport);
  sk.skc_nulls_next = chain_head(hashinfo, sk.skc_hash);
  hashinfo.ehash.set(bucket_of(sk.skc_hash), sk);
}

/**
 * Puts a socket into the hash its state asks for.
 * @modelled net/ipv4/inet_hashtables.c
 * @omits sock_prot_inuse_add: a statistics counter
 */
export function __inet_hash(sk: sock): void {
  if (sk.skc_state !== TCP_LISTEN) {
    __inet_hash_nolisten(sk);
    return;
  }
  const hashinfo = tcp_hashinfo();
  const bucket = listeners_of(inet_sk(sk).inet_num);
  sk.skc_nulls_next = hashinfo.listening_hash.at(bucket) as sock | null;
  hashinfo.listening_hash.set(bucket, sk);
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
 * @omits sock_prot_inuse_add: a statistics counter
 */
export function inet_unhash(sk: sock): void {
  const hashinfo = tcp_hashinfo();
  const listening = sk.skc_state === TCP_LISTEN;
  const table = listening ? hashinfo.listening_hash : hashinfo.ehash;
  const bucket = listening ? listeners_of(inet_sk(sk).inet_num) : bucket_of(sk.skc_hash);
  if (__sk_nulls_del_node_init_rcu(sk, table, bucket)) {
    sock_prot_inuse_add(sk, -1);
  }
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
 * Counts the sockets of a protocol.
 * @simplified a statistics counter that nobody reads
 * @cost 2
 */
export function sock_prot_inuse_add(_sk: sock, _val: number): void {}

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
      return true;
    }
    before = at;
  }
  return false;
}
