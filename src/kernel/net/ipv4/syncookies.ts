/**
 * Mirrors net/ipv4/syncookies.c (2.6.39): under a flood of SYNs nothing is remembered of them. What must be known of a
 * connection is put into the sequence number of the SYN-ACK (an MSS out of eight, and proof that it is ours), and into the low bits
 * of its timestamp (window scale, SACK, ECN): the ACK brings both back.
 */

import type { OpsTable } from '../../../base/dispatch';
import { list, struct, u32 } from '../../../base/struct';
import { type Kgen, kernel, kernel_global } from '../../arch/current';
import { IPPROTO_TCP } from '../../include/linux/ip';
import type { sk_buff } from '../../include/linux/skbuff';
import {
  tcp_clear_options,
  tcp_no_options,
  type tcp_options,
  tcp_request_sock,
  tcp_rsk,
  tcp_sk,
  tcphdr,
} from '../../include/linux/tcp';
import { HZ, jiffies } from '../../include/linux/timer';
import type { dst_entry } from '../../include/net/dst';
import {
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_reqsk_queue_add,
} from '../../include/net/inet_connection_sock';
import { inet_rsk, inet_sk, inet_sk_flowi_flags } from '../../include/net/inet_sock';
import { ip_hdr, RT_TOS } from '../../include/net/ip';
import { reqsk_alloc, reqsk_free, type request_sock, type request_sock_ops } from '../../include/net/request_sock';
import type { sock } from '../../include/net/sock';
import {
  sysctl_tcp_ecn,
  sysctl_tcp_sack,
  sysctl_tcp_syncookies,
  sysctl_tcp_timestamps,
  sysctl_tcp_window_scaling,
  TCPHDR_ACK,
  TCPHDR_RST,
  tcp_full_space,
  tcp_synq_no_recent_overflow,
  tcp_synq_overflow,
  tcp_time_stamp,
} from '../../include/net/tcp';
import { SHA_BLOCK_WORDS, SHA_DIGEST_WORDS, sha_transform } from '../../lib/sha1';
import { ip_route_output_key } from './route';
import { tcp_parse_options } from './tcp_input';
import { tcp_select_initial_window } from './tcp_output';

/** Bits of a cookie below the counter of minutes. */
const COOKIEBITS = 24;
const COOKIEMASK = 2 ** COOKIEBITS - 1;
/** Minutes a cookie is good for. */
const COUNTER_TRIES = 4;
/** Low bits of a timestamp that carry options: four of window scale, one each of SACK and ECN. */
const TSBITS = 6;
const TSMASK = 2 ** TSBITS - 1;
const NO_WSCALE = 0xf;
const NOT_A_COOKIE = 0xffffffff;
/** Values of MSS that a cookie can say, bytes: the largest that is not above the peer's is taken. */
const msstab = [64, 512, 536, 1024, 1440, 1460, 4312, 8960];
/** Words of a block that are hashed beside the secret: addresses, ports, counter. */
const COUNTED_WORDS = 4;
/** A secret fills the rest of the block, and is what the digest begins as. */
const SECRET_WORDS = SHA_BLOCK_WORDS - COUNTED_WORDS + SHA_DIGEST_WORDS;

/** Two secrets: for the plain part of a cookie and for the part with the minute. */
export const syncookie_keys = struct('syncookie_keys', {
  syncookie_secret: list(u32('word'), 2 * SECRET_WORDS, 'drawn when the kernel starts'),
});
export interface syncookie_keys extends InstanceType<typeof syncookie_keys> {}

const secrets = kernel_global(() => {
  const keys = new syncookie_keys();
  for (let i = 0; i < 2 * SECRET_WORDS; i++) {
    keys.syncookie_secret.set(i, kernel.arch.random32());
  }
  return keys;
});

/** Minutes since the kernel started. */
const minutes = (): number => Math.floor(jiffies() / (HZ * 60));

/**
 * Timestamp of a SYN-ACK with a cookie, that carries the options of the connection: the latest one not after now.
 * @modelled net/ipv4/syncookies.c
 * @cost 6
 */
export function cookie_init_timestamp(req: request_sock): number {
  const ireq = inet_rsk(req);
  const ts_now = tcp_time_stamp();
  const options =
    (ireq.wscale_ok ? ireq.snd_wscale : NO_WSCALE) | (ireq.sack_ok ? 1 << 4 : 0) | (ireq.ecn_ok ? 1 << 5 : 0);
  const ts = ((ts_now & ~TSMASK) | options) >>> 0;
  return ts > ts_now ? ((((ts >>> TSBITS) - 1) << TSBITS) | options) >>> 0 : ts;
}

