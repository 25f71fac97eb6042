/** The board: DMA engine, offload engines, FIFOs, MAC, PHY and connector, with the lanes between them; and the interrupt unit. */
import { cells } from '../../stage/draw/parts';
import { type Box, type Pen, type Point, widthOf } from '../../stage/draw/shapes';
import { grouped, span } from '../../stage/read';
import type { Switch, SwitchName } from '../../switches';
import { type CardView, type Cause, type Countdown, type Fifo, type InterruptView, PREFETCH } from '../card';

/** A chip with its box; `draw` fills it. */
interface Chip {
  readonly id: string;
  /** Share of the lane's width. */
  readonly share: number;
  /** Data passes into it from the chip before (of a receive lane: from the one behind). */
  readonly flows: boolean;
  draw(pen: Pen, box: Box): void;
}

export const CHIP_HEIGHT = 52;
const LANE_GAP = 15;
export const BETWEEN_LANES = 9;

export type PenFor = (id: string) => Pen;

function switchOf(card: CardView, name: SwitchName): Switch | undefined {
  return card.switches.find((one) => one.name === name);
}

function chipCase(pen: Pen, box: Box, name: string, busy: boolean, object: number, title: string): void {
  pen.rect(box, busy ? 'chip busy' : 'chip', { rx: 2, object, title });
  pen.text(box.x + 6, box.y + 12, name, 'n', { max: box.w - 10, cls: 'boardink strong' });
}

function line(pen: Pen, { x, y, w }: Box, nth: number, text: string, dim = false): void {
  pen.text(x + 6, y + 24 + nth * 11.5, text, 'n', { max: w - 10, cls: dim ? 'boardink dim' : 'boardink' });
}

/** A slide switch at the lower right of a chip, to the right is on. It flips when it is pressed. */
function slideSwitch(pen: Pen, { x, y, w, h }: Box, what: Switch | undefined): void {
  if (what === undefined) return;
  const left = x + w - 24;
  const action = `switch ${what.name}`;
  const title = `${what.label} is ${what.on ? 'on' : 'off'}: flip it from this moment on`;
  const top = y + h - 13;
  pen.rect({ x: left, y: top, w: 19, h: 8 }, what.on ? 'switch on' : 'switch', { rx: 4, action, title });
  pen.circle(what.on ? left + 14.5 : left + 4.5, top + 4, 3.4, 'knob', { action, title });
}

/** What an engine does, in a word or two; what it waits for is said so. */
const PHASES: Readonly<Record<string, string>> = {
  'fetching descriptors': 'reads ring',
  'fetching data': 'reads data',
  'waiting for the FIFO': 'FIFO is full',
  'writing data': 'writes data',
  'waiting for a descriptor': 'ring is empty',
};

function dmaChip(card: CardView, way: 'tx' | 'rx'): Chip {
  const engine = card[way];
  const name = way === 'tx' ? 'TX DMA' : 'RX DMA';
  const busy = engine.phase !== 'idle';
  const many = card.rings.length > 2;
  return {
    id: `${way}.dma`,
    share: 25,
    flows: false,
    draw(pen, box) {
      chipCase(pen, box, name, busy, engine.id, `${name}: ${engine.phase}`);
      const phase = way === 'tx' && card.tx.hung ? 'hangs' : (PHASES[engine.phase] ?? engine.phase);
      line(pen, box, 0, many && busy ? `${engine.queue}: ${phase}` : phase, !busy);
      const { x, y, w } = box;
      const bar = { x: x + 6, y: y + 39, w: w - 12, h: 6 };
      line(pen, { ...box, y: y - 1 }, 1, `${engine.cached} prefetched`, engine.cached === 0);
      pen.rect(bar, 'fifo', { rx: 1, title: `${engine.cached} of ${PREFETCH} descriptors fetched ahead` });
      pen.level('cache', bar, engine.cached / PREFETCH, 'filllevel');
    },
  };
}

function segmentationChip(card: CardView): Chip {
  const { tx } = card;
  const tso = switchOf(card, 'tso');
  return {
    id: 'tx.tso',
    share: 19,
    flows: tx.cuts,
    draw(pen, box) {
      chipCase(pen, box, 'segmenter', tx.cuts, tx.id, 'cuts a packet into segments, each with headers of its own');
      slideSwitch(pen, box, tso);
      if (tx.cuts) {
        line(pen, box, 0, `MSS ${tx.mss}`);
        line(pen, box, 1, `${tx.cut.done} B cut`);
      } else line(pen, box, 0, 'not needed', true);
    },
  };
}

