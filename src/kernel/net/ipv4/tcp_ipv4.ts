/**
 * Mirrors net/ipv4/tcp_ipv4.c (Linux 2.6.39), and tcp_prequeue of include/net/tcp.h: TCP over IPv4.
 * Modelled: connecting, requests and SYN-ACKs, making the connection of a request, receiving a segment (checks, socket lookup, prequeue,
 * backlog, processing), checksums, GRO and GSO entry
 * points, resets, a socket's initial state, and the function tables of the protocol.
 * Left out: MD5 signatures, IPsec, statistics.
 */

import { ops } from '../../../base/dispatch';
import { heap } from '../../../base/heap';
import { between, seqAdd } from '../../../base/seq';
import { type Kgen, kernel_global, sysctl } from '../../arch/current';
import { secure_tcp_sequence_number } from '../../drivers/char/random';
import { EAFNOSUPPORT, EHOSTUNREACH, EINVAL, EMSGSIZE, ENETUNREACH, EPROTO } from '../../include/linux/errno';
import {
  ICMP_DEST_UNREACH,
  ICMP_FRAG_NEEDED,
  ICMP_HOST_UNREACH,
  ICMP_NET_UNREACH,
  ICMP_PARAMETERPROB,
  ICMP_TIME_EXCEEDED,
  icmphdr,
  NR_ICMP_UNREACH,
} from '../../include/linux/icmp';
import { AF_INET, SIZEOF_SOCKADDR_IN, type sockaddr } from '../../include/linux/in';
import { IPPROTO_TCP, iphdr } from '../../include/linux/ip';
import { PF_INET, SOCK_RAW } from '../../include/linux/net';
import { type napi_struct, skb_gro_len } from '../../include/linux/netdevice';
import {
  __skb_dequeue,
  __skb_queue_tail,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  PACKET_HOST,
  SKB_GSO_TCPV4,
  type sk_buff,
  skb_csum_unnecessary,
  skb_queue_head_init,
  skb_queue_len,
  skb_shinfo,
  skb_transport_offset,
} from '../../include/linux/skbuff';
import {
  TCP_CLOSE,
  TCP_ESTABLISHED,
  TCP_LISTEN,
  TCP_SYN_RECV,
  TCP_SYN_SENT,
  TCP_TIME_WAIT,
  TCPHDR_CWR,
  TCPHDR_ECE,
  tcp_clear_options,
  tcp_no_options,
  tcp_rsk,
  tcp_sack_block,
  tcp_sk,
  tcphdr,
} from '../../include/linux/tcp';
import { jiffies } from '../../include/linux/timer';
import { TASK_INTERRUPTIBLE } from '../../include/linux/wait';
import {
  type dst_entry,
  dst_metric_advmss,
  dst_mtu,
  dst_release,
  inet_iif,
  RTCF_BROADCAST,
  RTCF_MULTICAST,
  RTN_LOCAL,
  type rtable,
  skb_rtable,
} from '../../include/net/dst';
import {
  ICSK_TIME_DACK,
  ICSK_TIME_RETRANS,
  type inet_connection_sock_af_ops,
  inet_csk,
  inet_csk_ack_scheduled,
  inet_csk_reqsk_queue_is_full,
  inet_csk_reqsk_queue_len,
  inet_csk_reqsk_queue_young,
  type req_place,
} from '../../include/net/inet_connection_sock';
import { IP_PMTUDISC_DONT, inet_rsk, inet_sk } from '../../include/net/inet_sock';
import {
  type inet_timewait_sock,
  inet_twsk,
  TCP_TW_RST,
  TCP_TW_SUCCESS,
  TCP_TW_SYN,
  tcp_twsk,
} from '../../include/net/inet_timewait_sock';
import {
  IP_REPLY_ARG_NOSRCCHECK,
  ip_dont_fragment,
  ip_hdr,
  type ip_reply_arg,
  RT_CONN_FLAGS,
} from '../../include/net/ip';
import type { net_protocol } from '../../include/net/protocol';
import {
  reqsk_free,
  type request_sock,
  type request_sock_ops,
  sk_acceptq_is_full,
} from '../../include/net/request_sock';
import { NET_XMIT_CN } from '../../include/net/sch_generic';
import {
  bh_lock_sock,
  bh_lock_sock_nested,
  bh_unlock_sock,
  POLLIN,
  POLLRDBAND,
  POLLRDNORM,
  type proto,
  SOCK_USE_WRITE_QUEUE,
  sk_add_backlog,
  sk_backlog_rcv,
  sk_sleep,
  type sock,
  sock_owned_by_user,
  sock_rps_save_rxhash,
  sock_set_flag,
} from '../../include/net/sock';
import {
  __tcp_set_rto,
  MAX_TCP_HEADER,
  sysctl_tcp_ecn,
  sysctl_tcp_low_latency,
  sysctl_tcp_mem,
  sysctl_tcp_reordering,
  sysctl_tcp_rmem,
  sysctl_tcp_syncookies,
  sysctl_tcp_wmem,
  TCP_INFINITE_SSTHRESH,
  TCP_MSS_DEFAULT,
  TCP_NUM_SACKS,
  TCP_RTO_MAX,
  TCP_SKB_CB,
  TCP_TIMEOUT_INIT,
  TCPHDR_ACK,
  TCPHDR_FIN,
  TCPHDR_RST,
  TCPHDR_SYN,
  TCPOLEN_TIMESTAMP,
  TCPOLEN_TSTAMP_ALIGNED,
  TCPOPT_NOP,
  TCPOPT_TIMESTAMP,
  tcp_bound_rto,
  tcp_openreq_init,
  tcp_prequeue_init,
  tcp_time_stamp,
  tcp_write_queue_head,
} from '../../include/net/tcp';
import { get_seconds } from '../../kernel/sched';
import { __wake_up_sync_key } from '../../kernel/wait';
import { csum_partial, csum_tcpudp_magic, csum_tcpudp_nofold } from '../../lib/checksum';
import { put_page } from '../../mm/swap';
import { __skb_checksum_complete } from '../core/datagram';
import { sk_filter } from '../core/filter';
import { sysctl_max_syn_backlog } from '../core/request_sock';
import { __skb_queue_purge, kfree_skb, pskb_may_pull } from '../core/skbuff';
import { __sk_dst_check, sk_setup_caps, sock_put, tcp_memory } from '../core/sock';
import { sk_stream_write_space } from '../core/stream';
import { inet_sk_rebuild_header } from './af_inet';
import { icmp_err_convert } from './icmp';
import {
  inet_csk_accept,
  inet_csk_bind_conflict,
  inet_csk_get_port,
  inet_csk_reqsk_queue_drop,
  inet_csk_reqsk_queue_hash_add,
  inet_csk_reset_xmit_timer,
  inet_csk_route_req,
  inet_csk_search_req,
} from './inet_connection_sock';
import {
  __inet_hash_nolisten,
  __inet_inherit_port,
  __inet_lookup_listener,
  __inet_lookup_skb,
  inet_hash,
  inet_hash_connect,
  inet_lookup,
  inet_lookup_established,
  inet_put_port,
  inet_unhash,
  tcp_hashinfo,
} from './inet_hashtables';
import { inet_twsk_deschedule, inet_twsk_put } from './inet_timewait_sock';
import { ip_build_and_send_pkt, ip_queue_xmit, ip_send_reply } from './ip_output';
import { ip_getsockopt, ip_setsockopt } from './ip_sockglue';
import { ip_route_connect, ip_route_newports, ip_rt_put } from './route';
import { cookie_v4_check, cookie_v4_init_sequence, inet_reqsk_alloc } from './syncookies';
import {
  tcp_clear_xmit_timers,
  tcp_close,
  tcp_disconnect,
  tcp_done,
  tcp_getsockopt,
  tcp_gro_complete,
  tcp_gro_receive,
  tcp_ioctl,
  tcp_recvmsg,
  tcp_sendmsg,
  tcp_set_state,
  tcp_setsockopt,
  tcp_shutdown,
  tcp_tso_segment,
  tcp_write_queue_purge,
} from './tcp';
import { bictcp_register } from './tcp_bic';
import {
  tcp_cleanup_congestion_control,
  tcp_cong_list,
  tcp_init_congestion_ops,
  tcp_register_congestion_control,
  tcp_reno,
} from './tcp_cong';
import { cubictcp_register } from './tcp_cubic';
import {
  tcp_checksum_complete,
  tcp_initialize_rcv_mss,
  tcp_parse_options,
  tcp_rcv_established,
  tcp_rcv_state_process,
  tcp_rto_min,
  tcp_simple_retransmit,
} from './tcp_input';
import {
  tcp_check_req,
  tcp_child_process,
  tcp_create_openreq_child,
  tcp_death_row,
  tcp_timewait_state_process,
} from './tcp_minisocks';
import { tcp_connect, tcp_make_synack, tcp_mtup_init, tcp_sync_mss } from './tcp_output';
import { tcp_init_xmit_timers, tcp_retransmit_timer, tcp_set_keepalive } from './tcp_timer';

