/** Mirrors include/linux/ip.h (2.6.39); the layout is RFC 791 section 3.1. */
import { be16, be32, byte, wire } from '../../../base/wire';

export const IPPROTO_IP = 0;
export const IPPROTO_ICMP = 1;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;
export const IPPROTO_RAW = 255;
export const IP_DF = 0x4000;
export const IP_MF = 0x2000;
export const IP_OFFSET = 0x1fff;

export const iphdr = wire('iphdr', {
  version_ihl: byte('version (4) and header length in words', 'hex'),
  tos: byte('type of service', 'hex'),
  tot_len: be16('length with this header, bytes'),
  id: be16('identification', 'hex'),
  frag_off: be16('DF, MF and fragment offset', 'hex'),
  ttl: byte('time to live'),
  protocol: byte('next protocol'),
  check: be16('header checksum', 'hex'),
  saddr: be32('source address', 'ip'),
  daddr: be32('destination address', 'ip'),
});
export type iphdr = InstanceType<typeof iphdr>;
