/**
 * Mirrors net/ipv4/icmp.c (2.6.39): sending ICMP errors and echo replies (RFC 792, RFC 1122 section 3.2.2), and handling what
 * arrives. Left out: redirects, timestamps, address masks, IP options in answers, statistics, IPsec.
 */
import { ops } from '../../../base/dispatch';
import { heap } from '../../../base/heap';
import { bool, fn, list, ref, struct } from '../../../base/struct';
import { type Kgen, kernel, kernel_global, per_cpu, sysctl } from '../../arch/current';
import {
  ECONNREFUSED,
  EHOSTDOWN,
  EHOSTUNREACH,
  EMSGSIZE,
  ENETUNREACH,
  ENONET,
  ENOPROTOOPT,
  EOPNOTSUPP,
} from '../../include/linux/errno';
import {
  ICMP_ADDRESS,
  ICMP_ADDRESSREPLY,
  ICMP_DEST_UNREACH,
  ICMP_ECHO,
  ICMP_ECHOREPLY,
  ICMP_FRAG_NEEDED,
  ICMP_PARAMETERPROB,
  ICMP_TIMESTAMP,
  icmphdr,
  NR_ICMP_TYPES,
  NR_ICMP_UNREACH,
} from '../../include/linux/icmp';
import { IP_OFFSET, IPPROTO_ICMP, iphdr } from '../../include/linux/ip';
import { MSG_DONTWAIT, SOCK_RAW } from '../../include/linux/net';
import { IFF_LOOPBACK, type net_device } from '../../include/linux/netdevice';
import {
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  PACKET_HOST,
  SIZEOF_SK_BUFF,
  type sk_buff,
  skb_network_offset,
  skb_peek,
} from '../../include/linux/skbuff';
import { spin_trylock, spin_unlock } from '../../include/linux/spinlock';
import { HZ } from '../../include/linux/timer';
import {
  dst_mtu,
  RTCF_BROADCAST,
  RTCF_LOCAL,
  RTCF_MULTICAST,
  RTN_BROADCAST,
  type rtable,
  skb_rtable,
  xfrm_lookup,
} from '../../include/net/dst';
import { IP_PMTUDISC_DONT, inet_sk } from '../../include/net/inet_sock';
import { IPTOS_RT_MASK, IPTOS_TOS_MASK, ip_hdr, type ipcm_cookie } from '../../include/net/ip';
import type { net_protocol } from '../../include/net/protocol';
import { SOCK_USE_WRITE_QUEUE, type sock, sock_set_flag } from '../../include/net/sock';
import { local_bh_disable, local_bh_enable } from '../../kernel/softirq';
import { csum_add, csum_block_add, csum_fold, csum_partial_copy_nocheck } from '../../lib/checksum';
import { __skb_checksum_complete } from '../core/datagram';
import { dev_get_by_index } from '../core/dev';
import { kfree_skb, pskb_may_pull, pskb_pull, skb_copy_and_csum_bits } from '../core/skbuff';
import { inet_select_addr } from './devinet';
import { inet_addr_type } from './fib_frontend';
import { inet_peer_xrlim_allow } from './inetpeer';
import { ip_options_echo } from './ip_options';
import { ip_append_data, ip_flush_pending_frames, ip_push_pending_frames, type rtable_ptr } from './ip_output';
import { inet_protocol } from './protocol';
import { raw_icmp_error } from './raw';
import {
  __ip_route_output_key,
  ip_route_output_key,
  ip_rt_frag_needed,
  ip_rt_put,
  rt_bind_peer,
  rt_is_input_route,
} from './route';

/** Bits of the type of service that an error takes over, and the precedence it gets (RFC 1812 section 4.3.2.5). */
const IPTOS_PREC_INTERNETCONTROL = 0xc0;
/** An error carries as much of the packet as fits this, bytes (RFC 1812 section 4.3.2.3). */
const ICMP_ERROR_MAX = 576;
const ICMPHDR_LEN = 8;
const IPHDR_LEN = 20;
/** Types whose rate is limited: unreachable, source quench, time exceeded, parameter problem. */
const ICMP_RATEMASK = 0x1818;

