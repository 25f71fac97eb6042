/** Mirrors include/linux/skbuff.h (2.6.39): sk_buff, its data area and its queues. Function bodies of skbuff.c are in net/core/skbuff.ts. */
import { clock } from '../../../base/clock';
import {
  addr,
  bool,
  byteCount,
  embed,
  enumeration,
  fn,
  hex32,
  int,
  list,
  mac48,
  ns,
  ref,
  seq32,
  struct,
  u8,
  u16,
  u32,
} from '../../../base/struct';
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
  time_to_send: ns('netem: when it may leave'),
  gro_data_offset: int('GRO: where the header under way begins'),
  gro_flush: int('GRO: end the merge'),
  gro_count: int('GRO: segments merged'),
  gro_same_flow: bool('GRO: belongs to the flow'),
  gro_free: bool('GRO: data was taken over, free the rest'),
  gso_destructor: fn<(skb: sk_buff) => void>('GSO: destructor of the parent, kept while its segments leave'),
  frag_offset: byteCount('reassembly: where the fragment begins in the packet'),
  origlen: byteCount('packet socket: length of the packet before it was cut'),
  sll_addr: mac48('packet socket: link address of the sender'),
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
  ip_summed: enumeration('who verifies or fills the checksum', {
    CHECKSUM_NONE,
    CHECKSUM_UNNECESSARY,
    CHECKSUM_COMPLETE,
    CHECKSUM_PARTIAL,
  }),
  peeked: bool('a reader has looked at it without taking it'),
  nohdr: bool('refers to the payload only'),
  pkt_type: enumeration('for whom it is', {
    PACKET_HOST,
    PACKET_BROADCAST,
    PACKET_MULTICAST,
    PACKET_OTHERHOST,
    PACKET_OUTGOING,
  }),
  fclone: enumeration('kind of clone', { SKB_FCLONE_UNAVAILABLE, SKB_FCLONE_ORIG, SKB_FCLONE_CLONE }),
  /** In C the address tells: the pair is one block of memory. */
  fclone_pair: ref<sk_buff>('the other half of the pair, null while the companion slot is free'),
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
export const skb_shinfo = (skb: sk_buff): skb_shared_info => skb.shared_info as skb_shared_info;

/** Size rounded up to cache lines, bytes. */
export const SKB_DATA_ALIGN = (size: number): number => (size + SMP_CACHE_BYTES - 1) & ~(SMP_CACHE_BYTES - 1);

/** Low half of dataref: all holders; above this shift: holders of the payload only. */
export const SKB_DATAREF_SHIFT = 16;
export const SKB_DATAREF_MASK = (1 << SKB_DATAREF_SHIFT) - 1;

/** Bytes in the linear area. */
export const skb_headlen = (skb: sk_buff): number => skb.len - skb.data_len;

/** True when part of the data is in pages or other skbs. */
export const skb_is_nonlinear = (skb: sk_buff): boolean => skb.data_len !== 0;

/** Free bytes before the data. */
export const skb_headroom = (skb: sk_buff): number => skb.data - skb.head;

/** Free bytes behind the linear data; none when there are fragments. */
export const skb_tailroom = (skb: sk_buff): number => (skb.data_len !== 0 ? 0 : skb.end - skb.tail);

/**
 * Payload bytes in the linear area and its page fragments, without frag_list.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_pagelen(skb: sk_buff): number {
  const info = skb_shinfo(skb);
  let len = skb.len - skb.data_len;
  for (let i = 0; i < info.nr_frags; i++) {
    len += info.frags.at(i).size;
  }
  return len;
}

/**
 * True when other skbs look at the same data.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_cloned(skb: sk_buff): boolean {
  return skb.cloned && (skb_shinfo(skb).dataref & SKB_DATAREF_MASK) !== 1;
}

/**
 * True when others look at the headers too, so that they must not be changed in place.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_header_cloned(skb: sk_buff): boolean {
  if (!skb.cloned) {
    return false;
  }
  const { dataref } = skb_shinfo(skb);
  return (dataref & SKB_DATAREF_MASK) - (dataref >> SKB_DATAREF_SHIFT) !== 1;
}

/**
 * Gives up the header part: this skb from now on refers to the payload only.
 * @modelled include/linux/skbuff.h
 * @cost 6
 */
