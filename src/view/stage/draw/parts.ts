/** Machinery that several floors use: cabinets of function pointers, structs, locks, bins, gauges. */
import type { Cabinet } from '../floors/context';
import type { LockStage } from '../floors/device';
import { grouped } from '../read';
import type { Block } from './pack';
import { type Box, type Pen, type Style, widthOf } from './shapes';

const ROW = 13;
const TITLE = 13;

/** A function-pointer table with its slots; the followed one is marked. */
export function cabinet(id: string, table: Cabinet | null, min = 168): Block[] {
  if (table === null || table.rows.length === 0) return [];
  return [
    {
      id,
      min,
      grow: 3,
      h: TITLE + table.rows.length * ROW,
      draw(pen, { x, y, w }) {
        pen.text(x, y + 9, table.name, 'n', { max: w, cls: 'ink2', title: `${table.name}, a struct ${table.type}` });
        const slotWidth = Math.min(w * 0.46, 5.7 * Math.max(...table.rows.map(({ slot }) => slot.length)) + 12);
        table.rows.forEach((row, nth) => {
          const top = y + TITLE + nth * ROW;
          const box = { x, y: top, w, h: ROW };
          const tone = row.here ? 'slot here' : row.followed ? 'slot followed' : 'slot';
          pen.rect(box, tone, { rx: 0, title: `${table.name}.${row.slot} = ${row.target}` });
          const ink = row.here ? 'hereink strong' : row.followed ? 'ink strong' : 'ink3';
          pen.text(x + 5, top + 9.5, row.slot, 'n', { max: slotWidth - 6, cls: ink });
          pen.text(x + w - 5, top + 9.5, row.target, 'n', { max: w - slotWidth - 8, anchor: 'end', cls: ink });
          if (row.here) pen.here(box);
        });
        pen.port('in', x, y + TITLE + (table.rows.length * ROW) / 2);
      },
    },
  ];
}

export interface FieldRow {
  readonly name: string;
  readonly value: string;
  /** Name of the port at its right, for a pointer. */
  readonly port?: string;
  readonly cls?: string;
  readonly object?: number;
}

/** A struct as a card with a few fields. */
export function card(
  id: string,
  object: number,
  title: string,
  fields: readonly FieldRow[],
  min: number,
  grow = 1,
  titlePort = '',
): Block {
  return {
    id,
    min,
    grow,
    h: 17 + fields.length * 11.5,
    draw(pen, box) {
      const { x, y, w } = box;
      pen.rect(box, 'card', { object, title });
      pen.text(x + 6, y + 11, title, 'k', { max: w - 10, cls: 'ink', object });
      if (titlePort !== '') pen.port(titlePort, x + w, y + 9);
      fields.forEach((field, nth) => {
        const line = y + 22.5 + nth * 11.5;
        pen.text(x + 6, line, field.name, 'n', { max: w - 10, cls: 'ink3' });
        const left = w - 16 - widthOf(field.name, 'n');
        pen.text(x + w - 6, line, field.value, 'n', {
          max: left,
          anchor: 'end',
          cls: field.cls ?? 'ink2',
          object: field.object ?? 0,
        });
        if (field.port !== undefined) pen.port(field.port, x + w, line - 3);
      });
    },
  };
}

/** A padlock with its owner and those who wait. */
export function padlock(id: string, lock: LockStage | null, min = 96): Block[] {
  if (lock === null) return [];
  return [
    {
      id,
      min,
      grow: 1,
      h: 34,
      draw(pen, box) {
        const { x, y, w } = box;
        if (lock.here) pen.here(box);
        pen.rect(box, lock.here ? 'card here' : 'card', { object: lock.id, title: `${lock.name}: ${lock.owner}` });
        const tone = lock.waiters.length > 0 ? 'blockedline' : lock.locked ? 'strongline' : 'mutedline';
        // The shackle is in the body when it is locked, swung open when it is free.
        const shackle = lock.locked
          ? `M${x + 9} ${y + 15} v-4 a4 4 0 0 1 8 0 v4`
          : `M${x + 9} ${y + 15} v-5 a4 4 0 0 1 8 0`;
        pen.path(shackle, `thin ${tone}`);
        pen.rect({ x: x + 7, y: y + 15, w: 12, h: 10 }, lock.locked ? 'lockbody locked' : 'lockbody', { rx: 1.5 });
        const text = w - 30;
        const waits = lock.waiters.length > 0;
        const first = y + (waits ? 10.5 : 13);
        pen.text(x + 25, first, lock.name, 'b', { max: text, cls: 'ink' });
        pen.text(x + 25, first + (waits ? 10 : 13), lock.owner, 'n', { max: text, cls: waits ? 'ink strong' : 'ink2' });
        if (waits)
          pen.text(x + 25, y + 31, `${lock.waiters.join(' ')} spins`, 'n', { max: text, cls: 'blocked strong' });
      },
    },
  ];
}

