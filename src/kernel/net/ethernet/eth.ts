/**
 * Mirrors net/ethernet/eth.c (2.6.39): the link header on the way out and in, and its cached form.
 * Left out: 802.3 length fields with 802.2 headers (only recognised), DSA tags.
 */
import { ops } from '../../../base/dispatch';
import { heap } from '../../../base/heap';
import {
  ETH_DATA_LEN,
  ETH_HLEN,
  ETH_P_802_2,
  ETH_P_802_3,
  ETH_P_IP,
  ethhdr,
  write_ether_addr,
} from '../../include/linux/if_ether';
import { HH_DATA_MOD, type header_ops, IFF_LOOPBACK, IFF_NOARP, type net_device } from '../../include/linux/netdevice';
import {
  __skb_pull,
  PACKET_BROADCAST,
  PACKET_MULTICAST,
  PACKET_OTHERHOST,
  type sk_buff,
  skb_reset_mac_header,
} from '../../include/linux/skbuff';
import type { hh_cache, neighbour } from '../../include/net/dst';
import { skb_push } from '../core/skbuff';

/** From this value on the type field is an EtherType, below it is a length. */
const ETH_P_802_3_MIN = 1536;
const BROADCAST = 0xffffffffffff;

/**
 * Puts an Ethernet header in front of the data. Returns its length, negative while the destination is not known.
 * @modelled net/ethernet/eth.c
 */
export function eth_header(
  skb: sk_buff,
  dev: net_device,
  type: number,
  daddr: number | null,
  saddr: number | null,
  len: number,
): number {
  const at = skb_push(skb, ETH_HLEN);
  const eth = new ethhdr(at);
  eth.h_proto = type !== ETH_P_802_3 && type !== ETH_P_802_2 ? type : len;
  write_ether_addr(at + 6, saddr ?? dev.dev_addr);
  if (daddr !== null) {
    write_ether_addr(at, daddr);
    return ETH_HLEN;
  }
  if ((dev.flags & (IFF_LOOPBACK | IFF_NOARP)) !== 0) {
    write_ether_addr(at, 0);
    return ETH_HLEN;
  }
  return -ETH_HLEN;
}

/**
 * Reads the link header of a received frame and pulls it off: device, for whom it is, EtherType.
 * @modelled net/ethernet/eth.c
 * @cost 15
 */
export function eth_type_trans(skb: sk_buff, dev: net_device): number {
  skb.dev = dev;
  skb_reset_mac_header(skb);
  __skb_pull(skb, ETH_HLEN);
  const eth = new ethhdr(skb.mac_header);
  const dest = eth.h_dest_hi * 2 ** 32 + eth.h_dest_lo;
  if ((eth.h_dest_hi & 0x0100) !== 0) {
    skb.pkt_type = dest === BROADCAST ? PACKET_BROADCAST : PACKET_MULTICAST;
  } else if (dest !== dev.dev_addr) {
    skb.pkt_type = PACKET_OTHERHOST;
  }
  if (eth.h_proto >= ETH_P_802_3_MIN) {
    return eth.h_proto;
  }
  return heap.readBe16(skb.data) === 0xffff ? ETH_P_802_3 : ETH_P_802_2;
}

/**
 * Sender's MAC address of a frame whose header is at mac_header.
 * @modelled net/ethernet/eth.c
 */
export function eth_header_parse(skb: sk_buff): number {
  const eth = new ethhdr(skb.mac_header);
  return eth.h_source_hi * 2 ** 32 + eth.h_source_lo;
}

/**
 * Makes the header of a neighbour once and for all: 14 bytes at the end of 16.
 * @modelled net/ethernet/eth.c
 */
export function eth_header_cache(neigh: neighbour, hh: hh_cache): number {
  const dev = neigh.dev as net_device;
  const at = hh.hh_data + HH_DATA_MOD - ETH_HLEN;
  const eth = new ethhdr(at);
  eth.h_proto = ETH_P_IP;
  write_ether_addr(at + 6, dev.dev_addr);
  write_ether_addr(at, neigh.ha);
  hh.hh_len = ETH_HLEN;
  return 0;
}

/**
 * Puts the new address of a neighbour into its ready-made header.
 * @modelled net/ethernet/eth.c
 */
export function eth_header_cache_update(hh: hh_cache, _dev: net_device, haddr: number): void {
  write_ether_addr(hh.hh_data + HH_DATA_MOD - ETH_HLEN, haddr);
}

export const eth_header_ops = ops<header_ops>('header_ops', 'eth_header_ops', {
  create: eth_header,
  parse: eth_header_parse,
  cache: eth_header_cache,
  cache_update: eth_header_cache_update,
});

/**
 * Fills in what all Ethernet devices have in common.
 * @modelled net/ethernet/eth.c
 */
export function ether_setup(dev: net_device): void {
  dev.header_ops = eth_header_ops;
  dev.hard_header_len = ETH_HLEN;
  dev.mtu = ETH_DATA_LEN;
  dev.tx_queue_len = 1000;
}
