/**
 * Why an sk_buff is freed, by the function that gave it up. The words for drops are those later kernels use (enum skb_drop_reason),
 * where they have one.
 */
import { seqDiff } from '../base/seq';
import { errnoName } from '../scenario/packetdrill/values';
import type { StructView } from '../trace/state';

export type Told = readonly [word: string, text: string];

/** An sk_buff at the moment it is freed, as the function that gave it up saw it. */
export interface Freed {
  readonly skb: StructView;
  /** The function's arguments and locals: objects as their views. */
  arg(name: string): StructView | number | string | boolean | null | undefined;
  object(name: string): StructView | null;
  /** The last function it had called and that returned, and what that gave. */
  readonly last: { readonly name: string; readonly result: number };
  /** An argument of the last call of a function inside the one that gave it up: an object, null where there is none. */
  within(fn: string, name: string): StructView | null;
  /** The same of a number, 0 where there is none. */
  numberWithin(fn: string, name: string): number;
  /** True when a function was called inside the one that gave it up, before it did. */
  did(fn: string): boolean;
  /** Functions that were open, outermost first. */
  readonly stack: readonly string[];
}

type Rule = (freed: Freed) => { readonly dropped: boolean; readonly told: Told };

const number = (value: number): string => value.toLocaleString('en');
const cb = (skb: StructView, field: string): number => skb.ref('cb')?.num(field) ?? 0;

const kept =
  (word: string, text: string): Rule =>
  () => ({ dropped: false, told: [word, text] });
const lost =
  (tell: (freed: Freed) => Told): Rule =>
  (freed) => ({ dropped: true, told: tell(freed) });
const always =
  (word: string, text: string): Rule =>
  () => ({ dropped: true, told: [word, text] });

/** `its N bytes from sequence number S`, as distances from where the receiver is. */
function placed(freed: Freed, sk: StructView): string {
  const from = seqDiff(cb(freed.skb, 'seq'), sk.num('rcv_nxt'));
  const to = seqDiff(cb(freed.skb, 'end_seq'), sk.num('rcv_nxt'));
  return `it holds bytes ${number(from)} to ${number(to)} from rcv_nxt`;
}

function windowOf(sk: StructView): number {
  return Math.max(0, seqDiff(sk.num('rcv_wup') + sk.num('rcv_wnd'), sk.num('rcv_nxt')));
}

/** The socket a receiving function works for. */
function sockOf(freed: Freed): StructView | null {
  return freed.object('sk') ?? freed.object('tp');
}

function callerOf({ stack }: Freed, fn: string): string {
  return stack[stack.lastIndexOf(fn) - 1] ?? '';
}

/** A qdisc without room, with what it holds and may hold. */
function fullQueue(freed: Freed): Told {
  const by = freed.stack.findLast((name) => name.endsWith('_enqueue')) ?? 'the qdisc';
  const sch = freed.object('sch') ?? freed.object('qdisc');
  const limit = sch?.has('limit') ? `, its limit is ${number(sch.num('limit'))}` : '';
  const held = sch === null ? '' : `: ${number(sch.ref('q')?.num('qlen') ?? 0)} packets are in it${limit}`;
  return ['QDISC_DROP', `${by} has no room${held}`];
}

const PACKET_HOST = 0;
const NO_ROOM = 'the receive buffer is full';

/** Chains of iptables by the number of their hook. */
const NF_HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'];

/** What is left in a queue that is emptied. */
function purged({ stack }: Freed): ReturnType<Rule> {
  if (stack.includes('packet_release'))
    return { dropped: true, told: ['SOCKET_CLOSE', 'the capture was closed before it was read'] };
  if (stack.includes('neigh_update') || stack.includes('neigh_invalidate'))
    return { dropped: true, told: ['NEIGH_FAILED', 'the neighbour went away while it waited'] };
  const closing = ['inet_sock_destruct', 'sk_stream_kill_queues', 'tcp_v4_destroy_sock', 'tcp_done'];
  const tcp = stack.some((name) => name.startsWith('tcp_') || name === 'sk_stream_kill_queues');
  return closing.some((name) => stack.includes(name))
    ? { dropped: true, told: [tcp ? 'TCP_CLOSE' : 'SOCKET_CLOSE', 'its socket is gone'] }
    : { dropped: true, told: ['QUEUE_PURGE', 'the queue it stood in was emptied'] };
}

