import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { ops } from '../../../base/dispatch';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Arch, type Cpu, type Kernel, type Kgen, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ETH_P_ALL, ETH_P_IP } from '../../include/linux/if_ether';
import { IPPROTO_TCP, iphdr } from '../../include/linux/ip';
import {
  NETDEV_TX_BUSY,
  NETDEV_TX_OK,
  NETIF_F_HW_CSUM,
  NETIF_F_SG,
  net_device,
  type net_device_ops,
  netdev_get_tx_queue,
  netif_tx_stop_queue,
  packet_type,
  rps_map,
} from '../../include/linux/netdevice';
import { CHECKSUM_NONE, CHECKSUM_PARTIAL, type sk_buff, skb_reserve } from '../../include/linux/skbuff';
import { __QDISC_STATE_DEACTIVATED, type Qdisc } from '../../include/net/sch_generic';
import { smp_call_function_single_interrupt } from '../../kernel/smp';
import { __do_softirq, irq_stat } from '../../kernel/softirq';
import { csum_fold, csum_partial } from '../../lib/checksum';
import { ether_setup } from '../ethernet/eth';
import { packet_model_capture, packet_release } from '../packet/af_packet';
import { qdisc_model_attach } from '../sched/sch_model';
import {
  dev_add_pack,
  dev_kfree_skb_irq,
  dev_open,
  dev_queue_xmit,
  net_dev_init,
  netif_receive_skb,
  netif_tx_wake_queue,
  register_netdevice,
  softnet,
} from './dev';
import { alloc_skb, kfree_skb, skb_put } from './skbuff';

/** First payload byte of each packet the driver took. */
let taken: number[] = [];
/** The driver refuses the next packets. */
let refuse = 0;
/** First payload byte of each packet a protocol handler got, with the CPU. */
let received: [number, number][] = [];

const driver = ops<net_device_ops>('net_device_ops', 'test_netdev_ops', {
  *ndo_start_xmit(skb: sk_buff, dev: net_device): Kgen<number> {
    if (refuse > 0) {
      refuse--;
      netif_tx_stop_queue(netdev_get_tx_queue(dev, 0));
      return NETDEV_TX_BUSY;
    }
    taken.push(heap.read8(skb.data));
    kfree_skb(skb);
    return NETDEV_TX_OK;
  },
  ndo_tx_timeout: null,
  ndo_select_queue: null,
});

/** CPUs that were interrupted by another one. */
let interrupted: number[] = [];
const arch: Arch = { ...idleArch, random32: () => 12345, sendIpi: (cpu) => interrupted.push(cpu) };

let cpus: Cpu[] = [];
let dev: net_device;

/** Runs kernel code to its end; softirqs run where they are asked for. */
function drain<T>(step: Kgen<T>): T {
  for (;;) {
    const { done, value } = step.next();
    if (done === true) return value as T;
    if (value !== undefined && value.op === 'softirq') drain(__do_softirq());
  }
}

function softirqs(): void {
  if (irq_stat().__softirq_pending !== 0) drain(__do_softirq());
}

function packet(first: number, len = 100): sk_buff {
  const skb = alloc_skb(256, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 64);
  skb_put(skb, len);
  heap.write8(skb.data, first);
  skb.network_header = skb.data;
  skb.protocol = ETH_P_IP;
  skb.dev = dev;
  return skb;
}

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  taken = [];
  received = [];
  interrupted = [];
  refuse = 0;
  cpus = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch, version: '2.6.39', sysctl: {} };
  for (const id of [0, 1]) cpus.push({ id, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
  net_dev_init();
  dev = new net_device();
  ether_setup(dev);
  dev.netdev_ops = driver;
  dev.features = NETIF_F_SG | NETIF_F_HW_CSUM;
  register_netdevice(dev);
  dev_open(dev);
});

function qdisc(): Qdisc {
  return netdev_get_tx_queue(dev, 0).qdisc as Qdisc;
}

