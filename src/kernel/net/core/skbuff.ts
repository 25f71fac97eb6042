/**
 * Mirrors net/core/skbuff.c (2.6.39), with those inline functions of include/linux/skbuff.h that call it.
 * Modelled: allocation with fclone pairs, clones and copies, growing and cutting at both ends, splitting and shifting,
 * segmentation, merging for GRO, freeing.
 * The data block is RAM from the heap; the shared info, which in C stands behind it, is a struct of its own.
 * Left out: zero-copy splice, timestamps by the hardware, recycling, security paths; allocation does not fail, though
 * callers test for it as in Linux. Some functions of the kernel that return an error pointer return null here.
 */
import { heap } from '../../../base/heap';
import { E2BIG, EFAULT, ENOMEM } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import {
  NETIF_F_SG,
  type napi_struct,
  type net_device,
  skb_gro_len,
  skb_gro_offset,
} from '../../include/linux/netdevice';
import {
  __skb_dequeue,
  __skb_pull,
  __skb_push,
  __skb_put,
  __skb_trim,
  CHECKSUM_COMPLETE,
  CHECKSUM_NONE,
  CHECKSUM_PARTIAL,
  MAX_SKB_FRAGS,
  NET_IP_ALIGN,
  NET_SKB_PAD,
  PAGE_SIZE,
  type page,
  SIZEOF_SK_BUFF,
  SKB_DATA_ALIGN,
  SKB_DATAREF_SHIFT,
  SKB_FCLONE_CLONE,
  SKB_FCLONE_ORIG,
  SKB_FCLONE_UNAVAILABLE,
  sk_buff,
  type sk_buff_head,
  skb_can_coalesce,
  skb_cloned,
  skb_fill_page_desc,
  skb_frag_address,
  type skb_frag_t,
  skb_get,
  skb_header_cloned,
  skb_header_release,
  skb_model_set_frag,
  skb_reserve,
  skb_shared_info,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { copy_from_user, memcpy } from '../../include/linux/uaccess';
import { skb_dst_copy, skb_dst_drop } from '../../include/net/dst';
import type { sock } from '../../include/net/sock';
import {
  csum_and_copy_from_user,
  csum_block_add,
  csum_partial,
  csum_partial_copy_nocheck,
  type err_ptr,
} from '../../lib/checksum';
import { alloc_pages } from '../../mm/page_alloc';
import { get_page, put_page } from '../../mm/swap';

/**
 * Allocates an skb with `size` bytes of empty data; with `fclone` a companion slot for one quick clone comes with it.
 * truesize counts the data block and the struct, not the shared info.
 * @simplified never fails; the companion becomes an object of its own each time it is used
 * @cost 110
 */
export function __alloc_skb(size: number, _gfp_mask: number, fclone: number, _node: number): sk_buff | null {
  const skb = new sk_buff();
  const aligned = SKB_DATA_ALIGN(size);
  const data = heap.ramAlloc(aligned);
  skb.truesize = aligned + SIZEOF_SK_BUFF;
  skb.head = data;
  skb.data = data;
  skb.tail = data;
  skb.end = data + aligned;
  const shinfo = new skb_shared_info();
  shinfo.head = data;
  shinfo.size = aligned;
  skb.shared_info = shinfo;
  if (fclone !== 0) {
    skb.fclone = SKB_FCLONE_ORIG;
  }
  return skb;
}

/**
 * Allocates an skb with `size` bytes of data.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function alloc_skb(size: number, priority: number): sk_buff | null {
  return __alloc_skb(size, priority, 0, -1);
}

/**
 * Allocates an skb that will be cloned: the pair saves an allocation for each transmission.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function alloc_skb_fclone(size: number, priority: number): sk_buff | null {
  return __alloc_skb(size, priority, 1, -1);
}

/**
 * Allocates a receive skb, with headroom for forwarding.
 * @modelled net/core/skbuff.c
 * @cost 5
 */
export function __netdev_alloc_skb(dev: net_device, length: number, gfp_mask: number): sk_buff | null {
  const skb = __alloc_skb(length + NET_SKB_PAD, gfp_mask, 0, -1);
  if (skb !== null) {
    skb_reserve(skb, NET_SKB_PAD);
    skb.dev = dev;
  }
  return skb;
}

/**
 * Allocates a receive skb placed so that the IP header is aligned, where that matters (not on x86: NET_IP_ALIGN is 0).
 * @modelled include/linux/skbuff.h
 * @omits netdev_alloc_skb: only adds GFP_ATOMIC
 * @cost 2
 */
export function netdev_alloc_skb_ip_align(dev: net_device, length: number): sk_buff | null {
  const skb = __netdev_alloc_skb(dev, length + NET_IP_ALIGN, GFP_ATOMIC);
  if (NET_IP_ALIGN !== 0 && skb !== null) {
    skb_reserve(skb, NET_IP_ALIGN);
  }
  return skb;
}

/**
 * Frees a list of skbs linked by next.
 * @modelled net/core/skbuff.c
 * @cost 4
 */
export function skb_drop_list(first: sk_buff | null): void {
  let list = first;
  while (list !== null) {
    const self = list;
    list = list.next;
    kfree_skb(self);
  }
}

/**
 * Frees the skbs that hang behind the data.
 * @modelled net/core/skbuff.c
 * @cost 4
 */
export function skb_drop_fraglist(skb: sk_buff): void {
  const shinfo = skb_shinfo(skb);
  const list = shinfo.frag_list;
  shinfo.frag_list = null;
  skb_drop_list(list);
}

/**
 * Takes a reference to each skb that hangs behind the data.
 * @modelled net/core/skbuff.c
 * @cost 4
 */
export function skb_clone_fraglist(skb: sk_buff): void {
  for (let list = skb_shinfo(skb).frag_list; list !== null; list = list.next) {
    skb_get(list);
  }
}

/**
 * Drops this holder of the data; the last one frees pages, frag_list and block.
 * @modelled net/core/skbuff.c
 * @cost 25
 */
export function skb_release_data(skb: sk_buff): void {
  const shinfo = skb_shinfo(skb);
  if (skb.cloned) {
    shinfo.dataref -= skb.nohdr ? (1 << SKB_DATAREF_SHIFT) + 1 : 1;
    if (shinfo.dataref !== 0) {
      return;
    }
  }
  for (let i = 0; i < shinfo.nr_frags; i++) {
    const { page } = shinfo.frags.at(i);
    if (page !== null) {
      put_page(page);
    }
  }
  if (shinfo.frag_list !== null) {
    skb_drop_fraglist(skb);
  }
  heap.ramFree(shinfo.head, shinfo.size);
  for (const frag of shinfo.frags) {
    if (frag !== null && heap.isLive(frag)) {
      heap.release(frag);
    }
  }
  heap.release(shinfo);
}

/**
 * Gives back the struct. Of a pair, each half goes when it is freed; the slot of a clone can then be used again.
 * @simplified in C the memory of a pair is freed when both halves are
 * @cost 25
 */
export function kfree_skbmem(skb: sk_buff): void {
  const other = skb.fclone_pair;
  if (other !== null) {
    other.fclone_pair = null;
  }
  if (skb.fclone === SKB_FCLONE_CLONE) {
    skb.fclone = SKB_FCLONE_UNAVAILABLE;
  }
  skb.shared_info = null;
  heap.release(skb);
}

/**
 * Lets go of the route and tells the owner.
 * @modelled net/core/skbuff.c
 * @omits secpath_put: no IPsec
 * @omits nf_conntrack_put: no connection tracking
 * @cost 6
 */
export function skb_release_head_state(skb: sk_buff): void {
  skb_dst_drop(skb);
  if (skb.destructor !== null) {
    skb.destructor(skb);
  }
}

/**
 * Lets go of all the skb holds, but not of the struct.
 * @modelled net/core/skbuff.c
 * @cost 3
 */
export function skb_release_all(skb: sk_buff): void {
  skb_release_head_state(skb);
  skb_release_data(skb);
}

/**
 * Frees an skb whatever its count of holders.
 * @modelled net/core/skbuff.c
 * @cost 3
 */
export function __kfree_skb(skb: sk_buff): void {
  skb_release_all(skb);
  kfree_skbmem(skb);
}

/**
 * Drops a reference to an skb that was dropped on its way; the last one frees it.
 * @modelled net/core/skbuff.c
 * @cost 5
 */
export function kfree_skb(skb: sk_buff | null): void {
  if (skb === null) {
    return;
  }
  if (skb.users !== 1) {
    skb.users--;
    return;
  }
  __kfree_skb(skb);
}

/**
 * Drops a reference to an skb that has done its work; the last one frees it.
 * @modelled net/core/skbuff.c
 * @cost 5
 */
export function consume_skb(skb: sk_buff | null): void {
  if (skb === null) {
    return;
  }
  if (skb.users !== 1) {
    skb.users--;
    return;
  }
  __kfree_skb(skb);
}

/**
 * Copies what describes a packet but not where its data are held.
 * @modelled net/core/skbuff.c
 * @omits secpath_get: no IPsec
 * @omits __nf_copy: no connection tracking
 * @cost 25
 */
export function __copy_skb_header(to: sk_buff, from: sk_buff): void {
  to.tstamp = from.tstamp;
  to.dev = from.dev;
  to.transport_header = from.transport_header;
  to.network_header = from.network_header;
  to.mac_header = from.mac_header;
  skb_dst_copy(to, from);
  to.rxhash = from.rxhash;
  heap.assign(to.cb, from.cb);
  to.csum = from.csum;
  to.csum_start = from.csum_start;
  to.csum_offset = from.csum_offset;
  to.local_df = from.local_df;
  to.pkt_type = from.pkt_type;
  to.ip_summed = from.ip_summed;
  to.queue_mapping = from.queue_mapping;
  to.priority = from.priority;
  to.protocol = from.protocol;
  to.mark = from.mark;
  to.skb_iif = from.skb_iif;
  to.vlan_tci = from.vlan_tci;
  to.family = from.$id;
}

/**
 * Makes `n` a second look at the data of `skb`.
 * @modelled net/core/skbuff.c
 * @cost 15
 */
export function __skb_clone(n: sk_buff, skb: sk_buff): sk_buff {
  n.next = null;
  n.prev = null;
  n.list = null;
  n.sk = null;
  __copy_skb_header(n, skb);
  n.len = skb.len;
  n.data_len = skb.data_len;
  n.mac_len = skb.mac_len;
  n.hdr_len = skb.nohdr ? skb.data - skb.head : skb.hdr_len;
  n.cloned = true;
  n.nohdr = false;
  n.destructor = null;
  n.tail = skb.tail;
  n.end = skb.end;
  n.head = skb.head;
  n.data = skb.data;
  n.truesize = skb.truesize;
  n.users = 1;
  n.shared_info = skb.shared_info;
  skb_shinfo(skb).dataref++;
  skb.cloned = true;
  return n;
}

/**
 * Makes a clone: a struct of its own, the same data. Uses the companion slot of an fclone pair when it is free.
 * @modelled net/core/skbuff.c
 * @cost 20
 */
export function skb_clone(skb: sk_buff, _gfp_mask: number): sk_buff | null {
  const n = new sk_buff();
  if (skb.fclone === SKB_FCLONE_ORIG && skb.fclone_pair === null) {
    n.fclone = SKB_FCLONE_CLONE;
    n.fclone_pair = skb;
    skb.fclone_pair = n;
  } else {
    n.fclone = SKB_FCLONE_UNAVAILABLE;
  }
  return __skb_clone(n, skb);
}

/**
 * Makes `dst` a clone of `src`, freeing what it held.
 * @modelled net/core/skbuff.c
 */
export function skb_morph(dst: sk_buff, src: sk_buff): sk_buff {
  skb_release_all(dst);
  return __skb_clone(dst, src);
}

/**
 * Copies the description of a packet whose data were copied: header addresses move with the data.
 * @modelled net/core/skbuff.c
 * @cost 6
 */
export function copy_skb_header(to: sk_buff, from: sk_buff): void {
  const offset = to.data - from.data;
  __copy_skb_header(to, from);
  to.transport_header = from.transport_header === 0 ? 0 : from.transport_header + offset;
  to.network_header = from.network_header === 0 ? 0 : from.network_header + offset;
  to.mac_header = from.mac_header === 0 ? 0 : from.mac_header + offset;
  const toInfo = skb_shinfo(to);
  const fromInfo = skb_shinfo(from);
  toInfo.gso_size = fromInfo.gso_size;
  toInfo.gso_segs = fromInfo.gso_segs;
  toInfo.gso_type = fromInfo.gso_type;
}

/**
 * Copies an skb with all its data into one linear block.
 * @modelled net/core/skbuff.c
 */
export function skb_copy(skb: sk_buff, gfp_mask: number): sk_buff | null {
  const headerlen = skb.data - skb.head;
  const n = alloc_skb(skb.end - skb.head + skb.data_len, gfp_mask);
  if (n === null) {
    return null;
  }
  skb_reserve(n, headerlen);
  skb_put(n, skb.len);
  copy_bits_with_headroom(skb, n, headerlen);
  copy_skb_header(n, skb);
  return n;
}

/**
 * Copies headroom and data of an skb to the same place in another.
 * @model skb_copy_bits with a negative offset in C
 * @cost 0
 */
function copy_bits_with_headroom(skb: sk_buff, n: sk_buff, headroom: number): void {
  memcpy(n.data - headroom, skb.data - headroom, headroom);
  skb_copy_bits(skb, 0, n.data, skb.len);
}

/**
 * Copies the linear part and shares the pages: for an skb whose headers are to be written while an older clone lives.
 * @modelled net/core/skbuff.c
 * @cost 20
 */
export function pskb_copy(skb: sk_buff, gfp_mask: number): sk_buff | null {
  const n = alloc_skb(skb.end - skb.head, gfp_mask);
  if (n === null) {
    return null;
  }
  skb_reserve(n, skb.data - skb.head);
  skb_put(n, skb.len - skb.data_len);
  memcpy(n.data, skb.data, n.len);
  n.truesize += skb.data_len;
  n.data_len = skb.data_len;
  n.len = skb.len;
  const from = skb_shinfo(skb);
  for (let i = 0; i < from.nr_frags; i++) {
    const frag = from.frags.at(i);
    skb_model_set_frag(n, i, frag.page, frag.page_offset, frag.size);
    get_page(frag.page as page);
  }
  if (from.frag_list !== null) {
    skb_shinfo(n).frag_list = from.frag_list;
    skb_clone_fraglist(n);
  }
  copy_skb_header(n, skb);
  return n;
}

/**
 * Gives an skb a data block of its own with `nhead` more bytes of headroom and `ntail` more of tailroom; the addresses
 * of its headers move along. 0, or -ENOMEM.
 * @simplified always moves to a new block, where Linux uses what the allocator rounded up
 * @cost 60
 */
export function pskb_expand_head(skb: sk_buff, nhead: number, ntail: number, _gfp_mask: number): number {
  if (skb.users !== 1) {
    throw new Error(`pskb_expand_head of skb #${skb.$id}, which others hold`);
  }
  const old = skb_shinfo(skb);
  const size = SKB_DATA_ALIGN(nhead + (skb.end - skb.head) + ntail);
  const alone = !skb.cloned || old.dataref === (skb.nohdr ? (1 << SKB_DATAREF_SHIFT) + 1 : 1);
  const data = heap.ramAlloc(size);
  memcpy(data + nhead, skb.head, skb.tail - skb.head);
  if (alone) {
    heap.ramFree(old.head, old.size);
    old.head = data;
    old.size = size;
  } else {
    const shinfo = new skb_shared_info();
    shinfo.head = data;
    shinfo.size = size;
    shinfo.gso_size = old.gso_size;
    shinfo.gso_segs = old.gso_segs;
    shinfo.gso_type = old.gso_type;
    shinfo.tx_flags = old.tx_flags;
    shinfo.frag_list = old.frag_list;
    const linear = skb.shared_info;
    skb.shared_info = shinfo;
    for (let i = 0; i < old.nr_frags; i++) {
      const frag = old.frags.at(i);
      skb_model_set_frag(skb, i, frag.page, frag.page_offset, frag.size);
      get_page(frag.page as page);
    }
    if (shinfo.frag_list !== null) {
      skb_clone_fraglist(skb);
    }
    skb.shared_info = linear;
    skb_release_data(skb);
    skb.shared_info = shinfo;
  }
  const off = data + nhead - skb.head;
  skb.head = data;
  skb.data += off;
  skb.end = data + size;
  skb.tail += off;
  skb.transport_header = skb.transport_header === 0 ? 0 : skb.transport_header + off;
  skb.network_header = skb.network_header === 0 ? 0 : skb.network_header + off;
  skb.mac_header = skb.mac_header === 0 ? 0 : skb.mac_header + off;
  if (skb.ip_summed === CHECKSUM_PARTIAL) {
    skb.csum_start += nhead;
  }
  skb.cloned = false;
  skb.hdr_len = 0;
  skb.nohdr = false;
  skb_shinfo(skb).dataref = 1;
  return 0;
}

/**
 * A copy with private headers and at least `headroom` bytes before the data.
 * @modelled net/core/skbuff.c
 */
export function skb_realloc_headroom(skb: sk_buff, headroom: number): sk_buff | null {
  const delta = headroom - (skb.data - skb.head);
  if (delta <= 0) {
    return pskb_copy(skb, GFP_ATOMIC);
  }
  const skb2 = skb_clone(skb, GFP_ATOMIC);
  if (skb2 !== null && pskb_expand_head(skb2, SKB_DATA_ALIGN(delta), 0, GFP_ATOMIC) !== 0) {
    kfree_skb(skb2);
    return null;
  }
  return skb2;
}

/**
 * Makes the headers private and the headroom at least `headroom` bytes.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __skb_cow(skb: sk_buff, headroom: number, cloned: boolean): number {
  const room = Math.max(headroom, NET_SKB_PAD);
  const delta = room > skb.data - skb.head ? room - (skb.data - skb.head) : 0;
  if (delta === 0 && !cloned) {
    return 0;
  }
  return pskb_expand_head(skb, Math.ceil(delta / NET_SKB_PAD) * NET_SKB_PAD, 0, GFP_ATOMIC);
}

/**
 * Makes data and headers private, with `headroom` bytes in front.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_cow(skb: sk_buff, headroom: number): number {
  return __skb_cow(skb, headroom, skb_cloned(skb));
}

/**
 * Makes the headers writable, with `headroom` bytes in front.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_cow_head(skb: sk_buff, headroom: number): number {
  return __skb_cow(skb, headroom, skb_header_cloned(skb));
}

/**
 * An skb that the caller alone holds: the same one, or a clone.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function skb_share_check(skb: sk_buff, pri: number): sk_buff | null {
  if (skb.users === 1) {
    return skb;
  }
  const nskb = skb_clone(skb, pri);
  kfree_skb(skb);
  return nskb;
}

/**
 * Extends the data at the end. Gives the address of the new part.
 * @modelled net/core/skbuff.c
 * @cost 3
 */
export function skb_put(skb: sk_buff, len: number): number {
  const at = skb.tail;
  if (skb.data_len !== 0) {
    throw new Error(`skb_put on non-linear skb #${skb.$id}`);
  }
  skb.tail += len;
  skb.len += len;
  if (skb.tail > skb.end) {
    throw new Error(`skb_over_panic: skb #${skb.$id}, ${len} bytes put, tail ${skb.tail}, end ${skb.end}`);
  }
  return at;
}

/**
 * Extends the data at the front. Gives the address of the data.
 * @modelled net/core/skbuff.c
 * @cost 3
 */
export function skb_push(skb: sk_buff, len: number): number {
  skb.data -= len;
  skb.len += len;
  if (skb.data < skb.head) {
    throw new Error(`skb_under_panic: skb #${skb.$id}, ${len} bytes pushed, data ${skb.data}, head ${skb.head}`);
  }
  return skb.data;
}

/**
 * Takes `len` bytes off the front; 0 when the skb is shorter.
 * @modelled net/core/skbuff.c
 * @cost 3
 */
export function skb_pull(skb: sk_buff, len: number): number {
  return len > skb.len ? 0 : __skb_pull(skb, len);
}

/**
 * Cuts a linear skb to `len` bytes if it is longer.
 * @modelled net/core/skbuff.c
 * @cost 2
 */
export function skb_trim(skb: sk_buff, len: number): void {
  if (skb.len > len) {
    __skb_trim(skb, len);
  }
}

/**
 * Cuts an skb with fragments to `len` bytes: 0, or -ENOMEM.
 * @modelled net/core/skbuff.c
 */
export function ___pskb_trim(skb: sk_buff, len: number): number {
  if (skb_cloned(skb) && pskb_expand_head(skb, 0, 0, GFP_ATOMIC) !== 0) {
    return -ENOMEM;
  }
  const shinfo = skb_shinfo(skb);
  const headlen = skb.len - skb.data_len;
  let kept = 0;
  let offset = headlen;
  for (let i = 0; i < shinfo.nr_frags; i++) {
    const frag = shinfo.frags.at(i);
    const end = offset + frag.size;
    if (offset >= len) {
      if (frag.page !== null) {
        put_page(frag.page);
      }
    } else {
      if (end > len) {
        frag.size = len - offset;
      }
      kept++;
    }
    offset = end;
  }
  shinfo.nr_frags = kept;
  let last: sk_buff | null = null;
  for (let frag = shinfo.frag_list; frag !== null; frag = frag.next) {
    const end = offset + frag.len;
    if (offset >= len) {
      if (last === null) {
        skb_drop_fraglist(skb);
      } else {
        const rest = last.next;
        last.next = null;
        skb_drop_list(rest);
      }
      break;
    }
    if (end > len) {
      pskb_trim(frag, len - offset);
    }
    last = frag;
    offset = end;
  }
  if (len > headlen) {
    skb.data_len -= skb.len - len;
    skb.len = len;
  } else {
    skb.len = len;
    skb.data_len = 0;
    skb.tail = skb.data + len;
  }
  return 0;
}

/**
 * Cuts an skb to `len` bytes, linear or not.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __pskb_trim(skb: sk_buff, len: number): number {
  if (skb.data_len !== 0) {
    return ___pskb_trim(skb, len);
  }
  __skb_trim(skb, len);
  return 0;
}

/**
 * Cuts an skb to `len` bytes if it is longer.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function pskb_trim(skb: sk_buff, len: number): number {
  return len < skb.len ? __pskb_trim(skb, len) : 0;
}

/**
 * Cuts an skb that nobody shares, which cannot fail.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function pskb_trim_unique(skb: sk_buff, len: number): void {
  if (pskb_trim(skb, len) !== 0) {
    throw new Error(`skb #${skb.$id}: pskb_trim_unique failed`);
  }
}

/**
 * Cuts off padding, forgetting a sum that included it.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function pskb_trim_rcsum(skb: sk_buff, len: number): number {
  if (len >= skb.len) {
    return 0;
  }
  if (skb.ip_summed === CHECKSUM_COMPLETE) {
    skb.ip_summed = CHECKSUM_NONE;
  }
  return __pskb_trim(skb, len);
}

/**
 * Moves `delta` bytes of the fragments to the end of the linear part. Gives the new tail, or 0 without memory.
 * @modelled net/core/skbuff.c
 * @cost 30
 */
export function __pskb_pull_tail(skb: sk_buff, delta: number): number {
  const lacking = skb.tail + delta - skb.end;
  if (lacking > 0 || skb_cloned(skb)) {
    if (pskb_expand_head(skb, 0, lacking > 0 ? lacking + 128 : 0, GFP_ATOMIC) !== 0) {
      return 0;
    }
  }
  skb_copy_bits(skb, skb.len - skb.data_len, skb.tail, delta);
  let eat = delta;
  const shinfo = skb_shinfo(skb);
  const frags: skb_frag_t[] = [];
  for (let i = 0; i < shinfo.nr_frags; i++) {
    const frag = shinfo.frags.at(i);
    if (eat >= frag.size) {
      eat -= frag.size;
      if (frag.page !== null) {
        put_page(frag.page);
      }
      heap.release(frag);
    } else {
      frag.page_offset += eat;
      frag.size -= eat;
      eat = 0;
      frags.push(frag);
    }
  }
  shinfo.frags.clear();
  for (const frag of frags) {
    shinfo.frags.set(shinfo.frags.length, frag);
  }
  shinfo.nr_frags = frags.length;
  while (eat > 0 && shinfo.frag_list !== null) {
    eat -= eat_frag_list(shinfo, eat);
  }
  skb.tail += delta;
  skb.data_len -= delta;
  return skb.tail;
}

/**
 * Takes up to `eat` bytes off the first skb of the frag_list; returns how many.
 * @model the part of __pskb_pull_tail that deals with frag_list
 * @cost 5
 */
function eat_frag_list(shinfo: skb_shared_info, eat: number): number {
  const list = shinfo.frag_list as sk_buff;
  const { next, len } = list;
  if (len <= eat) {
    shinfo.frag_list = next;
    list.next = null;
    kfree_skb(list);
    return len;
  }
  let own = list;
  if (list.users !== 1) {
    own = skb_clone(list, GFP_ATOMIC) as sk_buff;
    own.next = next;
    kfree_skb(list);
    shinfo.frag_list = own;
  }
  pskb_pull(own, eat);
  return eat;
}

/**
 * True when the first `len` bytes are, or could be made, linear.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function pskb_may_pull(skb: sk_buff, len: number): boolean {
  const headlen = skb.len - skb.data_len;
  if (len <= headlen) {
    return true;
  }
  if (len > skb.len) {
    return false;
  }
  return __pskb_pull_tail(skb, len - headlen) !== 0;
}

/**
 * Takes `len` bytes off the front, wherever they are; 0 when the skb is shorter.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function pskb_pull(skb: sk_buff, len: number): number {
  const headlen = skb.len - skb.data_len;
  if (len > skb.len || (len > headlen && __pskb_pull_tail(skb, len - headlen) === 0)) {
    return 0;
  }
  return __skb_pull(skb, len);
}

/**
 * Makes all the data linear: 0, or -ENOMEM.
 * @modelled include/linux/skbuff.h
 * @cost 2
 */
export function __skb_linearize(skb: sk_buff): number {
  return __pskb_pull_tail(skb, skb.data_len) !== 0 ? 0 : -ENOMEM;
}

/**
 * Makes all the data linear if they are not: 0, or -ENOMEM.
 * @modelled include/linux/skbuff.h
 * @cost 1
 */
export function skb_linearize(skb: sk_buff): number {
  return skb.data_len !== 0 ? __skb_linearize(skb) : 0;
}

/**
 * Copies `len` bytes from `offset` in the data to kernel memory: 0, or -EFAULT beyond the end.
 * @modelled net/core/skbuff.c
 * @cost 8
 */
export function skb_copy_bits(skb: sk_buff, offset: number, to: number, len: number): number {
  if (offset > skb.len - len) {
    return -EFAULT;
  }
  let at = offset;
  let dst = to;
  let left = len;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    memcpy(dst, skb.data + at, copy);
    at += copy;
    dst += copy;
    left -= copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      memcpy(dst, skb_frag_address(frag) + at - start, copy);
      at += copy;
      dst += copy;
      left -= copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      skb_copy_bits(list, at - start, dst, copy);
      at += copy;
      dst += copy;
      left -= copy;
    }
    start = end;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Copies `len` bytes of kernel memory into the data at `offset`: 0, or -EFAULT beyond the end.
 * @modelled net/core/skbuff.c
 * @cost 8
 */
export function skb_store_bits(skb: sk_buff, offset: number, from: number, len: number): number {
  if (offset > skb.len - len) {
    return -EFAULT;
  }
  let at = offset;
  let src = from;
  let left = len;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    memcpy(skb.data + at, src, copy);
    at += copy;
    src += copy;
    left -= copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      memcpy(skb_frag_address(frag) + at - start, src, copy);
      at += copy;
      src += copy;
      left -= copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      skb_store_bits(list, at - start, src, copy);
      at += copy;
      src += copy;
      left -= copy;
    }
    start = end;
  }
  return left === 0 ? 0 : -EFAULT;
}