const TCP_HEADER_LEN = 20;
const IP_HEADER_LEN = 20;
/** Where the checksum stands in the header, bytes. */
const TCP_CHECK_OFFSET = 16;
/** Segments up to this length are summed on arrival; longer ones while they are copied. Bytes. */
const SMALL_SEGMENT = 76;

const tcp_hdr = (skb: sk_buff): tcphdr => new tcphdr(skb.transport_header);
const tcp_hdrlen = (skb: sk_buff): number => (tcp_hdr(skb).doff_res >> 4) * 4;

/**
 * Checksum over the pseudo header and `base`, the sum of `len` bytes of header and payload.
 * @modelled include/net/tcp.h
 * @cost 6
 */
export function tcp_v4_check(len: number, saddr: number, daddr: number, base: number): number {
  return csum_tcpudp_magic(saddr, daddr, len, IPPROTO_TCP, base);
}

/**
 * Fills in the checksum of a segment: all of it, or only the pseudo header when the NIC does the rest.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 6
 */
export function __tcp_v4_send_check(skb: sk_buff, saddr: number, daddr: number): void {
  const th = tcp_hdr(skb);
  if (skb.ip_summed === CHECKSUM_PARTIAL) {
    th.check = ~tcp_v4_check(skb.len, saddr, daddr, 0);
    skb.csum_start = skb.transport_header - skb.head;
    skb.csum_offset = TCP_CHECK_OFFSET;
  } else {
    th.check = 0;
    th.check = tcp_v4_check(skb.len, saddr, daddr, csum_partial(th.$addr, tcp_hdrlen(skb), skb.csum));
  }
}

/**
 * Fills in the checksum of a segment of a connection.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 4
 */
export function tcp_v4_send_check(sk: sock, skb: sk_buff): void {
  const inet = inet_sk(sk);
  __tcp_v4_send_check(skb, inet.inet_saddr, inet.inet_daddr);
}

/**
 * Makes the checksum of a segment that is going to be cut a partial one. 0 or −EINVAL.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function tcp_v4_gso_send_check(skb: sk_buff): number {
  if (!pskb_may_pull(skb, TCP_HEADER_LEN)) {
    return -EINVAL;
  }
  const iph = ip_hdr(skb);
  tcp_hdr(skb).check = 0;
  skb.ip_summed = CHECKSUM_PARTIAL;
  __tcp_v4_send_check(skb, iph.saddr, iph.daddr);
  return 0;
}

/** The socket that answers for those that have none (net->ipv4.tcp_sock). */
const tcp_control_sock = kernel_global<{ sk: sock | null }>(() => ({ sk: null }));

/**
 * Makes the control socket of TCP, by `create` (inet_ctl_sock_create).
 * @simplified one network namespace
 */
export function tcp_sk_init(create: (type: number, protocol: number) => sock): void {
  tcp_control_sock().sk = create(SOCK_RAW, IPPROTO_TCP);
}

/** A segment without data that answers another. */
interface reply {
  seq: number;
  ack_seq: number;
  flags: number;
  window: number;
  /** Timestamps option: value and echo. Null: none. */
  ts: { readonly tsval: number; readonly tsecr: number } | null;
}

