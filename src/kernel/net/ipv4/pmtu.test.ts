import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { iphdr } from '../../include/linux/ip';
import { net_device } from '../../include/linux/netdevice';
import { dst_mtu, rtable } from '../../include/net/dst';
import { inet_getpeer, inet_peer_xrlim_allow } from './inetpeer';
import { check_peer_pmtu, guess_mtu, ip_rt_frag_needed, ipv4_dst_ops } from './route';

const PEER = 0x0a000002;
let dev: net_device;

beforeEach(() => {
  setHeap(new Heap());
  clock.ns = 0;
  const cpus: Cpu[] = [];
  const kernel: Kernel = { host: 0, cpus, globals: [], arch: idleArch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
  dev = new net_device();
});

/** Header of a packet of ours that a router found too long. */
function tooLong(length: number): iphdr {
  const iph = new iphdr(heap.ramAlloc(iphdr.size));
  iph.version_ihl = 0x45;
  iph.tot_len = length;
  iph.daddr = PEER;
  return iph;
}

describe('fragmentation needed', () => {
  it('gives the MTU that the router names, kept for ten minutes', () => {
    expect(ip_rt_frag_needed(tooLong(1500), 1400, dev)).toBe(1400);
    const peer = inet_getpeer(PEER, false);
    expect([peer?.pmtu_learned, (peer?.pmtu_expires ?? 0) - 300_000]).toEqual([1400, 600_000]);
  });

  it('counts only if it lowers what is known', () => {
    ip_rt_frag_needed(tooLong(1500), 1000, dev);
    ip_rt_frag_needed(tooLong(1500), 1400, dev);
    expect(inet_getpeer(PEER, false)?.pmtu_learned).toBe(1000);
  });

  it('of a router that names none means the next usual MTU below (RFC 1191 section 7.1)', () => {
    expect([65_535, 17_914, 8000, 1500, 1492, 577, 100, 68].map(guess_mtu)).toEqual([
      32_000, 8166, 4352, 1492, 576, 576, 68, 68,
    ]);
    // Some old routers count the header twice: the guess is made from 1480 bytes.
    expect(ip_rt_frag_needed(tooLong(1500), 0, dev)).toBe(576);
  });

  it('never goes below net.ipv4.route.min_pmtu, 552', () => {
    expect(ip_rt_frag_needed(tooLong(1500), 200, dev)).toBe(552);
  });
});

describe('a path MTU', () => {
  it('counts for a route until it expires, which then has its own metric back', () => {
    const rt = new rtable();
    rt.ops = ipv4_dst_ops;
    rt.dev = dev;
    dev.mtu = 1500;
    ip_rt_frag_needed(tooLong(1500), 1000, dev);
    const peer = inet_getpeer(PEER, false) as NonNullable<ReturnType<typeof inet_getpeer>>;
    check_peer_pmtu(rt, peer);
    expect([dst_mtu(rt), peer.pmtu_orig]).toEqual([1000, 0]);
    clock.ns += 599_999e6;
    check_peer_pmtu(rt, peer);
    expect(dst_mtu(rt)).toBe(1000);
    clock.ns += 1e6;
    check_peer_pmtu(rt, peer);
    expect([dst_mtu(rt), rt.mtu, peer.pmtu_expires]).toEqual([1500, 0, 0]);
  });
});

describe('the rate of ICMP messages to a peer', () => {
  it('is one a second, with six saved up at most', () => {
    const peer = inet_getpeer(PEER, true);
    const burst = Array.from({ length: 8 }, () => inet_peer_xrlim_allow(peer, 1000));
    expect(burst.filter(Boolean)).toHaveLength(6);
    clock.ns += 999e6;
    expect(inet_peer_xrlim_allow(peer, 1000)).toBe(false);
    clock.ns += 1e6;
    expect(inet_peer_xrlim_allow(peer, 1000)).toBe(true);
    expect(inet_peer_xrlim_allow(peer, 1000)).toBe(false);
  });
});