export interface CellsOptions {
  readonly label: (id: number) => string;
  readonly cls?: (id: number) => string;
  /** Width of a cell where there is room. */
  readonly wide: number;
  /** False: what finds no room is not counted, as it is told elsewhere. */
  readonly counts?: boolean;
  /** Class of the count, where the ground is not that of the page. */
  readonly counterInk?: string;
}

/** Packets in a row of cells; what finds no room is counted at the end. */
export function cells(pen: Pen, box: Box, ids: readonly number[], options: CellsOptions): void {
  if (ids.length === 0) return;
  const counter = options.counts === false ? 0 : 26;
  let size = options.wide;
  let fits = Math.floor((box.w + 2) / (size + 2));
  if (fits < ids.length) {
    size = Math.max(7, (box.w - counter) / ids.length - 2);
    fits = Math.floor((box.w - counter + 2) / (size + 2));
  }
  const shown = ids.slice(0, Math.max(1, Math.min(ids.length, fits)));
  shown.forEach((id, nth) => {
    const label = options.label(id);
    pen.place({
      object: id,
      mode: 'cell',
      cls: options.cls?.(id) ?? '',
      label: size >= label.length * 5.2 + 4 ? label : '',
      title: `sk_buff #${id}`,
      x: box.x + nth * (size + 2),
      y: box.y,
      w: Math.min(size, box.w),
      h: box.h,
    });
  });
  const left = ids.length - shown.length;
  if (left > 0 && counter > 0)
    pen.text(box.x + box.w, box.y + box.h - 3, `+${left}`, 'n', {
      max: counter,
      anchor: 'end',
      cls: options.counterInk ?? 'ink2',
    });
}

/** A level: used of limit. */
export function gauge(id: string, name: string, used: number, limit: number, min = 110): Block {
  return {
    id,
    min,
    grow: 1,
    h: 24,
    draw(pen, { x, y, w }) {
      const part = limit > 0 ? Math.min(1, used / limit) : 0;
      const count = Math.min(widthOf(grouped(used), 'n'), w * 0.5);
      pen.text(x, y + 9, name, 't', { max: w - count - 5, cls: 'ink2' });
      pen.text(x + w, y + 9, grouped(used), 'n', {
        max: w * 0.5,
        anchor: 'end',
        cls: used >= limit ? 'blocked strong' : 'ink2',
      });
      pen.rect({ x, y: y + 13, w, h: 7 }, 'trough', { title: `${name}: ${used} of ${limit} bytes` });
      pen.rect({ x, y: y + 13, w: w * part, h: 7 }, used >= limit ? 'level full' : 'level');
    },
  };
}

/** One line of text, such as a fact that needs no picture. */
export function note(
  id: string,
  text: string,
  min: number,
  options: { style?: Style; cls?: string; object?: number; grow?: number } = {},
): Block {
  return {
    id,
    min,
    grow: options.grow ?? 1,
    h: 13,
    draw(pen, { x, y, w }) {
      pen.text(x, y + 9.5, text, options.style ?? 't', {
        max: w,
        cls: options.cls ?? 'ink2',
        ...(options.object === undefined ? {} : { object: options.object }),
      });
    },
  };
}

/** Text set in lines of a width, at most three. */
export function paragraph(id: string, text: string, width: number): Block {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && widthOf(`${last} ${word}`, 't') <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  const shown = lines.slice(0, 3);
  return {
    id,
    min: width,
    grow: 1,
    h: Math.max(1, shown.length) * 13,
    breaks: true,
    draw(pen, { x, y, w }) {
      shown.forEach((line, nth) => {
        pen.text(x, y + 9.5 + nth * 13, line, 't', { max: w + 1, cls: 'ink' });
      });
    },
  };
}