function checksumChip(card: CardView): Chip {
  const { tx } = card;
  return {
    id: 'tx.csum',
    share: 17,
    flows: tx.sums !== '',
    draw(pen, box) {
      chipCase(pen, box, 'checksum', tx.sums !== '', tx.id, 'sums the packet and writes the result into its headers');
      slideSwitch(pen, box, switchOf(card, 'txCsum'));
      line(pen, box, 0, tx.sums === '' ? 'not needed' : tx.sums, tx.sums === '');
    },
  };
}

function verifierChip(card: CardView): Chip {
  const { rx } = card;
  return {
    id: 'rx.csum',
    share: 36,
    flows: rx.moving !== 0,
    draw(pen, box) {
      const busy = rx.moving !== 0 && rx.sums;
      chipCase(
        pen,
        box,
        'checksum verifier',
        busy,
        rx.id,
        'judges IP, TCP and UDP checksums; the verdict goes into the descriptor',
      );
      slideSwitch(pen, box, switchOf(card, 'rxCsum'));
      line(pen, box, 0, rx.sums ? 'judges IP, TCP, UDP' : 'leaves it to the host', !rx.sums);
      if (rx.moving !== 0) line(pen, box, 1, `frame #${rx.moving}`);
    },
  };
}

function fifoChip(id: string, name: string, fifo: Fifo, extra: number, flows: boolean): Chip {
  return {
    id,
    share: 26,
    flows,
    draw(pen, box) {
      const { x, y, w } = box;
      const frames = fifo.frames.includes(extra) || extra === 0 ? fifo.frames : [...fifo.frames, extra];
      pen.rect(box, fifo.bytes > 0 ? 'chip holds' : 'chip', {
        rx: 2,
        object: fifo.id,
        title: `${name}: ${fifo.bytes} of ${fifo.size} bytes, ${fifo.frames.length} frames`,
      });
      pen.text(x + 6, y + 12, name, 'n', { max: 46, cls: 'boardink strong' });
      const bytes = `${grouped(fifo.bytes)} B`;
      const amount = `${bytes} of ${Math.round(fifo.size / 1024)} KiB`;
      pen.text(x + w - 6, y + 12, widthOf(amount, 'n') <= w - 58 ? amount : bytes, 'n', {
        max: w - 58,
        anchor: 'end',
        cls: 'boardink dim',
      });
      pen.rect({ x: x + 6, y: y + 18, w: w - 12, h: 17 }, 'fifo', { rx: 1 });
      cells(pen, { x: x + 8, y: y + 20, w: w - 16, h: 13 }, frames, {
        label: (frame) => `#${frame}`,
        wide: 38,
        cls: () => 'frame',
        counterInk: 'boardink',
      });
      const bar = { x: x + 6, y: y + 40, w: w - 12, h: 5 };
      pen.rect(bar, 'fifo', { rx: 1 });
      pen.level('bytes', bar, fifo.size === 0 ? 0 : fifo.bytes / fifo.size, 'filllevel');
      for (const { at, doc } of fifo.marks) {
        const place = bar.x + bar.w * Math.min(1, at / Math.max(1, fifo.size));
        pen.path(`M${place.toFixed(1)} ${bar.y - 2.5} v${bar.h + 5}`, 'fifomark', { title: doc });
      }
    },
  };
}

function macSendChip(card: CardView): Chip {
  const { tx, counts } = card;
  const busy = tx.sending !== 0;
  return {
    id: 'tx.mac',
    share: 23,
    flows: busy,
    draw(pen, box) {
      const { x, y, w } = box;
      chipCase(pen, box, 'MAC, sends', busy, card.id, 'adds preamble and gap, and sends bit after bit');
      const percent = Math.round(tx.sent * 100);
      const { held } = card.pause;
      const says =
        !busy && held > 0
          ? `paused ${span(held)}`
          : busy
            ? `#${tx.sending} ${percent} %`
            : tx.gap > 0
              ? `gap, ${span(tx.gap)}`
              : `${counts.sent} sent`;
      line(pen, box, 0, says, !busy);
      const bar = { x: x + 6, y: y + 40, w: w - 12, h: 5 };
      pen.rect(bar, 'fifo', { rx: 1, title: 'how much of the frame is on the wire' });
      pen.level('out', bar, busy ? tx.sent : 0, 'sendlevel');
    },
  };
}