/**
 * Keyed hash of addresses, ports and a counter; `c` chooses the secret.
 * @modelled net/ipv4/syncookies.c
 * @cost 50
 */
export function cookie_hash(
  saddr: number,
  daddr: number,
  sport: number,
  dport: number,
  count: number,
  c: number,
): number {
  const secret = Uint32Array.from(secrets().syncookie_secret).subarray(c * SECRET_WORDS, (c + 1) * SECRET_WORDS);
  const data = new Uint32Array(SHA_BLOCK_WORDS);
  // In network order: the two ports are read as one word there, so the second comes first.
  data.set([saddr, daddr, (dport << 16) | sport, count]);
  data.set(secret.subarray(0, SHA_BLOCK_WORDS - COUNTED_WORDS), COUNTED_WORDS);
  const digest = secret.slice(SHA_BLOCK_WORDS - COUNTED_WORDS);
  sha_transform(digest, data);
  return digest[1] as number;
}

/**
 * The cookie: a hash, plus the peer's sequence number, plus the minute in the upper eight bits, plus in the lower 24 a hash with
 * the minute and `data`.
 * @modelled net/ipv4/syncookies.c
 * @cost 10
 */
export function secure_tcp_syn_cookie(
  saddr: number,
  daddr: number,
  sport: number,
  dport: number,
  sseq: number,
  count: number,
  data: number,
): number {
  const dated = (cookie_hash(saddr, daddr, sport, dport, count, 1) + data) & COOKIEMASK;
  return (cookie_hash(saddr, daddr, sport, dport, 0, 0) + sseq + ((count << COOKIEBITS) >>> 0) + dated) >>> 0;
}

/**
 * What was put into a cookie not older than `maxdiff` minutes; any number if it is not ours, so that the caller checks the range.
 * @modelled net/ipv4/syncookies.c
 * @cost 10
 */
export function check_tcp_syn_cookie(
  cookie: number,
  saddr: number,
  daddr: number,
  sport: number,
  dport: number,
  sseq: number,
  count: number,
  maxdiff: number,
): number {
  const rest = (cookie - cookie_hash(saddr, daddr, sport, dport, 0, 0) - sseq) >>> 0;
  const diff = (count - (rest >>> COOKIEBITS)) & (NOT_A_COOKIE >>> COOKIEBITS);
  if (diff >= maxdiff) {
    return NOT_A_COOKIE;
  }
  return (rest - cookie_hash(saddr, daddr, sport, dport, count - diff, 1)) & COOKIEMASK;
}

/**
 * First sequence number for a connection nothing is remembered of. The MSS of its request becomes the one the cookie can say.
 * @modelled net/ipv4/syncookies.c
 * @cost 10
 */
export function cookie_v4_init_sequence(sk: sock, skb: sk_buff, req: request_sock): number {
  const iph = ip_hdr(skb);
  const th = new tcphdr(skb.transport_header);
  tcp_synq_overflow(sk);
  const mssind = Math.max(
    0,
    msstab.findLastIndex((mss) => req.mss >= mss),
  );
  req.mss = msstab[mssind] as number;
  return secure_tcp_syn_cookie(iph.saddr, iph.daddr, th.source, th.dest, th.seq, minutes(), mssind);
}

/**
 * The MSS in the cookie that a segment acknowledges, 0: it is no cookie of ours.
 * @modelled net/ipv4/syncookies.c
 * @cost 10
 */
export function cookie_check(skb: sk_buff, cookie: number): number {
  const iph = ip_hdr(skb);
  const th = new tcphdr(skb.transport_header);
  const seq = (th.seq - 1) >>> 0;
  const mssind = check_tcp_syn_cookie(cookie, iph.saddr, iph.daddr, th.source, th.dest, seq, minutes(), COUNTER_TRIES);
  return msstab[mssind] ?? 0;
}

/**
 * Makes the connection of a cookie, into the accept queue; null: not now.
 * @modelled net/ipv4/syncookies.c
 * @cost 5
 */
export function* get_cookie_sock(sk: sock, skb: sk_buff, req: request_sock, dst: dst_entry): Kgen<sock | null> {
  const { syn_recv_sock } = inet_csk(sk).icsk_af_ops as Required<inet_connection_sock_af_ops>;
  const child = yield* syn_recv_sock(sk, skb, req, dst);
  if (child !== null) {
    inet_csk_reqsk_queue_add(sk, req, child);
  } else {
    reqsk_free(req);
  }
  return child;
}

/** What cookie_check_timestamp finds out besides the options. */
interface ecn_out {
  ecn_ok: boolean;
}

