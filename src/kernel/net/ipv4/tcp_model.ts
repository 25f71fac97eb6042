/**
 * Mirrors no Linux file. Brings a socket into the state that a handshake with given parameters leaves, before any data:
 * what tcp_v4_connect, tcp_rcv_synsent_state_process, tcp_create_openreq_child and the SYN_RECV branch of
 * tcp_rcv_state_process do between them, in their order. For scenarios that begin with an established connection.
 */
import { seqAdd } from '../../../base/seq';
import { IPPROTO_TCP } from '../../include/linux/ip';
import { SKB_GSO_TCPV4 } from '../../include/linux/skbuff';
import { TCP_ESTABLISHED, tcp_sk } from '../../include/linux/tcp';
import { HZ, jiffies } from '../../include/linux/timer';
import { dst_metric_advmss, dst_mtu } from '../../include/net/dst';
import { inet_csk } from '../../include/net/inet_connection_sock';
import { inet_sk } from '../../include/net/inet_sock';
import { SOCK_RCVBUF_LOCK, SOCK_SNDBUF_LOCK, type sock } from '../../include/net/sock';
import {
  __tcp_fast_path_on,
  sysctl_tcp_fack,
  TCP_ATO_MIN,
  TCP_DEFAULT_INIT_RCVWND,
  TCPOLEN_TSTAMP_ALIGNED,
  tcp_enable_fack,
  tcp_fast_path_on,
  tcp_init_wl,
  tcp_time_stamp,
} from '../../include/net/tcp';
import { get_seconds } from '../../kernel/sched';
import { sk_setup_caps } from '../core/sock';
import {
  inet_bind_bucket_create,
  inet_bind_bucket_of,
  inet_bind_hash,
  inet_hash,
  tcp_hashinfo,
} from './inet_hashtables';
import { ip_route_output_ports } from './route';
import { tcp_init_congestion_control } from './tcp_cong';
import { tcp_init_buffer_space, tcp_init_metrics, tcp_initialize_rcv_mss, tcp_valid_rtt_meas } from './tcp_input';
import { tcp_mtup_init, tcp_sync_mss } from './tcp_output';

/** A connection as its handshake made it. Addresses and ports as numbers in host order. */
export interface established_args {
  daddr: number;
  dport: number;
  saddr: number;
  sport: number;
  /** Sequence numbers of our SYN and of the peer's. */
  snd_isn: number;
  rcv_isn: number;
  /** MSS both sides announced, bytes. Default 1460. */
  mss?: number;
  timestamps: boolean;
  sack: boolean;
  /** Shifts of the windows the peer sends and of those we send; null: no scaling. */
  wscale: { snd: number; rcv: number } | null;
  /** Window the peer offered last, bytes. */
  snd_wnd: number;
  /** Window we offered last, bytes. Default: ten segments. */
  rcv_wnd?: number;
  /** The clamp the window grows from, bytes. Default: rcv_wnd, but at least two segments, as tcp_clamp_window leaves it. */
  rcv_ssthresh?: number;
  /** Segments. Default: as after a handshake (10, and none). */
  cwnd?: number;
  ssthresh?: number;
  /** Smoothed RTT, ms: one sample taken. Default: none, so that the timeout is 3 s. */
  rtt_ms?: number;
  /** Buffers as SO_SNDBUF and SO_RCVBUF set them (already doubled), bytes: then they do not grow by themselves. */
  sndbuf?: number;
  rcvbuf?: number;
  /** ACKs still promised at once. Default: decided when the first data arrives. */
  quickack?: number;
  /** The session counts as interactive: ACKs are delayed. */
  pingpong?: boolean;
  /** We accepted the connection; else we opened it. */
  passive?: boolean;
  /** Header prediction is on, as after some traffic. Default: as the handshake leaves it. */
  fast_path?: boolean;
}

const TCP_HEADER_LEN = 20;

/**
 * Establishes a connection for a socket that is closed (tcp_v4_init_sock has run). False when there is no route.
 * @model stands for the handshake
 * @cost 0
 */