/** Lays a reply out on the kernel stack, ports as `th` has them turned round; its length, bytes. */
const write_reply = (at: number, th: tcphdr, { seq, ack_seq, flags, window, ts }: reply): number => {
  const length = TCP_HEADER_LEN + (ts === null ? 0 : TCPOLEN_TSTAMP_ALIGNED);
  heap.fill(at, 0, length);
  const rth = new tcphdr(at);
  rth.source = th.dest;
  rth.dest = th.source;
  rth.seq = seq;
  rth.ack_seq = ack_seq;
  rth.doff_res = (length / 4) << 4;
  rth.flags = flags;
  rth.window = window;
  if (ts !== null) {
    const option = at + TCP_HEADER_LEN;
    heap.writeBe32(option, (TCPOPT_NOP << 24) | (TCPOPT_NOP << 16) | (TCPOPT_TIMESTAMP << 8) | TCPOLEN_TIMESTAMP);
    heap.writeBe32(option + 4, ts.tsval);
    heap.writeBe32(option + 8, ts.tsecr);
  }
  return length;
};

/** Longest reply: header and timestamps, bytes. */
const LONGEST_REPLY = TCP_HEADER_LEN + TCPOLEN_TSTAMP_ALIGNED;

/** What ip_send_reply needs to know of a reply to `skb` at `iov_base`. */
const reply_arg = (skb: sk_buff, iov_base: number, iov_len: number, flags: number, oif: number): ip_reply_arg => {
  const { saddr, daddr } = ip_hdr(skb);
  return {
    iov: { iov_base, iov_len },
    flags,
    csum: csum_tcpudp_nofold(daddr, saddr, iov_len, IPPROTO_TCP, 0),
    csumoffset: TCP_CHECK_OFFSET / 2,
    bound_dev_if: oif,
  };
};

/**
 * A router says that segments of this connection were too long (RFC 1191): the route learns the MTU, the MSS follows, and
 * what was lost for its length is sent again in shorter segments.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 15
 */
export function* do_pmtu_discovery(sk: sock, _iph: iphdr, mtu: number): Kgen {
  const inet = inet_sk(sk);
  if (sk.skc_state === TCP_LISTEN) {
    return;
  }
  const dst = __sk_dst_check(sk, 0);
  if (dst === null || dst.ops === null) {
    return;
  }
  dst.ops.update_pmtu(dst, mtu);
  const path = dst_mtu(dst);
  if (mtu < path && ip_dont_fragment(sk, dst)) {
    sk.sk_err_soft = EMSGSIZE;
  }
  if (inet.pmtudisc !== IP_PMTUDISC_DONT && inet_csk(sk).icsk_pmtu_cookie > path) {
    tcp_sync_mss(sk, path);
    yield* tcp_simple_retransmit(sk);
  }
}

/**
 * The way to the peer was out for a while and answers again, if only with an error: the last doubling of the timeout is taken
 * back (draft-zimmermann-tcp-lcd).
 * @model the branch of tcp_v4_err for unreachable networks and hosts
 */
function* revert_backoff(sk: sock): Kgen {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  icsk.icsk_backoff--;
  icsk.icsk_rto = __tcp_set_rto(tp) << icsk.icsk_backoff;
  tcp_bound_rto(sk);
  const skb = tcp_write_queue_head(sk) as sk_buff;
  const passed = tcp_time_stamp() - TCP_SKB_CB(skb).when;
  const remaining = icsk.icsk_rto - Math.min(icsk.icsk_rto, passed);
  if (remaining !== 0) {
    inet_csk_reset_xmit_timer(sk, ICSK_TIME_RETRANS, remaining, TCP_RTO_MAX);
  } else {
    yield* tcp_retransmit_timer(sk);
  }
}

/**
 * Error number that an ICMP message means for a connection; 0: it means nothing. May change the connection's MSS or timer.
 * @model the switch over the type in tcp_v4_err
 */
function* tcp_err_of(sk: sock, iph: iphdr, type: number, code: number, info: number, seq: number): Kgen<number> {
  const icsk = inet_csk(sk);
  switch (type) {
    case ICMP_PARAMETERPROB:
      return EPROTO;
    case ICMP_TIME_EXCEEDED:
      return EHOSTUNREACH;
    case ICMP_DEST_UNREACH:
      break;
    default:
      return 0;
  }
  if (code > NR_ICMP_UNREACH) {
    return 0;
  }
  if (code === ICMP_FRAG_NEEDED) {
    if (!sock_owned_by_user(sk)) {
      yield* do_pmtu_discovery(sk, iph, info);
    }
    return 0;
  }
  const isAway = code === ICMP_NET_UNREACH || code === ICMP_HOST_UNREACH;
  const backedOff = icsk.icsk_retransmits !== 0 && icsk.icsk_backoff !== 0;
  if (isAway && seq === tcp_sk(sk).snd_una && backedOff && !sock_owned_by_user(sk)) {
    yield* revert_backoff(sk);
  }
  return icmp_err_convert(code).errno;
}

/**
 * An ICMP error came about a segment of ours. It counts only if the segment is one under way. A connection that is being
 * made ends with a hard error; an established one goes on, and remembers the error in case it times out
 * (RFC 1122 section 4.2.3.9).
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 30
 */
export function* tcp_v4_err(icmp_skb: sk_buff, info: number): Kgen {
  const iph = new iphdr(icmp_skb.data);
  const ihl = (iph.version_ihl & 0xf) * 4;
  const th = new tcphdr(icmp_skb.data + ihl);
  const { type, code } = new icmphdr(icmp_skb.transport_header);
  if (icmp_skb.len < ihl + 8) {
    return;
  }
  const sk = inet_lookup(tcp_hashinfo(), iph.daddr, th.dest, iph.saddr, th.source, inet_iif(icmp_skb));
  if (sk === null) {
    return;
  }
  if (sk.skc_state === TCP_TIME_WAIT) {
    inet_twsk_put(inet_twsk(sk));
    return;
  }
  yield* bh_lock_sock(sk);
  const tp = tcp_sk(sk);
  const { seq } = th;
  const isUnderWay = sk.skc_state === TCP_LISTEN || between(seq, tp.snd_una, tp.snd_nxt);
  const err = sk.skc_state !== TCP_CLOSE && isUnderWay ? yield* tcp_err_of(sk, iph, type, code, info, seq) : 0;
  if (err !== 0) {
    const owned = sock_owned_by_user(sk);
    const connecting = sk.skc_state === TCP_SYN_SENT || sk.skc_state === TCP_SYN_RECV;
    if (sk.skc_state === TCP_LISTEN) {
      if (!owned) {
        tcp_v4_drop_request(sk, th.dest, iph.daddr, iph.saddr, seq);
      }
    } else if (!owned && (connecting || inet_sk(sk).recverr)) {
      sk.sk_err = err;
      sk.sk_error_report?.(sk);
      if (connecting) {
        tcp_done(sk);
      }
    } else {
      sk.sk_err_soft = err;
    }
  }
  bh_unlock_sock(sk);
  sock_put(sk);
}

