/** Mirrors include/linux/tcp.h (2.6.39): the header (RFC 793 section 3.1) and `struct tcp_sock`. */
import { bool, embed, int, list, ref, type StructClass, seq32, struct, u8, u16, u32 } from '../../../base/struct';
import { be16, be32, byte, wire } from '../../../base/wire';
import { inet_connection_sock } from '../net/inet_connection_sock';
import { inet_request_sock } from '../net/inet_sock';
import type { iovec } from './fs';
import { type sk_buff, sk_buff_head } from './skbuff';
import type { task_struct } from './wait';

export const tcphdr = wire('tcphdr', {
  source: be16('source port', 'port'),
  dest: be16('destination port', 'port'),
  seq: be32('sequence number of the first byte'),
  ack_seq: be32('next byte expected from the peer'),
  doff_res: byte('header length in words (upper four bits), reserved bits', 'hex'),
  flags: byte('CWR ECE URG ACK PSH RST SYN FIN', 'hex'),
  window: be16('receive window, scaled'),
  check: be16('checksum', 'hex'),
  urg_ptr: be16('urgent pointer'),
});
export type tcphdr = InstanceType<typeof tcphdr>;

export const TCPHDR_FIN = 0x01;
export const TCPHDR_SYN = 0x02;
export const TCPHDR_RST = 0x04;
export const TCPHDR_PSH = 0x08;
export const TCPHDR_ACK = 0x10;
export const TCPHDR_URG = 0x20;
export const TCPHDR_ECE = 0x40;
export const TCPHDR_CWR = 0x80;

export const TCP_ESTABLISHED = 1;
export const TCP_SYN_SENT = 2;
export const TCP_SYN_RECV = 3;
export const TCP_FIN_WAIT1 = 4;
export const TCP_FIN_WAIT2 = 5;
export const TCP_TIME_WAIT = 6;
export const TCP_CLOSE = 7;
export const TCP_CLOSE_WAIT = 8;
export const TCP_LAST_ACK = 9;
export const TCP_LISTEN = 10;
export const TCP_CLOSING = 11;

export const TCP_NAGLE_OFF = 1;
export const TCP_NAGLE_CORK = 2;
export const TCP_NAGLE_PUSH = 4;

export const TCP_CA_Open = 0;
export const TCP_CA_Disorder = 1;
export const TCP_CA_CWR = 2;
export const TCP_CA_Recovery = 3;
export const TCP_CA_Loss = 4;

/** Options seen and agreed on. */
export const tcp_options_received = struct('tcp_options_received', {
  ts_recent: u32('timestamp to echo next'),
  ts_recent_stamp: int('when it was stored, s'),
  rcv_tsval: u32('timestamp in the segment under way'),
  rcv_tsecr: u32('timestamp it echoes'),
  saw_tstamp: bool('the segment under way has timestamps'),
  tstamp_ok: bool('timestamps agreed on'),
  dsack: bool('a D-SACK is to be sent'),
  wscale_ok: bool('window scaling agreed on'),
  sack_ok: int('SACK agreed on: 1 SACK, 2 FACK, 4 D-SACK seen'),
  snd_wscale: u8('shift of windows the peer sends'),
  rcv_wscale: u8('shift of windows we send'),
  num_sacks: u8('SACK blocks to send'),
  user_mss: u16('MSS set by the user'),
  mss_clamp: u16('largest MSS the peer takes'),
});
export interface tcp_options_received extends InstanceType<typeof tcp_options_received> {}

export const tcp_sack_block = struct('tcp_sack_block', {
  start_seq: seq32('first byte of the block'),
  end_seq: seq32('byte after the block'),
});
export interface tcp_sack_block extends InstanceType<typeof tcp_sack_block> {}