function macReceiveChip(card: CardView): Chip {
  const { counts } = card;
  return {
    id: 'rx.mac',
    share: 23,
    flows: card.link.activityLed && card.rx.fifo.bytes > 0,
    draw(pen, box) {
      chipCase(pen, box, 'MAC, receives', false, card.id, `checks the FCS; lets in ${card.mac.filter}`);
      line(pen, box, 0, `${counts.received} received`, counts.received === 0);
      const off = card.mac.filtered + counts.missed;
      const words = off === 0 ? 'none turned off' : `${off} turned off`;
      line(pen, box, 1, card.pause.asks ? 'asks for a pause' : words, off === 0 && !card.pause.asks);
    },
  };
}

/** Lanes of chips that fit a width: a lane is cut in two where it is narrow. */
export function lanesOf(
  card: CardView,
  width: number,
): readonly { readonly way: 'tx' | 'rx'; readonly chips: readonly Chip[] }[] {
  const { tx, rx } = card;
  const txFifo = fifoChip('tx.fifo', 'TX FIFO', tx.fifo, tx.building, tx.building !== 0);
  const rxFifo = fifoChip('rx.fifo', 'RX FIFO', rx.fifo, rx.moving, rx.moving !== 0);
  const first = [dmaChip(card, 'tx'), segmentationChip(card), checksumChip(card)];
  const second = [txFifo, macSendChip(card)];
  const third = [dmaChip(card, 'rx'), verifierChip(card)];
  const fourth = [rxFifo, macReceiveChip(card)];
  if (width >= 520)
    return [
      { way: 'tx', chips: [...first, ...second] },
      { way: 'rx', chips: [...third, ...fourth] },
    ];
  return [
    { way: 'tx', chips: first },
    { way: 'tx', chips: second },
    { way: 'rx', chips: third },
    { way: 'rx', chips: fourth },
  ];
}

/** Draws a lane; traces run through the gaps, lit where data passes. */
export function drawLane(pens: PenFor, way: 'tx' | 'rx', chips: readonly Chip[], box: Box): void {
  const shares = chips.reduce((sum, { share }) => sum + share, 0);
  // A trace is spared for each chip that is joined out of two columns, so that the columns of both lanes agree.
  const columns = way === 'rx' && chips.length === 4 ? 5 : chips.length;
  const room = box.w - LANE_GAP * (columns - 1);
  let x = box.x;
  chips.forEach((chip, nth) => {
    const joined = columns !== chips.length && chip.id === 'rx.csum' ? LANE_GAP : 0;
    const w = (room * chip.share) / shares + joined;
    const pen = pens(chip.id);
    chip.draw(pen, { x, y: box.y, w, h: CHIP_HEIGHT });
    const next = chips[nth + 1];
    if (next !== undefined) {
      const lit = way === 'tx' ? next.flows : next.flows || chip.flows;
      drawTrace(pen, { x: x + w, y: box.y + CHIP_HEIGHT / 2 }, way, lit);
    }
    x += w + LANE_GAP;
  });
}

function drawTrace(pen: Pen, { x, y }: Point, way: 'tx' | 'rx', lit: boolean): void {
  const tone = lit ? 'trace lit' : 'trace';
  const end = x + LANE_GAP;
  const tip = way === 'tx' ? `M${end - 5} ${y - 3} l4 3 l-4 3` : `M${x + 5} ${y - 3} l-4 3 l4 3`;
  pen.path(`M${x + 1} ${y} H${end - 1} ${tip}`, tone);
}

const SPEEDS: Readonly<Record<number, string>> = { 10: '10BASE-T', 100: '100BASE-TX', 1000: '1000BASE-T' };

