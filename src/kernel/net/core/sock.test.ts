import { beforeEach, describe, expect, it } from 'vitest';
import { ops } from '../../../base/dispatch';
import { Heap, setHeap } from '../../../base/heap';
import { type Arch, type Kgen, type Request, setCurrent, sysctls } from '../../arch/current';
import { ENOBUFS } from '../../include/linux/errno';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { SOCK_STREAM } from '../../include/linux/net';
import { __skb_queue_tail, type sk_buff } from '../../include/linux/skbuff';
import { tcp_sock } from '../../include/linux/tcp';
import { task_struct } from '../../include/linux/wait';
import { type proto, SOCK_USE_WRITE_QUEUE, sk_add_backlog, sk_mem_charge, type sock } from '../../include/net/sock';
import { sysctl_tcp_rmem, sysctl_tcp_wmem } from '../../include/net/tcp';
import { runqueue } from '../../kernel/sched';
import { sock_alloc } from '../socket';
import { alloc_skb, kfree_skb, skb_put } from './skbuff';
import {
  lock_sock,
  release_sock,
  sk_alloc,
  sk_mem_reclaim,
  sk_wait_data,
  sk_wmem_free_skb,
  sk_wmem_schedule,
  skb_set_owner_r,
  skb_set_owner_w,
  sock_init_data,
  tcp_memory,
} from './sock';
import { sk_stream_wait_memory, sk_stream_write_space } from './stream';

function* nothing(): Kgen<number> {
  return 0;
}

const entries: proto = {
  name: 'TCP',
  sendmsg: nothing,
  recvmsg: nothing,
  backlog_rcv: nothing,
  max_header: 0,
  no_autobind: true,
  obj_size: 0,
  sysctl_mem: sysctls('ipv4.tcp_mem', { low: 4, pressure: 6, high: 8 }),
  sysctl_wmem: sysctl_tcp_wmem,
  sysctl_rmem: sysctl_tcp_rmem,
};
const prot = ops<proto>('proto', 'tcp_prot', entries);

let woken = 0;
let sk: sock;

beforeEach(() => {
  const run = new Heap();
  setHeap(run);
  const arch = {
    wake: () => woken++,
    needResched: () => false,
    setTimer: () => {},
    kick: () => {},
    random32: () => 5,
  } as unknown as Arch;
  const kernel = { host: 0, cpus: [], globals: [], arch, version: '2.6.39' as const, sysctl: {} };
  setCurrent({ id: 0, kernel, perCpu: [] }, run);
  runqueue().curr = new task_struct();
  woken = 0;
  const sock = sock_alloc();
  sock.type = SOCK_STREAM;
  sk = sk_alloc(new tcp_sock(), 2, prot);
  sock_init_data(sock, sk);
});

/** Runs kernel code until it ends or gives the CPU away; other yields are preemption points. */
function step<T>(code: Kgen<T>): { asleep: true } | { asleep: false; value: T } {
  for (;;) {
    const next = code.next();
    if (next.done === true) return { asleep: false, value: next.value };
    if ((next.value as Request | undefined)?.op === 'sleep') return { asleep: true };
  }
}

function segment(bytes: number): sk_buff {
  const skb = alloc_skb(bytes, GFP_ATOMIC) as sk_buff;
  skb_put(skb, bytes);
  return skb;
}

describe('owning a socket', () => {
  it('keeps what arrives on the backlog, in order, until it is released', () => {
    step(lock_sock(sk));
    const segments = [segment(100), segment(200)];
    for (const skb of segments) expect(sk_add_backlog(sk, skb)).toBe(0);
    expect([sk.sk_lock.owned, sk.sk_backlog.head === segments[0], sk.sk_backlog.len]).toEqual([true, true, 368 + 496]);
    const seen: (sk_buff | null)[] = [];
    Object.defineProperty(sk, 'sk_backlog_rcv', {
      value: function* (_sk: sock, skb: sk_buff): Kgen<number> {
        seen.push(skb);
        if (seen.length === 1) sk_add_backlog(sk, segments[2] as sk_buff);
        return 0;
      },
    });
    segments.push(segment(10));
    step(release_sock(sk));
    expect(seen).toEqual(segments);
    expect([sk.sk_lock.owned, sk.sk_backlog.head, sk.sk_backlog.len]).toEqual([false, null, 0]);
  });

  it('refuses a backlog larger than the receive buffer', () => {
    sk.sk_rcvbuf = 500;
    expect(sk_add_backlog(sk, segment(100))).toBe(0);
    expect(sk_add_backlog(sk, segment(100))).toBe(-ENOBUFS);
  });

  it('makes a second task wait, and wakes it', () => {
    step(lock_sock(sk));
    const first = runqueue().curr;
    const second = new task_struct();
    runqueue().curr = second;
    const waiting = lock_sock(sk);
    expect(step(waiting)).toEqual({ asleep: true });
    runqueue().curr = first;
    step(release_sock(sk));
    expect(woken).toBe(1);
    runqueue().curr = second;
    expect(step(waiting).asleep).toBe(false);
    expect(sk.sk_lock.owner).toBe(second);
  });
});

