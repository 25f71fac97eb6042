/** Mirrors include/linux/icmp.h (2.6.39); the header is RFC 792, the MTU in it RFC 1191 section 4. */
import { be16, be32, byte, wire } from '../../../base/wire';

export const ICMP_ECHOREPLY = 0;
export const ICMP_DEST_UNREACH = 3;
export const ICMP_SOURCE_QUENCH = 4;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;
export const ICMP_PARAMETERPROB = 12;
export const ICMP_TIMESTAMP = 13;
export const ICMP_ADDRESS = 17;
export const ICMP_ADDRESSREPLY = 18;
export const NR_ICMP_TYPES = 18;

export const ICMP_NET_UNREACH = 0;
export const ICMP_HOST_UNREACH = 1;
export const ICMP_PROT_UNREACH = 2;
export const ICMP_PORT_UNREACH = 3;
export const ICMP_FRAG_NEEDED = 4;
export const ICMP_PKT_FILTERED = 13;
export const NR_ICMP_UNREACH = 15;

export const ICMP_EXC_TTL = 0;
export const ICMP_EXC_FRAGTIME = 1;

export const icmphdr = wire('icmphdr', {
  type: byte('kind of message'),
  code: byte('which one of the kind'),
  checksum: be16('checksum over the whole message', 'hex'),
  gateway: be32('gateway; identifier and sequence number of an echo; MTU in its lower half', 'hex'),
});
export type icmphdr = InstanceType<typeof icmphdr>;
