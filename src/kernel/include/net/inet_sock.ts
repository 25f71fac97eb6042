/** Mirrors include/net/inet_sock.h (2.6.39). */
import { bool, int, ip4, port, struct, u8, u16 } from '../../../base/struct';
import { sock } from './sock';

export const IP_PMTUDISC_WANT = 1;
export const IP_PMTUDISC_DO = 2;

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
    freebind: bool('may bind to any address'),
    mc_ttl: int('multicast TTL', 1),
  },
  sock,
);
export interface inet_sock extends InstanceType<typeof inet_sock> {}

/** The inet_sock a sock begins: a free cast. */
export const inet_sk = (sk: object): inet_sock => sk as inet_sock;
