/** What a dissection is made of, and the reader that makes it: bytes in network order, each with its place in the frame. */

export interface Field {
  readonly name: string;
  readonly text: string;
  /** First byte in the frame, and how many. */
  readonly at: number;
  readonly length: number;
  /** Name in the filter language, as capture programs have it: `tcp.srcport`. Empty where there is none. */
  readonly key: string;
  /** The number it stands for; bits of a flag are 0 or 1. Null where it is no number. */
  readonly value: number | null;
  /** Some of the bits of the field before. */
  readonly isPart: boolean;
  /** What is wrong with it, if anything. */
  readonly problem?: string;
}

export type Protocol = 'eth' | 'arp' | 'macc' | 'ip' | 'icmp' | 'udp' | 'tcp' | 'data';

export interface Section {
  readonly protocol: Protocol;
  readonly title: string;
  readonly at: number;
  readonly length: number;
  readonly fields: readonly Field[];
  /** It is of the packet that an ICMP error quotes. */
  readonly quoted?: boolean;
}

interface Extra {
  readonly key?: string;
  readonly show?: (value: number) => string;
  readonly problem?: (value: number) => string | undefined;
}

/** Reads bytes in network order; a read past the end gives zero. */
export class Reader {
  readonly fields: Field[] = [];
  constructor(
    readonly bytes: Uint8Array,
    public at: number,
    readonly end: number,
  ) {}

  get left(): number {
    return this.end - this.at;
  }

  /** Without moving on. */
  peek(at: number, length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + (this.bytes[at + i] ?? 0);
    return value;
  }

  number(name: string, length: number, { key = '', show = String, problem }: Extra = {}): number {
    const value = this.peek(this.at, length);
    this.push({ name, text: show(value), at: this.at, length, key, value, isPart: false }, problem?.(value));
    this.at += length;
    return value;
  }

  /** A field that is no number. */
  add(name: string, text: string, length: number, problem?: string): void {
    this.push({ name, text, at: this.at, length, key: '', value: null, isPart: false }, problem);
    this.at += length;
  }

  /** Some bits of bytes already passed: `at` is the first of these bytes. */
  part(name: string, at: number, length: number, value: number, key: string, text = String(value)): void {
    this.push({ name, text, at, length, key, value, isPart: true }, undefined);
  }

  private push(field: Field, problem: string | undefined): void {
    this.fields.push(problem === undefined ? field : { ...field, problem });
  }
}

export function hex(value: number, digits: number): string {
  return `0x${value.toString(16).padStart(digits, '0')}`;
}

export function ipText(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

export function macText(value: number): string {
  return (value.toString(16).padStart(12, '0').match(/../g) ?? []).join(':');
}

export function dataSection(protocol: Protocol, title: string, bytes: Uint8Array, from: number, to: number): Section {
  const sample = [...bytes.subarray(from, Math.min(to, from + 48))]
    .map((byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.'))
    .join('');
  const field = { name: 'bytes', text: sample, at: from, length: to - from, key: '', value: null, isPart: false };
  return {
    protocol,
    title: `${title}, ${to - from} bytes`,
    at: from,
    length: to - from,
    fields: to > from ? [field] : [],
  };
}

/**
 * Goes over options as IP and TCP have them: 0 ends them, 1 is a byte alone, others have their length in the second byte. `add` is
 * called for each of the others whose length fits; it moves the reader on.
 */
export function eachOption(reader: Reader, end: number, add: (at: number, kind: number, length: number) => void): void {
  while (reader.at < end) {
    const at = reader.at;
    const kind = reader.peek(at, 1);
    if (kind === 0) {
      reader.add('end of options', '', end - at);
      return;
    }
    if (kind === 1) {
      reader.add('no operation', '', 1);
      continue;
    }
    const length = reader.peek(at + 1, 1);
    if (length < 2 || at + length > end) {
      reader.add('option', 'broken', end - at, 'its length does not fit');
      return;
    }
    add(at, kind, length);
  }
}
