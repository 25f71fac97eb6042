/** What is around the board: the bus with the transfers under way, the engines' work under a glass, the cable. */
import type { Box, Pen, Point } from '../../stage/draw/shapes';
import { widthOf } from '../../stage/draw/shapes';
import type { Cable, CardView, Transfer } from '../card';
import type { EngineWork, FieldChange, Verdict } from '../engines';

const TRANSFER_HEIGHT = 30;
/** From here on transfers stand beside each other. */
const WIDE = 620;

/** Transfers beside each other where they fit, else below each other. */
export function busHeight(width: number): number {
  return width >= WIDE ? TRANSFER_HEIGHT + 21 : 3 * (TRANSFER_HEIGHT + 4) + 17;
}

/** Bus lanes, and the interrupt line that comes up at `lineX` from the board below. */
export function drawBus(pen: Pen, card: CardView, box: Box, lineX: number): void {
  const { x, y } = box;
  const w = lineX - 12 - x;
  pen.text(x + 4, y + 12, `bus: ${card.bus}`, 'b', { max: w - 4, cls: 'ink' });
  const side = box.w >= WIDE;
  const gap = 10;
  const room = side ? (w - 2 * gap) / 3 : w;
  card.transfers.forEach((transfer, nth) => {
    const at = side ? { x: x + nth * (room + gap), y: y + 17 } : { x, y: y + 17 + nth * (TRANSFER_HEIGHT + 4) };
    drawTransfer(pen, transfer, { ...at, w: room, h: TRANSFER_HEIGHT });
  });
  if (card.interrupts.vectors.length === 0) drawInterruptLine(pen, card, box, lineX);
  else drawMessages(pen, card, box, lineX);
}

function drawTransfer(pen: Pen, { channel, busy, what, toHost, address, bytes, part, left }: Transfer, box: Box): void {
  const { x, y, w, h } = box;
  const title = busy
    ? `${channel}: ${what}, ${bytes} bytes ${toHost ? 'to' : 'from'} 0x${address.toString(16)}, done in ${left}`
    : `${channel}: idle`;
  pen.rect(box, busy ? 'transfer busy' : 'transfer', { rx: 2, title });
  // Down is into the card: memory is above it.
  const arrow =
    toHost || (!busy && channel === 'RX')
      ? `M${x + 9} ${y + 19} v-12 m-3.5 4 l3.5 -4 l3.5 4`
      : `M${x + 9} ${y + 7} v12 m-3.5 -4 l3.5 4 l3.5 -4`;
  pen.path(arrow, busy ? 'lead' : 'thin mutedline');
  pen.text(x + 19, y + 10.5, channel, 'n', { max: 84, cls: busy ? 'ink strong' : 'ink3' });
  pen.text(x + w - 6, y + 10.5, busy ? (what === 'descriptor fetch' ? 'descriptors' : what) : 'idle', 's', {
    max: w - 110,
    anchor: 'end',
    cls: busy ? 'ink2' : 'ink3',
  });
  if (busy) {
    const size = `${bytes} B ${toHost ? 'to' : 'from'} 0x${address.toString(16)}`;
    pen.text(x + 19, y + 21.5, size, 'n', { max: w - 24, cls: 'ink2' });
  }
  const bar = { x: x + 1, y: y + h - 4, w: w - 2, h: 3 };
  pen.level(`${channel} moved`, bar, part, 'level');
}

