/** Mirrors include/linux/if_arp.h (2.6.39); the layout is RFC 826, for IPv4 over Ethernet. */
import { be16, be32, byte, wire } from '../../../base/wire';

export const ARPHRD_ETHER = 1;
export const ARPOP_REQUEST = 1;
export const ARPOP_REPLY = 2;

/** ARP packet. A MAC address is split in its upper 16 and lower 32 bits. */
export const arphdr = wire('arphdr', {
  ar_hrd: be16('hardware type'),
  ar_pro: be16('protocol type', 'hex'),
  ar_hln: byte('length of a hardware address'),
  ar_pln: byte('length of a protocol address'),
  ar_op: be16('operation'),
  ar_sha_hi: be16('sender MAC, first two bytes', 'hex'),
  ar_sha_lo: be32('sender MAC, last four bytes', 'hex'),
  ar_sip: be32('sender address', 'ip'),
  ar_tha_hi: be16('target MAC, first two bytes', 'hex'),
  ar_tha_lo: be32('target MAC, last four bytes', 'hex'),
  ar_tip: be32('target address', 'ip'),
});
export type arphdr = InstanceType<typeof arphdr>;