export function tcp_model_establish(sk: sock, args: established_args): boolean {
  const inet = inet_sk(sk);
  const icsk = inet_csk(sk);
  const tp = tcp_sk(sk);
  const { rx_opt } = tp;
  const mss = args.mss ?? 1460;
  const passive = args.passive ?? false;
  const now = tcp_time_stamp();

  sk.skc_daddr = args.daddr;
  sk.skc_rcv_saddr = args.saddr;
  inet.inet_daddr = args.daddr;
  inet.inet_dport = args.dport;
  inet.inet_saddr = args.saddr;
  inet.inet_rcv_saddr = args.saddr;
  inet.inet_sport = args.sport;
  inet.inet_num = args.sport;
  inet.inet_id = args.snd_isn ^ jiffies();

  const rt = ip_route_output_ports(sk, args.daddr, args.saddr, args.dport, args.sport, IPPROTO_TCP, 0, 0);
  if (rt === null) {
    return false;
  }
  sk.sk_gso_type = SKB_GSO_TCPV4;
  sk_setup_caps(sk, rt);

  tp.snd_una = seqAdd(args.snd_isn, 1);
  tp.snd_nxt = tp.snd_una;
  tp.write_seq = tp.snd_una;
  tp.pushed_seq = tp.snd_una;
  tp.snd_sml = tp.snd_una;
  tp.snd_up = tp.snd_una;
  tp.rcv_nxt = seqAdd(args.rcv_isn, 1);
  tp.rcv_wup = tp.rcv_nxt;
  tp.copied_seq = tp.rcv_nxt;
  tcp_init_wl(tp, passive ? tp.rcv_nxt : args.rcv_isn);

  tp.snd_wnd = args.snd_wnd;
  tp.max_window = args.snd_wnd;
  rx_opt.mss_clamp = mss;
  rx_opt.wscale_ok = args.wscale !== null;
  rx_opt.snd_wscale = args.wscale?.snd ?? 0;
  rx_opt.rcv_wscale = args.wscale?.rcv ?? 0;
  tp.window_clamp = 65535 * 2 ** rx_opt.rcv_wscale;
  tp.advmss = Math.min(dst_metric_advmss(rt), mss);
  tp.rcv_wnd = args.rcv_wnd ?? TCP_DEFAULT_INIT_RCVWND * tp.advmss;
  tp.rcv_ssthresh = args.rcv_ssthresh ?? Math.max(tp.rcv_wnd, 2 * tp.advmss);

  rx_opt.tstamp_ok = args.timestamps;
  rx_opt.saw_tstamp = args.timestamps;
  tp.tcp_header_len = TCP_HEADER_LEN;
  if (args.timestamps) {
    tp.tcp_header_len += TCPOLEN_TSTAMP_ALIGNED;
    tp.advmss -= TCPOLEN_TSTAMP_ALIGNED;
    rx_opt.rcv_tsval = now;
    rx_opt.rcv_tsecr = now - Math.round(((args.rtt_ms ?? 0) * HZ) / 1000);
    rx_opt.ts_recent = now;
    rx_opt.ts_recent_stamp = get_seconds();
  }
  if (args.sack) {
    rx_opt.sack_ok = 1;
    if (sysctl_tcp_fack() !== 0) {
      tcp_enable_fack(tp);
    }
  }

  tcp_mtup_init(sk);
  tcp_sync_mss(sk, dst_mtu(rt));
  tcp_initialize_rcv_mss(sk);
  const hashinfo = tcp_hashinfo();
  let tb = inet_bind_bucket_of(hashinfo, args.sport);
  if (tb === null) {
    tb = inet_bind_bucket_create(hashinfo, args.sport);
    tb.fastreuse = passive ? 0 : -1;
  }
  inet_bind_hash(sk, tb, args.sport);
  sk.skc_state = TCP_ESTABLISHED;
  inet_hash(sk);

  tcp_init_metrics(sk);
  if (args.rtt_ms !== undefined) {
    tcp_valid_rtt_meas(sk, Math.round((args.rtt_ms * HZ) / 1000));
  }
  tcp_init_congestion_control(sk);
  tp.snd_cwnd = args.cwnd ?? tp.snd_cwnd;
  tp.snd_ssthresh = args.ssthresh ?? tp.snd_ssthresh;
  tp.lsndtime = now;
  tp.rcv_tstamp = now;

  if (args.sndbuf !== undefined) {
    sk.sk_sndbuf = args.sndbuf;
    sk.sk_userlocks |= SOCK_SNDBUF_LOCK;
  }
  if (args.rcvbuf !== undefined) {
    sk.sk_rcvbuf = args.rcvbuf;
    sk.sk_userlocks |= SOCK_RCVBUF_LOCK;
  }
  tcp_init_buffer_space(sk);

  if (passive) {
    icsk.icsk_ack.lrcvtime = now;
  }
  if (args.quickack !== undefined) {
    icsk.icsk_ack.quick = args.quickack;
    icsk.icsk_ack.ato = TCP_ATO_MIN;
    icsk.icsk_ack.lrcvtime = now;
  }
  icsk.icsk_ack.pingpong = args.pingpong ?? false;

  if (args.fast_path ?? passive) {
    tcp_fast_path_on(tp);
  } else if (args.fast_path === undefined && rx_opt.snd_wscale === 0) {
    __tcp_fast_path_on(tp, tp.snd_wnd);
  } else {
    tp.pred_flags = 0;
  }
  return true;
}
