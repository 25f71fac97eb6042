/** The bytes that a task writes. */
import { Rng } from '../base/rng';
import type { Pattern } from './calls';

/** What a call says of the bytes it writes. */
interface Payload {
  readonly bytes: number;
  readonly pattern: Pattern;
  readonly data: string | null;
}

/** `byte 0000001460\n`: each 16 bytes tell where in the stream they stand. */
const LINE = 16;
const A = 97;

const PATTERN_BYTES: Record<Pattern, (position: number, bytes: number, seed: number) => Uint8Array> = {
  offsets: (position, bytes) => {
    const text = new Uint8Array(bytes);
    let line = '';
    for (let i = 0; i < bytes; i++) {
      const at = position + i;
      if (line === '' || at % LINE === 0) line = `byte ${String(at - (at % LINE)).padStart(10, '0')}\n`;
      text[i] = line.charCodeAt(at % LINE);
    }
    return text;
  },
  letters: (position, bytes) => Uint8Array.from({ length: bytes }, (_, i) => A + ((position + i) % 26)),
  zeros: (_, bytes) => new Uint8Array(bytes),
  random: (position, bytes, seed) => {
    const random = new Rng((seed ^ Math.imul(position + 1, 0x9e3779b1)) >>> 0);
    return Uint8Array.from({ length: bytes }, () => random.next() & 0xff);
  },
};

/**
 * What `call` writes. `position` is the number of bytes written on this side of the connection before; patterns go on
 * from there. `seed` is the scenario's.
 */
export function payloadOf(call: Payload, position: number, seed: number): Uint8Array {
  if (call.data === null || call.data === '') return PATTERN_BYTES[call.pattern](position, call.bytes, seed);
  const text = new TextEncoder().encode(call.data);
  return Uint8Array.from({ length: call.bytes }, (_, i) => text[i % text.length] as number);
}
