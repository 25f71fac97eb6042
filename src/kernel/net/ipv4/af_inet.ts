/**
 * Mirrors net/ipv4/af_inet.c (2.6.39): the protocol family between struct socket and the transport, IPv4's part in
 * segmentation and merging, and what registers IPv4 and TCP when the kernel starts.
 * Left out: bind, connect, listen, accept, shutdown and release (they come with the handshake), raw sockets, ioctls, /proc.
 */
import { ops } from '../../../base/dispatch';
import { type Kgen, kernel, kernel_global } from '../../arch/current';
import { EAGAIN, EHOSTUNREACH, EINVAL, ENOSYS, EPROTONOSUPPORT } from '../../include/linux/errno';
import type { kiocb } from '../../include/linux/fs';
import { ETH_P_IP } from '../../include/linux/if_ether';
import { IP_DF, IP_MF, IPPROTO_TCP, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import {
  MSG_DONTWAIT,
  type msghdr,
  PF_INET,
  type proto_ops,
  SOCK_STREAM,
  SS_UNCONNECTED,
  type socket,
} from '../../include/linux/net';
import {
  NETIF_F_SG,
  NETIF_F_V4_CSUM,
  type napi_struct,
  type packet_offload,
  packet_type,
  skb_gro_len,
  skb_gro_offset,
  skb_gro_pull,
} from '../../include/linux/netdevice';
import {
  __skb_pull,
  SKB_GSO_DODGY,
  SKB_GSO_TCP_ECN,
  SKB_GSO_TCPV4,
  SKB_GSO_UDP,
  type sk_buff,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { tcp_sock } from '../../include/linux/tcp';
import { inet_sk } from '../../include/net/inet_sock';
import { type addr_len_ptr, type proto, type sock, sock_rps_record_flow } from '../../include/net/sock';
import { csum_replace2, ip_fast_csum } from '../../lib/checksum';
import { dev_add_pack } from '../core/dev';
import { pskb_may_pull } from '../core/skbuff';
import { __sk_dst_check, sk_alloc, sk_setup_caps, sock_init_data } from '../core/sock';
import { ip_rcv } from './ip_input';
import { inet_add_protocol, inet_protocol } from './protocol';
import { ip_route_output_ports } from './route';
import { tcp_sendmsg } from './tcp';
import { tcp_prot, tcp_protocol, tcp_v4_init_sock } from './tcp_ipv4';

/** Bits of the type of service that choose a route. */
const IPTOS_RT_MASK = 0x1c;
/** Length of an IPv4 header without options, bytes. */
const IPHDR_LEN = 20;

/** What a stream socket of IPv4 does. */
export const inet_stream_ops = ops<proto_ops>('proto_ops', 'inet_stream_ops', {
  family: PF_INET,
  sendmsg: inet_sendmsg,
  recvmsg: inet_recvmsg,
});

/** The same table as 2.6.35 has it, and the article: sending goes to TCP at once. */
export const inet_stream_ops_article = ops<proto_ops>('proto_ops of 2.6.35', 'inet_stream_ops', {
  family: PF_INET,
  sendmsg: tcp_sendmsg,
  recvmsg: inet_recvmsg,
});

/** What IPv4 does for the device layer about large skbs; in 2.6.39 fields of ip_packet_type. */
const ip_offload = ops<packet_offload>('packet_type', 'ip_packet_type', {
  gso_send_check: inet_gso_send_check,
  gso_segment: inet_gso_segment,
  gro_receive: inet_gro_receive,
  gro_complete: inet_gro_complete,
});

/** The handler of received IPv4 packets of this host. */
export const ip_packet_type = kernel_global(() => {
  const pt = new packet_type();
  pt.type = ETH_P_IP;
  pt.func = ip_rcv;
  pt.offload = ip_offload;
  return pt;
});

/**
 * Starts IPv4: registers TCP, and the handler of IPv4 packets.
 * @modelled net/ipv4/af_inet.c
 * @omits arp_init: the machine starts ARP with the devices
 * @omits ip_init: routes are read when they are first asked for
 */
export function inet_init(): number {
  if (inet_add_protocol(tcp_protocol, IPPROTO_TCP) < 0) {
    return -EAGAIN;
  }
  dev_add_pack(ip_packet_type());
  return 0;
}

/**
 * Gives a socket of this family its operations and its protocol side, closed: 0, or -EPROTONOSUPPORT.
 * @simplified TCP only
 */
export function inet_create(sock: socket, protocol: number): number {
  if (sock.type !== SOCK_STREAM || (protocol !== 0 && protocol !== IPPROTO_TCP)) {
    return -EPROTONOSUPPORT;
  }
  sock.state = SS_UNCONNECTED;
  sock.ops = kernel.version === 'article' ? inet_stream_ops_article : inet_stream_ops;
  const sk = sk_alloc(new tcp_sock(), PF_INET, tcp_prot);
  sock_init_data(sock, sk);
  sk.sk_protocol = IPPROTO_TCP;
  sk.sk_backlog_rcv = tcp_prot.backlog_rcv;
  sk.uc_ttl = -1;
  sk.mc_ttl = 1;
  tcp_v4_init_sock(sk);
  return 0;
}

/**
 * Sends by the protocol of the socket. A socket without a local port gets one first, unless the protocol does not want that.
 * @modelled net/ipv4/af_inet.c
 * @omits inet_autobind: the protocols here do not want it
 * @cost 8
 */
export function* inet_sendmsg(iocb: kiocb, sock: socket, msg: msghdr, size: number): Kgen<number> {
  const sk = sock.sk as sock;
  sock_rps_record_flow(sk);
  const prot = sk.skc_prot as proto;
  if (inet_sk(sk).inet_num === 0 && !prot.no_autobind) {
    return -EAGAIN;
  }
  return yield* prot.sendmsg(iocb, sk, msg, size);
}

/**
 * Receives by the protocol of the socket.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function* inet_recvmsg(iocb: kiocb, sock: socket, msg: msghdr, size: number, flags: number): Kgen<number> {
  const sk = sock.sk as sock;
  sock_rps_record_flow(sk);
  const addr_len: addr_len_ptr = { addr_len: 0 };
  const nonblock = flags & MSG_DONTWAIT;
  const err = yield* (sk.skc_prot as proto).recvmsg(iocb, sk, msg, size, nonblock, flags & ~MSG_DONTWAIT, addr_len);
  if (err >= 0) {
    msg.msg_namelen = addr_len.addr_len;
  }
  return err;
}

/**
 * Sees to it that an owned socket has a good route before a segment is sent again: 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 * @omits inet_sk_reselect_saddr: ip_dynaddr is off
 * @cost 5
 */
export function* inet_sk_rebuild_header(sk: sock): Kgen<number> {
  if (__sk_dst_check(sk, 0) !== null) {
    return 0;
  }
  const inet = inet_sk(sk);
  const rt = ip_route_output_ports(
    sk,
    inet.inet_daddr,
    inet.inet_saddr,
    inet.inet_dport,
    inet.inet_sport,
    sk.sk_protocol,
    inet.tos & IPTOS_RT_MASK,
    0,
  );
  if (rt === null) {
    sk.sk_route_caps = 0;
    sk.sk_err_soft = EHOSTUNREACH;
    return -EHOSTUNREACH;
  }
  sk_setup_caps(sk, rt);
  return 0;
}

/**
 * Prepares an skb whose checksum is complete for segmentation: the transport makes it partial. 0, or -errno.
 * @modelled net/ipv4/af_inet.c
 * @cost 8
 */
export function inet_gso_send_check(skb: sk_buff): number {
  if (!pskb_may_pull(skb, IPHDR_LEN)) {
    return -EINVAL;
  }
  const iph = new iphdr(skb.network_header);
  const ihl = (iph.version_ihl & 0xf) * 4;
  if (ihl < IPHDR_LEN || !pskb_may_pull(skb, ihl)) {
    return -EINVAL;
  }
  __skb_pull(skb, ihl);
  skb.transport_header = skb.data;
  const prot = inet_protocol(new iphdr(skb.network_header).protocol);
  const check = prot?.gso_send_check;
  return check === null || check === undefined ? -EPROTONOSUPPORT : check(skb);
}

/**
 * Cuts a large packet: the transport cuts, then each segment gets its own length, id and header checksum.
 * @simplified a packet that cannot be cut gives null, as one that need not be
 * @cost 15
 */
export function inet_gso_segment(skb: sk_buff, features: number): sk_buff | null {
  const wanted = (features & NETIF_F_V4_CSUM) === 0 ? features & ~NETIF_F_SG : features;
  const known = SKB_GSO_TCPV4 | SKB_GSO_UDP | SKB_GSO_DODGY | SKB_GSO_TCP_ECN;
  if ((skb_shinfo(skb).gso_type & ~known) !== 0 || !pskb_may_pull(skb, IPHDR_LEN)) {
    return null;
  }
  const ihl = (new iphdr(skb.network_header).version_ihl & 0xf) * 4;
  if (ihl < IPHDR_LEN || !pskb_may_pull(skb, ihl)) {
    return null;
  }
  __skb_pull(skb, ihl);
  skb.transport_header = skb.data;
  const first = new iphdr(skb.network_header);
  const { protocol } = first;
  let { id } = first;
  let offset = 0;
  const prot = inet_protocol(protocol);
  const segment = prot === null ? null : prot.gso_segment;
  const segs = segment === null ? null : segment(skb, wanted);
  for (let seg = segs; seg !== null; seg = seg.next) {
    const iph = new iphdr(seg.network_header);
    if (protocol === IPPROTO_UDP) {
      iph.id = id;
      iph.frag_off = (offset >> 3) | (seg.next === null ? 0 : IP_MF);
      offset += seg.len - seg.mac_len - ihl;
    } else {
      iph.id = id;
      id++;
    }
    iph.tot_len = seg.len - seg.mac_len;
    iph.check = 0;
    iph.check = ip_fast_csum(seg.network_header, iph.version_ihl & 0xf);
  }
  return segs;
}

/**
 * Compares a received packet with those held: which are of the same flow, and may it be merged. The transport decides.
 * Gives the held skb that must now be passed on, or null.
 * @modelled net/ipv4/af_inet.c
 * @omits skb_gro_header_slow: written out, as headers are never in the first fragment alone
 * @cost 20
 */
export function inet_gro_receive(head: napi_struct, skb: sk_buff): sk_buff | null {
  const off = skb_gro_offset(skb);
  if (!pskb_may_pull(skb, off + IPHDR_LEN)) {
    skb.cb.gro_flush |= 1;
    return null;
  }
  const iph = new iphdr(skb.data + off);
  const prot = inet_protocol(iph.protocol);
  if (
    prot === null ||
    prot.gro_receive === null ||
    iph.version_ihl !== 0x45 ||
    ip_fast_csum(skb.data + off, iph.version_ihl & 0xf) !== 0
  ) {
    skb.cb.gro_flush |= 1;
    return null;
  }
  const { id } = iph;
  const flush = (iph.tot_len ^ skb_gro_len(skb)) | (iph.frag_off ^ IP_DF);
  for (let p = head.gro_list; p !== null; p = p.next) {
    if (!p.cb.gro_same_flow) {
      continue;
    }
    const iph2 = new iphdr(p.network_header);
    if (
      iph.protocol !== iph2.protocol ||
      iph.tos !== iph2.tos ||
      iph.saddr !== iph2.saddr ||
      iph.daddr !== iph2.daddr
    ) {
      p.cb.gro_same_flow = false;
      continue;
    }
    p.cb.gro_flush |= (iph.ttl ^ iph2.ttl) | (((iph2.id + p.cb.gro_count) & 0xffff) ^ id);
    p.cb.gro_flush |= flush;
  }
  skb.cb.gro_flush |= flush;
  skb_gro_pull(skb, IPHDR_LEN);
  skb.transport_header = skb.data + skb_gro_offset(skb);
  const pp = prot.gro_receive(head, skb);
  skb.cb.gro_flush |= flush;
  return pp;
}

/**
 * Ends a merge: the header gets the length of the whole, then the transport ends it.
 * @modelled net/ipv4/af_inet.c
 * @cost 10
 */
export function inet_gro_complete(skb: sk_buff): number {
  const iph = new iphdr(skb.network_header);
  const newlen = skb.len - (skb.network_header - skb.data);
  iph.check = csum_replace2(iph.check, iph.tot_len, newlen);
  iph.tot_len = newlen;
  const prot = inet_protocol(iph.protocol);
  if (prot === null || prot.gro_complete === null) {
    return -ENOSYS;
  }
  return prot.gro_complete(skb);
}
