/** Mirrors include/linux/if_ether.h (2.6.39). */
import { heap } from '../../../base/heap';
import { be16, be32, wire } from '../../../base/wire';

export const ETH_ALEN = 6;
export const ETH_HLEN = 14;
export const ETH_DATA_LEN = 1500;
export const ETH_FCS_LEN = 4;
export const ETH_P_IP = 0x0800;
export const ETH_P_ARP = 0x0806;
export const ETH_P_ALL = 0x0003;
export const ETH_P_802_3 = 0x0001;
export const ETH_P_802_2 = 0x0004;

/** Ethernet II header. A MAC address is split in its upper 16 and lower 32 bits. */
export const ethhdr = wire('ethhdr', {
  h_dest_hi: be16('destination MAC, first two bytes', 'hex'),
  h_dest_lo: be32('destination MAC, last four bytes', 'hex'),
  h_source_hi: be16('source MAC, first two bytes', 'hex'),
  h_source_lo: be32('source MAC, last four bytes', 'hex'),
  h_proto: be16('EtherType', 'hex'),
});
export type ethhdr = InstanceType<typeof ethhdr>;

/**
 * Writes a MAC address, given as a 48-bit number, at an address in RAM.
 * @model memcpy of ETH_ALEN bytes in C
 * @cost 2
 */
export function write_ether_addr(at: number, mac: number): void {
  heap.writeBe16(at, Math.floor(mac / 2 ** 32));
  heap.writeBe32(at + 2, mac % 2 ** 32);
}

/**
 * Reads a MAC address as a 48-bit number.
 * @model memcpy of ETH_ALEN bytes in C
 * @cost 2
 */
export function read_ether_addr(at: number): number {
  return heap.readBe16(at) * 2 ** 32 + heap.readBe32(at + 2);
}