/** The line to the interrupt controller: high on its step while it is asserted. */
function drawInterruptLine(pen: Pen, card: CardView, { x, y, w, h }: Box, lineX: number): void {
  const { line, count } = card.interrupts;
  const right = x + w;
  const title = `interrupt line ${line ? 'asserted' : 'quiet'}, asserted ${count} times so far`;
  const tone = line ? 'intline raised' : 'intline';
  pen.path(`M${lineX} ${y + h} V${y + 18} m-3.5 4 l3.5 -4 l3.5 4`, tone, { title });
  const words = line ? 'asserted' : 'quiet';
  const cls = line ? 'blocked strong' : 'ink2';
  if (right - lineX > 60) {
    pen.text(lineX - 4, y + 12, 'INTA#', 'k', { max: 40, cls: line ? 'blocked strong' : 'ink', title });
    pen.text(lineX + 10, y + 29, words, 'n', { max: right - lineX - 12, cls });
    pen.text(lineX + 10, y + 41, `${count} so far`, 'n', { max: right - lineX - 12, cls: 'ink3' });
  } else {
    const text = `INTA# ${words}`;
    pen.text(right - 2, y + 12, text, 'n', { max: 100, anchor: 'end', cls, title });
  }
}

/** MSI-X needs no line: messages go over the bus. */
function drawMessages(pen: Pen, { interrupts }: CardView, { x, y, w }: Box, lineX: number): void {
  const sent = interrupts.vectors.reduce((sum, { count }) => sum + count, 0);
  const right = x + w;
  if (right - lineX > 60) {
    pen.text(lineX - 4, y + 12, 'MSI-X', 'k', { max: 40, cls: 'ink' });
    pen.text(lineX - 4, y + 29, `${sent} messages`, 'n', { max: right - lineX, cls: 'ink2' });
    pen.text(lineX - 4, y + 41, 'so far', 'n', { max: right - lineX, cls: 'ink3' });
  } else pen.text(right - 2, y + 12, `MSI-X: ${sent} sent`, 'n', { max: 100, anchor: 'end', cls: 'ink2' });
}

/** The slot's edge connector: contacts of the board in the dark of the slot. */
export function drawSlot(pen: Pen, { x, y, w }: Box): void {
  pen.rect({ x: x + 14, y, w: w - 90, h: 11 }, 'slotbody', { rx: 1.5, title: 'slot on the main board' });
  const contacts = Math.floor((w - 110) / 8);
  for (let nth = 0; nth < contacts; nth++) {
    // A key, as in a real slot, keeps cards of the wrong voltage out.
    if (nth === Math.floor(contacts * 0.72)) continue;
    pen.rect({ x: x + 24 + nth * 8, y: y + 2.5, w: 4.6, h: 9 }, 'finger', { rx: 0.5 });
  }
}

const CHANGE_WIDTH = 100;
export const WORK_HEIGHT = 62;

/** Height of the glass: changes stand in columns, in two rows where the width asks for it. */
export function workHeight(width: number): number {
  return width >= 620 ? WORK_HEIGHT : WORK_HEIGHT + 44;
}

/** The header before and after the engines: fields that the card wrote, old above new. */
export function drawWork(pen: Pen, { work, verdict }: CardView, box: Box): void {
  const { x, y, w, h } = box;
  pen.rect(box, 'card', { title: 'what the engines did to the headers' });
  if (verdict !== null && (work === null || verdict.newer)) {
    drawVerdict(pen, verdict, box);
    return;
  }
  if (work === null) {
    pen.text(x + 8, y + 15, 'No packet in the engines now.', 't', { max: w - 16, cls: 'ink3' });
    const hint = 'The headers of one stand here: as they came from memory, and as the card leaves them.';
    if (widthOf(hint, 't') < w - 16) pen.text(x + 8, y + 30, hint, 't', { max: w - 16, cls: 'ink3' });
    return;
  }
  const which = work.segments > 1 ? `segment ${work.segment + 1} of ${work.segments}` : 'the packet whole';
  const count = work.changes.length;
  const says = count === 0 ? 'nothing in its headers changed' : 'what the card wrote into its headers';
  const short = `Frame #${work.frame}, ${which}`;
  const long = `${short}: ${says}`;
  const room = w - 90;
  pen.text(x + 8, y + 13, widthOf(long, 't') < room ? long : short, 't', { max: room, cls: 'ink', object: work.frame });
  const rows = h > WORK_HEIGHT ? 2 : 1;
  const columns = Math.max(1, Math.floor((w - 12) / CHANGE_WIDTH));
  const width = (w - 12) / columns;
  work.changes.slice(0, columns * rows).forEach((change, nth) => {
    const at = { x: x + 8 + (nth % columns) * width, y: y + 20 + Math.floor(nth / columns) * 43, w: width - 8, h: 40 };
    drawChange(pen, change, at);
  });
  const used = Math.min(count, columns) * width;
  if (rows === 1 && w - 20 - used >= SHAPE_WIDTH) {
    const shape = Math.min(WIDEST_SHAPE, w - 20 - used);
    drawShape(pen, work, { x: x + w - 8 - shape, y: y + 19, w: shape, h: h - 22 });
  }
  if (count > columns * rows)
    pen.text(x + w - 8, y + 13, `and ${count - columns * rows} more`, 't', { max: 70, anchor: 'end', cls: 'ink3' });
}