export function skb_header_release(skb: sk_buff): void {
  skb.nohdr = true;
  skb_shinfo(skb).dataref += 1 << SKB_DATAREF_SHIFT;
}

/** True when others hold this very struct. */
export const skb_shared = (skb: sk_buff): boolean => skb.users !== 1;

/**
 * Takes one more reference to the struct.
 * @modelled include/linux/skbuff.h
 * @cost 4
 */
export function skb_get(skb: sk_buff): sk_buff {
  skb.users++;
  return skb;
}

/**
 * True when the first `len` bytes may be written.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_clone_writable(skb: sk_buff, len: number): boolean {
  return !skb_header_cloned(skb) && skb.data - skb.head + len <= skb.hdr_len;
}

/** True when the skb stands for several segments. */
export const skb_is_gso = (skb: sk_buff): boolean => skb_shinfo(skb).gso_size !== 0;

/** True when other skbs hang behind the data. */
export const skb_has_frag_list = (skb: sk_buff): boolean => skb_shinfo(skb).frag_list !== null;

/**
 * True when the checksum needs no more looking at.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_csum_unnecessary(skb: sk_buff): boolean {
  return (skb.ip_summed & CHECKSUM_UNNECESSARY) !== 0;
}

/** Offset from the data to where the checksum begins, bytes. */
export const skb_checksum_start_offset = (skb: sk_buff): number => skb.csum_start - (skb.data - skb.head);

/**
 * Moves the data of an empty skb behind `len` bytes of headroom.
 * @modelled include/linux/skbuff.h
 * @cost 3
 */
export function skb_reserve(skb: sk_buff, len: number): void {
  skb.data += len;
  skb.tail += len;
}

/**
 * Extends the data at the end without checks. Gives the address of the new part.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __skb_put(skb: sk_buff, len: number): number {
  const at = skb.tail;
  skb.tail += len;
  skb.len += len;
  return at;
}

/**
 * Extends the data at the front without checks. Gives the address of the data.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __skb_push(skb: sk_buff, len: number): number {
  skb.data -= len;
  skb.len += len;
  return skb.data;
}

/**
 * Takes `len` bytes off the front; they must be linear. Gives the address of what follows.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __skb_pull(skb: sk_buff, len: number): number {
  skb.len -= len;
  if (skb.len < skb.data_len) {
    throw new Error(`skb #${skb.$id}: pull of ${len} bytes beyond the linear area`);
  }
  skb.data += len;
  return skb.data;
}

/**
 * Cuts a linear skb to `len` bytes.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __skb_trim(skb: sk_buff, len: number): void {
  if (skb.data_len !== 0) {
    throw new Error(`skb #${skb.$id}: __skb_trim of a non-linear skb`);
  }
  skb.len = len;
  skb.tail = skb.data + len;
}

/**
 * Makes the linear area empty.
 * @modelled include/linux/skbuff.h
 * @cost 0
 */
export function skb_reset_tail_pointer(skb: sk_buff): void {
  skb.tail = skb.data;
}

/** Address of the transport header. */
export const skb_transport_header = (skb: sk_buff): number => skb.transport_header;

/**
 * The transport header begins at the data.
 * @modelled include/linux/skbuff.h
 * @cost 0
 */
export function skb_reset_transport_header(skb: sk_buff): void {
  skb.transport_header = skb.data;
}

/**
 * The transport header begins `offset` bytes behind the data.
 * @modelled include/linux/skbuff.h
 * @cost 0
 */
export function skb_set_transport_header(skb: sk_buff, offset: number): void {
  skb.transport_header = skb.data + offset;
}

/** Bytes from the data to the transport header. */
export const skb_transport_offset = (skb: sk_buff): number => skb.transport_header - skb.data;

/** Address of the network header. */
export const skb_network_header = (skb: sk_buff): number => skb.network_header;

/**
 * The network header begins at the data.
 * @modelled include/linux/skbuff.h
 * @cost 0
 */
export function skb_reset_network_header(skb: sk_buff): void {
  skb.network_header = skb.data;
}

/**
 * The network header begins `offset` bytes behind the data.
 * @modelled include/linux/skbuff.h
 * @cost 0
 */
export function skb_set_network_header(skb: sk_buff, offset: number): void {
  skb.network_header = skb.data + offset;
}

/** Bytes from the data to the network header. */
export const skb_network_offset = (skb: sk_buff): number => skb.network_header - skb.data;