/** A SYN that a listener did not answer. */
function notListening(freed: Freed, sk: StructView | null): Told {
  const [waiting, most] = [sk?.num('sk_ack_backlog') ?? 0, sk?.num('sk_max_ack_backlog') ?? 0];
  if (waiting > most)
    return [
      'TCP_LISTEN_OVERFLOW',
      `${number(waiting)} connections wait for accept(), and the backlog is ${number(most)}`,
    ];
  return freed.did('syn_flood_warning')
    ? ['TCP_LISTEN_OVERFLOW', 'the SYN queue is full, and there are no SYN cookies']
    : ['TCP_LISTEN_OVERFLOW', 'the listener takes no more requests'];
}

/** A segment for a listener that made no connection: a request of its own may exist. */
function notAccepted(freed: Freed): Told {
  const sk = freed.object('sk');
  if (freed.did('tcp_v4_syn_recv_sock')) {
    const [waiting, most] = [sk?.num('sk_ack_backlog') ?? 0, sk?.num('sk_max_ack_backlog') ?? 0];
    return [
      'TCP_LISTEN_OVERFLOW',
      `${number(waiting)} connections wait for accept(), and the backlog is ${number(most)}: this one must ask again`,
    ];
  }
  if (freed.did('tcp_v4_rtx_synack')) return ['TCP_OLD_SEQUENCE', 'it repeats a SYN: the SYN-ACK is sent again'];
  if (freed.did('tcp_v4_reqsk_send_ack')) return ['TCP_INVALID_SEQUENCE', 'it is outside the window of the request'];
  if (freed.did('inet_csk_reqsk_queue_drop')) return ['TCP_RESET', 'it takes the request back'];
  if (freed.did('cookie_v4_check')) return ['TCP_FLAGS', 'it answers no SYN-ACK of this host, nor a SYN cookie'];
  return ['TCP_FLAGS', 'it does not fit the request it belongs to, or waits for the data (TCP_DEFER_ACCEPT)'];
}

/** A packet that came in and has no route, by errno. */
function noRouteIn(err: number): Told {
  switch (-err) {
    case 18:
      return ['IP_RPFILTER', 'the way back to its source is not by the device it came by (rp_filter)'];
    case 22:
      return ['IP_INVALID_SOURCE', 'its source or destination address cannot be ("martian")'];
    default:
      return ['IP_INNOROUTES', `it is not for this host, and no route leads on for it (${errnoName(-err)})`];
  }
}

/** A receive queue without room, or a protocol without memory. */
function noRoom(freed: Freed): Told {
  const sk = freed.object('sk');
  const used = `${number(sk?.num('sk_rmem_alloc') ?? 0)} of ${number(sk?.num('sk_rcvbuf') ?? 0)} bytes are in use`;
  const truesize = number(freed.skb.num('truesize'));
  return ['SOCKET_RCVBUFF', `its truesize is ${truesize}, ${used}: ${NO_ROOM}`];
}

