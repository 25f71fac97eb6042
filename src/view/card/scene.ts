/** The drawing of a card: host memory with its rings, the bus, the board in its slot, the cable. Pure geometry. */
import type { Layer } from '../../trace/layers';
import { type Box, Pen, type Place } from '../stage/draw/shapes';
import type { Group, Scene } from '../stage/scene';
import type { Cable, CardView } from './card';
import { busHeight, CABLE_HEIGHT, drawBus, drawCable, drawSlot, drawWork, workHeight } from './draw/around';
import { BETWEEN_LANES, CHIP_HEIGHT, drawInterrupts, drawLane, drawPort, interruptHeight, lanesOf } from './draw/board';
import { drawRing, drawSmallRing, RING_HEIGHT } from './draw/ring';
import { drawSteering, steeringHeight } from './draw/steering';
import type { RingView } from './rings';

export interface CardLook {
  /** World pixels. */
  readonly width: number;
  /** Queue whose rings are shown large. */
  readonly queue: number;
  /** Index of the descriptor that is looked at in each ring, by the ring's id. */
  readonly chosen: ReadonlyMap<number, number>;
  /** The driver is at its rings: the camera keeps them in view. */
  readonly atRings: boolean;
}

export type CardScene = Pick<Scene, 'width' | 'height' | 'groups' | 'places' | 'here'>;

const MARGIN = 6;
const GAP = 3;
/** From here on the rings stand beside each other. */
const WIDE = 620;
const SMALL_RING = 40;
const SLOT = 11;

/** Collects pens in order, each a group of shapes. */
class Sheet {
  readonly groups: Group[] = [];
  readonly places: Place[] = [];
  private readonly pens: Pen[] = [];
  pen(id: string, layer: Layer): Pen {
    const made = new Pen(id, layer);
    this.pens.push(made);
    return made;
  }
  close(): void {
    for (const { id, layer, shapes, places } of this.pens) {
      this.groups.push({ key: id, layer, shapes });
      this.places.push(...places);
    }
  }
}

function floor(sheet: Sheet, layer: Layer, box: Box): void {
  const pen = sheet.pen(`floor ${layer}`, layer);
  pen.rect(box, 'floor', { rx: 0 });
  pen.rect({ x: box.x, y: box.y, w: 3, h: box.h }, 'edge', { rx: 0 });
}

/** Rings of the queue that is shown, and all others small above them. Returns the height. */
function drawMemory(sheet: Sheet, card: CardView, look: CardLook, top: number): number {
  const inner = { x: MARGIN + 8, w: look.width - 2 * MARGIN - 12 };
  const queues = Math.max(...card.rings.map(({ queue }) => queue), 0) + 1;
  const shown = card.rings.filter(({ queue }) => queue === Math.min(look.queue, queues - 1));
  const wide = look.width >= WIDE;
  const strip = queues > 1 ? SMALL_RING + 6 : 0;
  const head = 16;
  const rows = wide ? 1 : shown.length;
  const height = head + strip + Math.max(1, rows) * RING_HEIGHT;
  floor(sheet, 'driver', { x: MARGIN, y: top, w: look.width - 2 * MARGIN, h: height });
  const title = sheet.pen('memory', 'driver');
  title.text(inner.x, top + 12, 'host memory', 'b', { max: 90, cls: 'layerink' });
  const legend = wide
    ? 'descriptor rings: triangles inside are the card’s registers, outside the driver’s'
    : 'inside: card, outside: driver';
  title.text(inner.x + 84, top + 12, legend, 't', { max: inner.w - 90, cls: 'ink3' });
  if (queues > 1) drawStrip(sheet, card.rings, look, { x: inner.x, y: top + head, w: inner.w, h: SMALL_RING });
  const w = wide ? (inner.w - 12) / 2 : inner.w;
  shown.forEach((ring, nth) => {
    const pen = sheet.pen(`ring ${ring.direction}`, 'driver');
    const x = inner.x + (wide ? nth * (w + 12) : 0);
    const y = top + head + strip + (wide ? 0 : nth * RING_HEIGHT);
    drawRing(pen, ring, { x, y, w, h: RING_HEIGHT }, look.chosen.get(ring.id) ?? -1, !wide);
  });
  return height;
}

function drawStrip(sheet: Sheet, rings: readonly RingView[], look: CardLook, box: Box): void {
  const pen = sheet.pen('rings', 'driver');
  const w = Math.min(SMALL_RING, box.w / Math.max(1, rings.length) - 4);
  const half = Math.ceil(rings.length / 2);
  rings.forEach((ring, nth) => {
    const gap = nth >= half ? 12 : 0;
    drawSmallRing(pen, ring, { x: box.x + nth * (w + 4) + gap, y: box.y, w, h: box.h }, ring.queue === look.queue);
  });
}