describe('sending', () => {
  it('passes an idle pfifo_fast by and frees every packet', () => {
    const skb = packet(1);
    expect(drain(dev_queue_xmit(skb))).toBe(0);
    expect(taken).toEqual([1]);
    expect(heap.isLive(skb)).toBe(false);
    expect(qdisc().bstats_packets).toBe(1);
  });

  it('keeps what a full driver refused, first in line, until the queue is woken', () => {
    refuse = 1;
    for (const n of [1, 2, 3]) expect(drain(dev_queue_xmit(packet(n)))).toBe(0);
    expect(taken).toEqual([]);
    expect(qdisc().q.qlen).toBe(3);
    softirqs();
    expect(taken, 'NET_TX leaves a stopped queue alone').toEqual([]);
    netif_tx_wake_queue(netdev_get_tx_queue(dev, 0));
    softirqs();
    expect(taken).toEqual([1, 2, 3]);
    expect(qdisc().q.qlen).toBe(0);
    expect(qdisc().backlog).toBe(0);
  });

  it('sends the bands of pfifo_fast in order, and drops beyond tx_queue_len', () => {
    dev.tx_queue_len = 3;
    refuse = 1;
    drain(dev_queue_xmit(packet(9)));
    const urgent = packet(1);
    urgent.priority = 6;
    const bulk = packet(3);
    bulk.priority = 2;
    expect(drain(dev_queue_xmit(bulk))).toBe(0);
    expect(drain(dev_queue_xmit(urgent))).toBe(0);
    const late = packet(4);
    expect(drain(dev_queue_xmit(late))).toBe(1);
    expect(heap.isLive(late)).toBe(false);
    netif_tx_wake_queue(netdev_get_tx_queue(dev, 0));
    softirqs();
    expect(taken).toEqual([9, 1, 3]);
  });

  it('drops when the qdisc is switched off', () => {
    qdisc().__state = __QDISC_STATE_DEACTIVATED;
    const skb = packet(1);
    expect(drain(dev_queue_xmit(skb))).toBe(1);
    expect(heap.isLive(skb)).toBe(false);
  });

  it('goes straight to the TX lock without a queue', () => {
    qdisc_model_attach(dev, { kind: 'noqueue' });
    expect(drain(dev_queue_xmit(packet(1)))).toBe(0);
    refuse = 1;
    drain(dev_queue_xmit(packet(2)));
    const lost = packet(3);
    expect(drain(dev_queue_xmit(lost))).toBeLessThan(0);
    expect(taken).toEqual([1]);
    expect(heap.isLive(lost)).toBe(false);
  });

  it('sums in software what the card cannot', () => {
    dev.features = 0;
    const skb = packet(7, 60);
    skb.ip_summed = CHECKSUM_PARTIAL;
    skb.csum_start = skb.data - skb.head + 20;
    skb.csum_offset = 16;
    for (let i = 20; i < 60; i++) heap.write8(skb.data + i, i * 7);
    heap.writeBe16(skb.data + 36, 0x1234);
    const expected = csum_fold(csum_partial(skb.data + 20, 40, 0));
    const keep = ops<net_device_ops>('net_device_ops', 'keeping_netdev_ops', {
      *ndo_start_xmit(): Kgen<number> {
        return NETDEV_TX_OK;
      },
      ndo_tx_timeout: null,
      ndo_select_queue: null,
    });
    dev.netdev_ops = keep;
    drain(dev_queue_xmit(skb));
    expect(skb.ip_summed).toBe(CHECKSUM_NONE);
    expect(heap.readBe16(skb.data + 36)).toBe(expected);
  });

  it('frees in NET_TX what was finished in a hardirq', () => {
    const skb = packet(1);
    dev_kfree_skb_irq(skb);
    expect(heap.isLive(skb)).toBe(true);
    softirqs();
    expect(heap.isLive(skb)).toBe(false);
  });
});

describe('the token bucket', () => {
  it('lets the burst go and then holds to its rate', () => {
    qdisc_model_attach(dev, { kind: 'tbf', rate: 8_000_000, burst: 2000, limit: 10_000 });
    for (const n of [1, 2, 3]) drain(dev_queue_xmit(packet(n, 190)));
    expect(taken).toEqual([1, 2, 3]);
    for (let n = 4; n <= 12; n++) drain(dev_queue_xmit(packet(n, 190)));
    expect(taken.length).toBe(10);
    const tbf = qdisc().tbf as NonNullable<Qdisc['tbf']>;
    expect(tbf.watchdog.pending).toBe(true);
    const wait = tbf.watchdog.expires - clock.ns;
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(192_000);
    clock.ns = tbf.watchdog.expires;
    tbf.watchdog.function?.(tbf.watchdog);
    softirqs();
    expect(taken.length).toBe(11);
    expect(qdisc().q.qlen).toBe(1);
  });

  it('drops what is longer than the bucket is deep', () => {
    qdisc_model_attach(dev, { kind: 'tbf', rate: 8_000_000, burst: 150, limit: 10_000 });
    expect(drain(dev_queue_xmit(packet(1, 190)))).toBe(1);
    expect(qdisc().drops).toBe(1);
  });
});

