/** Mirrors include/linux/skbuff.h (2.6.39): sk_buff, its data area and its queues. Function bodies of skbuff.c are in net/core/skbuff.ts. */
import { addr, bool, byteCount, embed, enumeration, fn, hex32, int, list, ns, ref, seq32, struct, u16, u32, u8 } from '../../../base/struct';
import type { dst_entry } from '../net/dst';
import type { sock } from '../net/sock';
import type { net_device } from './netdevice';
import { spinlock_t } from './spinlock';

export const CHECKSUM_NONE = 0;
export const CHECKSUM_UNNECESSARY = 1;
export const CHECKSUM_COMPLETE = 2;
export const CHECKSUM_PARTIAL = 3;

export const PACKET_HOST = 0;
export const PACKET_BROADCAST = 1;
export const PACKET_MULTICAST = 2;
export const PACKET_OTHERHOST = 3;
export const PACKET_OUTGOING = 4;

export const SKB_FCLONE_UNAVAILABLE = 0;
export const SKB_FCLONE_ORIG = 1;
export const SKB_FCLONE_CLONE = 2;

export const SKB_GSO_TCPV4 = 1;
export const SKB_GSO_UDP = 2;
export const SKB_GSO_DODGY = 4;
export const SKB_GSO_TCP_ECN = 8;

/** x86-64, 4 KiB pages: 65536 / 4096 + 2. */
export const MAX_SKB_FRAGS = 18;
/** sizeof(struct sk_buff), counted in truesize. */
export const SIZEOF_SK_BUFF = 240;
export const SMP_CACHE_BYTES = 64;
export const PAGE_SIZE = 4096;
export const NET_SKB_PAD = 64;
export const NET_IP_ALIGN = 0;
/** sizeof(struct skb_shared_info); not counted in truesize in this version. */
export const SIZEOF_SKB_SHARED_INFO = 344;

/** A page of data (include/linux/mm_types.h). */
export const page = struct('page', {
  virtual: addr('where its bytes stand in RAM'),
  order: u8('log2 of its size in pages'),
  _count: int('references', 1),
});
export interface page extends InstanceType<typeof page> {}

export const skb_frag_t = struct('skb_frag_t', {
  page: ref<page>('page that holds the bytes'),
  page_offset: u32('where they begin in the page'),
  size: byteCount('how many'),
});
export interface skb_frag_t extends InstanceType<typeof skb_frag_t> {}

/** What sits behind the linear data area; shared by all clones. */
export const skb_shared_info = struct('skb_shared_info', {
  nr_frags: u8('page fragments in use'),
  gso_size: byteCount('payload of each segment when it is cut, 0: not GSO'),
  gso_segs: u16('segments it stands for'),
  gso_type: hex32('how to cut it'),
  tx_flags: u8('timestamping asked for'),
  frag_list: ref<sk_buff>('skbs whose data follow'),
  dataref: int('holders of the data; those of payload only count 1 << 16 more', 1),
  frags: list(ref<skb_frag_t>('fragment'), MAX_SKB_FRAGS, 'page fragments'),
  /** Not in C, where the address tells: the block to give back when dataref drops to 0. */
  head: addr('start of the data block'),
  size: byteCount('size of the data block'),
});
export interface skb_shared_info extends InstanceType<typeof skb_shared_info> {}

/** The control block `cb[48]`: whoever has the skb uses it. The fields of its users stand side by side here. */
export const skb_cb = struct('skb_cb', {
  seq: seq32('TCP: first sequence number'),
  end_seq: seq32('TCP: sequence number after the last, SYN and FIN count one'),
  when: u32('TCP: jiffies when it was sent'),
  flags: hex32('TCP: header flags; on receive the IP TOS'),
  sacked: hex32('TCP: SACK scoreboard bits; on receive the offset of the SACK option'),
  ack_seq: seq32('TCP: acknowledged sequence; on transmit snd_nxt when retransmitted'),
  ip_flags: hex32('IP: IPCB flags'),
  pkt_len: byteCount('qdisc: length counted on the wire'),
  gro_data_offset: int('GRO: where the header under way begins'),
  gro_flush: int('GRO: end the merge'),
  gro_count: int('GRO: segments merged'),
  gro_same_flow: bool('GRO: belongs to the flow'),
  gro_free: bool('GRO: data was taken over, free the rest'),
  gso_destructor: fn<(skb: sk_buff) => void>('GSO: destructor of the parent, kept while its segments leave'),
});
export interface skb_cb extends InstanceType<typeof skb_cb> {}

