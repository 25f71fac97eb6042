/**
 * Mirrors the network part of drivers/char/random.c (2.6.39): sequence numbers and ports that nobody outside can guess.
 * Simplified: jhash with a secret of 96 bits where the kernel runs half MD4; it is keyed all the same.
 */
import { clock } from '../../../base/clock';
import { list, struct, u32 } from '../../../base/struct';
import { kernel, kernel_global } from '../../arch/current';
import { jhash_3words } from '../../include/linux/jhash';

const SECRET_WORDS = 3;

/** The secret of this host. */
export const keydata = struct('keydata', {
  secret: list(u32('word'), SECRET_WORDS, 'drawn when the kernel starts'),
});
export interface keydata extends InstanceType<typeof keydata> {}

const secret = kernel_global(() => {
  const key = new keydata();
  for (let i = 0; i < SECRET_WORDS; i++) {
    key.secret.set(i, kernel.arch.random32());
  }
  return key;
});

/** Keyed hash of four words. */
const keyed = (a: number, b: number, c: number, d: number): number => {
  const { secret: words } = secret();
  return jhash_3words(jhash_3words(a, b, c, words.at(0)), d ^ words.at(1), words.at(2), words.at(0));
};

/**
 * First sequence number of a connection: a secret of addresses and ports, and a clock that ticks every 64 ns (RFC 793
 * section 3.3, RFC 1948).
 * @simplified jhash in place of half MD4
 * @cost 90
 */
export function secure_tcp_sequence_number(saddr: number, daddr: number, sport: number, dport: number): number {
  const hash = keyed(saddr, daddr, ((sport << 16) | dport) >>> 0, 0);
  return (hash + Math.floor(clock.ns / 64)) >>> 0;
}

/**
 * Where the search for a free local port begins, toward an address and port.
 * @simplified jhash in place of half MD4
 * @cost 90
 */
export function secure_ipv4_port_ephemeral(saddr: number, daddr: number, dport: number): number {
  return keyed(saddr, daddr, dport, 1);
}