/**
 * A peer whose connection request waits cannot be reached: the request is forgotten.
 * @model the case TCP_LISTEN of tcp_v4_err
 */
function tcp_v4_drop_request(sk: sock, rport: number, raddr: number, laddr: number, seq: number): void {
  const prev: req_place = { hash: 0, prev: null };
  const req = inet_csk_search_req(sk, prev, rport, raddr, laddr);
  if (req !== null && seq === tcp_rsk(req).snt_isn) {
    inet_csk_reqsk_queue_drop(sk, req, prev);
  }
}

/**
 * Answers a segment that belongs to no connection with a reset (RFC 793 section 3.4); never another reset. With an ACK the reset has the
 * sequence number the peer expects, without one it acknowledges what came.
 * @modelled net/ipv4/tcp_ipv4.c
 * @omits TCP_INC_STATS_BH: SNMP counters
 * @cost 20
 */
export function* tcp_v4_send_reset(sk: sock | null, skb: sk_buff): Kgen {
  const th = tcp_hdr(skb);
  if ((th.flags & TCPHDR_RST) !== 0 || skb_rtable(skb)?.rt_type !== RTN_LOCAL) {
    return;
  }
  const rep: reply = { seq: th.ack_seq, ack_seq: 0, flags: TCPHDR_RST, window: 0, ts: null };
  if ((th.flags & TCPHDR_ACK) === 0) {
    const { seq, end_seq } = TCP_SKB_CB(skb);
    rep.seq = 0;
    rep.ack_seq = seqAdd(th.seq, (end_seq - seq) >>> 0);
    rep.flags = TCPHDR_RST | TCPHDR_ACK;
  }
  const at = heap.ramAlloc(LONGEST_REPLY);
  const len = write_reply(at, th, rep);
  const flags = sk !== null && inet_sk(sk).transparent ? IP_REPLY_ARG_NOSRCCHECK : 0;
  yield* ip_send_reply(tcp_control_sock().sk as sock, skb, reply_arg(skb, at, len, flags, 0), len);
  heap.ramFree(at, LONGEST_REPLY);
}

/**
 * Sends an ACK for which there is no full socket, by device `oif` (0: any). `win` as it stands in the header; `ts`: the timestamp to
 * echo, 0: no timestamps.
 * @modelled net/ipv4/tcp_ipv4.c
 * @omits TCP_INC_STATS_BH: SNMP counters
 * @cost 20
 */
export function* tcp_v4_send_ack(skb: sk_buff, seq: number, ack: number, win: number, ts: number, oif: number): Kgen {
  const stamps = ts === 0 ? null : { tsval: tcp_time_stamp(), tsecr: ts };
  const at = heap.ramAlloc(LONGEST_REPLY);
  const len = write_reply(at, tcp_hdr(skb), { seq, ack_seq: ack, flags: TCPHDR_ACK, window: win, ts: stamps });
  yield* ip_send_reply(tcp_control_sock().sk as sock, skb, reply_arg(skb, at, len, 0, oif), len);
  heap.ramFree(at, LONGEST_REPLY);
}

/**
 * Answers a segment for a socket in TIME_WAIT with an ACK, and gives the caller's reference back.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 6
 */
export function* tcp_v4_timewait_ack(tw: inet_timewait_sock, skb: sk_buff): Kgen {
  const tcptw = tcp_twsk(tw);
  const window = tcptw.tw_rcv_wnd >> tw.tw_rcv_wscale;
  yield* tcp_v4_send_ack(skb, tcptw.tw_snd_nxt, tcptw.tw_rcv_nxt, window, tcptw.tw_ts_recent, 0);
  inet_twsk_put(tw);
}

/**
 * Acknowledges again what a request has, to a segment outside its window.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function* tcp_v4_reqsk_send_ack(_sk: sock, skb: sk_buff, req: request_sock): Kgen {
  const { snt_isn, rcv_isn } = tcp_rsk(req);
  yield* tcp_v4_send_ack(skb, seqAdd(snt_isn, 1), seqAdd(rcv_isn, 1), Math.min(req.rcv_wnd, 0xffff), req.ts_recent, 0);
}

/**
 * Connects a socket: chooses route, own address and port, sends a SYN. 0, or -errno.
 * @modelled net/ipv4/tcp_ipv4.c
 * @omits rt_get_peer: tw_recycle is off
 * @cost 40
 */
export function* tcp_v4_connect(sk: sock, uaddr: sockaddr, addr_len: number): Kgen<number> {
  const inet = inet_sk(sk);
  const tp = tcp_sk(sk);
  if (addr_len < SIZEOF_SOCKADDR_IN) {
    return -EINVAL;
  }
  if (uaddr.sa_family !== AF_INET) {
    return -EAFNOSUPPORT;
  }
  const orig_sport = inet.inet_sport;
  const orig_dport = uaddr.sin_port;
  let rt = ip_route_connect(
    uaddr.sin_addr,
    inet.inet_saddr,
    RT_CONN_FLAGS(sk),
    sk.skc_bound_dev_if,
    IPPROTO_TCP,
    orig_sport,
    orig_dport,
    sk,
    true,
  );
  if (rt === null) {
    return -ENETUNREACH;
  }
  if ((rt.rt_flags & (RTCF_MULTICAST | RTCF_BROADCAST)) !== 0) {
    ip_rt_put(rt);
    return -ENETUNREACH;
  }
  const daddr = rt.rt_dst;
  if (inet.inet_saddr === 0) {
    inet.inet_saddr = rt.rt_src;
  }
  inet.inet_rcv_saddr = inet.inet_saddr;
  if (tp.rx_opt.ts_recent_stamp !== 0 && inet.inet_daddr !== daddr) {
    // What is left of an earlier connection of this socket is of another peer.
    tp.rx_opt.ts_recent = 0;
    tp.rx_opt.ts_recent_stamp = 0;
    tp.write_seq = 0;
  }
  inet.inet_dport = uaddr.sin_port;
  inet.inet_daddr = daddr;
  tp.icsk_ext_hdr_len = 0;
  tp.rx_opt.mss_clamp = TCP_MSS_DEFAULT;

  tcp_set_state(sk, TCP_SYN_SENT);
  let err = inet_hash_connect(tcp_death_row(), sk);
  if (err === 0) {
    rt = ip_route_newports(rt, IPPROTO_TCP, orig_sport, orig_dport, inet.inet_sport, inet.inet_dport, sk);
    if (rt === null) {
      err = -ENETUNREACH;
    } else {
      sk.sk_gso_type = SKB_GSO_TCPV4;
      sk_setup_caps(sk, rt);
      rt = null;
      if (tp.write_seq === 0) {
        tp.write_seq = secure_tcp_sequence_number(inet.inet_saddr, inet.inet_daddr, inet.inet_sport, inet.inet_dport);
      }
      inet.inet_id = tp.write_seq ^ jiffies();
      err = yield* tcp_connect(sk);
      if (err === 0) {
        return 0;
      }
    }
  }
  tcp_set_state(sk, TCP_CLOSE);
  ip_rt_put(rt);
  sk.sk_route_caps = 0;
  inet.inet_dport = 0;
  return err;
}

