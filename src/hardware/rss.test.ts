import { describe, expect, it } from 'vitest';
import { Heap, heap, setHeap } from '../base/heap';
import {
  MRQC_IPV4,
  MRQC_TCP_IPV4,
  MRQC_UDP_IPV4,
  RSS_IPV4,
  RSS_NONE,
  RSS_TCP_IPV4,
  RSS_UDP_IPV4,
  rssInput,
  toeplitz,
} from './rss';

/** The key of Microsoft's verification suite; igb uses it too. */
const KEY = Uint8Array.from(
  (
    '6d5a56da 255b0ec2 4167253d 43a38fb0 d0ca2bcb ae7b30b4 77cb2da3 8030f20c 6a42b73b beac01fa'
      .replaceAll(' ', '')
      .match(/../g) ?? []
  ).map((byte) => Number.parseInt(byte, 16)),
);

/** Destination, source, hash of the addresses, hash with TCP ports: "Verifying the RSS Hash Calculation", IPv4. */
const VECTORS = [
  ['161.142.100.80:1766', '66.9.149.187:2794', 0x323e8fc2, 0x51ccc178],
  ['65.69.140.83:4739', '199.92.111.2:14230', 0xd718262a, 0xc626b0ea],
  ['12.22.207.184:38024', '24.19.198.95:12898', 0xd2d0a5de, 0x5c2b394a],
  ['209.142.163.6:2217', '38.27.205.30:48228', 0x82989176, 0xafc7327f],
  ['202.188.127.2:1303', '153.39.163.191:44251', 0x5d1809c5, 0x10e828a2],
] as const;

function parse(end: string): { readonly address: number[]; readonly port: number[] } {
  const [ip = '', port = ''] = end.split(':');
  return { address: ip.split('.').map(Number), port: [Number(port) >> 8, Number(port) & 0xff] };
}

describe('the Toeplitz hash', () => {
  it.each(VECTORS)('of a packet to %s from %s is the published one', (to, from, addresses, ports) => {
    const destination = parse(to);
    const source = parse(from);
    const plain = [...source.address, ...destination.address];
    expect(toeplitz(KEY, Uint8Array.from(plain))).toBe(addresses);
    expect(toeplitz(KEY, Uint8Array.from([...plain, ...source.port, ...destination.port]))).toBe(ports);
  });
});

describe('what is hashed of a frame (317694, chapter 7.1.1.7)', () => {
  const ADDRESSES = [10, 0, 0, 1, 10, 0, 0, 2];
  const PORTS = [0x30, 0x39, 0x00, 0x50];

  /** A frame with `words` 32-bit words of IPv4 header, whose ports stand behind them. */
  function input(fields: number, { type = 0x0800, protocol = 6, fragment = 0, words = 5 } = {}) {
    setHeap(new Heap());
    const frame = heap.ramAlloc(128);
    heap.writeBe16(frame + 12, type);
    heap.write8(frame + 14, 0x40 | words);
    heap.writeBe16(frame + 20, fragment);
    heap.write8(frame + 23, protocol);
    for (const [n, byte] of ADDRESSES.entries()) heap.write8(frame + 26 + n, byte);
    for (const [n, byte] of PORTS.entries()) heap.write8(frame + 14 + 4 * words + n, byte);
    const { type: kind, input: bytes } = rssInput(frame, fields);
    return { kind, bytes: [...bytes] };
  }

  const ALL = MRQC_IPV4 | MRQC_TCP_IPV4 | MRQC_UDP_IPV4;
  const withPorts = [...ADDRESSES, ...PORTS];

  it.each([
    ['a TCP segment', ALL, {}, RSS_TCP_IPV4, withPorts],
    ['one behind IP options', ALL, { words: 7 }, RSS_TCP_IPV4, withPorts],
    ['one with only DF set', ALL, { fragment: 0x4000 }, RSS_TCP_IPV4, withPorts],
    ['a datagram', ALL, { protocol: 17 }, RSS_UDP_IPV4, withPorts],
    ['a datagram where only TCP has ports', MRQC_IPV4 | MRQC_TCP_IPV4, { protocol: 17 }, RSS_IPV4, ADDRESSES],
    ['a segment where only UDP has ports', MRQC_IPV4 | MRQC_UDP_IPV4, {}, RSS_IPV4, ADDRESSES],
    ['the first fragment', ALL, { fragment: 0x2000 }, RSS_IPV4, ADDRESSES],
    ['a later fragment of TCP', ALL, { fragment: 0x00b9 }, RSS_IPV4, ADDRESSES],
    ['ICMP', ALL, { protocol: 1 }, RSS_IPV4, ADDRESSES],
    ['ICMP where only TCP is hashed', MRQC_TCP_IPV4, { protocol: 1 }, RSS_NONE, []],
    ['ARP', ALL, { type: 0x0806 }, RSS_NONE, []],
  ])('%s', (_name, fields, frame, kind, bytes) => {
    expect(input(fields, frame)).toEqual({ kind, bytes });
  });
});
