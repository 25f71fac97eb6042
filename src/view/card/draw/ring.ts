/** Descriptor rings, drawn as rings: states as arcs, heads and tails as hands, and a window onto eight descriptors. */
import { type Box, type Pen, type Point, widthOf } from '../../stage/draw/shapes';
import { grouped } from '../../stage/read';
import {
  type DescriptorRow,
  type DescriptorState,
  type Pointer,
  type RingView,
  type Stretch,
  stateWords,
} from '../rings';

/** Descriptors the window shows: a page of the ring, so that rows stay where they are while the head moves. */
export const PAGE = 8;
const ROW = 13.5;
const HEADER = 31;
export const RING_HEIGHT = HEADER + PAGE * ROW + 12;

function onCircle(center: Point, radius: number, turn: number): string {
  const angle = (turn - 0.25) * 2 * Math.PI;
  return `${(center.x + radius * Math.cos(angle)).toFixed(2)} ${(center.y + radius * Math.sin(angle)).toFixed(2)}`;
}

/** A stretch of the circle, clockwise, in four pieces: none is longer than half a turn. */
function arc(center: Point, radius: number, from: number, to: number): string {
  const piece = (to - from) / 4;
  const ends = [1, 2, 3, 4].map((nth) => `A${radius} ${radius} 0 0 1 ${onCircle(center, radius, from + nth * piece)}`);
  return `M${onCircle(center, radius, from)} ${ends.join(' ')}`;
}

const STATE_RANK: readonly DescriptorState[] = ['free', 'owned', 'back', 'done', 'filled', 'fetched', 'active'];

/** The circle alone; what is rare lies above what is common, and is never thinner than can be seen. */
function drawCircle(pen: Pen, ring: RingView, center: Point, radius: number, thick: boolean): void {
  const least = 1.6 / (2 * Math.PI * radius);
  const ordered = [...ring.stretches].sort((a, b) => STATE_RANK.indexOf(a.state) - STATE_RANK.indexOf(b.state));
  const size = thick ? '' : ' small';
  if (ring.count === 0) pen.path(arc(center, radius, 0, 1), `desc free${size}`, { title: 'no ring is set up' });
  for (const { from, to, state } of ordered) {
    const start = from / ring.count;
    const end = Math.max(to / ring.count, start + least);
    pen.path(arc(center, radius, start, Math.min(end, start + 1)), `desc ${state}${size}`, {
      object: ring.id,
      title: stretchWords(ring, { from, to, state }),
    });
  }
}

function stretchWords(ring: RingView, { from, to, state }: Stretch): string {
  const which = to - from === 1 ? `descriptor ${from}` : `descriptors ${from} to ${to - 1}`;
  return `${which}: ${stateWords(ring.direction, state)}`;
}

/** A ring with its page. `selected`: index of the descriptor that is looked at, -1: none. */
export function drawRing(pen: Pen, ring: RingView, box: Box, selected: number, small = false): void {
  const { x, y, w } = box;
  const radius = small ? 44 : 49;
  const center = { x: x + radius + 16, y: y + HEADER + (PAGE * ROW) / 2 + 2 };
  const name = `${ring.direction} ring${ring.queue > 0 ? ` ${ring.queue}` : ''}`;
  pen.text(x + 4, y + 11, name, 'b', { max: 80, cls: 'ink', object: ring.id });
  const sizeText =
    ring.count === 0 ? 'not set up' : `${ring.count} × 16 bytes at 0x${ring.base.toString(16)}, ${usedText(ring)}`;
  pen.text(x + 4 + widthOf(name, 'b') + 8, y + 11, sizeText, 't', { max: w - widthOf(name, 'b') - 14, cls: 'ink2' });
  drawCircle(pen, ring, center, radius, true);
  if (ring.count > 0) {
    const page = pageOf(ring, selected);
    pen.path(arc(center, radius + 8, page / ring.count, Math.min(ring.count, page + PAGE) / ring.count), 'pagearc', {
      title: `descriptors ${page} to ${Math.min(ring.count, page + PAGE) - 1}: the table beside`,
    });
    drawHands(pen, ring, center, radius);
  }
  drawPointers(pen, ring, center);
  const left = center.x + radius + 22;
  drawPage(pen, ring, { x: left, y, w: x + w - left - 2, h: box.h }, selected);
}