/** What an unreachable of each code means to a socket, and whether that ends what it does. */
const ICMP_ERR_CONVERT: readonly { readonly errno: number; readonly fatal: boolean }[] = [
  { errno: ENETUNREACH, fatal: false },
  { errno: EHOSTUNREACH, fatal: false },
  { errno: ENOPROTOOPT, fatal: true },
  { errno: ECONNREFUSED, fatal: true },
  { errno: EMSGSIZE, fatal: false },
  { errno: EOPNOTSUPP, fatal: false },
  { errno: ENETUNREACH, fatal: true },
  { errno: EHOSTDOWN, fatal: true },
  { errno: ENONET, fatal: true },
  { errno: ENETUNREACH, fatal: true },
  { errno: EHOSTUNREACH, fatal: true },
  { errno: ENETUNREACH, fatal: false },
  { errno: EHOSTUNREACH, fatal: false },
  { errno: EHOSTUNREACH, fatal: true },
  { errno: EHOSTUNREACH, fatal: true },
  { errno: EHOSTUNREACH, fatal: true },
];

/** Entry of the table icmp_err_convert for a code of an unreachable. */
export const icmp_err_convert = (code: number): { readonly errno: number; readonly fatal: boolean } =>
  ICMP_ERR_CONVERT[code] ?? { errno: EHOSTUNREACH, fatal: false };

/** A message being made: its header, and which part of which packet follows it. On the kernel stack (struct icmp_bxm). */
export interface icmp_bxm {
  skb: sk_buff;
  /** Where the packet's part begins, from its data. */
  offset: number;
  data_len: number;
  head_len: number;
  type: number;
  code: number;
  /** Second word of the header. */
  gateway: number;
}

/** What is done with a type of message. */
export const icmp_control = struct('icmp_control', {
  handler: fn<(skb: sk_buff) => Kgen>('takes a message of this type'),
  error: bool('it reports an error, and must not cause another'),
});
export interface icmp_control extends InstanceType<typeof icmp_control> {}

/** In C the array icmp_pointers[NR_ICMP_TYPES + 1]. */
export const icmp_controls = struct('icmp_controls', {
  icmp_pointers: list(ref<icmp_control>('type of message'), NR_ICMP_TYPES + 1, 'by type'),
});
export interface icmp_controls extends InstanceType<typeof icmp_controls> {}

/** What is done with each type of message. */
export const icmp_pointers = kernel_global(() => {
  const table = new icmp_controls();
  for (let type = 0; type <= NR_ICMP_TYPES; type++) {
    const control = new icmp_control();
    control.handler = icmp_discard;
    control.error = [1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12].includes(type);
    table.icmp_pointers.set(type, control);
  }
  table.icmp_pointers.at(ICMP_ECHO).handler = icmp_echo;
  for (const type of [ICMP_DEST_UNREACH, 4, 11, ICMP_PARAMETERPROB]) {
    table.icmp_pointers.at(type).handler = icmp_unreach;
  }
  return table;
});

/** Sockets for ICMP messages, one a CPU; in C `net->ipv4.icmp_sk[cpu]`. */
const icmp_sockets = per_cpu<{ sk: sock | null }>(() => ({ sk: null }));

/**
 * This CPU's socket for ICMP messages.
 * @modelled net/ipv4/icmp.c
 * @cost 1
 */
export function icmp_sk(): sock {
  const { sk } = icmp_sockets();
  if (sk === null) {
    throw new Error('ICMP has not been started');
  }
  return sk;
}

/** Makes a socket of the kernel's own: inet_ctl_sock_create. */
type ctl_sock_create = (type: number, protocol: number) => sock;

