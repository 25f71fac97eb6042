/** What a queue of a card consists of: its ring registers, what the card has fetched of the ring, and the offload context. */
import { bool, byteCount, embed, hex32, int, ref, struct, u8, u16, u32 } from '../base/struct';

/** Registers of a transmit ring. A card with one queue has them among its other registers. */
export interface TxRing {
  TDBAL: number;
  TDBAH: number;
  TDLEN: number;
  TDH: number;
  TDT: number;
  TXDCTL: number;
}

/** Registers of a receive ring. */
export interface RxRing {
  RDBAL: number;
  RDBAH: number;
  RDLEN: number;
  RDH: number;
  RDT: number;
  RXDCTL: number;
  /** Buffer sizes and descriptor type, where each queue has its own. */
  SRRCTL?: number;
}

/** What the last context descriptor of a queue set up. */
export const nic_context = struct('nic_context', {
  ipcss: u8('where the IP header begins'),
  ipcso: u8('where the IP checksum goes'),
  ipcse: u16('last byte of the IP header'),
  tucss: u8('where the TCP or UDP header begins'),
  tucso: u8('where its checksum goes'),
  tucse: u16('last byte to sum, 0: the end of the packet'),
  paylen: byteCount('payload of the packet to cut'),
  hdrlen: byteCount('length of the headers repeated in each segment'),
  mss: byteCount('payload of each segment'),
  tcp: bool('TCP, else UDP'),
  ip: bool('IPv4, else IPv6'),
});
export interface nic_context extends InstanceType<typeof nic_context> {}

export const nic_tx_queue = struct('nic_tx_queue', {
  index: int('number of the queue'),
  ring: ref<TxRing>('registers of its ring: TDBAL, TDLEN, TDH, TDT...'),
  cached: int('descriptors fetched and not yet processed'),
  context: embed(nic_context, 'offload context in force'),
  held: bool('its first packet is not whole yet'),
  unwritten: int('descriptors processed and not yet written back (TXDCTL.WTHRESH)'),
  packets: int('packets fetched from it'),
});
export interface nic_tx_queue extends InstanceType<typeof nic_tx_queue> {}

export const nic_rx_queue = struct('nic_rx_queue', {
  index: int('number of the queue'),
  ring: ref<RxRing>('registers of its ring: RDBAL, RDLEN, RDH, RDT...'),
  cached: int('descriptors fetched and not yet used'),
  packets: int('frames written to its buffers'),
  drops: int('frames dropped because it had no descriptor'),
});
export interface nic_rx_queue extends InstanceType<typeof nic_rx_queue> {}

/** Ring registers of one transmit queue of an 82576 (317694, chapter 8). */
export const nic_tx_ring = struct('nic_tx_ring', {
  TDBAL: hex32('transmit ring, address'),
  TDBAH: hex32('transmit ring, upper half of the address'),
  TDLEN: u32('transmit ring, bytes'),
  TDH: u32('transmit ring: next descriptor the card processes'),
  TDT: u32('transmit ring: first descriptor not given to the card; writing it is the doorbell'),
  TXDCTL: hex32('transmit descriptor control: thresholds, and bit 25 that enables the queue'),
});
export interface nic_tx_ring extends InstanceType<typeof nic_tx_ring> {}

/** Ring registers of one receive queue of an 82576 (317694, chapter 8). */
export const nic_rx_ring = struct('nic_rx_ring', {
  RDBAL: hex32('receive ring, address'),
  RDBAH: hex32('receive ring, upper half of the address'),
  RDLEN: u32('receive ring, bytes'),
  SRRCTL: hex32(
    'split and replication receive control: buffer sizes, descriptor type, bit 31 drops when no descriptor is free',
  ),
  RDH: u32('receive ring: next descriptor the card fills'),
  RDT: u32('receive ring: first descriptor the card may not fill'),
  RXDCTL: hex32('receive descriptor control: thresholds, and bit 25 that enables the queue'),
  RQDPC: u32('frames dropped because no descriptor was free; reading clears it'),
});
export interface nic_rx_ring extends InstanceType<typeof nic_rx_ring> {}