function usedText(ring: RingView): string {
  if (ring.direction === 'TX') return ring.used === 0 ? 'all free' : `${grouped(ring.used)} in use`;
  return `${grouped(ring.owned)} posted`;
}

function pageOf(ring: RingView, selected: number): number {
  return Math.floor((selected >= 0 ? selected : ring.focus) / PAGE) * PAGE;
}

/** Card's pointers stand inside the circle, the driver's outside. */
function drawHands(pen: Pen, ring: RingView, center: Point, radius: number): void {
  const inner = radius - 7;
  const outer = radius + 11;
  const hand = (pointer: Pointer, d: string, cls: string): void =>
    pen.hand(pointer.name, center, pointer.at / ring.count, d, cls, { title: `${pointer.name} ${pointer.at}` });
  hand(ring.clean, `M0 ${-outer} l-3.5 -6 h7 z`, 'hand driver hollow');
  hand(ring.use, `M0 ${-outer} l-3.5 -6 h7 z`, 'hand driver');
  hand(ring.head, `M0 ${-inner} l-3.5 6 h7 z`, 'hand card hollow');
  hand(ring.tail, `M0 ${-inner} l-3.5 6 h7 z`, 'hand card');
}

/** The pointers' names and values in the middle of the circle. */
function drawPointers(pen: Pen, ring: RingView, { x, y }: Point): void {
  const lines: readonly (readonly [Pointer, string, string])[] = [
    [ring.head, ring.head.name, 'hand card hollow'],
    [ring.tail, ring.tail.name, 'hand card'],
    [ring.clean, 'clean', 'hand driver hollow'],
    [ring.use, 'use', 'hand driver'],
  ];
  lines.forEach(([pointer, label, cls], nth) => {
    const line = y - 13.5 + nth * 11;
    const inward = pointer.owner === 'card';
    pen.path(inward ? `M${x - 28} ${line - 5.5} l-3 5.5 h6 z` : `M${x - 28} ${line} l-3 -5.5 h6 z`, cls, {
      title: pointer.doc,
    });
    pen.text(x - 23, line, label, 'n', { max: 32, cls: 'ink2', title: `${pointer.name}: ${pointer.doc}` });
    pen.text(x + 28, line, String(pointer.at), 'n', { max: 26, anchor: 'end', cls: 'ink strong' });
  });
}

interface Column {
  readonly name: string;
  readonly w: number;
  readonly end?: boolean;
  text(row: DescriptorRow): string;
}

/** Columns that fit, the most telling first. */
function columnsOf(ring: RingView, width: number): readonly Column[] {
  const kind: Column = { name: 'kind', w: 44, text: ({ descriptor }) => descriptor.kind };
  const bits: Column = {
    name: 'status',
    w: 44,
    text: ({ descriptor }) => (descriptor.done ? descriptor.bits.slice(0, 2).join(' ') : ''),
  };
  const all: readonly Column[] = [
    { name: '#', w: 27, end: true, text: ({ index }) => String(index) },
    ring.direction === 'TX' ? kind : bits,
    {
      name: 'buffer',
      w: 50,
      text: ({ descriptor }) => (descriptor.buffer === 0 ? '' : `0x${descriptor.buffer.toString(16)}`),
    },
    {
      name: 'bytes',
      w: 32,
      end: true,
      text: ({ descriptor, state }) =>
        descriptor.kind === 'context' || (ring.direction === 'RX' && state !== 'back') ? '' : String(descriptor.length),
    },
    { name: 'state', w: 64, text: ({ state }) => stateWords(ring.direction, state) },
  ];
  const room = width - SKB_LEAST;
  let used = 0;
  const order = [0, 4, 3, 2, 1];
  const kept = new Set<number>();
  for (const nth of order) {
    used += (all[nth] as Column).w + 6;
    if (used <= room) kept.add(nth);
  }
  return all.filter((_, nth) => kept.has(nth));
}