/**
 * First sequence number of our side of a connection that a SYN asks for.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 4
 */
export function tcp_v4_init_sequence(skb: sk_buff): number {
  const iph = ip_hdr(skb);
  const th = tcp_hdr(skb);
  return secure_tcp_sequence_number(iph.daddr, iph.saddr, th.dest, th.source);
}

/**
 * Sends the SYN-ACK of a request. 0, a negative number, or a qdisc verdict.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function* tcp_v4_send_synack(sk: sock, route: dst_entry | null, req: request_sock, rvp: null): Kgen<number> {
  const { loc_addr, rmt_addr } = inet_rsk(req);
  const dst = route ?? inet_csk_route_req(sk, req);
  if (dst === null) {
    return -1;
  }
  let err = -1;
  const skb = tcp_make_synack(sk, dst, req, rvp);
  if (skb !== null) {
    __tcp_v4_send_check(skb, loc_addr, rmt_addr);
    err = yield* ip_build_and_send_pkt(skb, sk, loc_addr, rmt_addr);
    err = err === NET_XMIT_CN ? 0 : err;
  }
  dst_release(dst);
  return err;
}

/**
 * Sends the SYN-ACK of a request again.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function* tcp_v4_rtx_synack(sk: sock, req: request_sock): Kgen<number> {
  return yield* tcp_v4_send_synack(sk, null, req, null);
}

/**
 * What a request holds besides itself goes.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function tcp_v4_reqsk_destructor(_req: request_sock): void {}

/**
 * A SYN-ACK was not acknowledged in time.
 * @simplified the kernel counts it, here it is only seen
 */
export function tcp_syn_ack_timeout(_sk: sock, _req: request_sock): void {}

/**
 * Tells of a flood of SYNs, at most once for a listener.
 * @simplified a mark on the SYN queue in place of a line in the log
 */
export function syn_flood_warning(sk: sock): void {
  const lopt = inet_csk(sk).icsk_accept_queue.listen_opt;
  if (lopt !== null) {
    lopt.synflood_warned = 1;
  }
}

/**
 * IP options of a SYN, to be used for its connection.
 * @simplified there are none
 * @cost 3
 */
export function tcp_v4_save_options(_sk: sock, _skb: sk_buff): null {
  return null;
}

/**
 * The connection may use ECN: the SYN asks for it, and it is not switched off here.
 * @modelled include/net/tcp.h
 * @cost 2
 */
export function TCP_ECN_create_request(req: request_sock, th: tcphdr): void {
  if (sysctl_tcp_ecn() !== 0 && (th.flags & (TCPHDR_ECE | TCPHDR_CWR)) === (TCPHDR_ECE | TCPHDR_CWR)) {
    inet_rsk(req).ecn_ok = true;
  }
}

/** What TCP does with connections that are only asked for. */
export const tcp_request_sock_ops = ops<request_sock_ops>('request_sock_ops', 'tcp_request_sock_ops', {
  family: PF_INET,
  rtx_syn_ack: tcp_v4_rtx_synack,
  send_ack: tcp_v4_reqsk_send_ack,
  destructor: tcp_v4_reqsk_destructor,
  send_reset: tcp_v4_send_reset,
  syn_ack_timeout: tcp_syn_ack_timeout,
});

/**
 * Receives a SYN for a listener: makes a request of it and answers with a SYN-ACK. With the SYN queue full the answer carries a
 * cookie and nothing is remembered, or the SYN is dropped; with the accept queue full it is dropped once more than one request
 * is young. 0.
 * @modelled net/ipv4/tcp_ipv4.c
 * @omits security_inet_conn_request: no security module
 * @omits rt_get_peer: tw_recycle is off
 * @cost 40
 */
