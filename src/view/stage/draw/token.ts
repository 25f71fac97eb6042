/** A packet as a token: its anatomy from head to end, drawn into a box at the origin. */
import type { Packet, Part, PartKind } from '../packet';
import { grouped } from '../read';
import { fitted, type Shape, widthOf } from './shapes';

/** Least width of a part, and what it may grow to in comparison to others. */
const LEAST: Readonly<Record<PartKind, number>> = { room: 7, eth: 9, ip: 11, tcp: 13, data: 20, pages: 20, tail: 5 };
const GROWS: Readonly<Record<PartKind, number>> = { room: 1, eth: 0, ip: 0, tcp: 0, data: 12, pages: 12, tail: 0 };
const NAMES: Readonly<Record<PartKind, string>> = {
  room: 'headroom',
  eth: 'Ethernet header',
  ip: 'IP header',
  tcp: 'TCP header',
  data: 'data',
  pages: 'data in pages',
  tail: 'tailroom',
};

interface Slice {
  readonly part: Part;
  readonly x: number;
  readonly w: number;
}

/** Parts side by side. Headers keep their width so that one sees them come and go; data takes the rest. */
function slices(parts: readonly Part[], width: number): Slice[] {
  const least = parts.reduce((sum, { kind }) => sum + LEAST[kind], 0);
  const shares = parts.reduce((sum, { kind }) => sum + GROWS[kind], 0);
  const scale = least > width ? width / least : 1;
  const slack = Math.max(0, width - least);
  let x = 0;
  return parts.map((part) => {
    const w = LEAST[part.kind] * scale + (shares === 0 ? 0 : (slack * GROWS[part.kind]) / shares);
    const slice = { part, x, w };
    x += w;
    return slice;
  });
}

export function anatomyText(packet: Packet): string {
  const parts = packet.parts.map((part) => `${NAMES[part.kind]} ${part.bytes}${part.taken ? ' (taken off)' : ''}`);
  const name = packet.kind === 'frame' ? `frame #${packet.id}` : `sk_buff #${packet.id}`;
  const gso = packet.gsoSegs > 1 ? `, stands for ${packet.gsoSegs} segments` : '';
  return `${name}: ${parts.join(', ')}${packet.clone ? ', data shared with a clone' : ''}${gso}`;
}

/** Name on a token: its number and payload, or what kind of control segment it is. */
export function tokenName(packet: Packet): string {
  return packet.payload > 0 ? `#${packet.id} ${grouped(packet.payload)}` : `#${packet.id} ${packet.label}`.trim();
}

export function tokenShapes(packet: Packet, w: number, h: number, tone: string): Shape[] {
  const shapes: Shape[] = [];
  const pad = 1.5;
  const title = anatomyText(packet);
  shapes.push({
    kind: 'rect',
    key: 'case',
    x: 0,
    y: 0,
    w,
    h,
    rx: 3,
    cls: `tokencase ${tone}${packet.clone ? ' clone' : ''}`,
    title,
    object: packet.id,
  });
  const cut = slices(packet.parts, w - 2 * pad);
  for (const { part, x, w: width } of cut) {
    shapes.push({
      kind: 'rect',
      key: part.kind,
      x: pad + x,
      y: pad,
      w: Math.max(0.5, width - 0.5),
      h: h - 2 * pad,
      rx: 0,
      cls: `part ${part.kind}${part.taken ? ' taken' : ''}`,
      title: `${NAMES[part.kind]}, ${part.bytes} bytes${part.taken ? ', taken off' : ''}`,
      object: packet.id,
    });
  }
  const widest = (...kinds: PartKind[]): Slice | undefined =>
    cut.filter(({ part }) => kinds.includes(part.kind)).sort((a, b) => b.w - a.w)[0];
  // Beside the headers' colours, which a name does not stand out from.
  const roomy = widest('data', 'pages') ?? widest('room');
  const name = tokenName(packet);
  const box = roomy !== undefined && roomy.w >= 30 ? { x: pad + roomy.x, w: roomy.w } : { x: 0, w };
  const text = widthOf(name, 'n') <= box.w - 2 ? name : fitted(`#${packet.id}`, 'n', Math.max(box.w - 2, w * 0.6));
  if (text !== '') {
    shapes.push({
      kind: 'text',
      key: 'name',
      x: box.x + box.w / 2,
      y: h / 2 + 3.2,
      text,
      anchor: 'middle',
      width: widthOf(text, 'n'),
      cls: `n ${tone.includes('here') ? 'ink strong' : 'ink'} plain`,
    });
  }
  return shapes;
}

/** Shapes of the bytes themselves, for a drawing that is looked at from very near: hex of each header, and the first of the data. */
export function byteShapes(
  packet: Packet,
  w: number,
  h: number,
  bytesAt: (addr: number, len: number) => Uint8Array,
): Shape[] {
  const shapes: Shape[] = [];
  const size = 1.7;
  for (const { part, x, w: width } of slices(packet.parts, w - 3)) {
    if (part.kind === 'room' || part.kind === 'tail' || part.addr === 0) continue;
    const columns = Math.max(1, Math.floor((width - 0.5) / (size * 1.8)));
    const rows = Math.floor((h - 4) / (size * 1.15));
    const bytes = bytesAt(part.addr, Math.min(part.bytes, columns * rows));
    for (let row = 0; row * columns < bytes.length; row++) {
      const line = Array.from(bytes.subarray(row * columns, (row + 1) * columns), (byte) =>
        byte.toString(16).padStart(2, '0'),
      );
      shapes.push({
        kind: 'text',
        key: `${part.kind}${row}`,
        x: 2 + x,
        y: 3.4 + row * size * 1.15,
        text: line.join(' '),
        anchor: 'start',
        width: line.length * size * 1.8,
        cls: 'bytes',
      });
    }
  }
  return shapes;
}
