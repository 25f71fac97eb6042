/** Mirrors include/net/inet_sock.h (2.6.39). */
import { bool, byteCount, embed, flags, int, ip4, port, ref, struct, u8, u16 } from '../../../base/struct';
import type { page } from '../linux/skbuff';
import type { dst_entry } from './dst';
import { request_sock } from './request_sock';
import { sock } from './sock';

export const IP_PMTUDISC_DONT = 0;

export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;
export const IP_PMTUDISC_PROBE = 3;

/** What a packet that is being put together from several calls has in common. */
export const inet_cork = struct('inet_cork', {
  fragsize: byteCount('MTU it is cut for'),
  dst: ref<dst_entry>('route'),
  length: byteCount('bytes appended so far, with the transport header'),
  page: ref<page>('page being filled'),
  off: byteCount('how far it is filled'),
  tx_flags: u8('time stamps asked for'),
  daddr: ip4('destination'),
  saddr: ip4('source'),
  dport: port('destination port'),
  sport: port('source port'),
});
export interface inet_cork extends InstanceType<typeof inet_cork> {}

/** IPCB-like bits of inet_sock.cmsg_flags. */
export const IP_CMSG_PKTINFO = 1;

export const inet_sock = struct(
  'inet_sock',
  {
    inet_daddr: ip4('address of the peer'),
    inet_rcv_saddr: ip4('own address bound to'),
    inet_dport: port('port of the peer'),
    inet_num: port('own port'),
    inet_saddr: ip4('own address used to send'),
    uc_ttl: int('TTL, -1: from the route', -1),
    inet_sport: port('own port used to send'),
    inet_id: u16('next IP identification'),
    tos: u8('type of service'),
    pmtudisc: u8('path MTU discovery', IP_PMTUDISC_WANT),
    recverr: bool('ICMP errors are kept for the program (IP_RECVERR)'),
    freebind: bool('may bind to any address'),
    transparent: bool('may use any source address'),
    mc_ttl: int('multicast TTL', 1),
    hdrincl: bool('a raw socket: the program makes the IP header'),
    cmsg_flags: flags('what a reader wants to know of a packet besides its data', { IP_CMSG_PKTINFO }),
    cork: embed(inet_cork, 'the packet being put together'),
  },
  sock,
);
export interface inet_sock extends InstanceType<typeof inet_sock> {}

/** The inet_sock a sock begins: a free cast. */
export const inet_sk = (sk: object): inet_sock => sk as inet_sock;

/** A request of an Internet protocol. */
export const inet_request_sock = struct(
  'inet_request_sock',
  {
    loc_port: port('own port'),
    loc_addr: ip4('own address'),
    rmt_addr: ip4('address of the peer'),
    rmt_port: port('port of the peer'),
    snd_wscale: u8('shift of windows the peer sends'),
    rcv_wscale: u8('shift of windows we send'),
    tstamp_ok: bool('both use timestamps'),
    sack_ok: bool('both use SACK'),
    wscale_ok: bool('both scale windows'),
    ecn_ok: bool('both use ECN'),
    acked: bool('our SYN-ACK was acknowledged: it waits for data, or for room in the accept queue'),
    no_srccheck: bool('may use any source address'),
  },
  request_sock,
);
export interface inet_request_sock extends InstanceType<typeof inet_request_sock> {}

/** The inet_request_sock a request begins: a free cast. */
export const inet_rsk = (req: object): inet_request_sock => req as inet_request_sock;

/** Bit of flowi4_flags: any source address will do. */
export const FLOWI_FLAG_ANYSRC = 1;

/**
 * What a socket allows its route look-ups.
 * @modelled include/net/inet_sock.h
 * @cost 1
 */
export function inet_sk_flowi_flags(sk: sock): number {
  return inet_sk(sk).transparent ? FLOWI_FLAG_ANYSRC : 0;
}
