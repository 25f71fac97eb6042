import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { ops } from '../../../base/dispatch';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Arch, type Cpu, type Kernel, type Kgen, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { ARPOP_REPLY, ARPOP_REQUEST, arphdr } from '../../include/linux/if_arp';
import { ETH_P_ARP, ETH_P_IP } from '../../include/linux/if_ether';
import { TIMER_SOFTIRQ } from '../../include/linux/interrupt';
import { IP_DF, IPPROTO_UDP, iphdr } from '../../include/linux/ip';
import {
  NETDEV_TX_OK,
  NETIF_F_HW_CSUM,
  NETIF_F_SG,
  net_device,
  type net_device_ops,
  packet_type,
} from '../../include/linux/netdevice';
import { NF_ACCEPT, NF_DROP, NF_INET_LOCAL_OUT, NFPROTO_IPV4, nf_hook_ops } from '../../include/linux/netfilter';
import { type sk_buff, skb_reserve } from '../../include/linux/skbuff';
import {
  dst_release,
  NUD_DELAY,
  NUD_FAILED,
  NUD_INCOMPLETE,
  NUD_PERMANENT,
  NUD_REACHABLE,
  NUD_STALE,
  type neighbour,
  type rtable,
  skb_dst_drop,
  skb_dst_set,
} from '../../include/net/dst';
import { RT_TABLE_MAIN } from '../../include/net/ip_fib';
import type { net_protocol } from '../../include/net/protocol';
import { __do_softirq, irq_stat, open_softirq, raise_softirq } from '../../kernel/softirq';
import { run_timer_softirq, tvec_bases } from '../../kernel/timer';
import { ip_fast_csum } from '../../lib/checksum';
import { dev_add_pack, dev_open, net_dev_init, netif_receive_skb, register_netdevice } from '../core/dev';
import { arp_tbl } from '../core/neighbour';
import { alloc_skb, kfree_skb, skb_copy_bits, skb_push, skb_put } from '../core/skbuff';
import { eth_type_trans, ether_setup } from '../ethernet/eth';
import { nf_register_hook } from '../netfilter/core';
import { inet_ctl_sock_create } from './af_inet';
import { arp_init, neigh_add } from './arp';
import { fib_add_ifaddr, fib_get_table } from './fib_frontend';
import { fib_table_insert } from './fib_trie';
import { icmp_init } from './icmp';
import { ip4_frags } from './ip_fragment';
import { ip_rcv } from './ip_input';
import { ip_local_out } from './ip_output';
import { inet_add_protocol } from './protocol';
import { ip_route_output_ports, rt_cache, rt_cache_flush, rt_model_warm } from './route';

const OWN_IP = 0x0a000001;
const PEER_IP = 0x0a000002;
const OWN_MAC = 0x020000000001;
const PEER_MAC = 0x020000000002;

/** Frames the driver got, as bytes. */
let frames: Uint8Array[] = [];
/** Payloads that reached the transport protocol. */
let delivered: Uint8Array[] = [];

const driver = ops<net_device_ops>('net_device_ops', 'ip_test_netdev_ops', {
  *ndo_start_xmit(skb: sk_buff): Kgen<number> {
    const at = heap.ramAlloc(skb.len);
    skb_copy_bits(skb, 0, at, skb.len);
    frames.push(heap.bytes(at, skb.len).slice());
    heap.ramFree(at, skb.len);
    kfree_skb(skb);
    return NETDEV_TX_OK;
  },
  ndo_tx_timeout: null,
  ndo_select_queue: null,
});

const transport = ops<net_protocol>('net_protocol', 'test_protocol', {
  *handler(skb: sk_buff): Kgen<number> {
    const at = heap.ramAlloc(skb.len);
    skb_copy_bits(skb, 0, at, skb.len);
    delivered.push(heap.bytes(at, skb.len).slice());
    heap.ramFree(at, skb.len);
    kfree_skb(skb);
    return 0;
  },
  gso_segment: null,
  gro_receive: null,
  gro_complete: null,
});

const arch: Arch = { ...idleArch, random32: () => 20_000 };

let dev: net_device;

function drain<T>(step: Kgen<T>): T {
  for (;;) {
    const { done, value } = step.next();
    if (done === true) return value as T;
    if (value !== undefined && value.op === 'softirq') drain(__do_softirq());
  }
}