const SKB_LEAST = 30;

function drawPage(pen: Pen, ring: RingView, { x, y, w }: Box, selected: number): void {
  const columns = columnsOf(ring, w);
  let at = x;
  const lefts = columns.map((column) => {
    const left = at;
    at += column.w + 6;
    return left;
  });
  const skbLeft = at;
  const skbWidth = Math.min(52, x + w - at);
  columns.forEach((column, nth) => {
    const left = lefts[nth] as number;
    pen.text(column.end ? left + column.w : left, y + 26, column.name, 's', {
      max: column.w,
      anchor: column.end ? 'end' : 'start',
      cls: 'ink3',
    });
  });
  pen.text(skbLeft, y + 26, 'skb', 's', { max: skbWidth, cls: 'ink3' });
  const page = pageOf(ring, selected);
  const rows = Array.from({ length: Math.max(0, Math.min(PAGE, ring.count - page)) }, (_, nth) => ring.row(page + nth));
  for (const [nth, row] of rows.entries()) {
    const top = y + HEADER + nth * ROW;
    const tone = `descrow ${row.state}${row.changed ? ' touched' : ''}${row.index === selected ? ' chosen' : ''}`;
    pen.rect({ x: x - 4, y: top, w: skbLeft + skbWidth - x + 4, h: ROW - 1 }, tone, {
      rx: 1.5,
      object: row.object,
      title: `${ring.direction} descriptor ${row.index}: ${stateWords(ring.direction, row.state)}; ${row.descriptor.bits.join(' ')}`,
    });
    pen.rect({ x: x - 4, y: top, w: 3, h: ROW - 1 }, `descmark ${row.state}`, { rx: 0 });
    columns.forEach((column, which) => {
      const left = lefts[which] as number;
      const empty = row.state === 'free' && column.name !== '#' && column.name !== 'state';
      if (empty) return;
      pen.text(column.end ? left + column.w : left, top + 9.5, column.text(row), column.name === 'state' ? 's' : 'n', {
        max: column.w,
        anchor: column.end ? 'end' : 'start',
        cls: row.state === 'free' ? 'ink3' : row.state === 'active' ? 'ink strong' : 'ink2',
      });
    });
  }
  drawPackets(pen, rows, { x: skbLeft, y: y + HEADER, w: skbWidth - 2, h: 0 });
}

/** The skbs of a page: one cell over all descriptors of a packet. */
function drawPackets(pen: Pen, rows: readonly DescriptorRow[], { x, y, w }: Box): void {
  rows.forEach((row, nth) => {
    if (row.skb === 0 || row.state === 'free' || rows[nth - 1]?.skb === row.skb) return;
    const after = rows.findIndex((other, at) => at > nth && other.skb !== row.skb);
    const covered = (after < 0 ? rows.length : after) - nth;
    const label = `#${row.skb}`;
    pen.place({
      object: row.skb,
      mode: 'cell',
      cls: '',
      label: w >= widthOf(label, 'n') ? label : '',
      title: `sk_buff #${row.skb}`,
      x,
      y: y + nth * ROW + 1,
      w,
      h: covered * ROW - 3,
    });
  });
}

/** A small ring of one of many queues, to choose by. */
export function drawSmallRing(pen: Pen, ring: RingView, box: Box, isShown: boolean): void {
  const radius = Math.min(box.w / 2 - 8, 15);
  const center = { x: box.x + box.w / 2, y: box.y + radius + 6 };
  pen.rect(box, isShown ? 'ringpick shown' : 'ringpick', {
    rx: 3,
    object: ring.id,
    title: `${ring.direction} ring ${ring.queue}: ${usedText(ring)}`,
  });
  drawCircle(pen, ring, center, radius, false);
  pen.text(center.x, center.y + 3, String(ring.queue), 'n', { max: 20, anchor: 'middle', cls: 'ink' });
}
