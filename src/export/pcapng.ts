/** Writes pcapng (draft-ietf-opsawg-pcapng): one section, interfaces with ns resolution, enhanced packet blocks. */

export interface CaptureInterface {
  readonly name: string;
  readonly description: string;
}

export interface CapturedPacket {
  /** Index of its interface. */
  readonly at: number;
  /** Virtual ns since the start of the run. */
  readonly ns: number;
  /** From the Ethernet header on, without FCS. */
  readonly bytes: Uint8Array;
  readonly direction: 'in' | 'out';
  readonly comment?: string;
}

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const ENHANCED_PACKET = 6;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const LINKTYPE_ETHERNET = 1;
/** Options: of any block; of an interface; of a packet. */
const OPT_COMMENT = 1;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const EPB_FLAGS = 2;
const SHB_USERAPPL = 4;

/** Little-endian bytes that grow. */
class Out {
  private bytes = new Uint8Array(4096);
  private length = 0;

  private room(count: number): void {
    if (this.length + count <= this.bytes.length) return;
    const bigger = new Uint8Array(Math.max(this.bytes.length * 2, this.length + count));
    bigger.set(this.bytes);
    this.bytes = bigger;
  }
  number(value: number, size: 2 | 4): void {
    this.room(size);
    for (let i = 0; i < size; i++) this.bytes[this.length++] = Math.floor(value / 2 ** (8 * i)) & 0xff;
  }
  /** Padded with zeros to 32 bits. */
  padded(bytes: Uint8Array): void {
    this.room(bytes.length + 3);
    this.bytes.set(bytes, this.length);
    this.length += (bytes.length + 3) & ~3;
  }
  result(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

type Option = readonly [code: number, value: Uint8Array];

function text(value: string): Uint8Array {
  return new TextEncoder().encode(value);
}

function block(out: Out, type: number, body: Out, options: readonly Option[]): void {
  for (const [code, value] of options) {
    body.number(code, 2);
    body.number(value.length, 2);
    body.padded(value);
  }
  if (options.length > 0) body.number(0, 4);
  const bytes = body.result();
  out.number(type, 4);
  out.number(bytes.length + 12, 4);
  out.padded(bytes);
  out.number(bytes.length + 12, 4);
}

/** The whole file. Packets should be in order of time. */
export function pcapng(interfaces: readonly CaptureInterface[], packets: readonly CapturedPacket[]): Uint8Array {
  const out = new Out();
  const section = new Out();
  section.number(BYTE_ORDER_MAGIC, 4);
  section.number(1, 2);
  section.number(0, 2);
  // Section length: not specified.
  section.number(0xffffffff, 4);
  section.number(0xffffffff, 4);
  block(out, SECTION_HEADER, section, [[SHB_USERAPPL, text('skbscope')]]);
  for (const { name, description } of interfaces) {
    const body = new Out();
    body.number(LINKTYPE_ETHERNET, 2);
    body.number(0, 2);
    body.number(0, 4);
    block(out, INTERFACE_DESCRIPTION, body, [
      [IF_NAME, text(name)],
      [IF_DESCRIPTION, text(description)],
      [IF_TSRESOL, Uint8Array.of(9)],
    ]);
  }
  for (const packet of packets) block(out, ENHANCED_PACKET, packetBody(packet), packetOptions(packet));
  return out.result();
}

function packetBody({ at, ns, bytes }: CapturedPacket): Out {
  const body = new Out();
  body.number(at, 4);
  body.number(Math.floor(ns / 2 ** 32), 4);
  body.number(ns % 2 ** 32, 4);
  body.number(bytes.length, 4);
  body.number(bytes.length, 4);
  body.padded(bytes);
  return body;
}

function packetOptions({ direction, comment }: CapturedPacket): Option[] {
  const flags: Option = [EPB_FLAGS, Uint8Array.of(direction === 'in' ? 1 : 2, 0, 0, 0)];
  return comment === undefined ? [flags] : [[OPT_COMMENT, text(comment)], flags];
}