/** Lets virtual time pass; jiffies timers fire. */
function pass(ms: number): void {
  for (let i = 0; i < ms; i++) {
    clock.ns += 1_000_000;
    if (tvec_bases().timers.length > 0) {
      raise_softirq(TIMER_SOFTIRQ);
      if (irq_stat().__softirq_pending !== 0) drain(__do_softirq());
    }
  }
}

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  frames = [];
  delivered = [];
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
  open_softirq(TIMER_SOFTIRQ, run_timer_softirq);
  net_dev_init();
  arp_init();
  icmp_init(inet_ctl_sock_create);
  const ip_packet_type = new packet_type();
  ip_packet_type.type = ETH_P_IP;
  ip_packet_type.func = ip_rcv;
  dev_add_pack(ip_packet_type);
  inet_add_protocol(transport, IPPROTO_UDP);
  dev = new net_device();
  ether_setup(dev);
  dev.dev_addr = OWN_MAC;
  dev.netdev_ops = driver;
  dev.features = NETIF_F_SG | NETIF_F_HW_CSUM;
  register_netdevice(dev);
  dev_open(dev);
  fib_add_ifaddr(dev, OWN_IP, 24);
});

/** A packet with `payload` for `daddr`, with an IP header and a route. */
function packet(daddr: number, payload: Uint8Array, frag_off = 0): sk_buff {
  const skb = alloc_skb(payload.length + 128, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 64);
  heap.writeBytes(skb_put(skb, payload.length), payload);
  const iph = new iphdr(skb_push(skb, iphdr.size));
  skb.network_header = skb.data;
  iph.version_ihl = 0x45;
  iph.frag_off = frag_off;
  iph.id = 7;
  iph.ttl = 64;
  iph.protocol = IPPROTO_UDP;
  iph.saddr = OWN_IP;
  iph.daddr = daddr;
  const rt = ip_route_output_ports(null, daddr, 0, 1, 2, IPPROTO_UDP, 0, 0);
  if (rt !== null) skb_dst_set(skb, rt);
  return skb;
}

/** Puts a frame on the wire in the direction of this host. */
function arrive(bytes: Uint8Array): void {
  const skb = alloc_skb(bytes.length + 64, GFP_ATOMIC) as sk_buff;
  skb_reserve(skb, 16);
  heap.writeBytes(skb_put(skb, bytes.length), bytes);
  skb.protocol = eth_type_trans(skb, dev);
  drain(netif_receive_skb(skb));
}

function readBack<T>(bytes: Uint8Array, offset: number, read: (addr: number) => T): T {
  const at = heap.ramAlloc(bytes.length);
  heap.writeBytes(at, bytes);
  const value = read(at + offset);
  heap.ramFree(at, bytes.length);
  return value;
}

function bytesOf(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + seed * 17) & 0xff);
}

/** The frame as the peer would send it back: addresses exchanged. */
function turned(frame: Uint8Array): Uint8Array {
  const out = frame.slice();
  out.set(frame.subarray(6, 12), 0);
  out.set(frame.subarray(0, 6), 6);
  out.set(frame.subarray(26, 30), 30);
  out.set(frame.subarray(30, 34), 26);
  return out;
}

function peer(): neighbour {
  return arp_tbl().neighbours.at(0);
}

function arpReply(): Uint8Array {
  const at = heap.ramAlloc(42);
  heap.fill(at, 0, 42);
  heap.writeBe16(at, 0x0200);
  heap.writeBe32(at + 2, 1);
  heap.writeBe16(at + 6, 0x0200);
  heap.writeBe32(at + 8, 2);
  heap.writeBe16(at + 12, ETH_P_ARP);
  const arp = new arphdr(at + 14);
  arp.ar_hrd = 1;
  arp.ar_pro = ETH_P_IP;
  arp.ar_hln = 6;
  arp.ar_pln = 4;
  arp.ar_op = ARPOP_REPLY;
  arp.ar_sha_hi = 0x0200;
  arp.ar_sha_lo = 2;
  arp.ar_sip = PEER_IP;
  arp.ar_tha_hi = 0x0200;
  arp.ar_tha_lo = 1;
  arp.ar_tip = OWN_IP;
  const bytes = heap.bytes(at, 42).slice();
  heap.ramFree(at, 42);
  return bytes;
}