export const sk_buff = struct('sk_buff', {
  next: ref<sk_buff>('next in the queue, or the list of GSO segments'),
  prev: ref<sk_buff>('the one before in the queue'),
  list: ref<sk_buff_head>('queue it is on, null if on none'),
  tstamp: ns('when it was received or captured, 0: not stamped'),
  sk: ref<sock>('socket that owns or is charged for it'),
  dev: ref<net_device>('device it came by or leaves by'),
  cb: embed(skb_cb, 'control block of whoever has it'),
  _skb_refdst: ref<dst_entry>('route'),
  dst_noref: bool('the route is borrowed, without a reference'),
  len: byteCount('bytes in all'),
  data_len: byteCount('bytes in page fragments'),
  mac_len: byteCount('length of the link header'),
  hdr_len: byteCount('writable header length of a clone'),
  csum: hex32('checksum of the payload so far'),
  csum_start: u32('where the NIC begins to sum, from head'),
  csum_offset: u16('where it stores the sum, from csum_start'),
  priority: u32('packet priority'),
  local_df: bool('may be fragmented here'),
  cloned: bool('its data may be shared'),
  ip_summed: enumeration('who verifies or fills the checksum', { CHECKSUM_NONE, CHECKSUM_UNNECESSARY, CHECKSUM_COMPLETE, CHECKSUM_PARTIAL }),
  nohdr: bool('refers to the payload only'),
  pkt_type: enumeration('for whom it is', { PACKET_HOST, PACKET_BROADCAST, PACKET_MULTICAST, PACKET_OTHERHOST, PACKET_OUTGOING }),
  fclone: enumeration('kind of clone', { SKB_FCLONE_UNAVAILABLE, SKB_FCLONE_ORIG, SKB_FCLONE_CLONE }),
  protocol: hex32('EtherType'),
  destructor: fn<(skb: sk_buff) => void>('gives the charge back to the socket'),
  skb_iif: int('index of the device it came by'),
  rxhash: hex32('flow hash'),
  queue_mapping: u16('TX queue'),
  ooo_okay: bool('the queue may change without reordering'),
  mark: u32('mark'),
  vlan_tci: u16('VLAN tag'),
  transport_header: addr('address of the transport header, 0: none'),
  network_header: addr('address of the network header, 0: none'),
  mac_header: addr('address of the link header, 0: none'),
  head: addr('start of the data block'),
  data: addr('start of the data now'),
  tail: addr('end of the linear data now'),
  end: addr('end of the block; the shared info follows'),
  truesize: byteCount('memory it is charged with'),
  users: int('holders of this struct', 1),
  shared_info: ref<skb_shared_info>('what skb_shinfo() gives: the part that clones share'),
  /** Not in C: the skb this one was cloned, copied or segmented from (0: none), so that a family can be drawn. */
  family: int('object id of the skb it was made from'),
});
export interface sk_buff extends InstanceType<typeof sk_buff> {}

/** A queue of skbs: null-terminated both ways (in C the head closes a ring). */
export const sk_buff_head = struct('sk_buff_head', {
  next: ref<sk_buff>('first'),
  prev: ref<sk_buff>('last'),
  qlen: u32('how many'),
  lock: embed(spinlock_t, 'guards the queue'),
});
export interface sk_buff_head extends InstanceType<typeof sk_buff_head> {}

/** The shared info of an skb. Every skb has one from alloc_skb on. */
export function skb_shinfo(skb: sk_buff): skb_shared_info {
  return skb.shared_info as skb_shared_info;
}
