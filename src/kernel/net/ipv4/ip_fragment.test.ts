import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { IP_MF, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import { sk_buff, skb_reserve, skb_reset_network_header } from '../../include/linux/skbuff';
import { alloc_skb, kfree_skb, skb_copy_bits, skb_put } from '../core/skbuff';
import { ip_defrag, ip4_frags } from './ip_fragment';

const PIECE = 8;
const PIECES = 40;
const data = Uint8Array.from({ length: PIECE * PIECES }, (_, n) => (n * 31 + (n >> 3)) & 0xff);

/** A host that has received nothing. */
function boot(sysctl: Kernel['sysctl'] = {}): void {
  setHeap(new Heap());
  clock.ns = 0;
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: idleArch, version: '2.6.39', sysctl };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
}

/** A fragment with the pieces from `first` to before `end`, of the datagram `id`. */
function fragment(first: number, end: number, id = 1): sk_buff {
  const payload = data.subarray(first * PIECE, end * PIECE);
  const skb = alloc_skb(1600, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 64);
  skb_reset_network_header(skb);
  const iph = new iphdr(skb_put(skb, iphdr.size));
  iph.version_ihl = 0x45;
  iph.tot_len = iphdr.size + payload.length;
  iph.id = id;
  iph.frag_off = first | (end < PIECES ? IP_MF : 0);
  iph.protocol = IPPROTO_UDP;
  iph.saddr = 0x0a000001;
  iph.daddr = 0x0a000002;
  heap.bytes(skb_put(skb, payload.length), payload.length).set(payload);
  return skb;
}

/** What is behind the header of a whole packet. */
function payloadOf(skb: sk_buff): Uint8Array {
  const length = skb.len - iphdr.size;
  const at = heap.ramAlloc(length);
  skb_copy_bits(skb, iphdr.size, at, length);
  const bytes = heap.bytes(at, length).slice();
  heap.ramFree(at, length);
  return bytes;
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, n) => from + n);
const skbs = (): number =>
  heap.objects.filter((object) => object !== null && heap.isLive(object) && sk_buff.isInstance(object)).length;

/** Fragments that cover the datagram: cuts at will, each part reaching into its neighbours, in any order, some twice. */
const covering = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 1, max: PIECES - 1 }), { maxLength: 8 }),
    fc.array(fc.tuple(fc.nat({ max: 6 }), fc.nat({ max: 6 })), { minLength: 9, maxLength: 9 }),
    fc.array(fc.nat({ max: 8 }), { maxLength: 3 }),
  )
  .chain(([cuts, reach, twice]) => {
    const edges = [0, ...cuts.sort((a, b) => a - b), PIECES];
    const parts = edges.slice(1).map((end, nth): readonly [number, number] => {
      const [before, after] = reach[nth] as [number, number];
      return [Math.max(0, (edges[nth] as number) - before), Math.min(PIECES, end + after)];
    });
    const all = [...parts, ...twice.flatMap((nth) => parts.slice(nth, nth + 1))];
    return fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length });
  });

describe('fragments of a datagram', () => {
  it('that overlap, come in any order and more than once make the datagram once, byte for byte; nothing is left over', () => {
    fc.assert(
      fc.property(covering, (parts) => {
        boot({ 'ipv4.ipfrag_max_dist': 0 });
        const fragments = parts.filter(([first, end]) => first > 0 || end < PIECES);
        const whole: Uint8Array[] = [];
        let come = 0;
        while (come < fragments.length && whole.length === 0) {
          const [first, end] = fragments[come++] as readonly [number, number];
          const skb = fragment(first, end);
          if (ip_defrag(skb, 0) === 0) {
            whole.push(payloadOf(skb));
            kfree_skb(skb);
          }
        }
        const have = new Set(fragments.slice(0, come).flatMap(([first, end]) => range(first, end)));
        expect(whole).toEqual(have.size === PIECES ? [data] : []);
        if (have.size === PIECES) expect([ip4_frags().mem, ip4_frags().queues.length, skbs()]).toEqual([0, 0, 0]);
      }),
      { numRuns: 150 },
    );
  });

  it('that never become whole may hold ipfrag_high_thresh bytes: then the oldest go, down to ipfrag_low_thresh', () => {
    boot({ 'ipv4.ipfrag_high_thresh': 20_000, 'ipv4.ipfrag_low_thresh': 10_000 });
    const held: number[] = [];
    for (let id = 1; id <= 40; id++) {
      ip_defrag(fragment(0, 1, id), 0);
      held.push(ip4_frags().mem);
    }
    const most = Math.max(...held);
    const falls = held.filter((mem, nth) => nth > 0 && mem < (held[nth - 1] as number));
    expect(most).toBeGreaterThan(20_000);
    // One more fragment than the threshold allows, at most: the test is made before it is put in.
    expect(most).toBeLessThan(20_000 + 2 * (held[0] as number));
    expect(falls.length).toBeGreaterThan(0);
    for (const mem of falls) expect(mem).toBeLessThan(10_000 + 2 * (held[0] as number));
  });
});