/**
 * The link header begins at the data.
 * @modelled include/linux/skbuff.h
 * @cost 0
 */
export function skb_reset_mac_header(skb: sk_buff): void {
  skb.mac_header = skb.data;
}

/**
 * Gives back the charge to the socket, which no longer knows of the skb.
 * @modelled include/linux/skbuff.h
 * @cost 3
 */
export function skb_orphan(skb: sk_buff): void {
  if (skb.destructor !== null) {
    skb.destructor(skb);
  }
  skb.destructor = null;
  skb.sk = null;
}

/**
 * True when `off` in `page` is where fragment `i - 1` ends, so that it can grow instead of a new one being made.
 * @modelled include/linux/skbuff.h
 * @cost 4
 */
export function skb_can_coalesce(skb: sk_buff, i: number, page: page | null, off: number): boolean {
  if (i === 0) {
    return false;
  }
  const frag = skb_shinfo(skb).frags.at(i - 1);
  return page === frag.page && off === frag.page_offset + frag.size;
}

/**
 * Makes fragment `i` the last one: `size` bytes of `page` from `off`.
 * @modelled include/linux/skbuff.h
 * @cost 6
 */
export function skb_fill_page_desc(skb: sk_buff, i: number, page: page | null, off: number, size: number): void {
  const info = skb_shinfo(skb);
  const frag = new skb_frag_t();
  frag.page = page;
  frag.page_offset = off;
  frag.size = size;
  info.frags.set(i, frag);
  info.nr_frags = i + 1;
}

/**
 * Sets a fragment as a whole.
 * @model an assignment of a structure in C
 * @cost 2
 */
export function skb_model_set_frag(skb: sk_buff, i: number, page: page | null, off: number, size: number): void {
  const info = skb_shinfo(skb);
  const frag = new skb_frag_t();
  frag.page = page;
  frag.page_offset = off;
  frag.size = size;
  info.frags.set(i, frag);
  info.nr_frags = i + 1;
}

/**
 * Address in RAM of the bytes of a fragment.
 * @model frag->page and page_address() in one
 */
export const skb_frag_address = (frag: skb_frag_t): number => (frag.page as page).virtual + frag.page_offset;

/**
 * Empties a queue head.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_queue_head_init(list: sk_buff_head): void {
  list.next = null;
  list.prev = null;
  list.qlen = 0;
}

/** True when nothing is queued. */
export const skb_queue_empty = (list: sk_buff_head): boolean => list.next === null;

/** Number of skbs queued. */
export const skb_queue_len = (list: sk_buff_head): number => list.qlen;

/** First skb of a queue. */
export const skb_peek = (list: sk_buff_head): sk_buff | null => list.next;

/**
 * Last skb of a queue, null when it is empty.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_peek_tail(list: sk_buff_head): sk_buff | null {
  return list.prev;
}

/** True for the last skb of its queue. */
export const skb_queue_is_last = (_list: sk_buff_head, skb: sk_buff): boolean => skb.next === null;

/** True for the first skb of its queue. */
export const skb_queue_is_first = (_list: sk_buff_head, skb: sk_buff): boolean => skb.prev === null;

/** The skb behind one that is not the last. */
export const skb_queue_next = (_list: sk_buff_head, skb: sk_buff): sk_buff => skb.next as sk_buff;

/** The skb before one that is not the first. */
export const skb_queue_prev = (_list: sk_buff_head, skb: sk_buff): sk_buff => skb.prev as sk_buff;

/**
 * Links an skb between two neighbours in a queue; null stands for the head.
 * @modelled include/linux/skbuff.h
 * @cost 4
 */
export function __skb_insert(newsk: sk_buff, prev: sk_buff | null, next: sk_buff | null, list: sk_buff_head): void {
  if (newsk.list !== null) {
    throw new Error(`skb #${newsk.$id} is on a queue already`);
  }
  newsk.next = next;
  newsk.prev = prev;
  newsk.list = list;
  if (prev === null) {
    list.next = newsk;
  } else {
    prev.next = newsk;
  }
  if (next === null) {
    list.prev = newsk;
  } else {
    next.prev = newsk;
  }
  list.qlen++;
}

/**
 * Queues behind `prev`; null stands for the head, so that it becomes the first.
 * @modelled include/linux/skbuff.h
 * @cost 5
 */
