import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../../base/clock';
import { Heap, heap, setHeap } from '../../../../base/heap';
import type { Environment } from '../../../../hardware/environment';
import { Link } from '../../../../hardware/link';
import { Nic } from '../../../../hardware/nic';
import { type Arch, type Cpu, type Kernel, type Kgen, setCurrent } from '../../../arch/current';
import { idleArch } from '../../../arch/testing';
import { ETH_P_IP } from '../../../include/linux/if_ether';
import { NETDEV_TX_BUSY, NETDEV_TX_OK, type net_device, netif_queue_stopped } from '../../../include/linux/netdevice';
import {
  CHECKSUM_PARTIAL,
  CHECKSUM_UNNECESSARY,
  page,
  type sk_buff,
  skb_fill_page_desc,
  skb_reserve,
  skb_set_network_header,
  skb_set_transport_header,
  skb_shinfo,
} from '../../../include/linux/skbuff';
import { alloc_skb, skb_put } from '../../../net/core/skbuff';
import { e1000_probe } from './e1000_main';
import type { e1000_adapter } from './e1000_struct';

interface Event {
  readonly at: number;
  readonly run: () => void;
}

/** Two hosts whose interrupts nobody serves: the test polls. */
class Bench {
  readonly events: Event[] = [];
  readonly cpus: Cpu[] = [];
  readonly devices: net_device[] = [];
  readonly nics: Nic[] = [];
  readonly wire: Uint8Array[] = [];
  readonly link: Link;

  constructor(config: Partial<Parameters<typeof e1000_probe>[2]> = {}, rxCsum = true) {
    const env: Environment = {
      now: () => clock.ns,
      at: (at, _label, run) => {
        const event = { at, run };
        this.events.push(event);
        return event;
      },
      cancel: (timer) => {
        const i = this.events.indexOf(timer as Event);
        if (i < 0) throw new Error('cancelled a timer that is not pending');
        this.events.splice(i, 1);
      },
      message: () => {},
      interrupt: () => {},
      wire: (event, frame) => {
        if (event === 'rx') this.wire.push(heap.bytes(frame.data, frame.len - 4).slice());
      },
    };
    const link = new Link(env);
    this.link = link;
    for (const host of [0, 1] as const) {
      const nic = new Nic(env, { host, name: `eth${host}`, mac: 0x020000000001 + host, rxCsum });
      nic.connect(link, host);
      this.nics.push(nic);
      const arch: Arch = {
        ...idleArch,
        read32: (_device, offset) => nic.read32(offset),
        write32: (_device, offset, value) => nic.write32(offset, value),
      };
      const cpus: Cpu[] = [];
      const kernel: Kernel = { host, cpus, globals: [], arch, version: '2.6.39', sysctl: {} };
      const cpu: Cpu = { id: 0, kernel, perCpu: [] };
      cpus.push(cpu);
      this.cpus.push(cpu);
      this.on(host);
      this.devices.push(e1000_probe(0, 10, { name: `eth${host}`, ip_addr: 0x0a000001 + host, ...config }));
    }
  }

  on(host: 0 | 1): void {
    setCurrent(this.cpus[host] as Cpu, heap);
  }

  adapter(host: 0 | 1): e1000_adapter {
    return (this.devices[host] as net_device).priv as e1000_adapter;
  }

  /** Lets the hardware do all it has to do. */
  settle(): void {
    for (;;) {
      this.events.sort((a, b) => a.at - b.at);
      const next = this.events.shift();
      if (next === undefined) return;
      clock.ns = Math.max(clock.ns, next.at);
      next.run();
    }
  }

  xmit(skb: sk_buff): number {
    this.on(0);
    const dev = this.devices[0] as net_device;
    return finish((dev.netdev_ops as NonNullable<net_device['netdev_ops']>).ndo_start_xmit(skb, dev));
  }

  poll(host: 0 | 1, budget = 64): number {
    this.on(host);
    const { napi } = this.adapter(host);
    napi.state = napi.state | 1;
    return finish((napi.poll as NonNullable<typeof napi.poll>)(napi, budget));
  }
}

