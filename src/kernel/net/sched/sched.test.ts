import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, heap, setHeap } from '../../../base/heap';
import { Rng } from '../../../base/rng';
import { type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_IP } from '../../include/linux/if_ether';
import { IPPROTO_TCP } from '../../include/linux/ip';
import { net_device, netdev_get_tx_queue } from '../../include/linux/netdevice';
import { type sk_buff, skb_reserve, skb_reset_network_header } from '../../include/linux/skbuff';
import { NET_XMIT_CN, NET_XMIT_DROP, NET_XMIT_SUCCESS, type Qdisc, qdisc_enqueue } from '../../include/net/sch_generic';
import { net_dev_init, register_netdevice } from '../core/dev';
import { alloc_skb, kfree_skb, skb_put } from '../core/skbuff';
import { ether_setup } from '../ethernet/eth';
import { qdisc_reset } from './sch_generic';
import { type QdiscParameters, qdisc_model_create } from './sch_model';

let dev: net_device;
let rng = new Rng(1);

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 1_000_000;
  rng = new Rng(1);
  const kernel: Kernel = {
    host: 0,
    cpus: [],
    globals: [],
    arch: { ...idleArch, random32: () => rng.next() },
    version: '2.6.39',
    sysctl: {},
  };
  const cpu: Cpu = { id: 0, kernel, perCpu: [] };
  (kernel.cpus as Cpu[]).push(cpu);
  setCurrent(cpu, heap);
  net_dev_init();
  dev = new net_device();
  ether_setup(dev);
  register_netdevice(dev);
});

function made(wanted: QdiscParameters): Qdisc {
  return qdisc_model_create(netdev_get_tx_queue(dev, 0), wanted);
}

/** A TCP packet of `length` bytes from port `flow`; `priority` as SO_PRIORITY sets it. */
function packet(flow: number, length = 100, priority = 0): sk_buff {
  const skb = alloc_skb(length + 64, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 64);
  skb_put(skb, length);
  heap.fill(skb.data, 0, length);
  heap.write8(skb.data, 0x45);
  heap.write8(skb.data + 9, IPPROTO_TCP);
  heap.writeBe32(skb.data + 12, 0x0a000001);
  heap.writeBe32(skb.data + 16, 0x0a000002);
  heap.writeBe16(skb.data + 20, flow);
  heap.writeBe16(skb.data + 22, 5001);
  skb_reset_network_header(skb);
  skb.protocol = ETH_P_IP;
  skb.priority = priority;
  return skb;
}

const flowOf = (skb: sk_buff): number => heap.readBe16(skb.data + 20);

/** Flows in the order in which they leave. */
function emptied(q: Qdisc): number[] {
  const flows: number[] = [];
  for (let skb = q.ops?.dequeue(q) ?? null; skb !== null; skb = q.ops?.dequeue(q) ?? null) {
    flows.push(flowOf(skb));
    kfree_skb(skb);
  }
  return flows;
}

const SFQ = { kind: 'sfq', limit: 127, quantum: 0, divisor: 1024, perturb: 0 } as const;
const PRIOMAP = [1, 2, 2, 2, 1, 2, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];

describe('prio', () => {
  it('sends band 0 before band 1 before band 2, each in order', () => {
    const q = made({ kind: 'prio', bands: 3, priomap: PRIOMAP, children: [] });
    // TC_PRIO_BULK is band 2, best effort band 1, TC_PRIO_INTERACTIVE band 0.
    for (const [flow, priority] of [
      [1, 2],
      [2, 0],
      [3, 6],
      [4, 2],
      [5, 6],
    ] as const)
      expect(qdisc_enqueue(packet(flow, 100, priority), q)).toBe(NET_XMIT_SUCCESS);
    expect(q.q.qlen).toBe(5);
    expect(emptied(q)).toEqual([3, 5, 2, 1, 4]);
    expect([q.q.qlen, q.bstats_packets, q.bstats_bytes]).toEqual([0, 5, 500]);
  });

  it('takes the band from a priority that names one of its classes', () => {
    const q = made({ kind: 'prio', bands: 3, priomap: PRIOMAP, children: [] });
    qdisc_enqueue(packet(1, 100, 0x80010003), q);
    qdisc_enqueue(packet(2, 100, 0x80010001), q);
    expect(emptied(q)).toEqual([2, 1]);
  });

  it('counts a drop of a band as its own', () => {
    const q = made({
      kind: 'prio',
      bands: 2,
      priomap: PRIOMAP.map(() => 1),
      children: [null, { kind: 'pfifo', limit: 1 }],
    });
    qdisc_enqueue(packet(1), q);
    expect(qdisc_enqueue(packet(2), q)).toBe(NET_XMIT_DROP);
    expect([q.drops, q.prio?.queues.at(1).drops, q.q.qlen]).toEqual([1, 1, 1]);
  });
});