export function __skb_queue_after(list: sk_buff_head, prev: sk_buff | null, newsk: sk_buff): void {
  __skb_insert(newsk, prev, prev === null ? list.next : prev.next, list);
}

/**
 * Queues before `next`; null stands for the head, so that it becomes the last.
 * @modelled include/linux/skbuff.h
 * @cost 5
 */
export function __skb_queue_before(list: sk_buff_head, next: sk_buff | null, newsk: sk_buff): void {
  __skb_insert(newsk, next === null ? list.prev : next.prev, next, list);
}

/**
 * Queues at the front; the caller has the lock.
 * @modelled include/linux/skbuff.h
 * @cost 5
 */
export function __skb_queue_head(list: sk_buff_head, newsk: sk_buff): void {
  __skb_queue_after(list, null, newsk);
}

/**
 * Queues at the end; the caller has the lock.
 * @modelled include/linux/skbuff.h
 * @cost 5
 */
export function __skb_queue_tail(list: sk_buff_head, newsk: sk_buff): void {
  __skb_insert(newsk, list.prev, null, list);
}

/**
 * Hangs one queue's skbs behind `prev`, the last of another.
 * @simplified each skb notes its new queue; in C only the ends are linked
 * @cost 4
 */
export function __skb_queue_splice(list: sk_buff_head, prev: sk_buff | null, to: sk_buff_head): void {
  const first = list.next as sk_buff;
  for (let skb: sk_buff | null = first; skb !== null; skb = skb.next) {
    skb.list = to;
  }
  first.prev = prev;
  if (prev === null) {
    to.next = first;
  } else {
    prev.next = first;
  }
  to.prev = list.prev;
}

/**
 * Appends all skbs of one queue to another; the first is empty then.
 * @modelled include/linux/skbuff.h
 * @cost 4
 */
export function skb_queue_splice_tail_init(list: sk_buff_head, head: sk_buff_head): void {
  if (!skb_queue_empty(list)) {
    __skb_queue_splice(list, head.prev, head);
    head.qlen += list.qlen;
    skb_queue_head_init(list);
  }
}

/**
 * Takes an skb out of its queue.
 * @modelled include/linux/skbuff.h
 * @cost 6
 */
export function __skb_unlink(skb: sk_buff, list: sk_buff_head): void {
  if (skb.list !== list) {
    throw new Error(`skb #${skb.$id} is not on queue #${list.$id}`);
  }
  const next = skb.next;
  const prev = skb.prev;
  list.qlen--;
  skb.next = null;
  skb.prev = null;
  skb.list = null;
  if (prev === null) {
    list.next = next;
  } else {
    prev.next = next;
  }
  if (next === null) {
    list.prev = prev;
  } else {
    next.prev = prev;
  }
}

/**
 * Takes the first skb off a queue.
 * @modelled include/linux/skbuff.h
 * @cost 4
 */
export function __skb_dequeue(list: sk_buff_head): sk_buff | null {
  const skb = list.next;
  if (skb !== null) {
    __skb_unlink(skb, list);
  }
  return skb;
}

/**
 * Takes the last skb out of a list, or null.
 * @modelled include/linux/skbuff.h
 * @cost 4
 */
export function __skb_dequeue_tail(list: sk_buff_head): sk_buff | null {
  const skb = skb_peek_tail(list);
  if (skb !== null) {
    __skb_unlink(skb, list);
  }
  return skb;
}

/**
 * Sets the time of arrival to now.
 * @modelled include/linux/skbuff.h
 * @cost 25
 */
export function __net_timestamp(skb: sk_buff): void {
  skb.tstamp = clock.ns;
}

/**
 * Notes the RX queue that a packet came in on: one more, 0 says none.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_record_rx_queue(skb: sk_buff, rx_queue: number): void {
  skb.queue_mapping = rx_queue + 1;
}

/**
 * The RX queue that a packet came in on.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_get_rx_queue(skb: sk_buff): number {
  return skb.queue_mapping - 1;
}

/**
 * True when it is known which RX queue a packet came in on.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_rx_queue_recorded(skb: sk_buff): boolean {
  return skb.queue_mapping !== 0;
}

/**
 * Chooses the TX queue of a packet.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_set_queue_mapping(skb: sk_buff, queue_mapping: number): void {
  skb.queue_mapping = queue_mapping;
}

/**
 * The TX queue of a packet.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_get_queue_mapping(skb: sk_buff): number {
  return skb.queue_mapping;
}
