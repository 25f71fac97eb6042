import { heap } from './heap';

/** A field of a header in RAM, in network order unless it is one byte. */
export interface WireField {
  readonly bytes: 1 | 2 | 4;
  readonly doc: string;
  readonly show: 'number' | 'hex' | 'ip' | 'port';
}

export function be16(doc: string, show: WireField['show'] = 'number'): WireField {
  return { bytes: 2, doc, show };
}
export function be32(doc: string, show: WireField['show'] = 'number'): WireField {
  return { bytes: 4, doc, show };
}
export function byte(doc: string, show: WireField['show'] = 'number'): WireField {
  return { bytes: 1, doc, show };
}

export type WireView<F> = { -readonly [K in keyof F]: number } & { readonly $addr: number };

export interface WireClass<F> {
  new (addr: number): WireView<F>;
  /** Length of the fixed part, bytes. */
  readonly size: number;
}

/** Declares a protocol header: a view over RAM at an address, read and written in network order. */
export function wire<F extends Readonly<Record<string, WireField>>>(name: string, fields: F): WireClass<F> {
  let offset = 0;
  class View {
    constructor(readonly $addr: number) {}
  }
  Object.defineProperty(View, 'name', { value: name });
  for (const [key, { bytes }] of Object.entries(fields)) {
    const at = offset;
    offset += bytes;
    Object.defineProperty(
      View.prototype,
      key,
      bytes === 1
        ? {
            get(this: View) {
              return heap.read8(this.$addr + at);
            },
            set(this: View, value: number) {
              heap.write8(this.$addr + at, value & 0xff);
            },
          }
        : bytes === 2
          ? {
              get(this: View) {
                return heap.readBe16(this.$addr + at);
              },
              set(this: View, value: number) {
                heap.writeBe16(this.$addr + at, value & 0xffff);
              },
            }
          : {
              get(this: View) {
                return heap.readBe32(this.$addr + at);
              },
              set(this: View, value: number) {
                heap.writeBe32(this.$addr + at, value);
              },
            },
    );
  }
  Object.defineProperty(View, 'size', { value: offset });
  return View as unknown as WireClass<F>;
}