/**
 * Makes the socket by which one CPU sends ICMP: its buffer holds two packets of the largest size, and it never sets DF.
 * @simplified makes one socket; the caller says how sockets are made
 */
export function icmp_sk_init(create: ctl_sock_create): sock {
  const sk = create(SOCK_RAW, IPPROTO_ICMP);
  sk.sk_sndbuf = 2 * (64 * 1024 + SIZEOF_SK_BUFF);
  sock_set_flag(sk, SOCK_USE_WRITE_QUEUE);
  inet_sk(sk).pmtudisc = IP_PMTUDISC_DONT;
  return sk;
}

/**
 * Takes this CPU's ICMP socket, softirqs off; null when this CPU is sending ICMP already.
 * @modelled net/ipv4/icmp.c
 * @cost 10
 */
export function* icmp_xmit_lock(): Kgen<sock | null> {
  local_bh_disable();
  const sk = icmp_sk();
  if (!spin_trylock(sk.sk_lock.slock)) {
    yield* local_bh_enable();
    return null;
  }
  return sk;
}

/**
 * Gives this CPU's ICMP socket back.
 * @modelled net/ipv4/icmp.c
 * @cost 6
 */
export function* icmp_xmit_unlock(sk: sock): Kgen {
  spin_unlock(sk.sk_lock.slock);
  yield* local_bh_enable();
}

/**
 * True when a message of this type may go to that destination now: a token bucket for each peer; finding the path MTU and
 * loopback are not limited.
 * @modelled net/ipv4/icmp.c
 * @cost 10
 */
export function icmpv4_xrlim_allow(rt: rtable, type: number, code: number): boolean {
  if (type > NR_ICMP_TYPES || (type === ICMP_DEST_UNREACH && code === ICMP_FRAG_NEEDED)) {
    return true;
  }
  if (rt.dev !== null && (rt.dev.flags & IFF_LOOPBACK) !== 0) {
    return true;
  }
  if (((1 << type) & sysctl('ipv4.icmp_ratemask', ICMP_RATEMASK)) === 0) {
    return true;
  }
  if (rt.peer === null) {
    rt_bind_peer(rt, true);
  }
  return inet_peer_xrlim_allow(rt.peer, Math.trunc((sysctl('ipv4.icmp_ratelimit', 1000) * HZ) / 1000));
}

/**
 * Copies a part of the packet that a message is about, summing on the way.
 * @modelled net/ipv4/icmp.c
 * @omits nf_ct_attach: no connection tracking
 * @cost 5
 */
export function icmp_glue_bits(
  from: unknown,
  to: number,
  offset: number,
  len: number,
  odd: number,
  skb: sk_buff,
): number {
  const icmp_param = from as icmp_bxm;
  const csum = skb_copy_and_csum_bits(icmp_param.skb, icmp_param.offset + offset, to, len, 0);
  skb.csum = csum_block_add(skb.csum, csum, odd);
  return 0;
}

/**
 * Sends a message by this CPU's ICMP socket: the part of the packet first, then the header with the sum of both.
 * @modelled net/ipv4/icmp.c
 * @cost 20
 */
export function* icmp_push_reply(icmp_param: icmp_bxm, ipc: ipcm_cookie, rt: rtable_ptr): Kgen {
  const sk = icmp_sk();
  const length = icmp_param.data_len + icmp_param.head_len;
  const err = yield* ip_append_data(sk, icmp_glue_bits, icmp_param, length, icmp_param.head_len, ipc, rt, MSG_DONTWAIT);
  if (err < 0) {
    ip_flush_pending_frames(sk);
    return;
  }
  const skb = skb_peek(sk.sk_write_queue);
  if (skb === null) {
    return;
  }
  let csum = 0;
  for (let skb1: sk_buff | null = skb; skb1 !== null; skb1 = skb1.next) {
    csum = csum_add(csum, skb1.csum);
  }
  const icmph = new icmphdr(skb.transport_header);
  icmph.type = icmp_param.type;
  icmph.code = icmp_param.code;
  icmph.checksum = 0;
  icmph.gateway = icmp_param.gateway;
  csum = csum_partial_copy_nocheck(icmph.$addr, icmph.$addr, icmp_param.head_len, csum);
  icmph.checksum = csum_fold(csum);
  skb.ip_summed = CHECKSUM_NONE;
  yield* ip_push_pending_frames(sk);
}