/** What a reader asleep in tcp_recvmsg leaves for direct copying. */
export const tcp_ucopy = struct('tcp_ucopy', {
  prequeue: embed(sk_buff_head, 'segments waiting for the reader to process them'),
  task: ref<task_struct>('the reader, null if none'),
  len: int('bytes the reader still wants'),
  memory: int('truesize on the prequeue, bytes'),
});
export interface tcp_ucopy extends InstanceType<typeof tcp_ucopy> {
  /** Where the reader wants its bytes; not a heap field, as it lives on the reader's stack. */
  iov?: iovec | readonly iovec[] | undefined;
}

export const tcp_sock = struct(
  'tcp_sock',
  {
    tcp_header_len: u16('length of the header we send, with the usual options, bytes'),
    xmit_size_goal_segs: u16('segments in a full skb'),
    pred_flags: u32('header word that takes the fast path'),
    rcv_nxt: seq32('next byte we expect'),
    copied_seq: seq32('next byte the reader has not taken'),
    rcv_wup: seq32('rcv_nxt when the window was last sent'),
    snd_nxt: seq32('next byte we will send'),
    snd_una: seq32('first byte we want an ack for'),
    snd_sml: seq32('end of the last small segment sent (Minshall)'),
    rcv_tstamp: int('jiffies of the last ACK received'),
    lsndtime: int('jiffies of the last data sent'),
    ucopy: embed(tcp_ucopy as StructClass<tcp_ucopy>, 'direct copy to a waiting reader'),
    snd_wl1: seq32('segment that last updated the window'),
    snd_wnd: u32('window the peer offers, bytes'),
    max_window: u32('largest window the peer ever offered, bytes'),
    mss_cache: u32('segment size in use, bytes of payload'),
    window_clamp: u32('largest window to offer, bytes'),
    rcv_ssthresh: u32('current window clamp, bytes'),
    frto_highmark: seq32('snd_nxt when the RTO occurred'),
    advmss: u16('MSS we advertise'),
    frto_counter: u8('F-RTO step'),
    nonagle: u8('Nagle: OFF 1, CORK 2, PUSH 4'),
    srtt: u32('smoothed RTT, jiffies << 3'),
    mdev: u32('mean deviation, jiffies << 2'),
    mdev_max: u32('largest mdev in this window'),
    rttvar: u32('smoothed mdev_max'),
    rtt_seq: seq32('when to update rttvar'),
    packets_out: u32('segments in flight'),
    retrans_out: u32('retransmitted segments in flight'),
    urg_data: u16('urgent byte and its state'),
    ecn_flags: u8('ECN state'),
    reordering: u8('reordering seen, segments', 3),
    snd_up: seq32('urgent pointer'),
    keepalive_probes: u8('probes before giving up'),
    thin_lto: bool('linear timeouts for thin streams'),
    thin_dupack: bool('one duplicate ACK is enough for thin streams'),
    rx_opt: embed(tcp_options_received, 'options'),
    snd_ssthresh: u32('slow start threshold, segments', 0x7fffffff),
    snd_cwnd: u32('congestion window, segments', 10),
    snd_cwnd_cnt: u32('ACKs counted towards the next increase'),
    snd_cwnd_clamp: u32('upper bound of the congestion window', 0xffffffff),
    snd_cwnd_used: u32('most segments in flight since the window was last full'),
    snd_cwnd_stamp: int('jiffies when the window was last full or changed'),
    prior_cwnd: u32('window at the start of loss recovery'),
    rcv_wnd: u32('window we offer, bytes'),
    write_seq: seq32('end of the data in the send queue'),
    pushed_seq: seq32('end of the data last marked PSH'),
    lost_out: u32('segments thought lost'),
    sacked_out: u32('segments SACKed, or duplicate ACKs without SACK'),
    fackets_out: u32('segments up to the highest SACK'),
    tso_deferred: int('jiffies when sending was put off, 0 if not (shifted, low bit set)'),
    bytes_acked: u32('ABC: bytes acked'),
    out_of_order_queue: embed(sk_buff_head, 'segments beyond a hole'),
    duplicate_sack: list(ref<tcp_sack_block>('block'), 1, 'D-SACK to send'),
    selective_acks: list(ref<tcp_sack_block>('block'), 4, 'SACK blocks to send'),
    recv_sack_cache: list(ref<tcp_sack_block>('block'), 4, 'SACK blocks received last'),
    highest_sack: ref<sk_buff>('skb that the highest SACK covers, null: none or snd_nxt'),
    lost_skb_hint: ref<sk_buff>('how far losses were marked'),
    lost_cnt_hint: int('segments below that'),
    scoreboard_skb_hint: ref<sk_buff>('how far timeouts were looked for'),
    retransmit_skb_hint: ref<sk_buff>('where retransmission goes on'),
    retransmit_high: seq32('end of what is marked lost'),
    lost_retrans_low: seq32('lowest end of retransmissions still out'),
    prior_ssthresh: u32('ssthresh to restore on undo'),
    high_seq: seq32('snd_nxt when recovery began'),
    retrans_stamp: u32('timestamp of the last retransmission'),
    undo_marker: seq32('where tracking of undo begins, 0 if none'),
    undo_retrans: int('retransmissions that could still be undone'),
    total_retrans: u32('retransmissions in all'),
    urg_seq: seq32('sequence of the urgent pointer received'),
    keepalive_time: int('jiffies before the first probe'),
    keepalive_intvl: int('jiffies between probes'),
    linger2: int('FIN_WAIT2 timeout, jiffies'),
    rcv_rtt_rtt: u32('receiver RTT estimate, jiffies << 3'),
    rcv_rtt_seq: seq32('end of the window being timed'),
    rcv_rtt_time: int('jiffies when it began'),
    rcvq_space_space: int('bytes the reader took in the last RTT'),
    rcvq_space_seq: seq32('copied_seq at the start of the measurement'),
    rcvq_space_time: int('jiffies when it began'),
    mtu_probe_seq_start: seq32('start of the MTU probe'),
    mtu_probe_seq_end: seq32('end of the MTU probe'),
  },
  inet_connection_sock,
);
export interface tcp_sock extends InstanceType<typeof tcp_sock> {}