/** By the function that gave the skb up. */
export const RULES: Readonly<Record<string, Rule>> = {
  // Taken, sent, acknowledged, replaced.
  tcp_clean_rtx_queue: kept('ACKED', 'the peer has acknowledged all of it'),
  igb_unmap_and_free_tx_resource: kept('SENT', 'the card has sent it; this was the clone that went down'),
  e1000_unmap_and_free_tx_resource: ({ stack }) =>
    stack.includes('e1000_clean_tx_ring')
      ? { dropped: true, told: ['DEV_READY', 'the card was reset with this packet in its ring'] }
      : { dropped: false, told: ['SENT', 'the card has sent it; this was the clone that went down'] },
  e1000_clean_rx_ring: kept('UNUSED', 'it was an empty buffer of the receive ring when the card was reset'),
  tcp_recvmsg: kept('READ', 'the reader has taken all of its bytes'),
  tcp_shifted_skb: kept('MERGED', 'it was merged into the acknowledged skb before it'),
  tcp_collapse_retrans: kept('MERGED', 'it was merged into the skb before it, to be sent again as one'),
  tcp_collapse_one: kept('MERGED', 'its bytes were copied into a denser skb to save receive memory'),
  dev_gso_skb_destructor: kept('SENT', 'it was a segment cut by GSO whose packet is done'),
  napi_skb_finish: kept('MERGED', 'GRO merged it into the skb before it'),
  skb_realloc_headroom: kept('REPLACED', 'a copy with more headroom took its place'),
  ip_finish_output2: ({ last }) =>
    last.name === 'skb_realloc_headroom'
      ? { dropped: false, told: ['REPLACED', 'a copy with more headroom took its place'] }
      : { dropped: true, told: ['NEIGH_CREATEFAIL', 'its route has neither a header cache nor a neighbour'] },
  skb_share_check: kept('REPLACED', 'it was shared, so IP goes on with a clone of its own'),
  ip_fragment: ({ skb, object, last }) => {
    if (last.name !== 'icmp_send') return { dropped: false, told: ['REPLACED', 'its fragments took its place'] };
    const packet = object('skb') ?? skb;
    const size = `${number(packet.num('len'))} bytes`;
    const what = packet.id === skb.id ? `its ${size}` : `the ${size} of the packet it is a part of`;
    return { dropped: true, told: ['PKT_TOO_BIG', `${what} do not fit, and it must not be fragmented`] };
  },
  dev_hard_start_xmit: ({ last }) =>
    ['dev_gso_segment', '__skb_linearize', 'skb_checksum_help'].includes(last.name)
      ? { dropped: true, told: ['SKB_GSO_SEG', `it could not be made fit for the device (${errnoName(-last.result)})`] }
      : { dropped: false, told: ['REPLACED', 'it was cut into segments, which took its place'] },
  packet_rcv: (freed) => {
    const sk = freed.object('sk');
    if (freed.last.name === 'run_filter' && freed.last.result === 0)
      return { dropped: false, told: ['TAP_FILTER', "the capture's filter did not ask for it"] };
    if (freed.last.name === 'skb_clone')
      return { dropped: false, told: ['REPLACED', 'the packet socket keeps a clone of its own'] };
    const used = sk?.num('sk_rmem_alloc') ?? 0;
    const text = `the packet socket holds ${number(used)} of ${number(sk?.num('sk_rcvbuf') ?? 0)} bytes: ${NO_ROOM}`;
    return { dropped: true, told: ['SOCKET_RCVBUFF', text] };
  },
  arp_process: kept('TAKEN', 'ARP has done what it asks'),
  net_tx_action: kept('SENT', 'the card has sent it; freed here as its clean-up ran in an interrupt'),
  ip_frag_reasm: ({ last }) =>
    last.name === 'skb_morph'
      ? {
          dropped: false,
          told: ['REPLACED', 'the skb of the fragment that came last took over its data, and goes on as the whole'],
        }
      : { dropped: true, told: ['NOMEM', 'the fragments could not be put together'] },
  __skb_queue_purge: purged,
  skb_queue_purge: purged,
  eat_frag_list: kept('MERGED', 'its bytes were pulled into the linear area of the skb it was merged into'),
  rt_model_warm: kept('UNUSED', 'it stood for an earlier packet whose route is cached'),

  // TCP.
  tcp_rcv_established: (freed) => {
    const sk = sockOf(freed);
    if (freed.last.name.includes('checksum') && freed.last.result !== 0)
      return { dropped: true, told: ['TCP_CSUM', 'its checksum is wrong'] };
    if (freed.last.name === 'tcp_ack' && freed.last.result < 0) {
      const beyond = sk === null ? 0 : seqDiff(cb(freed.skb, 'ack_seq'), sk.num('snd_nxt'));
      return {
        dropped: true,
        told: ['TCP_ACK_UNSENT_DATA', `it acknowledges ${number(beyond)} bytes that were never sent`],
      };
    }
    return cb(freed.skb, 'seq') === cb(freed.skb, 'end_seq')
      ? { dropped: false, told: ['TAKEN', 'it was an acknowledgement alone, and has been read'] }
      : { dropped: false, told: ['READ', 'its data went straight to the reader'] };
  },
  tcp_data_queue: (freed) => {
    const sk = sockOf(freed);
    if (cb(freed.skb, 'seq') === cb(freed.skb, 'end_seq'))
      return { dropped: false, told: ['TAKEN', 'it carried no data, and its header has been read'] };
    if (sk === null) return { dropped: true, told: ['NOT_SPECIFIED', 'its bytes were of no use'] };
    if (freed.last.name === 'tcp_try_rmem_schedule' && freed.last.result !== 0) {
      const text = `${number(sk.num('sk_rmem_alloc'))} of ${number(sk.num('sk_rcvbuf'))} bytes of receive memory are in use`;
      return { dropped: true, told: ['PROTO_MEM', text] };
    }
    const after = seqDiff(cb(freed.skb, 'end_seq'), sk.num('rcv_nxt'));
    if (freed.last.name === 'tcp_dsack_extend' || freed.last.name === '__skb_unlink')
      return { dropped: true, told: ['TCP_OFOMERGE', `${placed(freed, sk)}: a later segment brought them all`] };
    if (freed.last.name === 'inet_csk_schedule_ack') {
      if (after <= 0) return { dropped: true, told: ['TCP_OLD_DATA', `${placed(freed, sk)}: all of it came before`] };
      const window = windowOf(sk);
      const word = window === 0 ? 'TCP_ZEROWINDOW' : 'TCP_OVERWINDOW';
      return { dropped: true, told: [word, `${placed(freed, sk)}, the window is ${number(window)} bytes`] };
    }
    if (after > 0)
      return {
        dropped: true,
        told: ['TCP_OFOMERGE', `${placed(freed, sk)}: they wait in the out-of-order queue already`],
      };
    return { dropped: false, told: ['READ', 'its data went straight to the reader'] };
  },
  tcp_ofo_queue: always('TCP_OFOMERGE', 'its bytes came meanwhile by another segment'),
  tcp_prune_ofo_queue: always('TCP_OFO_QUEUE_PRUNE', 'receive memory ran out: the out-of-order queue was given up'),
  tcp_validate_incoming: lost((freed) => {
    const sk = sockOf(freed);
    const opt = sk?.ref('rx_opt') ?? null;
    if (freed.last.name === 'tcp_reset') return ['TCP_RESET', 'it was a valid RST: the connection is gone'];
    if (freed.last.name.startsWith('tcp_paws') || (freed.last.name === 'tcp_send_dupack' && oldStamp(opt)))
      return [
        'TCP_RFC7323_PAWS',
        `its timestamp ${number(opt?.num('rcv_tsval') ?? 0)} is older than ${number(opt?.num('ts_recent') ?? 0)}, the last one accepted`,
      ];
    if (sk === null) return ['TCP_INVALID_SEQUENCE', 'it is outside the window'];
    if (seqDiff(cb(freed.skb, 'end_seq'), sk.num('rcv_wup')) < 0)
      return ['TCP_OLD_SEQUENCE', `${placed(freed, sk)}: all of it was acknowledged before`];
    return ['TCP_INVALID_SEQUENCE', `${placed(freed, sk)}, outside the window of ${number(windowOf(sk))} bytes`];
  }),
  tcp_close: lost((freed) => [
    'TCP_CLOSE',
    `the socket was closed before its ${number(seqDiff(cb(freed.skb, 'end_seq'), cb(freed.skb, 'seq')))} bytes were read`,
  ]),
  tcp_rcv_synsent_state_process: (freed) => {
    if (freed.last.name === 'tcp_reset')
      return { dropped: true, told: ['TCP_RESET', 'it was a valid RST: the connection is refused'] };
    if (freed.did('tcp_send_synack'))
      return { dropped: false, told: ['TAKEN', 'its SYN crossed ours: both ends open the connection'] };
    if (freed.did('tcp_finish_connect') || freed.did('tcp_init_metrics'))
      return { dropped: false, told: ['TAKEN', 'its header has been read, in TCP_SYN_SENT'] };
    return { dropped: true, told: ['TCP_FLAGS', 'a socket in TCP_SYN_SENT has no use for it'] };
  },
  tcp_check_urg: kept('TAKEN', 'it held the urgent byte alone'),
  tcp_rcv_state_process: (freed) => {
    const sk = sockOf(freed);
    const state = sk?.text('skc_state') ?? '';
    if (freed.last.name === 'tcp_v4_conn_request' && !freed.did('tcp_v4_send_synack'))
      return { dropped: true, told: notListening(freed, sk) };
    if (freed.last.name.startsWith('tcp_ack') && freed.last.result === 0)
      return { dropped: true, told: ['TCP_OLD_ACK', `its acknowledgement is not acceptable in ${state}`] };
    if (freed.last.name === '' || freed.last.name === 'tcp_validate_incoming')
      return { dropped: true, told: ['TCP_FLAGS', `its flags mean nothing to a socket in ${state}`] };
    return { dropped: false, told: ['TAKEN', `its header has been read, in ${state}`] };
  },
  tcp_v4_do_rcv: lost((freed) => {
    if (freed.last.name.includes('checksum')) return ['TCP_CSUM', 'its checksum is wrong'];
    if (freed.last.name === 'tcp_v4_hnd_req') return notAccepted(freed);
    if (freed.last.name === 'tcp_v4_send_reset' && freed.did('tcp_reset'))
      return ['TCP_INVALID_SYN', 'it is a SYN within the window: the connection is reset'];
    if (freed.last.name === 'tcp_v4_send_reset')
      return [
        'TCP_RESET',
        `the socket is in ${sockOf(freed)?.text('skc_state') ?? 'a state'} that takes no such segment: answered with RST`,
      ];
    return ['TCP_FLAGS', 'it does not fit the state of its socket'];
  }),
  tcp_v4_rcv: (freed) => {
    const drop = (...told: Told): ReturnType<Rule> => ({ dropped: true, told });
    const { name, result } = freed.last;
    if (name.startsWith('tcp_timewait') || name.startsWith('inet_twsk') || name === 'tcp_v4_timewait_ack')
      return { dropped: false, told: ['TAKEN', 'its connection is in TIME_WAIT: the header has been read'] };
    if (name === 'tcp_v4_checksum_init' || (name === 'tcp_checksum_complete' && result !== 0))
      return drop('TCP_CSUM', 'its checksum is wrong');
    if (name === 'tcp_v4_send_reset' || name === '__inet_lookup_skb' || name === 'tcp_checksum_complete')
      return drop('NO_SOCKET', 'no socket has these addresses and ports');
    if (name === 'sk_filter') return drop('SOCKET_FILTER', "the socket's filter refused it");
    if (name === 'bh_unlock_sock' || name === 'sk_add_backlog') {
      const sk = sockOf(freed);
      const [backlog, received, limit] = [
        sk?.ref('sk_backlog')?.num('len') ?? 0,
        sk?.num('sk_rmem_alloc') ?? 0,
        sk?.num('sk_rcvbuf') ?? 0,
      ].map(number);
      return drop(
        'SOCKET_BACKLOG',
        `the backlog holds ${backlog} bytes, received data ${received}, and sk_rcvbuf is ${limit}`,
      );
    }
    return freed.skb.num('pkt_type') === PACKET_HOST
      ? drop('HDR_TRUNC', 'it is too short for a TCP header')
      : drop('OTHERHOST', 'it is not for this host');
  },
  sk_stream_alloc_skb: always('PROTO_MEM', 'there is no memory for it within the limits'),
  tcp_sendmsg: kept('UNUSED', 'nothing was copied into it'),

  // IP and below.
  ip_rcv: lost(({ skb, last }) => {
    if (last.name === '') return ['OTHERHOST', "it is addressed to another host's card"];
    if (last.name === 'ip_fast_csum' && last.result !== 0) return ['IP_CSUM', 'the checksum of its IP header is wrong'];
    return ['IP_INHDR', `its IP header does not fit its ${number(skb.num('len'))} bytes`];
  }),
  ip_rcv_finish: lost(({ last }) => noRouteIn(last.result)),
  ip_error: always('IP_INNOROUTES', 'the routing table has no way to its destination, or refuses it'),
  ip_rt_bug: always('IP_OUTNOROUTES', 'its route is only for packets that come in'),
  ip_local_deliver_finish: lost((freed) => [
    'IP_NOPROTO',
    `nobody handles IP protocol ${String(freed.arg('protocol') ?? '')}`.trim(),
  ]),
  ip_frag_queue: always('DUP_FRAG', 'a fragment with these bytes came before, or it does not fit the others'),
  frag_kfree_skb: ({ stack }) =>
    stack.includes('ip_expire')
      ? { dropped: true, told: ['FRAG_REASM_TIMEOUT', 'the other fragments did not come in time'] }
      : { dropped: true, told: ['DUP_FRAG', 'other fragments cover it'] },
  ip_forward: lost((freed) => {
    const len = `its ${number(freed.skb.num('len'))} bytes`;
    if (freed.last.name === 'skb_cow') return ['NOMEM', 'there is no memory to write into its header'];
    if (freed.last.name !== 'icmp_send')
      return ['OTHERHOST', 'it did not come for this host alone, or the card merged it'];
    const mtu = freed.numberWithin('icmp_send', 'info');
    return mtu > 0
      ? ['PKT_TOO_BIG', `${len} do not fit the next link's MTU of ${number(mtu)}, and DF is set: answered by ICMP`]
      : ['IP_INHDR', 'its time to live is over: answered by ICMP'];
  }),
  ip_queue_xmit: always('IP_OUTNOROUTES', 'there is no route to its destination'),
  nf_hook_slow: lost((freed) => {
    const rule = freed.within('matches_all', 'e')?.text('text') ?? '';
    const hook = NF_HOOKS[Number(freed.arg('hooknum'))] ?? 'a hook';
    return ['NETFILTER_DROP', rule === '' ? `${hook} said NF_DROP` : `a rule of ${hook} took it: ${rule}`];
  }),
  icmp_rcv: (freed) => {
    if (freed.last.name === 'icmp_checksum_right' && freed.last.result === 0)
      return { dropped: true, told: ['ICMP_CSUM', 'its checksum is wrong'] };
    if (freed.last.name === 'broadcast_allowed')
      return { dropped: true, told: ['INVALID_PROTO', 'it came by broadcast, and broadcasts of its type are ignored'] };
    return { dropped: false, told: ['TAKEN', 'ICMP has done what it asks'] };
  },
  first_packet_length: always('UDP_CSUM', 'its checksum is wrong, as was found when its length was asked for'),
  __ip_append_data: kept('UNUSED', 'its data could not be copied'),
  __ip_flush_pending_frames: kept('UNUSED', 'the packet it was part of was given up before it was sent'),
  send_reset: always('IP_OUTNOROUTES', 'there is no route for the RST'),

  // UDP and raw sockets.
  skb_free_datagram_locked: kept('READ', 'the reader has taken it'),
  skb_free_datagram: kept('READ', 'the reader has taken it'),
  skb_kill_datagram: always('UDP_CSUM', 'the reader found that its checksum is wrong'),
  udp_queue_rcv_skb: lost((freed) => {
    const sk = freed.object('sk');
    const backlog = sk?.ref('sk_backlog')?.num('len') ?? 0;
    const text = `its truesize is ${number(freed.skb.num('truesize'))}, ${number((sk?.num('sk_rmem_alloc') ?? 0) + backlog)} of ${number(sk?.num('sk_rcvbuf') ?? 0)} bytes are in use: ${NO_ROOM}`;
    return [backlog > 0 ? 'SOCKET_BACKLOG' : 'SOCKET_RCVBUFF', text];
  }),
  __udp_queue_rcv_skb: lost(noRoom),
  raw_rcv_skb: lost(noRoom),
  __udp4_lib_rcv: lost((freed) => {
    if (freed.last.name === 'udp_lib_checksum_complete') return ['UDP_CSUM', 'its checksum is wrong'];
    if (freed.last.name === 'icmp_send')
      return ['NO_SOCKET', 'no socket has its destination port: answered with ICMP port unreachable'];
    if (freed.last.name === '__udp4_lib_lookup_skb')
      return ['NO_SOCKET', 'no socket takes it, and a broadcast is not answered'];
    return ['HDR_TRUNC', `its ${number(freed.skb.num('len'))} bytes are not what its UDP header says`];
  }),
  neigh_blackhole: always('NEIGH_DEAD', 'its neighbour is gone'),
  neigh_invalidate: always('NEIGH_FAILED', 'the neighbour did not answer ARP'),
  neigh_timer_handler: kept(
    'UNUSED',
    'it was a copy of the first packet that waits for ARP, made to ask on its behalf',
  ),
  arp_error_report: always('NEIGH_FAILED', 'the neighbour did not answer ARP'),
  __neigh_event_send: lost((freed) => {
    const waiting = freed.object('neigh')?.ref('arp_queue')?.num('qlen') ?? 0;
    return ['NEIGH_QUEUEFULL', `${number(waiting + 1)} packets wait for ARP already: the oldest goes`];
  }),
  neigh_resolve_output: always('NEIGH_FAILED', 'its link header could not be made'),
  arp_rcv: always('INVALID_PROTO', 'it is no ARP packet for this host'),
  __netif_receive_skb: always('UNHANDLED_PROTO', 'no packet_type takes this Ethernet type'),
  enqueue_to_backlog: always('CPU_BACKLOG', "the CPU's input_pkt_queue is full (netdev_max_backlog)"),
  napi_gro_complete: always('NOMEM', 'it could not be completed'),

  // Queues and driver.
  qdisc_drop: lost(fullQueue),
  qdisc_reshape_fail: lost((freed) =>
    callerOf(freed, 'qdisc_reshape_fail') === 'tbf_enqueue'
      ? ['QDISC_DROP', `its ${number(freed.skb.num('len'))} bytes are more than the token bucket can ever hold`]
      : fullQueue(freed),
  ),
  noop_enqueue: always('QDISC_DROP', 'the link is down: the qdisc of the queue is noop, which takes nothing'),
  sfq_drop: lost((freed) => {
    const q = freed.object('sch')?.ref('sfq');
    const limit = q === undefined || q === null ? '' : `, ${number(q.num('limit'))} packets`;
    return ['QDISC_DROP', `sfq is full${limit}: its longest flow loses its last packet`];
  }),
  netem_enqueue: always('QDISC_DROP', 'netem loses it on purpose'),
  __dev_xmit_skb: always('QDISC_DROP', 'the qdisc is deactivated'),
  sfq_reset: always('DEV_READY', 'the qdisc was reset with packets in it'),
  __qdisc_reset_queue: always('DEV_READY', 'the qdisc was reset with packets in it'),
  qdisc_reset: always('DEV_READY', 'the qdisc was reset with a requeued packet in hand'),
  dev_queue_xmit: always('DEV_READY', 'the device is down, or its queue stopped and there is no qdisc to wait in'),
  handle_dev_cpu_collision: always(
    'RECURSION_LIMIT',
    'this CPU holds the TX lock already: the packet came round in a circle',
  ),
  e1000_xmit_frame: always('DEV_HDR', 'the driver has no use for it'),
  igb_xmit_frame_adv: always('DEV_HDR', 'the driver has no use for it, or the device is down'),
  igb_xmit_frame_ring_adv: always('NOMEM', 'there was no memory for headers of its own'),
};