describe('sfq', () => {
  it('lets flows send in turn', () => {
    const q = made(SFQ);
    for (let n = 0; n < 3; n++) qdisc_enqueue(packet(1, 1500), q);
    for (let n = 0; n < 3; n++) qdisc_enqueue(packet(2, 1500), q);
    const order = emptied(q);
    // A quantum is one full frame of 1514 bytes: the small rest lets the first flow begin with a second packet.
    expect(order.slice(0, 4).sort()).toEqual([1, 1, 2, 2]);
    expect(order).toHaveLength(6);
  });

  it('at its limit drops the last packet of the longest flow, and tells only that flow', () => {
    const q = made({ ...SFQ, limit: 10 });
    for (let n = 0; n < 9; n++) expect(qdisc_enqueue(packet(1), q)).toBe(NET_XMIT_SUCCESS);
    expect(qdisc_enqueue(packet(2), q)).toBe(NET_XMIT_SUCCESS);
    expect(qdisc_enqueue(packet(2), q)).toBe(NET_XMIT_SUCCESS);
    expect([q.q.qlen, q.drops]).toEqual([10, 1]);
    expect(qdisc_enqueue(packet(1), q)).toBe(NET_XMIT_CN);
    const order = emptied(q);
    expect(order.filter((flow) => flow === 1)).toHaveLength(8);
    expect(order.filter((flow) => flow === 2)).toHaveLength(2);
  });

  it('changes its hash after the period', () => {
    const q = made({ ...SFQ, perturb: 10 });
    const { perturb_timer, perturbation } = q.sfq as NonNullable<Qdisc['sfq']>;
    expect(perturb_timer.pending).toBe(true);
    expect(typeof perturbation).toBe('number');
  });
});

describe('any qdisc', () => {
  const kinds = fc.constantFrom<QdiscParameters>(
    { kind: 'pfifo_fast' },
    { kind: 'pfifo', limit: 20 },
    { kind: 'bfifo', limit: 9000 },
    { ...SFQ, limit: 20, divisor: 16 },
    { kind: 'prio', bands: 3, priomap: PRIOMAP, children: [{ kind: 'pfifo', limit: 5 }, { ...SFQ, limit: 8 }, null] },
    { kind: 'netem', limit: 20, loss: 0.2, duplicate: 0.2 },
  );
  type Step = { readonly flow: number; readonly length: number; readonly priority: number } | null;
  const step = fc.option(
    fc.record({ flow: fc.nat(8), length: fc.integer({ min: 40, max: 1500 }), priority: fc.nat(15) }),
  ) as fc.Arbitrary<Step>;

  it('accounts for every packet and byte: in = sent + dropped + waiting', () => {
    fc.assert(
      fc.property(kinds, fc.array(step, { maxLength: 80 }), (wanted, steps) => {
        const q = made(wanted);
        q.dev_queue = netdev_get_tx_queue(dev, 0);
        q.dev_queue.qdisc = q;
        let waiting = 0;
        let inside = 0;
        for (const one of steps) {
          if (one === null) {
            const skb = q.ops?.dequeue(q) ?? null;
            if (skb === null) continue;
            waiting--;
            inside -= skb.len;
            kfree_skb(skb);
          } else {
            const { qlen } = q.q;
            qdisc_enqueue(packet(one.flow, one.length, one.priority), q);
            waiting += q.q.qlen - qlen;
            inside += one.length;
          }
          expect(q.q.qlen).toBe(waiting);
        }
        if (wanted.kind !== 'netem') {
          const entered = steps.filter((one) => one !== null).length;
          expect(q.bstats_packets + q.q.qlen + q.drops).toBe(entered);
        }
        if (wanted.kind === 'pfifo' || wanted.kind === 'pfifo_fast') expect(q.backlog).toBeLessThanOrEqual(inside);
        qdisc_reset(q);
        expect([
          q.q.qlen,
          heap.objects.filter((o) => o !== null && heap.isLive(o) && o.$type.name === 'sk_buff').length,
        ]).toEqual([0, 0]);
        q.dev_queue.qdisc = null;
      }),
      { numRuns: 60 },
    );
  });
});