describe('network emulation', () => {
  it('delays each packet by its time and keeps them in order of departure', () => {
    qdisc_model_attach(dev, { kind: 'netem', delay: 1_000_000 });
    drain(dev_queue_xmit(packet(1)));
    clock.ns += 100_000;
    drain(dev_queue_xmit(packet(2)));
    expect(taken).toEqual([]);
    const netem = qdisc().netem as NonNullable<Qdisc['netem']>;
    for (const n of [1, 2]) {
      expect(netem.watchdog.pending).toBe(true);
      clock.ns = netem.watchdog.expires;
      netem.watchdog.pending = false;
      netem.watchdog.function?.(netem.watchdog);
      softirqs();
      expect(taken.length).toBe(n);
    }
    expect(taken).toEqual([1, 2]);
    expect(clock.ns).toBeLessThan(1_200_000);
  });

  it('loses packets without telling the sender', () => {
    qdisc_model_attach(dev, { kind: 'netem', loss: 1 });
    const skb = packet(1);
    expect(drain(dev_queue_xmit(skb))).toBe(0);
    expect(taken).toEqual([]);
    expect(heap.isLive(skb)).toBe(false);
    expect(qdisc().drops).toBe(1);
  });
});

/** Stands for a protocol. */
function handler(): packet_type {
  const pt = new packet_type();
  pt.type = ETH_P_IP;
  Object.defineProperty(pt, 'func', {
    value: function* (skb: sk_buff): Kgen<number> {
      received.push([heap.read8(skb.data), softnetCpu()]);
      kfree_skb(skb);
      return 0;
    },
  });
  return pt;
}

function softnetCpu(): number {
  return softnet().cpu;
}

function arriving(first: number, len = 60): sk_buff {
  const skb = packet(first, len);
  skb.mac_header = skb.data - 14;
  return skb;
}

describe('receiving', () => {
  it('drops what nobody wants', () => {
    const skb = arriving(1);
    drain(netif_receive_skb(skb));
    expect(dev.rx_dropped).toBe(1);
    expect(heap.isLive(skb)).toBe(false);
  });

  it('shows packets to taps as they were sent and received, without a loss to others', () => {
    const sk = packet_model_capture(dev);
    dev_add_pack(handler());
    const sent = packet(5, 80);
    drain(dev_queue_xmit(sent));
    drain(netif_receive_skb(arriving(6)));
    expect(taken).toEqual([5]);
    expect(received).toEqual([[6, 0]]);
    const lengths: number[] = [];
    for (let skb = sk.sk_receive_queue.next; skb !== null; skb = skb.next) lengths.push(skb.len);
    expect(lengths).toEqual([80, 74]);
    expect(sk.tp_packets).toBe(2);
    const kept = sk.sk_receive_queue.next as sk_buff;
    packet_release(sk);
    expect(heap.isLive(kept)).toBe(false);
    expect(sk.sk_rmem_alloc).toBe(0);
  });

  it('gives a capture no more than its buffer holds', () => {
    const sk = packet_model_capture(null);
    sk.sk_rcvbuf = 1000;
    for (let n = 0; n < 5; n++) drain(dev_queue_xmit(packet(n)));
    expect(taken.length).toBe(5);
    expect(sk.tp_drops).toBeGreaterThan(0);
    expect(sk.tp_packets + sk.tp_drops).toBe(5);
    expect(ETH_P_ALL).toBe(sk.num);
  });

  it('steers a flow to one CPU, which takes it from its backlog', () => {
    dev_add_pack(handler());
    const map = new rps_map();
    map.cpus.push(1);
    dev._rx.at(0).rps_map = map;
    for (const n of [1, 2]) {
      const skb = arriving(0x45);
      const iph = new iphdr(skb.data);
      iph.protocol = IPPROTO_TCP;
      iph.saddr = 0x0a000000 + n;
      expect(drain(netif_receive_skb(skb))).toBe(0);
    }
    expect(received).toEqual([]);
    softirqs();
    expect(interrupted).toEqual([1]);
    setCurrent(cpus[1] as Cpu, heap);
    drain(smp_call_function_single_interrupt());
    softirqs();
    expect(softnet().received_rps).toBe(1);
    expect(received).toEqual([
      [0x45, 1],
      [0x45, 1],
    ]);
  });
});
