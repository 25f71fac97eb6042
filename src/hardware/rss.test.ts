import { describe, expect, it } from 'vitest';
import { toeplitz } from './rss';

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
