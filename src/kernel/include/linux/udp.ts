/** Mirrors include/linux/udp.h and include/net/udp.h (2.6.39); the header is RFC 768. */

import { byteCount, hex32, int, list, port, ref, struct } from '../../../base/struct';
import { be16, wire } from '../../../base/wire';
import { inet_sock } from '../net/inet_sock';
import type { sock } from '../net/sock';

export const udphdr = wire('udphdr', {
  source: be16('source port', 'port'),
  dest: be16('destination port', 'port'),
  len: be16('length with this header, bytes'),
  check: be16('checksum, 0: none', 'hex'),
});
export type udphdr = InstanceType<typeof udphdr>;

/** Options of the level UDP. */
export const SOL_UDP = 17;
export const UDP_CORK = 1;

/** sk_no_check of UDP sockets. */
export const UDP_CSUM_NOXMIT = 1;
/** A computed checksum of 0 is sent as this: 0 says that there is none. */
export const CSUM_MANGLED_0 = 0xffff;
/** Buckets of the table of ports. */
export const UDP_HTABLE_SIZE_MIN = 256;

export const udp_sock = struct(
  'udp_sock',
  {
    pending: int('address family of the datagram being put together, 0: none'),
    corkflag: int('UDP_CORK: datagrams wait until it is lifted'),
    len: byteCount('length of the datagram being put together, with the header'),
    udp_port_hash: port('local port it is hashed by'),
    udp_portaddr_hash: hex32('hash of own address and port'),
  },
  inet_sock,
);
export interface udp_sock extends InstanceType<typeof udp_sock> {}

/** The udp_sock a sock begins: a free cast. */
export const udp_sk = (sk: object): udp_sock => sk as udp_sock;

/** UDP sockets by local port. */
export const udp_table = struct('udp_table', {
  hash: list(ref<sock>('first of the chain'), UDP_HTABLE_SIZE_MIN, 'sockets by port'),
});
export interface udp_table extends InstanceType<typeof udp_table> {}
