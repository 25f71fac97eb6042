/**
 * Receive side scaling: the Toeplitz hash of a flow (317694, chapter 7.1; Microsoft, "Introduction to Receive Side Scaling") and what it is
 * taken of.
 */
import { heap } from '../base/heap';

/** RSS types as a descriptor reports them. */
export const RSS_NONE = 0;
export const RSS_TCP_IPV4 = 1;
export const RSS_IPV4 = 2;
export const RSS_UDP_IPV4 = 7;

/** Fields that MRQC chooses: which packets are hashed with what. */
export const MRQC_TCP_IPV4 = 0x00010000;
export const MRQC_IPV4 = 0x00020000;
export const MRQC_UDP_IPV4 = 0x00400000;

const ETHERNET_HEADER = 14;
const IP_ADDRESSES = 12;
const ETH_P_IP = 0x0800;
const FRAGMENT = 0x3fff;
const TCP = 6;
const UDP = 17;

/**
 * Toeplitz hash of `input`: for each 1 bit of it, from the first byte's highest on, the 32 bits of the key that begin at the same place
 * are added without carry. `key` has at least 4 bytes more than `input`.
 */
export function toeplitz(key: Uint8Array, input: Uint8Array): number {
  let window = ((key[0] ?? 0) << 24) | ((key[1] ?? 0) << 16) | ((key[2] ?? 0) << 8) | (key[3] ?? 0);
  let hash = 0;
  input.forEach((byte, at) => {
    const next = key[at + 4] ?? 0;
    for (let bit = 7; bit >= 0; bit--) {
      if (byte & (1 << bit)) hash ^= window;
      window = (window << 1) | ((next >> bit) & 1);
    }
  });
  return hash >>> 0;
}

/** What the hash of a frame at `data` is taken of: addresses, and ports where MRQC says so. */
export function rssInput(data: number, fields: number): { readonly type: number; readonly input: Uint8Array } {
  const nothing = { type: RSS_NONE, input: new Uint8Array(0) };
  if (heap.readBe16(data + 12) !== ETH_P_IP) return nothing;
  const ip = data + ETHERNET_HEADER;
  const protocol = heap.read8(ip + 9);
  const whole = (heap.readBe16(ip + 6) & FRAGMENT) === 0;
  const ports = whole && ((protocol === TCP && fields & MRQC_TCP_IPV4) || (protocol === UDP && fields & MRQC_UDP_IPV4));
  if (!ports && (fields & MRQC_IPV4) === 0) return nothing;
  const addresses = heap.bytes(ip + IP_ADDRESSES, 8);
  if (!ports) return { type: RSS_IPV4, input: addresses.slice() };
  const header = (heap.read8(ip) & 0xf) * 4;
  return {
    type: protocol === TCP ? RSS_TCP_IPV4 : RSS_UDP_IPV4,
    input: Uint8Array.of(...addresses, ...heap.bytes(ip + header, 4)),
  };
}
