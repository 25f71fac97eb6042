import { beforeEach, describe, expect, it } from 'vitest';
import { Heap, heap, setHeap } from '../../../base/heap';
import type { Arch } from '../../arch/current';
import { setCurrent } from '../../arch/current';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { NETIF_F_SG } from '../../include/linux/netdevice';
import {
  __skb_dequeue,
  __skb_queue_after,
  __skb_queue_tail,
  __skb_unlink,
  CHECKSUM_PARTIAL,
  page,
  sk_buff,
  sk_buff_head,
  skb_cloned,
  skb_fill_page_desc,
  skb_header_cloned,
  skb_header_release,
  skb_peek_tail,
  skb_reserve,
  skb_shared_info,
  skb_shinfo,
} from '../../include/linux/skbuff';
import { csum_fold, csum_partial } from '../../lib/checksum';
import { alloc_pages } from '../../mm/page_alloc';
import {
  alloc_skb,
  alloc_skb_fclone,
  kfree_skb,
  pskb_copy,
  pskb_expand_head,
  pskb_may_pull,
  pskb_trim,
  skb_checksum,
  skb_clone,
  skb_copy_bits,
  skb_push,
  skb_put,
  skb_segment,
  skb_shift,
  skb_split,
} from './skbuff';

beforeEach(() => {
  const run = new Heap();
  setHeap(run);
  const kernel = { host: 0, cpus: [], globals: [], arch: {} as Arch, version: '2.6.39' as const, sysctl: {} };
  setCurrent({ id: 0, kernel, perCpu: [] }, run);
});

/** Byte `i` of the pattern all payloads here are made of. */
function byteAt(i: number): number {
  return (i * 31 + (i >> 7)) & 0xff;
}

function pattern(from: number, len: number): Uint8Array {
  return Uint8Array.from({ length: len }, (_, i) => byteAt(from + i));
}

function made(linear: number): sk_buff {
  const skb = alloc_skb(linear + 128, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 128);
  heap.writeBytes(skb_put(skb, linear), pattern(0, linear));
  return skb;
}

/** An skb with `linear` bytes and page fragments of the sizes given; truesize is counted as tcp_sendmsg does. */
function withFrags(linear: number, sizes: readonly number[]): sk_buff {
  const skb = made(linear);
  let at = linear;
  for (const [i, size] of sizes.entries()) {
    const fragPage = alloc_pages(GFP_ATOMIC, 0) as page;
    heap.writeBytes(fragPage.virtual + 10 * i, pattern(at, size));
    skb_fill_page_desc(skb, i, fragPage, 10 * i, size);
    skb.len += size;
    skb.data_len += size;
    skb.truesize += size;
    at += size;
  }
  return skb;
}

function content(skb: sk_buff): number[] {
  const to = heap.ramAlloc(Math.max(skb.len, 1));
  expect(skb_copy_bits(skb, 0, to, skb.len)).toBe(0);
  const bytes = [...heap.bytes(to, skb.len)];
  heap.ramFree(to, Math.max(skb.len, 1));
  return bytes;
}

function live(type: { isInstance(value: unknown): boolean }): number {
  return heap.objects.filter((object) => object !== null && type.isInstance(object) && heap.isLive(object)).length;
}

function nothingLeft(): void {
  expect([live(sk_buff), live(skb_shared_info), live(page)]).toEqual([0, 0, 0]);
}

