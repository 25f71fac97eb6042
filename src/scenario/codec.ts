/** JSON to short text that is safe in a URL, and back: deflated, base64url. Whatever comes in, it stays small. */
import { deflateSync, Inflate, strFromU8, strToU8 } from 'fflate';

/** Most bytes of JSON that a link may unfold to. */
export const MOST_BYTES = 1 << 20;
/** Input is inflated in pieces: one piece unfolds at most a thousandfold. */
const PIECE = 512;

export function pack(value: unknown): string {
  const packed = deflateSync(strToU8(JSON.stringify(value)), { level: 9 });
  let binary = '';
  for (const byte of packed) binary += String.fromCharCode(byte);
  return btoa(binary).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '');
}

/** The value, or a sentence about what is wrong. */
export function unpack(text: string): { ok: true; value: unknown } | { ok: false; message: string } {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) {
    return { ok: false, message: 'the link is damaged: it has characters that do not belong there, or misses some' };
  }
  const binary = atob(text.replace(/-/g, '+').replace(/_/g, '/'));
  const inflated = inflate(Uint8Array.from(binary, (mark) => mark.charCodeAt(0)));
  if (inflated === 'large') return { ok: false, message: `the link unfolds to more than ${MOST_BYTES} bytes` };
  if (inflated === null)
    return { ok: false, message: 'the link is damaged: its end is missing, or a part was changed' };
  try {
    return { ok: true, value: JSON.parse(strFromU8(inflated)) as unknown };
  } catch {
    return { ok: false, message: 'the link is damaged: what it holds is not a scenario' };
  }
}

/** Null for broken data, 'large' for a bomb. */
function inflate(data: Uint8Array): Uint8Array | 'large' | null {
  const pieces: Uint8Array[] = [];
  let size = 0;
  let ended = false;
  const stream = new Inflate((piece, last) => {
    pieces.push(piece);
    size += piece.length;
    ended ||= last;
  });
  try {
    for (let at = 0; at < data.length && size <= MOST_BYTES; at += PIECE) {
      stream.push(data.subarray(at, at + PIECE), at + PIECE >= data.length);
    }
  } catch {
    return null;
  }
  if (size > MOST_BYTES) return 'large';
  if (!ended) return null;
  const whole = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
