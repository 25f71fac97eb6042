import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { half_md4_transform } from './halfmd4';
import { sha_transform } from './sha1';

const SHA1_START = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
const BLOCK = 64;

/** SHA-1 of a message that fits into one block with its padding. */
function sha1(message: Uint8Array): string {
  const block = new Uint8Array(BLOCK);
  block.set(message);
  block[message.length] = 0x80;
  const bytes = new DataView(block.buffer);
  bytes.setUint32(BLOCK - 4, 8 * message.length);
  const digest = Uint32Array.from(SHA1_START);
  sha_transform(
    digest,
    Uint32Array.from({ length: 16 }, (_, n) => bytes.getUint32(4 * n)),
  );
  return [...digest].map((word) => word.toString(16).padStart(8, '0')).join('');
}

describe('sha_transform', () => {
  it('gives the digest of RFC 3174, test 1', () => {
    expect(sha1(Buffer.from('abc'))).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
  });

  it('gives the digests of any other SHA-1', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 55 }), (message) => {
        expect(sha1(message)).toBe(createHash('sha1').update(message).digest('hex'));
      }),
    );
  });
});

/** The hash that ext4 files a name under: the name in words, filled up with its length; the lowest bit is not part of it. */
function directoryHash(name: string): number {
  const filler = name.length * 0x01010101;
  const words = Array.from({ length: 8 }, (_, n) => {
    const letters = Buffer.from(name.slice(4 * n, 4 * n + 4));
    return letters.reduce((word, letter) => ((word << 8) | letter) >>> 0, filler);
  });
  return (half_md4_transform(Uint32Array.from(SHA1_START.slice(0, 4)), words) & ~1) >>> 0;
}

describe('half_md4_transform', () => {
  it.each([
    ['a', 0xd5fa7d7a],
    ['hello', 0x1746da32],
    ['tcp_sendmsg', 0xd702f1b2],
    ['abcdefghijklmnopqrstuvwxyz', 0x76c1cf2c],
  ])('hashes "%s" as e2fsprogs does (debugfs: dx_hash -h half_md4)', (name, hash) => {
    expect(directoryHash(name)).toBe(hash);
  });
});