describe('routes', () => {
  it('come from the cache the second time, until it is flushed', () => {
    const find = (): rtable | null => ip_route_output_ports(null, PEER_IP, 0, 1, 2, IPPROTO_UDP, 0, 0);
    const first = find() as rtable;
    expect(first.rt_src).toBe(OWN_IP);
    expect(find()).toBe(first);
    expect(first.__refcnt).toBe(2);
    dst_release(first);
    rt_cache_flush(0);
    expect(find()).not.toBe(first);
  });

  it('lead through the gateway of the longest prefix, and nowhere without one', () => {
    expect(ip_route_output_ports(null, 0x08080808, 0, 1, 2, IPPROTO_UDP, 0, 0)).toBeNull();
    fib_table_insert(fib_get_table(RT_TABLE_MAIN), 0, 0, 1, 0x0a0000fe, dev, OWN_IP, 0);
    rt_cache_flush(0);
    const rt = ip_route_output_ports(null, 0x08080808, 0, 1, 2, IPPROTO_UDP, 0, 0) as rtable;
    expect(rt.rt_gateway).toBe(0x0a0000fe);
    expect(rt.neighbour?.primary_key).toBe(0x0a0000fe);
  });
});

describe('caches of a connection that is given as established', () => {
  it('answer its first packets, out and in', () => {
    drain(neigh_add(PEER_IP, dev, PEER_MAC, NUD_PERMANENT));
    rt_model_warm(OWN_IP, PEER_IP, dev);
    const rt = ip_route_output_ports(null, PEER_IP, OWN_IP, 1, 2, IPPROTO_UDP, 0, 0) as rtable;
    expect(rt.__use).toBe(1);
    expect(rt.hh).not.toBeNull();
    const skb = packet(PEER_IP, bytesOf(40));
    skb_dst_drop(skb);
    skb_dst_set(skb, rt);
    drain(ip_local_out(skb));
    expect([...(frames[0] as Uint8Array).subarray(0, 14)]).toEqual([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
    arrive(turned(frames[0] as Uint8Array));
    expect(delivered.length).toBe(1);
    const inward: rtable[] = [];
    for (const first of rt_cache().chain as Iterable<rtable | null>) {
      for (let route = first; route !== null; route = route.rt_next) if (route.rt_route_iif !== 0) inward.push(route);
    }
    expect(inward.map((route) => route.__use)).toEqual([1]);
  });
});

describe('a neighbour', () => {
  it('that is known gets frames with the right headers at once', () => {
    drain(neigh_add(PEER_IP, dev, PEER_MAC, NUD_PERMANENT));
    for (const n of [1, 2]) expect(drain(ip_local_out(packet(PEER_IP, bytesOf(40, n))))).toBe(0);
    expect(frames.length).toBe(2);
    for (const frame of frames) {
      expect([...frame.subarray(0, 14)]).toEqual([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0]);
      expect(readBack(frame, 14, (at) => ip_fast_csum(at, 5))).toBe(0);
      expect(readBack(frame, 14, (at) => new iphdr(at).tot_len)).toBe(60);
    }
  });

  it('that is not known is asked for; at most three packets wait for the answer', () => {
    const waiting = [1, 2, 3, 4].map((n) => packet(PEER_IP, bytesOf(40, n)));
    for (const skb of waiting) expect(drain(ip_local_out(skb))).toBe(0);
    expect(peer().nud_state).toBe(NUD_INCOMPLETE);
    expect(heap.isLive(waiting[0] as sk_buff), 'the oldest gives way').toBe(false);
    pass(3);
    expect(frames.length).toBe(1);
    expect(readBack(frames[0] as Uint8Array, 14, (at) => new arphdr(at).ar_op)).toBe(ARPOP_REQUEST);
    expect((frames[0] as Uint8Array)[0]).toBe(0xff);
    arrive(arpReply());
    expect(peer().nud_state).toBe(NUD_REACHABLE);
    expect(peer().ha).toBe(PEER_MAC);
    expect(frames.length).toBe(4);
    expect([...(frames[1] as Uint8Array).subarray(34)]).toEqual([...bytesOf(40, 2)]);
  });

  it('that does not answer three requests is given up, with what waited for it', () => {
    const skb = packet(PEER_IP, bytesOf(40));
    drain(ip_local_out(skb));
    pass(5000);
    expect(frames.length).toBe(3);
    expect(peer().nud_state).toBe(NUD_FAILED);
    expect(heap.isLive(skb)).toBe(false);
  });

  it('grows stale without a sign of life, and is used and then probed', () => {
    drain(neigh_add(PEER_IP, dev, PEER_MAC, NUD_REACHABLE));
    drain(ip_local_out(packet(PEER_IP, bytesOf(40))));
    pass(60_000);
    expect(peer().nud_state).toBe(NUD_STALE);
    drain(ip_local_out(packet(PEER_IP, bytesOf(40))));
    expect(peer().nud_state).toBe(NUD_DELAY);
    expect(frames.length).toBe(2);
    pass(6000);
    const probe = frames[2] as Uint8Array;
    expect([...probe.subarray(0, 6)], 'a probe goes to the known address').toEqual([2, 0, 0, 0, 0, 2]);
    arrive(arpReply());
    expect(peer().nud_state).toBe(NUD_REACHABLE);
  });

  it('learns our address by asking', () => {
    const request = arpReply();
    request[21] = ARPOP_REQUEST;
    arrive(request);
    expect(peer().nud_state).toBe(NUD_STALE);
    expect(readBack(frames[0] as Uint8Array, 14, (at) => new arphdr(at).ar_op)).toBe(ARPOP_REPLY);
    expect(readBack(frames[0] as Uint8Array, 14, (at) => new arphdr(at).ar_sip)).toBe(OWN_IP);
  });
});

describe('packets longer than the MTU', () => {
  beforeEach(() => {
    drain(neigh_add(PEER_IP, dev, PEER_MAC, NUD_PERMANENT));
  });

  it('with DF are refused', () => {
    const skb = packet(PEER_IP, bytesOf(2000), IP_DF);
    expect(drain(ip_local_out(skb))).toBe(-90);
    expect(heap.isLive(skb)).toBe(false);
  });

  it('are cut, and put together again in whatever order the pieces come', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9000 }), fc.infiniteStream(fc.nat()), (length, order) => {
        frames = [];
        delivered = [];
        const payload = bytesOf(length, length);
        drain(ip_local_out(packet(PEER_IP, payload)));
        for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(1514);
        expect(frames.length).toBe(Math.max(1, Math.ceil(length / 1480)));
        const left = [...frames];
        while (left.length > 0) {
          const [frame] = left.splice(order.next().value % left.length, 1);
          const back = turned(frame as Uint8Array);
          arrive(back);
          if (left.length > 0) arrive(back);
        }
        expect(delivered.map((bytes) => [...bytes])).toEqual([[...payload]]);
        expect(ip4_frags().mem).toBe(0);
        expect(ip4_frags().queues.length).toBe(0);
      }),
      { numRuns: 40 },
    );
  });

  it('are forgotten when a piece does not come within 30 s', () => {
    drain(ip_local_out(packet(PEER_IP, bytesOf(4000))));
    arrive(turned(frames[0] as Uint8Array));
    expect(ip4_frags().queues.length).toBe(1);
    pass(31_000);
    expect(ip4_frags().queues.length).toBe(0);
    expect(ip4_frags().mem).toBe(0);
  });
});