describe('an sk_buff', () => {
  it('counts in truesize its block and its struct, but not the shared info', () => {
    expect((alloc_skb(100, GFP_ATOMIC) as sk_buff).truesize).toBe(128 + 240);
  });

  it('panics, as Linux does, when more is put or pushed than there is room for', () => {
    const skb = made(10);
    expect(() => skb_push(skb, 129)).toThrow('skb_under_panic');
    expect(() => skb_put(made(64), 65)).toThrow('skb_over_panic');
  });

  it('shares its data with clones, and frees them with the last', () => {
    const skb = withFrags(50, [100, 200]);
    const clone = skb_clone(skb, GFP_ATOMIC) as sk_buff;
    expect(clone.head).toBe(skb.head);
    expect(content(clone)).toEqual(content(skb));
    expect([skb_cloned(skb), skb_shinfo(skb).dataref, clone.family]).toEqual([true, 2, skb.$id]);
    kfree_skb(skb);
    expect([live(skb_shared_info), live(page)]).toEqual([1, 2]);
    kfree_skb(clone);
    nothingLeft();
  });

  it('lets the clone write headers when the original keeps the payload only', () => {
    const skb = alloc_skb_fclone(100, GFP_ATOMIC) as sk_buff;
    skb_header_release(skb);
    const clone = skb_clone(skb, GFP_ATOMIC) as sk_buff;
    expect([skb_cloned(clone), skb_header_cloned(clone)]).toEqual([true, false]);
    kfree_skb(clone);
    expect(skb_cloned(skb)).toBe(false);
    kfree_skb(skb);
    nothingLeft();
  });

  it('has one companion slot, free again when the clone is gone', () => {
    const skb = alloc_skb_fclone(100, GFP_ATOMIC) as sk_buff;
    const first = skb_clone(skb, GFP_ATOMIC) as sk_buff;
    const second = skb_clone(skb, GFP_ATOMIC) as sk_buff;
    expect([skb.fclone, first.fclone, second.fclone]).toEqual([1, 2, 0]);
    kfree_skb(first);
    expect((skb_clone(skb, GFP_ATOMIC) as sk_buff).fclone).toBe(2);
  });

  it('moves header addresses along when the head grows, and lets go of a shared block', () => {
    const skb = withFrags(60, [300]);
    skb.transport_header = skb.data + 20;
    skb.ip_summed = CHECKSUM_PARTIAL;
    skb.csum_start = skb.transport_header - skb.head;
    const before = content(skb);
    const clone = skb_clone(skb, GFP_ATOMIC) as sk_buff;
    pskb_expand_head(skb, 64, 0, GFP_ATOMIC);
    expect(skb.head).not.toBe(clone.head);
    expect([skb.transport_header - skb.data, skb.csum_start]).toEqual([20, skb.transport_header - skb.head]);
    expect(content(skb)).toEqual(before);
    heap.write8(skb.data, 0xee);
    expect(content(clone)).toEqual(before);
    kfree_skb(clone);
    kfree_skb(skb);
    nothingLeft();
  });

  it('is copied by pskb_copy with pages shared', () => {
    const skb = withFrags(40, [500]);
    skb.network_header = skb.data;
    const copy = pskb_copy(skb, GFP_ATOMIC) as sk_buff;
    expect(content(copy)).toEqual(content(skb));
    expect([copy.network_header - copy.data, live(page), skb_shinfo(copy).frags.at(0).page?._count]).toEqual([0, 1, 2]);
    kfree_skb(skb);
    kfree_skb(copy);
    nothingLeft();
  });

  it('has the same sum wherever its bytes are', () => {
    const flat = made(1001);
    const spread = withFrags(33, [101, 500, 367]);
    for (const [offset, len] of [
      [0, 1001],
      [33, 101],
      [7, 600],
      [134, 867],
    ] as const) {
      expect(csum_fold(skb_checksum(spread, offset, len, 0))).toBe(csum_fold(csum_partial(flat.data + offset, len, 0)));
    }
  });

  it('pulls from the fragments what a header needs', () => {
    const skb = withFrags(10, [15, 100]);
    const before = content(skb);
    expect([pskb_may_pull(skb, 8), pskb_may_pull(skb, 126)]).toEqual([true, false]);
    expect(pskb_may_pull(skb, 40)).toBe(true);
    expect([skb.len - skb.data_len, skb_shinfo(skb).nr_frags]).toEqual([40, 1]);
    expect(content(skb)).toEqual(before);
    kfree_skb(skb);
    nothingLeft();
  });

  it('is cut at the end, fragments and all', () => {
    for (const len of [5, 10, 17, 25, 60, 125]) {
      const skb = withFrags(10, [15, 100]);
      pskb_trim(skb, len);
      expect(content(skb)).toEqual([...pattern(0, len)]);
      kfree_skb(skb);
    }
    nothingLeft();
  });

  it('is split anywhere without losing a byte or a page', () => {
    for (const [linear, len] of [
      [0, 100],
      [0, 150],
      [0, 399],
      [50, 20],
      [50, 50],
      [50, 149],
    ] as const) {
      const skb = withFrags(linear, [100, 100, 200]);
      const whole = content(skb);
      const rest = alloc_skb(linear, GFP_ATOMIC) as sk_buff;
      skb_split(skb, rest, len);
      expect([skb.len, rest.len]).toEqual([len, whole.length - len]);
      expect([...content(skb), ...content(rest)]).toEqual(whole);
      kfree_skb(skb);
      kfree_skb(rest);
    }
    nothingLeft();
  });

  it('hands fragments to the one before', () => {
    for (const shift of [40, 100, 250]) {
      const first = withFrags(0, [100]);
      const second = withFrags(0, [100, 150]);
      const bytes = [...content(first), ...content(second)];
      expect(skb_shift(first, second, shift)).toBe(shift);
      expect([...content(first), ...content(second)]).toEqual(bytes);
      expect([first.len, second.len]).toEqual([100 + shift, 250 - shift]);
      kfree_skb(first);
      kfree_skb(second);
    }
    nothingLeft();
  });
});