/** PHY, transformer lines and the RJ45 jack in its bracket, with the LEDs. Returns where the cable begins. */
export function drawPort(pen: Pen, card: CardView, phy: Box, bracket: Box): Point {
  const { link, tx } = card;
  const { x, y, w, h } = phy;
  pen.rect(phy, tx.sending !== 0 ? 'chip busy' : 'chip', {
    rx: 2,
    object: card.id,
    title: 'PHY: turns bits into symbols on the pairs',
  });
  pen.text(x + 6, y + 12, 'PHY', 'n', { max: w - 10, cls: 'boardink strong' });
  const rows = link.up
    ? [SPEEDS[link.speed] ?? `${link.speed} Mb/s`, 'full duplex', 'link up']
    : link.negotiates
      ? ['negotiates', 'no link yet']
      : ['no carrier', 'link down'];
  rows.forEach((text, nth) => {
    if (24 + nth * 11.5 <= h - 3) line(pen, phy, nth, text, !link.up);
  });
  const jack = { x: bracket.x - 16, y: bracket.y + bracket.h / 2 - 19, w: 34, h: 38 };
  const lit = tx.sending !== 0 ? 'trace lit' : 'trace';
  for (let pair = 0; pair < 4; pair++) {
    const at = jack.y + 7 + pair * 8;
    pen.path(`M${x + w} ${at} H${jack.x}`, lit);
  }
  pen.rect({ ...bracket, y: bracket.y - 6, h: bracket.h + 16 }, 'bracket', { rx: 1 });
  const state = link.up ? `link up at ${link.speed} Mb/s` : 'no link';
  pen.rect(jack, 'jack', { rx: 2, title: `RJ45 jack: ${state}` });
  pen.rect({ x: jack.x + 22, y: jack.y + 11, w: 12, h: 16 }, 'latch', { rx: 1 });
  for (let pin = 0; pin < 8; pin++) pen.path(`M${jack.x + 4} ${jack.y + 8 + pin * 3.2} h9`, 'pin');
  const led = (cy: number, on: boolean, cls: string, what: string): void => {
    if (on) pen.circle(bracket.x + bracket.w / 2, cy, 6.5, `halo ${cls}`);
    pen.circle(bracket.x + bracket.w / 2, cy, 3.4, on ? `led ${cls}` : 'led', {
      title: `${what} LED ${on ? 'on' : 'off'}`,
    });
  };
  led(jack.y - 9, link.linkLed, 'link', 'link');
  led(jack.y + jack.h + 9, link.activityLed, 'activity', 'activity');
  return { x: bracket.x + bracket.w, y: jack.y + jack.h / 2 };
}

const LADDER_HEIGHT = 66;
const CAUSE = 44;
/** Below this the throttle stands under the ladder of causes. */
const LADDER_ALONE = 460;

export function interruptHeight({ vectors }: InterruptView, width: number): number {
  return width >= LADDER_ALONE || vectors.length > 0 ? LADDER_HEIGHT : LADDER_HEIGHT + 46;
}
const NARROW_CAUSE = 32;
/** What labels, throttle and its words take of the width. */
const THROTTLE = 206;

/** Where there is little room, causes that neither came nor may interrupt are left out. */
function causesThatFit({ causes }: InterruptView, width: number): readonly Cause[] {
  const fits = Math.floor(width / NARROW_CAUSE);
  if (causes.length <= fits) return causes;
  const rank = ({ pending, enabled }: Cause): number => (enabled ? 2 : 0) + (pending ? 1 : 0);
  const kept = new Set([...causes].sort((a, b) => rank(b) - rank(a)).slice(0, fits));
  return causes.filter((cause) => kept.has(cause));
}

const VECTOR = 70;