/** Why a card throws a frame away, by the event. The word is the statistics register that counts it, where there is one. */
export const DISCARDS: Readonly<Record<string, (frame: StructView, nic: StructView | null) => Told>> = {
  'rx-crc': () => ['CRCERRS', 'its frame check sequence (FCS) is wrong'],
  'rx-long': (frame) => ['ROC', `its ${number(frame.num('len'))} bytes, FCS included, are more than the card takes in`],
  'rx-filtered': () => ['FILTERED', 'its destination MAC address is not one of the card'],
  'rx-missed': (frame, nic) => {
    const rx = nic?.ref('rx') ?? null;
    const held = rx?.ref('fifo')?.num('bytes') ?? 0;
    const waits =
      rx?.text('phase') === 'waiting for a descriptor' ? ', and its oldest frame waits for a descriptor' : '';
    const room = `${number(held)} of ${number(rx?.num('fifo_size') ?? 0)} bytes`;
    return ['MPC', `the RX FIFO holds ${room}${waits}: its ${number(frame.num('len'))} bytes do not fit`];
  },
  'rx-no-descriptor': (frame) => ['RQDPC', `receive queue ${frame.num('rx_queue')} has no free descriptor`],
  'rx-off': () => ['RX_OFF', "the card's receive unit is off (RCTL.EN)"],
  'rx-reset': () => ['DEV_READY', 'it stood in the RX FIFO when the card was reset'],
};

function oldStamp(opt: StructView | null): boolean {
  return opt?.flag('saw_tstamp') === true && seqDiff(opt.num('rcv_tsval'), opt.num('ts_recent')) < 0;
}