describe('skb_segment', () => {
  const headers = 54;
  function large(sizes: readonly number[], linearPayload: number): sk_buff {
    const skb = withFrags(headers + linearPayload, sizes);
    skb.mac_header = skb.data;
    skb.network_header = skb.data + 14;
    skb.transport_header = skb.data + 34;
    skb.mac_len = 14;
    skb.ip_summed = CHECKSUM_PARTIAL;
    skb.data += headers;
    skb.len -= headers;
    skb_shinfo(skb).gso_size = 300;
    return skb;
  }

  for (const features of [NETIF_F_SG, 0]) {
    it(`cuts into full segments with copied headers, ${features === 0 ? 'copying and summing' : 'sharing pages'}`, () => {
      for (const [sizes, linear] of [
        [[250, 400, 100], 0],
        [[500], 111],
        [[], 777],
      ] as const) {
        const skb = large(sizes, linear);
        const payload = skb.len;
        const segs: sk_buff[] = [];
        for (let seg = skb_segment(skb, features); seg !== null; seg = seg.next) {
          segs.push(seg);
        }
        expect(segs.map(({ len }) => len - headers)).toEqual(
          Array.from({ length: Math.ceil(payload / 300) }, (_, i) => Math.min(300, payload - 300 * i)),
        );
        expect(segs.flatMap((seg) => content(seg).slice(headers))).toEqual([...pattern(headers, payload)]);
        for (const seg of segs) {
          expect(content(seg).slice(0, headers)).toEqual([...pattern(0, headers)]);
          expect(seg.transport_header - seg.mac_header).toBe(34);
          if (features === 0) {
            expect(csum_fold(seg.csum)).toBe(csum_fold(skb_checksum(seg, headers, seg.len - headers, 0)));
          }
          kfree_skb(seg);
        }
        kfree_skb(skb);
      }
      nothingLeft();
    });
  }
});

describe('a queue of skbs', () => {
  it('keeps order, length and ends', () => {
    const queue = new sk_buff_head();
    const [a, b, c] = [made(1), made(2), made(3)];
    __skb_queue_tail(queue, a as sk_buff);
    __skb_queue_tail(queue, c as sk_buff);
    __skb_queue_after(queue, a as sk_buff, b as sk_buff);
    expect([queue.qlen, skb_peek_tail(queue) === c]).toEqual([3, true]);
    __skb_unlink(c as sk_buff, queue);
    expect(skb_peek_tail(queue)).toBe(b);
    expect([__skb_dequeue(queue), __skb_dequeue(queue), __skb_dequeue(queue)]).toEqual([a, b, null]);
    expect([queue.qlen, queue.next, queue.prev]).toEqual([0, null, null]);
  });
});