function finish<T>(steps: Kgen<T>): T {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/** A TCP segment from host 0 to host 1 as the stack hands it down; `paged` bytes of it in a page. */
function segment(linear: number, paged = 0, mss = 0): sk_buff {
  const skb = alloc_skb(2048, 0) as sk_buff;
  skb_reserve(skb, 64);
  const at = skb_put(skb, 54 + linear);
  heap.writeBytes(
    at,
    Uint8Array.of(
      2,
      0,
      0,
      0,
      0,
      2,
      2,
      0,
      0,
      0,
      0,
      1,
      8,
      0,
      0x45,
      0,
      0,
      0,
      0,
      1,
      0x40,
      0,
      64,
      6,
      0,
      0,
      10,
      0,
      0,
      1,
      10,
      0,
      0,
      2,
    ),
  );
  heap.writeBe16(at + 16, 40 + linear + paged);
  heap.writeBe16(at + 46, 0x5018);
  heap.fill(at + 54, 0xa5, linear);
  if (paged > 0) {
    const data = new page();
    data.virtual = heap.ramAlloc(65536);
    heap.fill(data.virtual, 0x5a, paged);
    skb_fill_page_desc(skb, 0, data, 0, paged);
    skb.data_len = paged;
    skb.len += paged;
  }
  skb.protocol = ETH_P_IP;
  skb.ip_summed = CHECKSUM_PARTIAL;
  skb_set_network_header(skb, 14);
  skb_set_transport_header(skb, 34);
  skb.csum_start = skb.data + 34 - skb.head;
  skb.csum_offset = 16;
  heap.writeBe16(at + 50, 0x0a00 + 1 + 0x0a00 + 2 + 6 + (mss > 0 ? 0 : 20 + linear + paged));
  const shinfo = skb_shinfo(skb);
  shinfo.gso_size = mss;
  shinfo.gso_segs = mss > 0 ? Math.ceil((linear + paged) / mss) : 0;
  shinfo.gso_type = mss > 0 ? 1 : 0;
  return skb;
}

beforeEach(() => {
  clock.ns = 0;
  setHeap(new Heap());
});

describe('e1000', () => {
  it('comes up with its MAC address, a carrier, and all but one receive descriptor posted', () => {
    const bench = new Bench();
    const dev = bench.devices[0] as net_device;
    expect(dev.dev_addr).toBe(0x020000000001);
    expect(dev.carrier).toBe(1);
    expect(bench.adapter(0).link_speed).toBe(1000);
    expect(bench.nics[0]?.registers.RDT).toBe(254);
    expect(bench.nics[0]?.registers.ITR).toBe(195);
  });

  it('keeps the sent skb until the card is done and the ring is cleaned', () => {
    const bench = new Bench();
    const skb = segment(1000);
    expect(bench.xmit(skb)).toBe(NETDEV_TX_OK);
    expect(heap.isLive(skb)).toBe(true);
    bench.poll(0);
    expect(heap.isLive(skb)).toBe(true);
    bench.settle();
    bench.poll(0);
    expect(heap.isLive(skb)).toBe(false);
    expect(bench.adapter(0).tx_ring.next_to_clean).toBe(2);
    expect(bench.devices[0]?.tx_packets).toBe(1);
  });

  it('has a GSO skb cut by the card', () => {
    const bench = new Bench();
    expect(bench.xmit(segment(0, 4000, 1460))).toBe(NETDEV_TX_OK);
    bench.settle();
    expect(bench.wire.map((bytes) => bytes.length)).toEqual([1514, 1514, 1134]);
    bench.poll(0);
    expect(bench.devices[0]?.tx_packets).toBe(3);
    expect(bench.devices[0]?.tx_bytes).toBe(4054 + 2 * 54);
  });

  it('stops the queue when 20 descriptors are not free, refuses, and wakes it when 32 are', () => {
    const bench = new Bench({ TxDescriptors: 80 });
    const dev = bench.devices[0] as net_device;
    let sent = 0;
    while (!netif_queue_stopped(dev)) {
      expect(bench.xmit(segment(100))).toBe(NETDEV_TX_OK);
      sent++;
    }
    expect(sent).toBe(30);
    const refused = segment(0, 60000, 1460);
    expect(bench.xmit(refused)).toBe(NETDEV_TX_BUSY);
    expect(heap.isLive(refused)).toBe(true);
    bench.settle();
    bench.poll(0);
    expect(netif_queue_stopped(dev)).toBe(false);
    expect(bench.adapter(0).restart_queue).toBe(1);
  });

  it('copies a short frame and leaves its buffer in the ring, passes a long one on and posts another', () => {
    const bench = new Bench();
    const ring = bench.adapter(1).rx_ring;
    const posted = [0, 1].map((i) => ring.buffer_info.at(i).skb as sk_buff);
    bench.xmit(segment(100));
    bench.xmit(segment(1000));
    bench.settle();
    const frames = bench.wire.length;
    expect(bench.poll(1)).toBe(frames);
    expect(frames).toBe(2);
    expect(ring.next_to_clean).toBe(2);
    expect(ring.next_to_use).toBe(1);
    expect(ring.buffer_info.at(0).skb).toBe(posted[0]);
    expect(ring.buffer_info.at(1).skb).not.toBe(posted[1]);
    expect(bench.nics[1]?.registers.RDT).toBe(0);
    expect(bench.devices[1]?.rx_packets).toBe(2);
    expect(bench.devices[1]?.rx_bytes).toBe(154 + 1054);
  });

  it('believes the checksum verdict of the card only if the card gives one', () => {
    for (const rxCsum of [true, false]) {
      setHeap(new Heap());
      clock.ns = 0;
      const bench = new Bench({}, rxCsum);
      const skb = bench.adapter(1).rx_ring.buffer_info.at(0).skb as sk_buff;
      bench.xmit(segment(1000));
      bench.settle();
      bench.poll(1);
      expect(skb.ip_summed === CHECKSUM_UNNECESSARY).toBe(rxCsum);
      expect(bench.adapter(1).hw_csum_good).toBe(rxCsum ? 1 : 0);
    }
  });

  it('puts a jumbo frame together from pages', () => {
    const bench = new Bench({ mtu: 9000 });
    const buffers = bench.adapter(1).rx_ring.buffer_info;
    const first = buffers.at(0).skb as sk_buff;
    const pages = [0, 1, 2].map((i) => buffers.at(i).page as page);
    bench.xmit(segment(0, 8946));
    bench.settle();
    expect(bench.poll(1)).toBe(3);
    expect(bench.devices[1]?.rx_bytes).toBe(9000);
    expect(heap.isLive(first)).toBe(false);
    expect(pages.map((used) => buffers.at(0).page === used || heap.isLive(used))).toEqual([false, false, false]);
    expect(bench.nics[1]?.registers.RDT).toBe(1);
  });

  it('follows the link', () => {
    const bench = new Bench();
    const adapter = bench.adapter(0);
    const watch = (): void => {
      bench.on(0);
      adapter.hw.get_link_status = true;
      finish(
        (adapter.watchdog_timer.function as NonNullable<typeof adapter.watchdog_timer.function>)(adapter as never),
      );
    };
    bench.link.plug(false);
    watch();
    expect([adapter.link_speed, bench.devices[0]?.carrier]).toEqual([0, 0]);
    bench.link.plug(true);
    watch();
    expect([adapter.link_speed, bench.devices[0]?.carrier]).toEqual([1000, 1]);
  });

  it('asks for fewer interrupts the more there is to do', () => {
    const bench = new Bench();
    const adapter = bench.adapter(0);
    const rates: number[] = [];
    for (const bytes of [60_000, 60_000, 1000, 1000, 1000]) {
      adapter.total_rx_packets = Math.ceil(bytes / 1500);
      adapter.total_rx_bytes = bytes;
      bench.poll(0);
      rates.push(bench.nics[0]?.registers.ITR ?? 0);
    }
    const perSecond = [20_000, 4000, 9000, 14_000, 19_000];
    expect(rates).toEqual(perSecond.map((rate) => Math.floor(1e9 / (rate * 256))));
  });

  it('stays in the poll when the budget is used up', () => {
    const bench = new Bench();
    for (let i = 0; i < 5; i++) bench.xmit(segment(100));
    bench.settle();
    bench.nics[1]?.read32(0xc0);
    expect(bench.poll(1, 3)).toBe(3);
    expect(bench.adapter(1).napi.state & 1).toBe(1);
    expect(bench.poll(1, 3)).toBe(2);
    expect(bench.adapter(1).napi.state & 1).toBe(0);
  });
});