/** The tcp_sock of an skb's or a caller's sock: a free cast, as the struct begins with it. */
export const tcp_sk = (sk: object): tcp_sock => sk as tcp_sock;

/** A TCP connection that was asked for. */
export const tcp_request_sock = struct(
  'tcp_request_sock',
  {
    rcv_isn: seq32('sequence number of the SYN'),
    snt_isn: seq32('sequence number of our SYN-ACK'),
  },
  inet_request_sock,
);
export interface tcp_request_sock extends InstanceType<typeof tcp_request_sock> {}

/** The tcp_request_sock of a request: a free cast. */
export const tcp_rsk = (req: object): tcp_request_sock => req as tcp_request_sock;

/**
 * Bytes of data that go with a SYN-ACK.
 * @simplified none: TCP cookie transactions are not configured
 * @cost 1
 */
export function tcp_s_data_size(_tp: tcp_sock): number {
  return 0;
}

/** Options on the kernel stack. */
export type tcp_options = Omit<tcp_options_received, '$id' | '$base' | '$type'>;

/** Options with nothing seen yet, on the kernel stack. */
export const tcp_no_options = (): tcp_options => ({
  ts_recent: 0,
  ts_recent_stamp: 0,
  rcv_tsval: 0,
  rcv_tsecr: 0,
  saw_tstamp: false,
  tstamp_ok: false,
  dsack: false,
  wscale_ok: false,
  sack_ok: 0,
  snd_wscale: 0,
  rcv_wscale: 0,
  num_sacks: 0,
  user_mss: 0,
  mss_clamp: 0,
});

/** Forgets the options of a segment. */
export const tcp_clear_options = (rx_opt: tcp_options): void => {
  rx_opt.tstamp_ok = false;
  rx_opt.sack_ok = 0;
  rx_opt.wscale_ok = false;
  rx_opt.snd_wscale = 0;
};