/** Vectors of MSI-X: what IVAR sends to each, its bits in EICR and EIMS, an AND, a throttle of its own, and the messages it has sent. */
function drawVectors(pen: Pen, unit: InterruptView, box: Box): void {
  const { x, y, w } = box;
  pen.rect(box, 'chip', { rx: 2, title: 'MSI-X: a message for each vector, written to the host like data' });
  const used = unit.vectors.filter(
    ({ count, enabled, pending, throttle }) => count > 0 || enabled || pending || throttle.of > 0,
  );
  const fits = Math.floor((w - 48) / 30);
  const shown = (used.length > 0 ? used : unit.vectors).slice(0, fits);
  const step = Math.min(VECTOR, (w - 48) / Math.max(1, shown.length));
  for (const [nth, name] of ['IVAR', 'EICR', 'EIMS'].entries())
    pen.text(x + 6, y + 13 + nth * 13, name, 'n', { max: 34, cls: 'boardink strong' });
  shown.forEach((vector, nth) => {
    const middle = x + 44 + (nth + 0.5) * step;
    const both = vector.pending && vector.enabled;
    const held = vector.throttle.left > 0;
    const { index, count, throttle } = vector;
    const state = held ? `throttled, ${span(throttle.left)} to go` : vector.fired ? 'sent, not enabled anew' : 'quiet';
    const named = vector.name || `(${index})`;
    const title = `vector ${index}, of ${vector.name || 'nothing'}: ${state}; ${count} messages so far`;
    pen.text(middle, y + 13, widthOf(named, 'n') <= step ? named : String(index), 'n', {
      max: step,
      anchor: 'middle',
      cls: vector.fired ? 'boardink strong' : 'boardink dim',
      object: vector.id,
      title,
    });
    bit(pen, { x: middle - 7, y: y + 17, w: 14, h: 11 }, vector.pending, `EICR bit ${index}`);
    bit(pen, { x: middle - 7, y: y + 30, w: 14, h: 11 }, vector.enabled, `EIMS bit ${index}`);
    pen.path(`M${middle - 5} ${y + 43} h10 v3 a5 5 0 0 1 -10 0 z`, both ? 'gate lit' : 'gate');
    drawDial(pen, throttle, `dial ${index}`, { x: middle, y: y + 59 }, 5.5, held && both);
    if (step >= 40) pen.text(middle + 8, y + 62.5, `×${count}`, 's', { max: step / 2 - 8, cls: 'boardink dim', title });
  });
}