/**
 * Sum of `len` bytes from `offset` in the data, added to `csum`.
 * @modelled net/core/skbuff.c
 * @cost 8
 */
export function skb_checksum(skb: sk_buff, offset: number, len: number, csum: number): number {
  let sum = csum;
  let at = offset;
  let left = len;
  let pos = 0;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    sum = csum_partial(skb.data + at, copy, sum);
    at += copy;
    left -= copy;
    pos = copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      sum = csum_block_add(sum, csum_partial(skb_frag_address(frag) + at - start, copy, 0), pos);
      at += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      sum = csum_block_add(sum, skb_checksum(list, at - start, copy, 0), pos);
      at += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  return sum;
}

/**
 * Copies and sums in one pass.
 * @modelled net/core/skbuff.c
 * @cost 8
 */
export function skb_copy_and_csum_bits(skb: sk_buff, offset: number, to: number, len: number, csum: number): number {
  let sum = csum;
  let at = offset;
  let dst = to;
  let left = len;
  let pos = 0;
  let start = skb.len - skb.data_len;
  if (start > at) {
    const copy = Math.min(start - at, left);
    sum = csum_partial_copy_nocheck(skb.data + at, dst, copy, sum);
    at += copy;
    dst += copy;
    left -= copy;
    pos = copy;
  }
  const shinfo = skb_shinfo(skb);
  for (let i = 0; i < shinfo.nr_frags && left > 0; i++) {
    const frag = shinfo.frags.at(i);
    const end = start + frag.size;
    if (end > at) {
      const copy = Math.min(end - at, left);
      const part = csum_partial_copy_nocheck(skb_frag_address(frag) + at - start, dst, copy, 0);
      sum = csum_block_add(sum, part, pos);
      at += copy;
      dst += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  for (let list = shinfo.frag_list; list !== null && left > 0; list = list.next) {
    const end = start + list.len;
    if (end > at) {
      const copy = Math.min(end - at, left);
      sum = csum_block_add(sum, skb_copy_and_csum_bits(list, at - start, dst, copy, 0), pos);
      at += copy;
      dst += copy;
      left -= copy;
      pos += copy;
    }
    start = end;
  }
  return sum;
}

/**
 * Copies a user's bytes to the end of a linear skb, summing them if nobody else will: 0, or -EFAULT.
 * @modelled include/linux/skbuff.h
 * @cost 5
 */
export function skb_add_data(skb: sk_buff, from: number, copy: number): number {
  const off = skb.len;
  if (skb.ip_summed === CHECKSUM_NONE) {
    const err: err_ptr = { err: 0 };
    const csum = csum_and_copy_from_user(from, skb_put(skb, copy), copy, 0, err);
    if (err.err === 0) {
      skb.csum = csum_block_add(skb.csum, csum, off);
      return 0;
    }
  } else if (copy_from_user(skb_put(skb, copy), from, copy) === 0) {
    return 0;
  }
  __skb_trim(skb, off);
  return -EFAULT;
}

/**
 * Splits where the linear part is cut: the rest of it is copied, the fragments all move.
 * @modelled net/core/skbuff.c
 * @cost 10
 */
export function skb_split_inside_header(skb: sk_buff, skb1: sk_buff, len: number, pos: number): void {
  memcpy(skb_put(skb1, pos - len), skb.data + len, pos - len);
  const from = skb_shinfo(skb);
  const to = skb_shinfo(skb1);
  for (let i = 0; i < from.nr_frags; i++) {
    to.frags.set(i, from.frags.at(i));
  }
  to.nr_frags = from.nr_frags;
  from.nr_frags = 0;
  from.frags.clear();
  skb1.data_len = skb.data_len;
  skb1.len += skb1.data_len;
  skb.data_len = 0;
  skb.len = len;
  skb.tail = skb.data + len;
}

/**
 * Splits within the fragments: the one that is cut is shared, those behind it move.
 * @modelled net/core/skbuff.c
 * @omits get_page: trivial, an atomic increment
 * @cost 10
 */
export function skb_split_no_header(skb: sk_buff, skb1: sk_buff, len: number, headlen: number): void {
  const from = skb_shinfo(skb);
  const to = skb_shinfo(skb1);
  const frags = [...from.frags].slice(0, from.nr_frags);
  let pos = headlen;
  skb1.len = skb.len - len;
  skb1.data_len = skb1.len;
  skb.len = len;
  skb.data_len = len - pos;
  from.nr_frags = 0;
  from.frags.clear();
  for (const frag of frags) {
    const { size } = frag;
    if (pos + size <= len) {
      from.frags.set(from.nr_frags, frag);
      from.nr_frags++;
    } else if (pos < len) {
      skb_model_set_frag(skb1, 0, frag.page, frag.page_offset + len - pos, size - (len - pos));
      get_page(frag.page as page);
      frag.size = len - pos;
      from.frags.set(from.nr_frags, frag);
      from.nr_frags++;
    } else {
      to.frags.set(to.nr_frags, frag);
      to.nr_frags++;
    }
    pos += size;
  }
}

/**
 * Moves what is behind the first `len` bytes to the empty `skb1`. truesize is the caller's affair.
 * @modelled net/core/skbuff.c
 * @cost 4
 */
export function skb_split(skb: sk_buff, skb1: sk_buff, len: number): void {
  skb1.family = skb.$id;
  const pos = skb.len - skb.data_len;
  if (len < pos) {
    skb_split_inside_header(skb, skb1, len, pos);
  } else {
    skb_split_no_header(skb, skb1, len, pos);
  }
}

/**
 * Makes the fragments of an skb changeable: non-zero when that fails.
 * @modelled net/core/skbuff.c
 * @cost 2
 */
export function skb_prepare_for_shift(skb: sk_buff): number {
  return skb_cloned(skb) ? pskb_expand_head(skb, 0, 0, GFP_ATOMIC) : 0;
}

/**
 * Moves up to `shiftlen` bytes of fragments from the front of `skb` to the end of `tgt`. Returns how many: all or none.
 * @modelled net/core/skbuff.c
 * @cost 20
 */
export function skb_shift(tgt: sk_buff, skb: sk_buff, shiftlen: number): number {
  const from = skb_shinfo(skb);
  let todo = shiftlen;
  let moved = 0;
  let to = skb_shinfo(tgt).nr_frags;
  let merge = -1;
  const first = from.frags.at(0);
  if (to > 0 && skb_can_coalesce(tgt, to, first.page, first.page_offset)) {
    merge = to - 1;
    todo -= first.size;
    if (todo < 0) {
      if (skb_prepare_for_shift(skb) !== 0 || skb_prepare_for_shift(tgt) !== 0) {
        return 0;
      }
      const own = skb_shinfo(skb).frags.at(0);
      skb_shinfo(tgt).frags.at(merge).size += shiftlen;
      own.page_offset += shiftlen;
      own.size -= shiftlen;
      shift_lengths(tgt, skb, shiftlen);
      return shiftlen;
    }
    moved++;
  }
  if (shiftlen === skb.len && skb_shinfo(skb).nr_frags - moved > MAX_SKB_FRAGS - to) {
    return 0;
  }
  if (skb_prepare_for_shift(skb) !== 0 || skb_prepare_for_shift(tgt) !== 0) {
    return 0;
  }
  const frags = [...skb_shinfo(skb).frags].slice(0, skb_shinfo(skb).nr_frags);
  const toInfo = skb_shinfo(tgt);
  while (todo > 0 && moved < frags.length) {
    if (to === MAX_SKB_FRAGS) {
      return 0;
    }
    const frag = frags[moved] as skb_frag_t;
    if (todo >= frag.size) {
      todo -= frag.size;
      toInfo.frags.set(to, frag);
      moved++;
    } else {
      get_page(frag.page as page);
      skb_model_set_frag(tgt, to, frag.page, frag.page_offset, todo);
      frag.page_offset += todo;
      frag.size -= todo;
      todo = 0;
    }
    to++;
  }
  toInfo.nr_frags = to;
  if (merge >= 0) {
    const coalesced = frags[0] as skb_frag_t;
    toInfo.frags.at(merge).size += coalesced.size;
    if (coalesced.page !== null) {
      put_page(coalesced.page);
    }
    heap.release(coalesced);
  }
  const rest = skb_shinfo(skb);
  rest.frags.clear();
  for (const frag of frags.slice(moved)) {
    rest.frags.set(rest.frags.length, frag);
  }
  rest.nr_frags = frags.length - moved;
  shift_lengths(tgt, skb, shiftlen);
  return shiftlen;
}

/**
 * Moves `shiftlen` from one skb's lengths to the other's; sums are void, the device will make them.
 * @model the end of skb_shift
 * @cost 0
 */
function shift_lengths(tgt: sk_buff, skb: sk_buff, shiftlen: number): void {
  tgt.ip_summed = CHECKSUM_PARTIAL;
  skb.ip_summed = CHECKSUM_PARTIAL;
  skb.len -= shiftlen;
  skb.data_len -= shiftlen;
  skb.truesize -= shiftlen;
  tgt.len += shiftlen;
  tgt.data_len += shiftlen;
  tgt.truesize += shiftlen;
}

/**
 * Cuts an skb into segments of gso_size bytes of payload, each with a copy of the headers; the caller fixes those up.
 * The list hangs on next. With scatter-gather the segments share the pages, without it the payload is copied and summed.
 * @modelled net/core/skbuff.c
 * @cost 30
 */
export function skb_segment(skb: sk_buff, features: number): sk_buff | null {
  const shinfo = skb_shinfo(skb);
  const mss = shinfo.gso_size;
  const doffset = skb.data - skb.mac_header;
  const sg = (features & NETIF_F_SG) !== 0;
  const nfrags = shinfo.nr_frags;
  let segs: sk_buff | null = null;
  let tail: sk_buff | null = null;
  let fskb = shinfo.frag_list;
  let offset = doffset;
  let i = 0;
  __skb_push(skb, doffset);
  const headroom = skb.data - skb.head;
  let pos = skb.len - skb.data_len;
  do {
    const len = Math.min(skb.len - offset, mss);
    let hsize = Math.max(skb.len - skb.data_len - offset, 0);
    if (hsize > len || !sg) {
      hsize = len;
    }
    let nskb: sk_buff | null;
    const whole = hsize === 0 && i >= nfrags && fskb !== null;
    if (whole) {
      pos += len;
      nskb = segment_of_frag_list(fskb as sk_buff, doffset, headroom);
      fskb = (fskb as sk_buff).next;
    } else {
      nskb = alloc_skb(hsize + doffset + headroom, GFP_ATOMIC);
      if (nskb !== null) {
        skb_reserve(nskb, headroom);
        __skb_put(nskb, doffset);
      }
    }
    if (nskb === null) {
      skb_drop_list(segs);
      return null;
    }
    if (tail === null) {
      segs = nskb;
    } else {
      tail.next = nskb;
    }
    tail = nskb;
    __copy_skb_header(nskb, skb);
    nskb.mac_len = skb.mac_len;
    if (nskb.ip_summed === CHECKSUM_PARTIAL) {
      nskb.csum_start += nskb.data - nskb.head - headroom;
    }
    nskb.mac_header = nskb.data;
    nskb.network_header = nskb.data + skb.mac_len;
    nskb.transport_header = nskb.network_header + (skb.transport_header - skb.network_header);
    memcpy(nskb.data, skb.data, doffset);
    if (!whole) {
      if (!sg) {
        nskb.ip_summed = CHECKSUM_NONE;
        nskb.csum = skb_copy_and_csum_bits(skb, offset, skb_put(nskb, len), len, 0);
      } else {
        memcpy(skb_put(nskb, hsize), skb.data + offset, hsize);
        while (pos < offset + len && i < nfrags) {
          const frag = shinfo.frags.at(i);
          const { size } = frag;
          const skip = Math.max(offset - pos, 0);
          const beyond = Math.max(pos + size - (offset + len), 0);
          get_page(frag.page as page);
          skb_model_set_frag(nskb, skb_shinfo(nskb).nr_frags, frag.page, frag.page_offset + skip, size - skip - beyond);
          if (beyond > 0) {
            break;
          }
          i++;
          pos += size;
        }
        if (i >= nfrags && pos < offset + len && fskb !== null) {
          pos += fskb.len;
          skb_shinfo(nskb).frag_list = fskb.next === null ? skb_get(fskb) : skb_clone(fskb, GFP_ATOMIC);
          fskb = fskb.next;
        }
        nskb.data_len = len - hsize;
        nskb.len += nskb.data_len;
        nskb.truesize += nskb.data_len;
      }
    }
    offset += len;
  } while (offset < skb.len);
  return segs;
}

/**
 * A segment made of an skb of the frag_list: a clone with room for the headers.
 * @model the part of skb_segment for merged receive skbs
 * @cost 5
 */
function segment_of_frag_list(fskb: sk_buff, doffset: number, headroom: number): sk_buff | null {
  const nskb = skb_clone(fskb, GFP_ATOMIC);
  if (nskb === null) {
    return null;
  }
  const hsize = nskb.end - nskb.head;
  if (skb_cow_head(nskb, doffset + headroom) !== 0) {
    kfree_skb(nskb);
    return null;
  }
  nskb.truesize += nskb.end - nskb.head - hsize;
  skb_release_head_state(nskb);
  __skb_push(nskb, doffset);
  return nskb;
}

/**
 * Appends a received segment to the held skb `p` of the same flow: as fragments when its payload is in pages, else on a
 * frag_list, for which a new skb with the headers takes the place of `p` in the GRO list. 0, or an error: not merged.
 * @modelled net/core/skbuff.c
 * @cost 20
 */
export function skb_gro_receive(napi: napi_struct, p: sk_buff, skb: sk_buff): number {
  const skbinfo = skb_shinfo(skb);
  const pinfo = skb_shinfo(p);
  const len = skb_gro_len(skb);
  const headlen = skb.len - skb.data_len;
  const offset = skb_gro_offset(skb);
  if (p.len + len >= 65536) {
    return -E2BIG;
  }
  let head = p;
  if (pinfo.frag_list === null) {
    if (headlen <= offset) {
      return gro_append_frags(p, skb, offset - headlen, len);
    }
    if (skb_gro_len(p) !== pinfo.gso_size) {
      return -E2BIG;
    }
    const nskb = gro_new_head(p);
    if (nskb === null) {
      return -ENOMEM;
    }
    if (napi.gro_list === p) {
      napi.gro_list = nskb;
    } else {
      let before = napi.gro_list;
      while (before !== null && before.next !== p) {
        before = before.next;
      }
      if (before !== null) {
        before.next = nskb;
      }
    }
    nskb.next = p.next;
    p.next = null;
    head = nskb;
  }
  let pull = offset;
  if (offset > headlen) {
    const frag = skbinfo.frags.at(0);
    frag.page_offset += offset - headlen;
    frag.size -= offset - headlen;
    skb.data_len -= offset - headlen;
    skb.len -= offset - headlen;
    pull = headlen;
  }
  __skb_pull(skb, pull);
  const last = head.prev as sk_buff;
  last.next = skb;
  head.prev = skb;
  skb_header_release(skb);
  gro_count_in(head, skb, len);
  return 0;
}

/**
 * Counts a merged segment in the held skb.
 * @model the end of skb_gro_receive
 * @cost 0
 */
function gro_count_in(p: sk_buff, skb: sk_buff, len: number): void {
  p.cb.gro_count++;
  p.data_len += len;
  p.truesize += len;
  p.len += len;
  skb.cb.gro_same_flow = true;
}

/**
 * Moves the page fragments of `skb` behind those of `p`, without the first `skip` bytes of headers.
 * @model the part of skb_gro_receive for drivers that receive into pages
 * @cost 5
 */
function gro_append_frags(p: sk_buff, skb: sk_buff, skip: number, len: number): number {
  const pinfo = skb_shinfo(p);
  const skbinfo = skb_shinfo(skb);
  const at = pinfo.nr_frags;
  if (at + skbinfo.nr_frags > MAX_SKB_FRAGS) {
    return -E2BIG;
  }
  for (let i = 0; i < skbinfo.nr_frags; i++) {
    pinfo.frags.set(at + i, skbinfo.frags.at(i));
  }
  pinfo.nr_frags = at + skbinfo.nr_frags;
  skbinfo.nr_frags = 0;
  skbinfo.frags.clear();
  const first = pinfo.frags.at(at);
  first.page_offset += skip;
  first.size -= skip;
  skb.truesize -= skb.data_len;
  skb.len -= skb.data_len;
  skb.data_len = 0;
  skb.cb.gro_free = true;
  gro_count_in(p, skb, len);
  return 0;
}

/**
 * An skb with the headers of `p` and `p` itself as the first of its frag_list.
 * @model the part of skb_gro_receive that begins a frag_list
 * @cost 5
 */
function gro_new_head(p: sk_buff): sk_buff | null {
  const pinfo = skb_shinfo(p);
  const headroom = p.data - p.head;
  const nskb = alloc_skb(headroom + skb_gro_offset(p), GFP_ATOMIC);
  if (nskb === null) {
    return null;
  }
  __copy_skb_header(nskb, p);
  nskb.mac_len = p.mac_len;
  skb_reserve(nskb, headroom);
  __skb_put(nskb, skb_gro_offset(p));
  nskb.mac_header = nskb.data + (p.mac_header - p.data);
  nskb.network_header = nskb.data + (p.network_header - p.data);
  nskb.transport_header = nskb.data + (p.transport_header - p.data);
  __skb_pull(p, skb_gro_offset(p));
  memcpy(nskb.mac_header, p.mac_header, p.data - p.mac_header);
  const info = skb_shinfo(nskb);
  info.frag_list = p;
  info.gso_size = pinfo.gso_size;
  pinfo.gso_size = 0;
  skb_header_release(p);
  nskb.prev = p;
  nskb.data_len += p.len;
  nskb.truesize += p.len;
  nskb.len += p.len;
  return nskb;
}

/**
 * Takes the first skb off a list that others may use too.
 * @modelled net/core/skbuff.c
 * @cost 8
 */
export function skb_dequeue(list: sk_buff_head): sk_buff | null {
  return __skb_dequeue(list);
}

/**
 * Frees all skbs of a list that others may use too.
 * @modelled net/core/skbuff.c
 */
export function skb_queue_purge(list: sk_buff_head): void {
  for (let skb = skb_dequeue(list); skb !== null; skb = skb_dequeue(list)) {
    kfree_skb(skb);
  }
}

/**
 * Frees all of a queue; the caller has its lock.
 * @modelled include/linux/skbuff.h
 */
export function __skb_queue_purge(list: sk_buff_head): void {
  for (let skb = __skb_dequeue(list); skb !== null; skb = __skb_dequeue(list)) {
    kfree_skb(skb);
  }
}

/** Copies `len` bytes at `offset` of what `from` stands for to `to`, and adds their sum to skb.csum unless the device sums. */
export type getfrag_t = (from: unknown, to: number, offset: number, len: number, odd: number, skb: sk_buff) => number;

/**
 * Appends data to an skb as new pages: 0, or -errno.
 * @modelled net/core/skbuff.c
 * @cost 20
 */
export function skb_append_datato_frags(
  sk: sock,
  skb: sk_buff,
  getfrag: getfrag_t,
  from: unknown,
  length: number,
): number {
  const info = skb_shinfo(skb);
  let offset = 0;
  while (offset < length) {
    const i = info.nr_frags;
    if (i >= MAX_SKB_FRAGS) {
      return -EFAULT;
    }
    const page = alloc_pages(sk.sk_allocation, 0);
    if (page === null) {
      return -ENOMEM;
    }
    skb_fill_page_desc(skb, i, page, 0, 0);
    skb.truesize += PAGE_SIZE;
    sk.sk_wmem_alloc += PAGE_SIZE;
    const frag = info.frags.at(i);
    const copy = Math.min(PAGE_SIZE, length - offset);
    if (getfrag(from, skb_frag_address(frag), offset, copy, 0, skb) < 0) {
      return -EFAULT;
    }
    frag.size += copy;
    skb.len += copy;
    skb.data_len += copy;
    offset += copy;
  }
  return 0;
}
