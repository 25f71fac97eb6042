import { beforeEach, describe, expect, it } from 'vitest';
import { Heap, heap, setHeap } from '../../../base/heap';
import { type Arch, type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { TCP_ESTABLISHED, TCP_LISTEN, tcp_sock } from '../../include/linux/tcp';
import { __inet_lookup, inet_hash, inet_unhash, tcp_hashinfo } from './inet_hashtables';

const OWN = 0x0a000002;
const PEER = 0x0a000001;

function established(dport: number): tcp_sock {
  const sk = new tcp_sock();
  sk.skc_state = TCP_ESTABLISHED;
  sk.inet_daddr = PEER;
  sk.inet_dport = dport;
  sk.inet_rcv_saddr = OWN;
  sk.inet_num = 80;
  inet_hash(sk);
  return sk;
}

function listener(address: number): tcp_sock {
  const sk = new tcp_sock();
  sk.skc_state = TCP_LISTEN;
  sk.inet_rcv_saddr = address;
  sk.inet_num = 80;
  inet_hash(sk);
  return sk;
}

function lookup(sport: number): unknown {
  return __inet_lookup(tcp_hashinfo(), PEER, sport, OWN, 80, 1);
}

beforeEach(() => {
  setHeap(new Heap());
  const cpus: Cpu[] = [];
  const arch = { random32: () => 0x1234 } as Arch;
  const kernel: Kernel = { host: 0, cpus, globals: [], arch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
});

describe('socket lookup', () => {
  it('finds each of many connections, also those that share a bucket, and no other', () => {
    const sockets = new Map(Array.from({ length: 1500 }, (_, i) => [10_000 + i, established(10_000 + i)]));
    for (const [port, sk] of sockets) expect(lookup(port)).toBe(sk);
    expect(lookup(9999)).toBeNull();
    for (const [port, sk] of sockets) if (port % 3 === 0) inet_unhash(sk);
    for (const [port, sk] of sockets) expect(lookup(port)).toBe(port % 3 === 0 ? null : sk);
  });

  it('takes a reference', () => {
    const sk = established(10_000);
    lookup(10_000);
    expect(sk.skc_refcnt).toBe(2);
  });

  it('prefers the connection, then the listener bound to the address', () => {
    const any = listener(0);
    expect(lookup(1)).toBe(any);
    const bound = listener(OWN);
    expect(lookup(1)).toBe(bound);
    listener(0x0a000003);
    expect(lookup(1)).toBe(bound);
    const sk = established(1);
    expect(lookup(1)).toBe(sk);
    inet_unhash(bound);
    inet_unhash(sk);
    expect(lookup(1)).toBe(any);
  });
});