/**
 * Answers a message: the answer goes to its sender, from the address it was sent to.
 * @modelled net/ipv4/icmp.c
 * @cost 25
 */
export function* icmp_reply(icmp_param: icmp_bxm, skb: sk_buff): Kgen {
  const route = skb_rtable(skb) as rtable;
  if (ip_options_echo(skb) !== 0) {
    return;
  }
  const sk = yield* icmp_xmit_lock();
  if (sk === null) {
    return;
  }
  const { tos } = ip_hdr(skb);
  inet_sk(sk).tos = tos;
  const ipc: ipcm_cookie = { addr: route.rt_src, oif: 0, tx_flags: 0 };
  const rt: rtable_ptr = {
    rt: ip_route_output_key({
      daddr: route.rt_src,
      saddr: route.rt_spec_dst,
      flowi4_oif: 0,
      flowi4_iif: 0,
      flowi4_mark: 0,
      flowi4_tos: tos & IPTOS_RT_MASK,
      flowi4_proto: IPPROTO_ICMP,
      flowi4_flags: 0,
      fl4_dport: 0,
      fl4_sport: 0,
    }),
  };
  if (rt.rt !== null) {
    if (icmpv4_xrlim_allow(rt.rt, icmp_param.type, icmp_param.code)) {
      yield* icmp_push_reply(icmp_param, ipc, rt);
    }
    ip_rt_put(rt.rt);
  }
  yield* icmp_xmit_unlock(sk);
}

/**
 * Finds the route of an error to the sender of a packet. Null: there is none.
 * @modelled net/ipv4/icmp.c
 * @omits xfrm_decode_session_reverse: no IPsec
 * @cost 10
 */
export function icmp_route_lookup(iph: iphdr, saddr: number, tos: number, _type: number, _code: number): rtable | null {
  const rt = __ip_route_output_key({
    daddr: iph.saddr,
    saddr,
    flowi4_oif: 0,
    flowi4_iif: 0,
    flowi4_mark: 0,
    flowi4_tos: tos & IPTOS_RT_MASK,
    flowi4_proto: IPPROTO_ICMP,
    flowi4_flags: 0,
    fl4_dport: 0,
    fl4_sport: 0,
  });
  if (rt !== null) {
    xfrm_lookup(rt);
  }
  return rt;
}

/**
 * True when an error may be sent about this packet (RFC 1122 section 3.2.2): it came for this host alone, it is no later
 * fragment, and it is no ICMP error itself.
 * @model the conditions at the start of icmp_send
 */