export function* tcp_v4_conn_request(sk: sock, skb: sk_buff): Kgen<number> {
  const iph = ip_hdr(skb);
  const { saddr, daddr } = iph;
  const isn = TCP_SKB_CB(skb).when;
  let want_cookie = false;
  if (((skb_rtable(skb) as rtable).rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0) {
    return 0;
  }
  if (inet_csk_reqsk_queue_is_full(sk) && isn === 0) {
    syn_flood_warning(sk);
    if (sysctl_tcp_syncookies() === 0) {
      return 0;
    }
    want_cookie = true;
  }
  if (sk_acceptq_is_full(sk) && inet_csk_reqsk_queue_young(sk) > 1) {
    return 0;
  }
  const req = inet_reqsk_alloc(tcp_request_sock_ops);
  const tmp_opt = tcp_no_options();
  tmp_opt.mss_clamp = TCP_MSS_DEFAULT;
  tmp_opt.user_mss = tcp_sk(sk).rx_opt.user_mss;
  tcp_parse_options(skb, tmp_opt, false);
  if (want_cookie && !tmp_opt.saw_tstamp) {
    tcp_clear_options(tmp_opt);
  }
  tmp_opt.tstamp_ok = tmp_opt.saw_tstamp;
  tcp_openreq_init(req, tmp_opt, skb);
  req.loc_addr = daddr;
  req.rmt_addr = saddr;
  req.no_srccheck = inet_sk(sk).transparent;
  tcp_v4_save_options(sk, skb);
  if (!want_cookie || tmp_opt.tstamp_ok) {
    TCP_ECN_create_request(req, tcp_hdr(skb));
  }

  req.snt_isn = isn;
  if (want_cookie) {
    req.snt_isn = cookie_v4_init_sequence(sk, skb, req);
    req.cookie_ts = tmp_opt.tstamp_ok ? 1 : 0;
  } else if (isn === 0) {
    const most = sysctl_max_syn_backlog();
    if (sysctl_tcp_syncookies() === 0 && most - inet_csk_reqsk_queue_len(sk) < most >> 2) {
      // Without cookies the last quarter is for peers that were heard of before; none is remembered here.
      reqsk_free(req);
      return 0;
    }
    req.snt_isn = tcp_v4_init_sequence(skb);
  }
  if ((yield* tcp_v4_send_synack(sk, null, req, null)) !== 0 || want_cookie) {
    reqsk_free(req);
    return 0;
  }
  inet_csk_reqsk_queue_hash_add(sk, req, TCP_TIMEOUT_INIT);
  return 0;
}

/**
 * Makes the connection of a request whose SYN-ACK was acknowledged, in SYN_RECV, locked, in the tables. Null: the accept queue is
 * full, or there is no route.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 40
 */
export function* tcp_v4_syn_recv_sock(
  sk: sock,
  skb: sk_buff,
  req: request_sock,
  route: dst_entry | null,
): Kgen<sock | null> {
  if (sk_acceptq_is_full(sk)) {
    dst_release(route);
    return null;
  }
  const dst = route ?? inet_csk_route_req(sk, req);
  if (dst === null) {
    return null;
  }
  const newsk = yield* tcp_create_openreq_child(sk, req, skb);
  if (newsk === null) {
    dst_release(dst);
    return null;
  }
  newsk.sk_gso_type = SKB_GSO_TCPV4;
  sk_setup_caps(newsk, dst);
  const newtp = tcp_sk(newsk);
  const { rmt_addr, loc_addr } = inet_rsk(req);
  newtp.inet_daddr = rmt_addr;
  newtp.inet_rcv_saddr = loc_addr;
  newtp.inet_saddr = loc_addr;
  newtp.skc_daddr = rmt_addr;
  newtp.skc_rcv_saddr = loc_addr;
  inet_iif(skb);
  newtp.mc_ttl = ip_hdr(skb).ttl;
  newtp.icsk_ext_hdr_len = 0;
  newtp.inet_id = newtp.write_seq ^ jiffies();

  tcp_mtup_init(newsk);
  tcp_sync_mss(newsk, dst_mtu(dst));
  newtp.advmss = dst_metric_advmss(dst);
  const { user_mss } = tcp_sk(sk).rx_opt;
  if (user_mss !== 0 && user_mss < newtp.advmss) {
    newtp.advmss = user_mss;
  }
  tcp_initialize_rcv_mss(newsk);
  __inet_inherit_port(sk, newsk);
  __inet_hash_nolisten(newsk, null);
  return newsk;
}

/**
 * Finds who a segment for a listener is really for: a request, a connection made since the look-up, a cookie; else the listener.
 * Returns the socket, locked unless it is the listener; null: nothing more to do.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 10
 */
export function* tcp_v4_hnd_req(sk: sock, skb: sk_buff): Kgen<sock | null> {
  const th = tcp_hdr(skb);
  const iph = ip_hdr(skb);
  const prev: req_place = { hash: 0, prev: null };
  const req = inet_csk_search_req(sk, prev, th.source, iph.saddr, iph.daddr);
  if (req !== null) {
    return yield* tcp_check_req(sk, skb, req, prev);
  }
  const nsk = inet_lookup_established(tcp_hashinfo(), iph.saddr, th.source, iph.daddr, th.dest, inet_iif(skb));
  if (nsk !== null) {
    if (nsk.skc_state === TCP_TIME_WAIT) {
      inet_twsk_put(inet_twsk(nsk));
      return null;
    }
    yield* bh_lock_sock(nsk);
    return nsk;
  }
  return (th.flags & TCPHDR_SYN) === 0 ? yield* cookie_v4_check(sk, skb, tcp_request_sock_ops) : sk;
}

/**
 * Verifies the checksum of a short segment now, and puts it off for a long one. Nonzero when it is wrong.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function tcp_v4_checksum_init(skb: sk_buff): number {
  const iph = ip_hdr(skb);
  if (skb.ip_summed === CHECKSUM_COMPLETE && tcp_v4_check(skb.len, iph.saddr, iph.daddr, skb.csum) === 0) {
    skb.ip_summed = CHECKSUM_UNNECESSARY;
    return 0;
  }
  skb.csum = csum_tcpudp_nofold(iph.saddr, iph.daddr, skb.len, IPPROTO_TCP, 0);
  return skb.len <= SMALL_SEGMENT ? __skb_checksum_complete(skb) : 0;
}

/**
 * Leaves a segment to the reader who sleeps in tcp_recvmsg, and wakes him at the first one. False when nobody waits.
 * @modelled include/net/tcp.h
 * @cost 6
 */
export function* tcp_prequeue(sk: sock, skb: sk_buff): Kgen<boolean> {
  const tp = tcp_sk(sk);
  if (sysctl_tcp_low_latency() !== 0 || tp.ucopy.task === null) {
    return false;
  }
  const { ucopy } = tp;
  __skb_queue_tail(ucopy.prequeue, skb);
  ucopy.memory += skb.truesize;
  if (ucopy.memory > sk.sk_rcvbuf) {
    for (let skb1 = __skb_dequeue(ucopy.prequeue); skb1 !== null; skb1 = __skb_dequeue(ucopy.prequeue)) {
      yield* sk_backlog_rcv(sk, skb1);
    }
    ucopy.memory = 0;
  } else if (skb_queue_len(ucopy.prequeue) === 1) {
    __wake_up_sync_key(sk_sleep(sk), TASK_INTERRUPTIBLE, 1, POLLIN | POLLRDNORM | POLLRDBAND);
    if (!inet_csk_ack_scheduled(sk)) {
      inet_csk_reset_xmit_timer(sk, ICSK_TIME_DACK, Math.trunc((3 * tcp_rto_min(sk)) / 4), TCP_RTO_MAX);
    }
  }
  return true;
}

/**
 * Processes a segment for a socket, under its lock or owned by it; also called for the backlog and the prequeue.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 12
 */
export function* tcp_v4_do_rcv(sk: sock, skb: sk_buff): Kgen<number> {
  if (sk.skc_state === TCP_ESTABLISHED) {
    sock_rps_save_rxhash(sk, skb.rxhash);
    if ((yield* tcp_rcv_established(sk, skb, tcp_hdr(skb), skb.len)) !== 0) {
      yield* tcp_v4_send_reset(sk, skb);
      kfree_skb(skb);
    }
    return 0;
  }
  if (skb.len < tcp_hdrlen(skb) || tcp_checksum_complete(skb)) {
    kfree_skb(skb);
    return 0;
  }
  if (sk.skc_state === TCP_LISTEN) {
    const nsk = yield* tcp_v4_hnd_req(sk, skb);
    if (nsk === null) {
      kfree_skb(skb);
      return 0;
    }
    if (nsk !== sk) {
      if ((yield* tcp_child_process(sk, nsk, skb)) !== 0) {
        yield* tcp_v4_send_reset(nsk, skb);
        kfree_skb(skb);
      }
      return 0;
    }
  } else {
    sock_rps_save_rxhash(sk, skb.rxhash);
  }
  if ((yield* tcp_rcv_state_process(sk, skb, tcp_hdr(skb), skb.len)) !== 0) {
    yield* tcp_v4_send_reset(sk, skb);
    kfree_skb(skb);
  }
  return 0;
}

/**
 * Receives a TCP segment from IP: checks it, finds its socket, and processes it there, or leaves it to a sleeping reader
 * (prequeue) or to the task that owns the socket (backlog).
 * @modelled net/ipv4/tcp_ipv4.c
 * @omits xfrm4_policy_check: no IPsec
 * @cost 40
 */
export function* tcp_v4_rcv(skb: sk_buff): Kgen<number> {
  if (skb.pkt_type !== PACKET_HOST || !pskb_may_pull(skb, TCP_HEADER_LEN)) {
    kfree_skb(skb);
    return 0;
  }
  if (tcp_hdrlen(skb) < TCP_HEADER_LEN || !pskb_may_pull(skb, tcp_hdrlen(skb))) {
    kfree_skb(skb);
    return 0;
  }
  if (!skb_csum_unnecessary(skb) && tcp_v4_checksum_init(skb) !== 0) {
    kfree_skb(skb);
    return 0;
  }

  const th = tcp_hdr(skb);
  const cb = TCP_SKB_CB(skb);
  const syn = (th.flags & TCPHDR_SYN) !== 0 ? 1 : 0;
  const fin = (th.flags & TCPHDR_FIN) !== 0 ? 1 : 0;
  cb.seq = th.seq;
  cb.end_seq = seqAdd(th.seq, syn + fin + skb.len - tcp_hdrlen(skb));
  cb.ack_seq = th.ack_seq;
  cb.when = 0;
  cb.flags = ip_hdr(skb).tos;
  cb.sacked = 0;

  let sk = __inet_lookup_skb(tcp_hashinfo(), skb, th.source, th.dest);
  if (sk !== null && sk.skc_state === TCP_TIME_WAIT) {
    const tw = inet_twsk(sk);
    if (skb.len < tcp_hdrlen(skb) || tcp_checksum_complete(skb)) {
      inet_twsk_put(tw);
      kfree_skb(skb);
      return 0;
    }
    const verdict = tcp_timewait_state_process(tw, skb, th);
    sk =
      verdict === TCP_TW_SYN ? __inet_lookup_listener(tcp_hashinfo(), ip_hdr(skb).daddr, th.dest, inet_iif(skb)) : null;
    if (sk !== null) {
      // A new connection by the same ports: the listener takes the segment.
      inet_twsk_deschedule(tw, tcp_death_row());
      inet_twsk_put(tw);
    } else {
      if (verdict === TCP_TW_RST) yield* tcp_v4_send_reset(null, skb);
      else if (verdict !== TCP_TW_SUCCESS) yield* tcp_v4_timewait_ack(tw, skb);
      kfree_skb(skb);
      return 0;
    }
  }
  if (sk === null) {
    if (skb.len >= tcp_hdrlen(skb) && !tcp_checksum_complete(skb)) {
      yield* tcp_v4_send_reset(null, skb);
    }
    kfree_skb(skb);
    return 0;
  }
  if (sk_filter(sk, skb) !== 0) {
    kfree_skb(skb);
    sock_put(sk);
    return 0;
  }
  skb.dev = null;

  yield* bh_lock_sock_nested(sk);
  let ret = 0;
  let dropped = false;
  if (!sock_owned_by_user(sk)) {
    if (!(yield* tcp_prequeue(sk, skb))) {
      ret = yield* tcp_v4_do_rcv(sk, skb);
    }
  } else {
    dropped = sk_add_backlog(sk, skb) !== 0;
  }
  bh_unlock_sock(sk);
  if (dropped) {
    kfree_skb(skb);
  }
  sock_put(sk);
  return ret;
}

/**
 * GRO: only segments whose checksum the NIC verified may be merged.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function tcp4_gro_receive(head: napi_struct, skb: sk_buff): sk_buff | null {
  if (skb.ip_summed === CHECKSUM_COMPLETE) {
    const iph = new iphdr(skb.network_header);
    if (tcp_v4_check(skb_gro_len(skb), iph.saddr, iph.daddr, skb.csum) !== 0) {
      skb.cb.gro_flush = 1;
      return null;
    }
    skb.ip_summed = CHECKSUM_UNNECESSARY;
  } else if (skb.ip_summed === CHECKSUM_NONE) {
    skb.cb.gro_flush = 1;
    return null;
  }
  return tcp_gro_receive(head, skb);
}

/**
 * GRO: gives the merged segment its checksum and marks it as a large one.
 * @modelled net/ipv4/tcp_ipv4.c
 */
export function tcp4_gro_complete(skb: sk_buff): number {
  const iph = ip_hdr(skb);
  tcp_hdr(skb).check = ~tcp_v4_check(skb.len - skb_transport_offset(skb), iph.saddr, iph.daddr, 0);
  skb_shinfo(skb).gso_type = SKB_GSO_TCPV4;
  return tcp_gro_complete(skb);
}

/** What TCP calls of IPv4. */
export const ipv4_specific = ops<inet_connection_sock_af_ops>('inet_connection_sock_af_ops', 'ipv4_specific', {
  queue_xmit: ip_queue_xmit,
  send_check: tcp_v4_send_check,
  rebuild_header: inet_sk_rebuild_header,
  setsockopt: ip_setsockopt,
  getsockopt: ip_getsockopt,
  conn_request: tcp_v4_conn_request,
  syn_recv_sock: tcp_v4_syn_recv_sock,
  bind_conflict: inet_csk_bind_conflict,
  net_header_len: IP_HEADER_LEN,
});

/**
 * Gives a new socket the state every TCP connection starts from: no window, no estimates, default buffers.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 60
 */
export function tcp_v4_init_sock(sk: sock): number {
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  skb_queue_head_init(tp.out_of_order_queue);
  tcp_init_xmit_timers(sk);
  tcp_prequeue_init(tp);
  sack_blocks_init(sk);

  icsk.icsk_rto = TCP_TIMEOUT_INIT;
  tp.mdev = TCP_TIMEOUT_INIT;
  tp.snd_cwnd = 2;
  tp.snd_ssthresh = TCP_INFINITE_SSTHRESH;
  tp.snd_cwnd_clamp = 0xffffffff;
  tp.mss_cache = TCP_MSS_DEFAULT;
  tp.reordering = sysctl_tcp_reordering();
  if (tcp_cong_list().tcp_cong_list.length === 0) {
    tcp_v4_init();
  }
  icsk.icsk_ca_ops = tcp_init_congestion_ops;

  sk.skc_state = TCP_CLOSE;
  sk.sk_write_space = sk_stream_write_space;
  sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
  icsk.icsk_af_ops = ipv4_specific;
  sk.sk_sndbuf = sysctl_tcp_wmem.at(1);
  sk.sk_rcvbuf = sysctl_tcp_rmem.at(1);
  tcp_memory().sockets_allocated++;
  return 0;
}

/**
 * A new connection may take the place of one in TIME_WAIT by the same addresses and ports: timestamps tell old segments from new ones
 * (RFC 1323 appendix B.2). It goes on from the old one's sequence numbers. A port that connect() chooses needs tcp_tw_reuse, and the old
 * connection must have been silent for a second.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 10
 */
export function tcp_twsk_unique(sk: sock, sktw: inet_timewait_sock, choosing: boolean): boolean {
  const tcptw = tcp_twsk(sktw);
  const tp = tcp_sk(sk);
  const stamp = tcptw.tw_ts_recent_stamp;
  if (stamp === 0 || (choosing && (sysctl('ipv4.tcp_tw_reuse', 0) === 0 || get_seconds() - stamp <= 1))) {
    return false;
  }
  tp.write_seq = seqAdd(tcptw.tw_snd_nxt, 65_535 + 2) || 1;
  tp.rx_opt.ts_recent = tcptw.tw_ts_recent;
  tp.rx_opt.ts_recent_stamp = stamp;
  sktw.skc_refcnt++;
  return true;
}

/**
 * A closed socket that no file holds lets go of all TCP has for it.
 * @modelled net/ipv4/tcp_ipv4.c
 * @cost 30
 */
export function tcp_v4_destroy_sock(sk: sock): undefined {
  const tp = tcp_sk(sk);
  tcp_clear_xmit_timers(sk);
  tcp_cleanup_congestion_control(sk);
  tcp_write_queue_purge(sk);
  __skb_queue_purge(tp.out_of_order_queue);
  __skb_queue_purge(tp.ucopy.prequeue);
  if (inet_csk(sk).icsk_bind_hash !== null) {
    inet_put_port(sk);
  }
  if (sk.sk_sndmsg_page !== null) {
    put_page(sk.sk_sndmsg_page);
    sk.sk_sndmsg_page = null;
  }
  tcp_memory().sockets_allocated--;
}

/**
 * Allocates the SACK blocks of a socket.
 * @model in C the blocks stand inside struct tcp_sock
 * @cost 0
 */
function sack_blocks_init(sk: sock): void {
  const tp = tcp_sk(sk);
  tp.duplicate_sack.set(0, new tcp_sack_block());
  for (let i = 0; i < TCP_NUM_SACKS; i++) {
    tp.selective_acks.set(i, new tcp_sack_block());
    tp.recv_sack_cache.set(i, new tcp_sack_block());
  }
}

/**
 * Starts TCP on a host.
 * @simplified registers the congestion control modules, which the kernel does in their own initialisation; no control
 * socket
 */
export function tcp_v4_init(): void {
  cubictcp_register();
  tcp_register_congestion_control(tcp_reno);
  bictcp_register();
}

/** The protocol behind a TCP socket. */
export const tcp_prot = ops<proto>('proto', 'tcp_prot', {
  name: 'TCP',
  init: tcp_v4_init_sock,
  sendmsg: tcp_sendmsg,
  recvmsg: tcp_recvmsg,
  backlog_rcv: tcp_v4_do_rcv,
  close: tcp_close,
  disconnect: tcp_disconnect,
  ioctl: tcp_ioctl,
  destroy: tcp_v4_destroy_sock,
  connect: tcp_v4_connect,
  accept: inet_csk_accept,
  shutdown: tcp_shutdown,
  setsockopt: tcp_setsockopt,
  getsockopt: tcp_getsockopt,
  twsk_unique: tcp_twsk_unique,
  set_keepalive: tcp_set_keepalive,
  hash: inet_hash,
  unhash: inet_unhash,
  get_port: inet_csk_get_port,
  max_header: MAX_TCP_HEADER,
  no_autobind: true,
  obj_size: 1664,
  sysctl_mem: sysctl_tcp_mem,
  sysctl_wmem: sysctl_tcp_wmem,
  sysctl_rmem: sysctl_tcp_rmem,
});

/** What IP calls of TCP: entry 6 of inet_protos. */
export const tcp_protocol = ops<net_protocol>('net_protocol', 'tcp_protocol', {
  handler: tcp_v4_rcv,
  err_handler: tcp_v4_err,
  gso_segment: tcp_tso_segment,
  gso_send_check: tcp_v4_gso_send_check,
  gro_receive: tcp4_gro_receive,
  gro_complete: tcp4_gro_complete,
  no_policy: true,
});