describe('memory of a socket', () => {
  it('is charged in pages, and whole pages are given back', () => {
    expect(sk_wmem_schedule(sk, 5000)).toBe(true);
    expect([sk.sk_forward_alloc, tcp_memory().memory_allocated]).toEqual([8192, 2]);
    sk_mem_charge(sk, 5000);
    expect(sk_wmem_schedule(sk, 3000)).toBe(true);
    expect(tcp_memory().memory_allocated).toBe(2);
    const skb = segment(128);
    skb.truesize = 5000;
    sk.sk_wmem_queued = 5000;
    sk_wmem_free_skb(sk, skb);
    sk_mem_reclaim(sk);
    expect([sk.sk_forward_alloc, tcp_memory().memory_allocated, sk.sk_wmem_queued]).toEqual([0, 0, 0]);
  });

  it('is refused over the hard limit, unless the socket has its send buffer full anyway', () => {
    sk.sk_wmem_queued = 8000;
    sk.sk_sndbuf = 100_000;
    expect(sk_wmem_schedule(sk, 9 * 4096)).toBe(true);
    expect(sk.sk_sndbuf).toBe(4000);
    sk.sk_wmem_queued = 0;
    sk.sk_sndbuf = 1_000_000;
    sk.sk_userlocks = 1;
    expect(sk_wmem_schedule(sk, 20 * 4096)).toBe(false);
    expect(tcp_memory().memory_allocated).toBe(9);
    expect(tcp_memory().memory_pressure).toBe(true);
  });

  it('is counted but not charged where the protocol has no limits', () => {
    const unlimited = ops<proto>(
      'proto',
      'packet_proto',
      (({ sysctl_mem, ...rest }) => ({ ...rest, name: 'PACKET' }))(entries),
    );
    const tap = sk_alloc(new tcp_sock(), 17, unlimited);
    const skb = segment(128);
    skb_set_owner_r(skb, tap);
    expect([tap.sk_rmem_alloc, tap.sk_forward_alloc]).toEqual([skb.truesize, 0]);
    kfree_skb(skb);
    expect([tap.sk_rmem_alloc, tap.sk_forward_alloc]).toEqual([0, 0]);
  });

  it('counts segments on their way, down and up', () => {
    sk.sk_flags |= SOCK_USE_WRITE_QUEUE;
    const down = segment(100);
    skb_set_owner_w(down, sk);
    expect(sk.sk_wmem_alloc).toBe(1 + 368);
    kfree_skb(down);
    expect(sk.sk_wmem_alloc).toBe(1);
    const up = segment(100);
    sk.sk_forward_alloc = 4096;
    skb_set_owner_r(up, sk);
    expect([sk.sk_rmem_alloc, sk.sk_forward_alloc]).toEqual([368, 4096 - 368]);
    kfree_skb(up);
    expect([sk.sk_rmem_alloc, sk.sk_forward_alloc]).toEqual([0, 4096]);
  });
});

describe('sleeping on a socket', () => {
  it('ends when data are there', () => {
    step(lock_sock(sk));
    const reader = sk_wait_data(sk, { timeo: sk.sk_rcvtimeo });
    expect(step(reader)).toEqual({ asleep: true });
    expect(sk.sk_lock.owned).toBe(false);
    __skb_queue_tail(sk.sk_receive_queue, segment(1));
    sk.sk_data_ready?.(sk, 1);
    expect(woken).toBe(1);
    expect(step(reader)).toEqual({ asleep: false, value: true });
    expect(sk.sk_lock.owned).toBe(true);
  });

  it('for send memory ends when a third of the buffer is free', () => {
    sk.sk_sndbuf = 9000;
    sk.sk_wmem_queued = 9000;
    step(lock_sock(sk));
    const writer = sk_stream_wait_memory(sk, { timeo: sk.sk_sndtimeo });
    expect(step(writer)).toEqual({ asleep: true });
    sk.sk_wmem_queued = 6001;
    sk_stream_write_space(sk);
    expect(woken).toBe(0);
    sk.sk_wmem_queued = 6000;
    sk_stream_write_space(sk);
    expect(woken).toBe(1);
    expect(step(writer)).toEqual({ asleep: false, value: 0 });
    expect(sk.sk_wq?.wait.task_list.length).toBe(0);
  });
});
