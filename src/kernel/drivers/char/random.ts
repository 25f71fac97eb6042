/**
 * Mirrors the network part of drivers/char/random.c (2.6.39): sequence numbers and ports that nobody outside can guess.
 */
import { clock } from '../../../base/clock';
import { list, struct, u32 } from '../../../base/struct';
import { kernel, kernel_global } from '../../arch/current';
import { half_md4_transform } from '../../lib/halfmd4';

const SECRET_WORDS = 12;
/** Bits of a sequence number that are hash; above them the kernel counts how often it drew a new secret. */
const HASH_MASK = 2 ** 24 - 1;

/** The secret of this host. */
export const keydata = struct('keydata', {
  secret: list(u32('word'), SECRET_WORDS, 'drawn when the kernel starts'),
});
export interface keydata extends InstanceType<typeof keydata> {}

const keys = kernel_global(() => {
  const key = new keydata();
  for (let i = 0; i < SECRET_WORDS; i++) {
    key.secret.set(i, kernel.arch.random32());
  }
  return key;
});

const swap16 = (port: number): number => ((port & 0xff) << 8) | (port >>> 8);
const swap32 = (word: number): number => ((swap16(word & 0xffff) << 16) | swap16(word >>> 16)) >>> 0;

/** Keyed hash of four words; addresses and ports are mixed in as x86 reads them from a header. */
const keyed = (...words: [number, number, number, number]): number =>
  half_md4_transform(Uint32Array.from(words), [...keys().secret].slice(0, 8));

/**
 * First sequence number of a connection: a secret of addresses and ports, and a clock that ticks every 64 ns (RFC 793
 * section 3.3, RFC 1948).
 * @simplified the secret stays: the kernel draws one every 300 s, and counts them in the upper 8 bits
 * @cost 90
 */
export function secure_tcp_sequence_number(saddr: number, daddr: number, sport: number, dport: number): number {
  const ports = ((swap16(sport) << 16) + swap16(dport)) >>> 0;
  const hash = keyed(swap32(saddr), swap32(daddr), ports, keys().secret.at(11)) & HASH_MASK;
  return (hash + Math.floor(clock.ns / 64)) >>> 0;
}

/**
 * Where the search for a free local port begins, toward an address and port.
 * @simplified the secret stays: the kernel draws one every 300 s
 * @cost 90
 */
export function secure_ipv4_port_ephemeral(saddr: number, daddr: number, dport: number): number {
  const { secret } = keys();
  return keyed(swap32(saddr), swap32(daddr), (swap16(dport) ^ secret.at(10)) >>> 0, secret.at(11));
}