export function cardScene(card: CardView, cable: Cable | null, look: CardLook): CardScene {
  const sheet = new Sheet();
  const { width } = look;
  const full = { x: MARGIN, w: width - 2 * MARGIN };
  let y = MARGIN;
  const memory = { ...full, y, h: drawMemory(sheet, card, look, y) };
  y += memory.h + GAP;

  const bus = busHeight(full.w - 12);
  floor(sheet, 'process', { ...full, y, h: bus + SLOT + 2 });
  const busPen = sheet.pen('bus', 'process');
  const busTop = y;
  y += bus + 3;
  const slotTop = y;
  y += SLOT - 1;

  const board = drawBoard(sheet, card, { ...full, y, h: 0 });
  const busBox = { x: full.x + 8, y: busTop, w: full.w - 12, h: bus };
  drawBus(busPen, card, { ...busBox, h: slotTop - busTop + SLOT - 1 }, board.interruptX);
  drawSlot(sheet.pen('slot', 'nic'), { ...full, y: slotTop, h: SLOT });
  const boardBox = { ...full, y, h: board.height };
  y += board.height + GAP + 3;

  const work = workHeight(full.w);
  drawWork(sheet.pen('work', 'nic'), card, { ...full, w: full.w - 20, y, h: work });
  y += work + GAP;
  floor(sheet, 'wire', { ...full, y, h: CABLE_HEIGHT });
  drawCable(sheet.pen('cable', 'wire'), cable, { x: full.x + 4, y, w: full.w - 4, h: CABLE_HEIGHT }, board.jack);
  y += CABLE_HEIGHT;
  sheet.close();
  return {
    width,
    height: y + MARGIN,
    groups: sheet.groups,
    places: sheet.places,
    here: look.atRings ? memory : boardBox,
  };
}

interface DrawnBoard {
  readonly height: number;
  readonly jack: { readonly x: number; readonly y: number };
  /** Where the interrupt line leaves the board. */
  readonly interruptX: number;
}

const PAD = 10;
const BRACKET = 13;
const PHY_WIDTH = 82;

function drawBoard(sheet: Sheet, card: CardView, area: Box): DrawnBoard {
  const { x, y, w } = area;
  const wide = w >= WIDE;
  const boardPen = sheet.pen('board', 'nic');
  const inner = { x: x + PAD, w: w - PAD - (wide ? PHY_WIDTH + 62 : 52) };
  const lanes = lanesOf(card, inner.w);
  let top = y + PAD;
  // Where it is narrow, lanes reach to the right edge and the port stands below them.
  const laneWidth = wide ? inner.w : w - 2 * PAD - 26;
  for (const { way, chips } of lanes) {
    drawLane((id) => sheet.pen(id, 'nic'), way, chips, { x: inner.x, y: top, w: laneWidth, h: CHIP_HEIGHT });
    top += CHIP_HEIGHT + BETWEEN_LANES;
  }
  const lanesBottom = top - BETWEEN_LANES;
  if (card.steering !== null) {
    const h = steeringHeight(card.steering, laneWidth);
    drawSteering(sheet.pen('rss', 'nic'), card.steering, { x: inner.x, y: top, w: laneWidth, h });
    top += h + BETWEEN_LANES;
  }
  const interruptBox = { x: inner.x, y: top, w: laneWidth, h: interruptHeight(card.interrupts, laneWidth) };
  const interruptPen = sheet.pen('interrupts', 'nic');
  drawInterrupts(interruptPen, card.interrupts, interruptBox);
  // From the unit out to the side of the lanes and up to the slot.
  const interruptX = inner.x + laneWidth + (wide ? 6 : 8);
  const tone = card.interrupts.line ? 'trace lit' : 'trace';
  if (card.interrupts.vectors.length === 0)
    interruptPen.path(`M${inner.x + laneWidth} ${top + 12} H${interruptX} V${y}`, tone);
  top += interruptHeight(card.interrupts, laneWidth) + PAD;
  const portPen = sheet.pen('port', 'nic');
  if (wide) {
    const phy = { x: x + w - PHY_WIDTH - 50, y: y + PAD, w: PHY_WIDTH, h: lanesBottom - y - PAD };
    const bracket = { x: x + w - BRACKET - 14, y: y + PAD, w: BRACKET, h: lanesBottom - y - PAD };
    const jack = drawPort(portPen, card, phy, bracket);
    drawPlate(boardPen, card, { x, y, w: w - 20, h: top - y });
    return { height: top - y, jack, interruptX };
  }
  const phy = { x: x + w - 150, y: top, w: 82, h: 46 };
  const bracket = { x: x + w - BRACKET - 14, y: top, w: BRACKET, h: 46 };
  const jack = drawPort(portPen, card, phy, bracket);
  top += 46 + PAD;
  drawPlate(boardPen, card, { x, y, w: w - 20, h: top - y });
  portPen.text(inner.x, top - 22, `Intel ${card.model}`, 'n', {
    max: w - 190,
    cls: 'boardink strong',
    object: card.id,
  });
  portPen.text(inner.x, top - 10, card.mac.address, 'n', { max: w - 190, cls: 'boardink dim' });
  return { height: top - y, jack, interruptX };
}

function drawPlate(pen: Pen, card: CardView, box: Box): void {
  pen.rect(box, 'board', { rx: 3, object: card.id, title: `${card.name}: Intel ${card.model}, ${card.mac.address}` });
  if (box.w < WIDE - 20) return;
  const right = box.x + box.w - 8;
  pen.text(right, box.y + box.h - 34, card.name, 'n', { max: 110, anchor: 'end', cls: 'boardink dim' });
  pen.text(right, box.y + box.h - 22, `Intel ${card.model}`, 'n', {
    max: 124,
    anchor: 'end',
    cls: 'boardink strong',
    object: card.id,
  });
  pen.text(right, box.y + box.h - 10, card.mac.address, 'n', { max: 124, anchor: 'end', cls: 'boardink dim' });
}
