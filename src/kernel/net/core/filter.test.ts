import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Heap, heap, setHeap } from '../../../base/heap';
import { compileFilter, filterProblem } from '../../../scenario/filter/compile';
import { type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { GFP_ATOMIC } from '../../include/linux/gfp';
import { PACKET_OUTGOING, type sk_buff } from '../../include/linux/skbuff';
import { sock } from '../../include/net/sock';
import { sk_attach_filter, sk_run_filter } from './filter';
import { alloc_skb, skb_put } from './skbuff';

beforeEach(() => {
  setHeap(new Heap());
  const kernel: Kernel = { host: 0, cpus: [], globals: [], arch: idleArch, version: '2.6.39', sysctl: {} };
  const cpu: Cpu = { id: 0, kernel, perCpu: [] };
  (kernel.cpus as Cpu[]).push(cpu);
  setCurrent(cpu, heap);
});

interface Fields {
  readonly ethertype: number;
  readonly protocol: number;
  readonly src: number;
  readonly dst: number;
  readonly sport: number;
  readonly dport: number;
  readonly flags: number;
  readonly fragment: number;
  readonly ihl: number;
  readonly length: number;
}

const TCP: Fields = {
  ethertype: 0x0800,
  protocol: 6,
  src: 0x0a000001,
  dst: 0x0a000002,
  sport: 40_000,
  dport: 5001,
  flags: 0x18,
  fragment: 0x4000,
  ihl: 5,
  length: 100,
};

function bytesOf(fields: Fields): Uint8Array {
  const bytes = new Uint8Array(Math.max(fields.length, 14 + fields.ihl * 4 + 20));
  const view = new DataView(bytes.buffer);
  bytes.set([2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1]);
  view.setUint16(12, fields.ethertype);
  bytes[14] = 0x40 | fields.ihl;
  view.setUint16(16, bytes.length - 14);
  view.setUint16(20, fields.fragment);
  bytes[23] = fields.protocol;
  view.setUint32(26, fields.src);
  view.setUint32(30, fields.dst);
  const l4 = 14 + fields.ihl * 4;
  view.setUint16(l4, fields.sport);
  view.setUint16(l4 + 2, fields.dport);
  bytes[l4 + 13] = fields.flags;
  return bytes;
}

function skbOf(bytes: Uint8Array): sk_buff {
  const skb = alloc_skb(bytes.length, GFP_ATOMIC) as sk_buff;
  heap.writeBytes(skb_put(skb, bytes.length), bytes);
  return skb;
}

/** How many bytes a filter keeps of a packet. */
function kept(filter: string, fields: Partial<Fields> = {}, change: (skb: sk_buff) => void = () => {}): number {
  const program = compileFilter(filter, 96);
  const sk = new sock();
  expect(sk_attach_filter({ len: program.length, filter: program }, sk)).toBe(0);
  const skb = skbOf(bytesOf({ ...TCP, ...fields }));
  change(skb);
  return sk_run_filter(skb, sk.sk_filter as NonNullable<sock['sk_filter']>);
}

describe('a capture filter', () => {
  it('is what libpcap compiles for "ip", instruction by instruction', () => {
    expect(compileFilter('ip', 65_535)).toEqual([
      { code: 0x28, jt: 0, jf: 0, k: 12 },
      { code: 0x15, jt: 0, jf: 1, k: 0x0800 },
      { code: 0x06, jt: 0, jf: 0, k: 65_535 },
      { code: 0x06, jt: 0, jf: 0, k: 0 },
    ]);
  });

  it.each<[string, boolean, Partial<Fields>?]>([
    ['', true],
    ['tcp', true],
    ['udp', false],
    ['udp', true, { protocol: 17 }],
    ['arp', false],
    ['host 10.0.0.1', true],
    ['src host 10.0.0.2', false],
    ['dst 10.0.0.2', true],
    ['src or dst 10.0.0.2', true],
    ['src and dst host 10.0.0.2', false],
    ['net 10.0.0.0/24', true],
    ['net 10.0.1.0/24', false],
    ['port 5001', true],
    ['src port 5001', false],
    ['tcp port 80 or 5001', true],
    ['portrange 5000-5010', true],
    ['portrange 5002-5010', false],
    ['port 5001', false, { fragment: 0x0010 }],
    ['port 5001', true, { ihl: 8 }],
    ['not port 80', true],
    ['tcp and not (src host 10.0.0.1 or udp)', false],
    ['tcp && ! udp || arp', true],
    ['greater 100', true],
    ['less 99', false],
    ['len = 100', true],
    ['tcp[tcpflags] & (tcp-syn|tcp-fin) != 0', false],
    ['tcp[tcpflags] & tcp-push != 0', true],
    ['tcp[13] = 0x18', true],
    ['tcp[0:2] = 40000', true, { ihl: 7 }],
    ['ip[2:2] - ((ip[0] & 0xf) << 2) = 66', true],
    ['ip[6:2] & 0x1fff = 0', true],
    ['ether[12:2] == 0x800', true],
    ['ether host 02:00:00:00:00:01', true],
    ['ether dst 02:00:00:00:00:01', false],
    ['ether proto arp', false],
    ['ip proto 6', true],
    ['broadcast', false],
    ['tcp[20000] = 1', false],
    ['10 < 20', true],
    ['icmp[icmptype] = icmp-echo', false],
  ])('%j takes the packet: %s', (filter, taken, fields) => {
    expect(kept(filter, fields)).toBe(taken ? 96 : 0);
  });

  it('knows packets on their way out', () => {
    expect(kept('outbound')).toBe(0);
    expect(
      kept('outbound and tcp', {}, (skb) => {
        skb.pkt_type = PACKET_OUTGOING;
      }),
    ).toBe(96);
  });

  it.each([
    ['tcp prot 80', /expected "and", "or" or the end, got "prot", at character 5/],
    ['host 10.0.0.300', /expected an IPv4 address such as 10\.0\.0\.1, got "10\.0\.0\.300"/],
    ['port 70000', /a number up to 65535/],
    ['tcp and', /expected a primitive such as .*, got the end/],
    ['(tcp', /expected "\)", got the end/],
    ['tcp[13:3] = 1', /a size of 1, 2 or 4 bytes/],
    ['len >', /expected a number, got the end/],
    ['tcp $ 80', /"\$" has no meaning here, at character 5/],
    ['arp port 80', /"tcp" or "udp" before a port/],
    ['ip[0] / 0 = 1', /division by zero/],
    ['ip proto constructor', /a number up to 255, got "constructor"/],
    ['len constructor 5', /a comparison: /],
    [`${'('.repeat(100)}tcp${')'.repeat(100)}`, /more than 64 levels/],
    [Array.from({ length: 200 }, (_, n) => `port ${n}`).join(' or '), /instructions, at most 255/],
  ])('%j is refused with a reason', (filter, reason) => {
    expect(filterProblem(filter)).toMatch(reason);
  });

  it('any words are a program that the kernel takes, or are refused with a reason', () => {
    const word = fc.constantFrom(
      ...'ip tcp udp arp icmp ether host net port portrange proto src dst and or not len broadcast inbound greater'.split(
        ' ',
      ),
      ...'( ) [ ] : = != > & + - / * << 0 1 80 4096 0xff 10.0.0.1 10.0.0.0/24 02:00:00:00:00:01'.split(' '),
      ...'tcpflags tcp-syn icmp-echo constructor $'.split(' '),
    );
    let taken = 0;
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 6 }), (words) => {
        const text = words.join(' ');
        const problem = filterProblem(text);
        if (problem !== null) {
          expect(problem).not.toBe('');
          return;
        }
        taken++;
        const program = compileFilter(text, 1);
        expect(sk_attach_filter({ len: program.length, filter: program }, new sock())).toBe(0);
      }),
      { seed: 1, numRuns: 2000 },
    );
    expect(taken).toBeGreaterThan(50);
  });

  it('runs over any packet', () => {
    const filters = ['tcp[tcp[12]] > 3', 'port 1 or udp[2:4] = 7', 'ip[ip[0] & 0xf] + len * 3 < 900'];
    fc.assert(
      fc.property(fc.constantFrom(...filters), fc.uint8Array({ maxLength: 80 }), (filter, bytes) => {
        const sk = new sock();
        const program = compileFilter(filter, 1);
        sk_attach_filter({ len: program.length, filter: program }, sk);
        expect([0, 1]).toContain(sk_run_filter(skbOf(bytes), sk.sk_filter as NonNullable<sock['sk_filter']>));
      }),
    );
  });
});