const SHAPE_WIDTH = 150;
const WIDEST_SHAPE = 250;
const HEADER_WIDTH = 20;
const SHAPE_LABEL = 54;
/** A piece of payload narrower than this has no line beside it. */
const NARROWEST_PIECE = 4;

/** The packet as it lay in memory, one header and all pieces, and the frame that leaves: a header of its own and its piece. */
function drawShape(pen: Pen, { segment, segments, header, payload }: EngineWork, { x, y, w }: Box): void {
  const left = x + SHAPE_LABEL;
  const whole = { x: left + HEADER_WIDTH, y: y + 3, w: w - SHAPE_LABEL - HEADER_WIDTH, h: 10 };
  const piece = whole.w / segments;
  const at = whole.x + segment * piece;
  pen.text(x, y + 11, 'in memory', 's', { max: SHAPE_LABEL, cls: 'ink3' });
  pen.rect({ ...whole, x: left, w: HEADER_WIDTH }, 'part header', { rx: 0, title: `headers, ${header} bytes` });
  pen.rect(whole, 'part', {
    rx: 0,
    title: segments > 1 ? `payload of ${segments} segments` : `payload, ${payload} bytes`,
  });
  if (piece >= NARROWEST_PIECE)
    for (let nth = 1; nth < segments; nth++) pen.path(`M${whole.x + nth * piece} ${whole.y} v${whole.h}`, 'cuts');
  pen.rect({ ...whole, x: at, w: piece }, 'part taken', { rx: 0, title: `segment ${segment + 1} of ${segments}` });
  const out = { x: left + HEADER_WIDTH, y: y + 27, w: segments > 1 ? Math.min(whole.w, 84) : whole.w, h: 11 };
  pen.path(
    `M${at} ${whole.y + whole.h} L${out.x} ${out.y} M${at + piece} ${whole.y + whole.h} L${out.x + out.w} ${out.y}`,
    'cuts',
  );
  pen.text(x, out.y + 8.5, 'frame', 's', { max: SHAPE_LABEL, cls: 'ink3' });
  pen.rect({ ...out, x: left, w: HEADER_WIDTH }, 'part header written', {
    rx: 0,
    title: `its own headers, ${header} bytes`,
  });
  pen.rect(out, 'part taken', { rx: 0, title: `payload, ${payload} bytes` });
  pen.text(left + HEADER_WIDTH / 2, out.y + 8.5, String(header), 's', {
    max: HEADER_WIDTH,
    anchor: 'middle',
    cls: 'ink',
  });
  pen.text(out.x + out.w / 2, out.y + 8.5, payload === 0 ? 'no data' : `${payload} B`, 's', {
    max: out.w - 4,
    anchor: 'middle',
    cls: 'ink',
  });
}