function may_cause_error(skb_in: sk_buff, rt: rtable, type: number): boolean {
  const iph = ip_hdr(skb_in);
  if (skb_in.network_header < skb_in.head || skb_in.network_header + IPHDR_LEN > skb_in.tail) {
    return false;
  }
  if (skb_in.pkt_type !== PACKET_HOST || (rt.rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0) {
    return false;
  }
  if ((iph.frag_off & IP_OFFSET) !== 0) {
    return false;
  }
  const pointers = icmp_pointers().icmp_pointers;
  if (pointers.at(type).error && iph.protocol === IPPROTO_ICMP) {
    const at = skb_in.network_header + (iph.version_ihl & 0xf) * 4;
    if (at >= skb_in.tail) {
      return false;
    }
    const inner = heap.read8(at);
    return inner <= NR_ICMP_TYPES && !pointers.at(inner).error;
  }
  return true;
}

/**
 * Sends an ICMP message about a packet to its sender, with the packet's beginning. Does nothing where that is not allowed or
 * the rate is too high.
 * @modelled net/ipv4/icmp.c
 * @cost 30
 */
export function* icmp_send(skb_in: sk_buff, type: number, code: number, info: number): Kgen {
  const route = skb_rtable(skb_in);
  if (route === null || !may_cause_error(skb_in, route, type)) {
    return;
  }
  const sk = yield* icmp_xmit_lock();
  if (sk === null) {
    return;
  }
  const iph = ip_hdr(skb_in);
  let saddr = iph.daddr;
  if ((route.rt_flags & RTCF_LOCAL) === 0) {
    const inbound = rt_is_input_route(route) && sysctl('ipv4.icmp_errors_use_inbound_ifaddr', 0) !== 0;
    const dev: net_device | null = inbound ? dev_get_by_index(route.rt_iif) : null;
    saddr = dev === null ? 0 : inet_select_addr(dev, 0);
  }
  const isError = icmp_pointers().icmp_pointers.at(type).error;
  const tos = isError ? (iph.tos & IPTOS_TOS_MASK) | IPTOS_PREC_INTERNETCONTROL : iph.tos;
  if (ip_options_echo(skb_in) !== 0) {
    yield* icmp_xmit_unlock(sk);
    return;
  }
  const icmp_param: icmp_bxm = {
    skb: skb_in,
    offset: skb_network_offset(skb_in),
    data_len: 0,
    head_len: ICMPHDR_LEN,
    type,
    code,
    gateway: info >>> 0,
  };
  inet_sk(sk).tos = tos;
  const ipc: ipcm_cookie = { addr: iph.saddr, oif: 0, tx_flags: 0 };
  const rt: rtable_ptr = { rt: icmp_route_lookup(iph, saddr, tos, type, code) };
  if (rt.rt !== null) {
    if (icmpv4_xrlim_allow(rt.rt, type, code)) {
      const room = Math.min(dst_mtu(rt.rt), ICMP_ERROR_MAX) - IPHDR_LEN - ICMPHDR_LEN;
      icmp_param.data_len = Math.min(skb_in.len - icmp_param.offset, room);
      yield* icmp_push_reply(icmp_param, ipc, rt);
    }
    ip_rt_put(rt.rt);
  }
  yield* icmp_xmit_unlock(sk);
}

/**
 * Handles unreachable, time exceeded, source quench and parameter problem: learns the path MTU, then tells the transport
 * protocol of the packet that the message is about.
 * @modelled net/ipv4/icmp.c
 * @cost 25
 */
export function* icmp_unreach(skb: sk_buff): Kgen {
  if (!pskb_may_pull(skb, IPHDR_LEN)) {
    return;
  }
  const icmph = new icmphdr(skb.transport_header);
  let iph = new iphdr(skb.data);
  const ihl = iph.version_ihl & 0xf;
  let info = 0;
  if (ihl < 5) {
    return;
  }
  if (icmph.type === ICMP_DEST_UNREACH) {
    if ((icmph.code & 15) === ICMP_FRAG_NEEDED && sysctl('ipv4.ip_no_pmtu_disc', 0) === 0) {
      info = ip_rt_frag_needed(iph, icmph.gateway & 0xffff, skb.dev as net_device);
      if (info === 0) {
        return;
      }
    }
    if (icmph.code > NR_ICMP_UNREACH) {
      return;
    }
  } else if (icmph.type === ICMP_PARAMETERPROB) {
    info = icmph.gateway >>> 24;
  }
  const ignored = sysctl('ipv4.icmp_ignore_bogus_error_responses', 1) !== 0;
  if (!ignored && inet_addr_type(iph.daddr) === RTN_BROADCAST) {
    return;
  }
  if (!pskb_may_pull(skb, ihl * 4 + 8)) {
    return;
  }
  iph = new iphdr(skb.data);
  const { protocol } = iph;
  yield* raw_icmp_error(skb, protocol, info);
  const ipprot = inet_protocol(protocol);
  const err_handler = ipprot === null ? null : (ipprot.err_handler ?? null);
  if (err_handler !== null) {
    yield* err_handler(skb, info);
  }
}

/**
 * Answers an echo request with its own data (RFC 1122 section 3.2.2.6).
 * @modelled net/ipv4/icmp.c
 * @cost 10
 */
export function* icmp_echo(skb: sk_buff): Kgen {
  if (sysctl('ipv4.icmp_echo_ignore_all', 0) !== 0) {
    return;
  }
  const icmph = new icmphdr(skb.transport_header);
  const icmp_param: icmp_bxm = {
    skb,
    offset: 0,
    data_len: skb.len,
    head_len: ICMPHDR_LEN,
    type: ICMP_ECHOREPLY,
    code: icmph.code,
    gateway: icmph.gateway,
  };
  yield* icmp_reply(icmp_param, skb);
}

/**
 * Ignores a message.
 * @modelled net/ipv4/icmp.c
 * @cost 1
 */
export function* icmp_discard(_skb: sk_buff): Kgen {}

/**
 * True when the message's checksum is right.
 * @model the switch over ip_summed in icmp_rcv
 */
function icmp_checksum_right(skb: sk_buff): boolean {
  if (skb.ip_summed === CHECKSUM_COMPLETE && csum_fold(skb.csum) === 0) {
    return true;
  }
  if (skb.ip_summed === CHECKSUM_COMPLETE || skb.ip_summed === CHECKSUM_NONE) {
    skb.csum = 0;
    return __skb_checksum_complete(skb) === 0;
  }
  return true;
}

/**
 * True for a message that may come by broadcast and be heeded.
 * @model the conditions on broadcasts in icmp_rcv
 */
function broadcast_allowed(type: number): boolean {
  if ((type === ICMP_ECHO || type === ICMP_TIMESTAMP) && sysctl('ipv4.icmp_echo_ignore_broadcasts', 1) !== 0) {
    return false;
  }
  return type === ICMP_ECHO || type === ICMP_TIMESTAMP || type === ICMP_ADDRESS || type === ICMP_ADDRESSREPLY;
}

/**
 * Takes a received ICMP message and hands it to the handler of its type.
 * @modelled net/ipv4/icmp.c
 * @omits xfrm4_policy_check: no IPsec
 * @cost 20
 */
export function* icmp_rcv(skb: sk_buff): Kgen<number> {
  const rt = skb_rtable(skb) as rtable;
  if (!icmp_checksum_right(skb) || pskb_pull(skb, ICMPHDR_LEN) === 0) {
    kfree_skb(skb);
    return 0;
  }
  const { type } = new icmphdr(skb.transport_header);
  const isBroadcast = (rt.rt_flags & (RTCF_BROADCAST | RTCF_MULTICAST)) !== 0;
  if (type > NR_ICMP_TYPES || (isBroadcast && !broadcast_allowed(type))) {
    kfree_skb(skb);
    return 0;
  }
  const { handler } = icmp_pointers().icmp_pointers.at(type);
  if (handler !== null) {
    yield* handler(skb);
  }
  kfree_skb(skb);
  return 0;
}

/**
 * Starts ICMP: the socket of each CPU.
 * @modelled net/ipv4/icmp.c
 */
export function icmp_init(create: ctl_sock_create): void {
  for (const of of kernel.cpus) {
    icmp_sockets(of).sk = icmp_sk_init(create);
  }
}

/** What IP calls of ICMP: entry 1 of inet_protos. */
export const icmp_protocol = ops<net_protocol>('net_protocol', 'icmp_protocol', {
  handler: icmp_rcv,
  gso_segment: null,
  gro_receive: null,
  gro_complete: null,
  no_policy: true,
});