/**
 * Reads the options that a SYN-ACK's timestamp carried out of its echo. False: they are none we could have offered.
 * @modelled net/ipv4/syncookies.c
 * @cost 6
 */
export function cookie_check_timestamp(tcp_opt: tcp_options, ecn: ecn_out): boolean {
  const options = tcp_opt.rcv_tsecr & TSMASK;
  if (!tcp_opt.saw_tstamp) {
    tcp_clear_options(tcp_opt);
    return true;
  }
  if (sysctl_tcp_timestamps() === 0) {
    return false;
  }
  tcp_opt.sack_ok = (options >> 4) & 1;
  ecn.ecn_ok = ((options >> 5) & 1) !== 0;
  if ((ecn.ecn_ok && sysctl_tcp_ecn() === 0) || (tcp_opt.sack_ok !== 0 && sysctl_tcp_sack() === 0)) {
    return false;
  }
  if ((options & NO_WSCALE) === NO_WSCALE) {
    return true;
  }
  tcp_opt.wscale_ok = true;
  tcp_opt.snd_wscale = options & NO_WSCALE;
  return sysctl_tcp_window_scaling() !== 0;
}

/**
 * Receives an ACK that belongs to no request: it may bring a cookie back. Returns the connection, locked, if this made it; null if
 * it could not be made now; the listener if it was no cookie.
 * @modelled net/ipv4/syncookies.c
 * @omits security_inet_conn_request: no security module
 * @cost 20
 */
export function* cookie_v4_check(sk: sock, skb: sk_buff, request_ops: request_sock_ops & OpsTable): Kgen<sock | null> {
  const th = new tcphdr(skb.transport_header);
  const tp = tcp_sk(sk);
  const cookie = (th.ack_seq - 1) >>> 0;
  if (sysctl_tcp_syncookies() === 0 || (th.flags & (TCPHDR_ACK | TCPHDR_RST)) !== TCPHDR_ACK) {
    return sk;
  }
  if (tcp_synq_no_recent_overflow(sk)) {
    return sk;
  }
  const mss = cookie_check(skb, cookie);
  if (mss === 0) {
    return sk;
  }
  const tcp_opt = tcp_no_options();
  const ecn: ecn_out = { ecn_ok: false };
  tcp_parse_options(skb, tcp_opt, false);
  if (!cookie_check_timestamp(tcp_opt, ecn)) {
    return sk;
  }

  const req = inet_reqsk_alloc(request_ops);
  const ireq = inet_rsk(req);
  const treq = tcp_rsk(req);
  const iph = ip_hdr(skb);
  treq.rcv_isn = (th.seq - 1) >>> 0;
  treq.snt_isn = cookie;
  req.mss = mss;
  ireq.loc_port = th.dest;
  ireq.rmt_port = th.source;
  ireq.loc_addr = iph.daddr;
  ireq.rmt_addr = iph.saddr;
  ireq.ecn_ok = ecn.ecn_ok;
  ireq.snd_wscale = tcp_opt.snd_wscale;
  ireq.sack_ok = tcp_opt.sack_ok !== 0;
  ireq.wscale_ok = tcp_opt.wscale_ok;
  ireq.tstamp_ok = tcp_opt.saw_tstamp;
  req.ts_recent = tcp_opt.saw_tstamp ? tcp_opt.rcv_tsval : 0;
  req.expires = 0;
  req.retrans = 0;

  const rt = ip_route_output_key({
    daddr: ireq.rmt_addr,
    saddr: ireq.loc_addr,
    flowi4_oif: 0,
    flowi4_iif: 0,
    flowi4_mark: sk.sk_mark,
    flowi4_tos: RT_TOS(inet_sk(sk).tos),
    flowi4_proto: IPPROTO_TCP,
    flowi4_flags: inet_sk_flowi_flags(sk),
    fl4_dport: th.source,
    fl4_sport: th.dest,
  });
  if (rt === null) {
    reqsk_free(req);
    return sk;
  }
  const clamp = tp.window_clamp !== 0 ? tp.window_clamp : rt.window;
  const first = tcp_select_initial_window(tcp_full_space(sk), req.mss, clamp, ireq.wscale_ok, rt.initrwnd);
  req.rcv_wnd = first.rcv_wnd;
  req.window_clamp = first.window_clamp;
  ireq.rcv_wscale = first.rcv_wscale;
  return yield* get_cookie_sock(sk, skb, req, rt);
}

/**
 * A new request of TCP.
 * @modelled include/net/inet_sock.h
 * @cost 4
 */
export function inet_reqsk_alloc(ops: request_sock_ops & OpsTable): tcp_request_sock {
  return reqsk_alloc(new tcp_request_sock(), ops);
}