/** ICR and IMS bit by bit, an AND for each, the OR of all, the throttle, and the line. */
export function drawInterrupts(pen: Pen, unit: InterruptView, box: Box): void {
  if (unit.vectors.length > 0) {
    drawVectors(pen, unit, box);
    return;
  }
  const { x, y, w } = box;
  const raised = unit.line;
  pen.rect(box, raised ? 'chip alarm' : 'chip', {
    rx: 2,
    object: unit.id,
    title: `interrupt unit: the line is ${raised ? 'raised' : 'low'}, raised ${unit.count} times so far`,
  });
  const alone = w < LADDER_ALONE;
  const room = alone ? w - 62 : w - THROTTLE;
  const causes = causesThatFit(unit, room);
  const step = Math.min(CAUSE, room / Math.max(1, causes.length));
  const labels = x + 6;
  pen.text(labels, y + 26, 'ICR', 'n', { max: 24, cls: 'boardink strong', title: 'causes that have come' });
  pen.text(labels, y + 39, 'IMS', 'n', { max: 24, cls: 'boardink strong', title: 'causes that may interrupt' });
  const first = x + 34;
  const bus = y + 59;
  causes.forEach((cause, nth) => {
    const left = first + nth * step;
    const both = cause.pending && cause.enabled;
    const middle = left + step / 2;
    pen.text(middle, y + 13, cause.name, step >= CAUSE ? 'n' : 's', {
      max: step + 4,
      anchor: 'middle',
      cls: both ? 'boardink strong' : 'boardink dim',
      title: `${cause.name}: ${cause.doc}`,
    });
    bit(
      pen,
      { x: middle - 7, y: y + 17, w: 14, h: 11 },
      cause.pending,
      `${cause.name} ${cause.pending ? 'has come' : 'has not come'}: ${cause.doc}`,
    );
    bit(
      pen,
      { x: middle - 7, y: y + 30, w: 14, h: 11 },
      cause.enabled,
      `${cause.name} ${cause.enabled ? 'may' : 'may not'} interrupt`,
    );
    // An AND gate under the two bits, its output down to the common line.
    const top = y + 43;
    pen.path(`M${middle - 5} ${top} h10 v3 a5 5 0 0 1 -10 0 z`, both ? 'gate lit' : 'gate');
    pen.path(`M${middle} ${top + 8} V${bus}`, both ? 'trace lit' : 'trace');
  });
  const wanted = unit.causes.some(({ pending, enabled }) => pending && enabled);
  const lastX = first + (causes.length - 0.5) * step;
  const orX = first + causes.length * step + 6;
  pen.path(`M${first + step / 2} ${bus} H${Math.max(lastX, orX)}`, wanted ? 'trace lit' : 'trace');
  pen.path(`M${orX - 1} ${bus - 6} q4 6 0 12 q9 0 13 -6 q-4 -6 -13 -6 z`, wanted ? 'gate lit' : 'gate', {
    title: 'any of them',
  });
  const dial = alone ? { x: x + 26, y: y + LADDER_HEIGHT + 20 } : { x: orX + 34, y: y + 30 };
  const held = unit.throttle.left > 0;
  const way = alone ? `h6 v9 H${dial.x} V${dial.y - 14}` : `H${dial.x} V${dial.y + 14}`;
  pen.path(`M${orX + 12} ${bus} ${way}`, wanted ? 'trace lit' : 'trace');
  drawDial(pen, unit.throttle, 'hand', dial, 14, held && wanted);
  const textX = dial.x + 21;
  const textY = alone ? y + LADDER_HEIGHT + 3 : y;
  pen.text(textX, textY + 13, 'throttle (ITR)', 'n', { max: x + w - textX - 4, cls: 'boardink strong' });
  const rule = unit.throttle.of === 0 ? 'off' : `≥ ${span(unit.throttle.of)} apart`;
  pen.text(textX, textY + 25, rule, 'n', { max: x + w - textX - 4, cls: 'boardink dim' });
  const says = held ? `${span(unit.throttle.left)} to go` : 'open';
  pen.text(textX, textY + 37, says, 'n', { max: x + w - textX - 4, cls: held ? 'boardink strong' : 'boardink' });
  const running = unit.delays.filter(({ left }) => left > 0);
  const delay = running[0] ?? unit.delays.find(({ of }) => of > 0);
  if (delay !== undefined) {
    const text = delay.left > 0 ? `${delay.name} ${span(delay.left)} to go` : `${delay.name} ${span(delay.of)}`;
    const at = alone ? { x: textX + 116, y: textY + 37 } : { x: textX, y: textY + 49 };
    pen.text(at.x, at.y, text, 'n', {
      max: x + w - at.x - 4,
      cls: delay.left > 0 ? 'boardink' : 'boardink dim',
      title: delay.doc,
    });
  }
  // Out of the throttle to the edge of the unit, where the line goes up to the slot.
  const out = alone
    ? `M${dial.x + 14} ${dial.y - 4} h4 V${y + LADDER_HEIGHT + 4} H`
    : `M${dial.x} ${dial.y - 14} V${y + 3} H`;
  pen.path(`${out}${x + w - 3} V${y + 12} h3`, raised ? 'trace lit' : 'trace');
}

function bit(pen: Pen, box: Box, on: boolean, title: string): void {
  pen.rect(box, on ? 'bit on' : 'bit', { rx: 1, title });
  pen.text(box.x + box.w / 2, box.y + 8.8, on ? '1' : '0', 'n', {
    max: box.w,
    anchor: 'middle',
    cls: on ? 'bitink' : 'boardink dim',
  });
}

/** A dial that runs down: the dark part is what is left. */
function drawDial(pen: Pen, what: Countdown, name: string, center: Point, radius: number, holds: boolean): void {
  pen.circle(center.x, center.y, radius, holds ? 'clock holds' : 'clock', { title: `${what.name}: ${what.doc}` });
  const part = what.of === 0 ? 0 : Math.min(1, what.left / what.of);
  if (part > 0) pen.path(sector(center, radius - 2, part), 'clockpart');
  pen.hand(name, center, part, `M0 0 V${-(radius - 2)}`, 'clockhand');
}

function sector({ x, y }: Point, radius: number, part: number): string {
  const angle = part * 2 * Math.PI;
  const end = `${(x + radius * Math.sin(angle)).toFixed(2)} ${(y - radius * Math.cos(angle)).toFixed(2)}`;
  if (part > 0.999) return `M${x} ${y - radius} A${radius} ${radius} 0 1 1 ${x - 0.01} ${y - radius} Z`;
  return `M${x} ${y} V${y - radius} A${radius} ${radius} 0 ${part > 0.5 ? 1 : 0} 1 ${end} Z`;
}