describe('received packets', () => {
  it('with a wrong header checksum, another length or for somebody else are dropped', () => {
    drain(neigh_add(PEER_IP, dev, PEER_MAC, NUD_PERMANENT));
    drain(ip_local_out(packet(PEER_IP, bytesOf(100))));
    const good = turned(frames[0] as Uint8Array);
    arrive(good);
    expect(delivered.length).toBe(1);
    const wrongSum = good.slice();
    wrongSum[24] = (wrongSum[24] as number) ^ 1;
    arrive(wrongSum);
    arrive(good.subarray(0, 80));
    const other = good.slice();
    other[5] = 9;
    arrive(other);
    expect(delivered.length).toBe(1);
    const padded = new Uint8Array(good.length + 6);
    padded.set(good);
    arrive(padded);
    expect((delivered[1] as Uint8Array).length, 'padding is trimmed').toBe(100);
  });
});

describe('a hook', () => {
  it('that drops ends the way of a packet', () => {
    drain(neigh_add(PEER_IP, dev, PEER_MAC, NUD_PERMANENT));
    const hook = new nf_hook_ops();
    Object.defineProperty(hook, 'hook', {
      *value(_hooknum: number, skb: sk_buff): Kgen<number> {
        return skb.len > 100 ? NF_DROP : NF_ACCEPT;
      },
    });
    hook.pf = NFPROTO_IPV4;
    hook.hooknum = NF_INET_LOCAL_OUT;
    nf_register_hook(hook);
    const long = packet(PEER_IP, bytesOf(200));
    expect(drain(ip_local_out(long))).toBeLessThan(0);
    expect(heap.isLive(long)).toBe(false);
    expect(drain(ip_local_out(packet(PEER_IP, bytesOf(40))))).toBe(0);
    expect(frames.length).toBe(1);
  });
});