/** What the verifier finds of a received frame. */
function drawVerdict(pen: Pen, { frame, checks }: Verdict, { x, y, w }: Box): void {
  const title = `Frame #${frame}, received`;
  const long = `${title}: the verdict goes into its descriptor`;
  pen.text(x + 8, y + 13, widthOf(long, 't') < w - 16 ? long : title, 't', { max: w - 16, cls: 'ink', object: frame });
  checks.forEach(({ name, value, found }, nth) => {
    const left = x + 8 + nth * CHANGE_WIDTH;
    if (left + CHANGE_WIDTH > x + w) return;
    pen.text(left, y + 29, name, 's', { max: CHANGE_WIDTH - 6, cls: 'ink3' });
    pen.text(left, y + 41, value, 'n', { max: CHANGE_WIDTH - 6, cls: 'ink2' });
    pen.text(left, y + 54, found, 'n', {
      max: CHANGE_WIDTH - 6,
      cls: found === 'wrong' ? 'drop strong' : 'ink strong',
    });
  });
}

function drawChange(pen: Pen, change: FieldChange, { x, y, w }: Box): void {
  pen.text(x, y + 9, change.name, 's', { max: w, cls: 'ink3', title: `${change.name}, byte ${change.at}` });
  pen.text(x, y + 21, change.before, 'n', { max: w, cls: 'ink3 gone' });
  pen.rect({ x: x - 2, y: y + 24.5, w: Math.min(w, widthOf(change.after, 'n') + 5), h: 12 }, 'registerchanged', {
    rx: 1.5,
  });
  pen.text(x, y + 34, change.after, 'n', { max: w, cls: 'ink strong' });
}

export const CABLE_HEIGHT = 50;
const LANE = 13;

/** The cable away from the card: what it sends runs left, what comes to it runs right, to the jack. */
export function drawCable(pen: Pen, cable: Cable | null, box: Box, jack: Point): void {
  if (cable === null) return;
  const { wire, atRight, other } = cable;
  const { x, y, w } = box;
  const left = x + 4;
  const right = x + w - 34;
  pen.text(left, y + 11, 'wire', 'b', { max: 30, cls: wire.here ? 'hereink' : 'layerink', object: wire.id });
  const whole = wire.event === '' ? wire.text : `${wire.text}: ${wire.event}`;
  const said = widthOf(whole, 'n') <= right - left - 34 ? whole : wire.event;
  pen.text(left + 34, y + 11, said, 'n', { max: right - left - 34, cls: wire.here ? 'hereink' : 'ink2' });
  const middle = y + 16 + LANE + 1;
  const tone = wire.up ? 'cable' : 'cable broken';
  pen.path(`M${jack.x} ${jack.y} h6 q6 0 6 6 V${middle - 6} q0 6 -6 6 H${right}`, tone);
  [true, false].forEach((out, nth) => {
    const lane = { x: left, y: y + 16 + nth * (LANE + 2), w: right - left, h: LANE };
    pen.rect(lane, wire.up ? 'pipe' : 'pipe broken', {
      rx: LANE / 2,
      title: out ? `to ${other}` : `from ${other}`,
    });
    const tip = out ? `M${left + 13} ${lane.y + 3.5} l-4 3 l4 3` : `M${right - 13} ${lane.y + 3.5} l4 3 l-4 3`;
    pen.path(tip, 'thin mutedline');
    for (const frame of wire.frames.filter(({ from }) => (from === (atRight ? 1 : 0)) === out)) {
      // Head and tail are parts of the way, from the sender on.
      const [a, b] = out ? [1 - frame.head, 1 - frame.tail] : [frame.tail, frame.head];
      const from = lane.x + a * lane.w;
      const width = Math.max(6, (b - a) * lane.w);
      const label = `#${frame.id}, ${frame.text}`;
      pen.place({
        object: frame.id,
        mode: 'wire',
        cls: out ? 'forth' : 'back',
        label: width >= widthOf(label, 'n') + 10 ? label : width >= 42 ? `#${frame.id}` : '',
        title: `frame #${frame.id}: ${frame.text}`,
        x: Math.min(from, lane.x + lane.w - width),
        y: lane.y + 2,
        w: width,
        h: LANE - 4,
      });
    }
  });
}
