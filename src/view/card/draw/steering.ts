/** The RSS unit: hash of the frame, its entry in the redirection table, and the queue it leads to. */
import { type Box, type Pen, widthOf } from '../../stage/draw/shapes';
import type { SteeringView } from '../steering';

const GROUP = 8;
const LINE = 12.5;
/** From this width on a row of the table has half its entries, and the words two columns. */
const WIDE = 460;
const LABEL = 30;

const perRow = (width: number): number => (width >= WIDE ? 64 : 32);
const wordLines = (width: number): number => (width >= WIDE ? 2 : 4);

export function steeringHeight({ table }: SteeringView, width: number): number {
  return (wordLines(width) + Math.ceil(table.length / perRow(width))) * LINE + 9;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

export function drawSteering(pen: Pen, unit: SteeringView, box: Box): void {
  const { x, y, w } = box;
  const { on, last, table, key } = unit;
  const wide = w >= WIDE;
  const keyText = key.map((byte) => hex(byte, 2)).join(' ');
  pen.rect(box, last !== null && last.frame !== 0 ? 'chip busy' : 'chip', {
    rx: 2,
    title: 'RSS: hashes addresses and ports of each frame, so that all frames of a flow come to one queue',
  });
  const left = x + 6;
  const column = wide ? Math.round(w * 0.52) : w;
  const row = (nth: number): number => y + 12 + nth * LINE;
  const word = (nth: number, atRight: boolean, text: string, cls: string, title?: string): void => {
    const line = wide || !atRight ? nth : nth + 2;
    const from = wide && atRight ? x + column : left + (atRight ? 0 : LABEL);
    const max = (wide && !atRight ? x + column - 8 : x + w - 6) - from;
    pen.text(from, row(line), text, 'n', { max, cls, ...(title === undefined ? {} : { title }) });
  };
  pen.text(left, row(0), 'RSS', 'n', { max: LABEL, cls: 'boardink strong' });
  const keyRoom = wide ? x + w - 6 - (x + column) : w - 12;
  word(1, true, keyThatFits(key, keyRoom), 'boardink dim', `RSSRK, the key: ${keyText}`);
  if (last === null || last.entry < 0) {
    const of = on ? `hashes ${unit.fields.filter((field) => wide || field !== 'UDP ports').join(', ')}` : 'off';
    word(0, false, last === null ? of : 'a frame that is not hashed', 'boardink dim');
    if (last === null) word(1, false, 'no frame here to be hashed', 'boardink dim');
    word(0, true, on ? 'RETA: hash to queue' : 'every frame goes to queue 0', 'boardink dim');
  } else {
    word(0, false, `hash 0x${hex(last.hash, 8)}: entry ${last.entry}`, 'boardink strong', `modulo ${table.length}`);
    word(1, false, last.flow || 'of the frame before', 'boardink', `hash of ${last.of}`);
    const vector = unit.vectors[last.queue]?.rx ?? null;
    const goes = `RETA[${last.entry}] = queue ${last.queue}${vector === null ? '' : `, vector ${vector}`}`;
    word(0, true, goes, 'boardink strong', 'the vector is the one that IVAR has for the queue');
  }
  drawTable(pen, unit, { x: left, y: row(wordLines(w)), w: w - 12, h: 0 }, perRow(w));
}

/** As many whole bytes of the key as there is room for, and how many are left. */
function keyThatFits(key: readonly number[], room: number): string {
  const bytes = Math.floor((room / widthOf('0', 'n') - 'key +99 bytes'.length) / 3);
  const shown = key.slice(0, bytes).map((byte) => hex(byte, 2));
  return `key ${shown.join(' ')} +${key.length - shown.length} bytes`;
}

/** The redirection table, a digit an entry: queue numbers have one digit. */
function drawTable(pen: Pen, { table, last, on }: SteeringView, { x, y }: Box, inRow: number): void {
  const entry = last?.entry ?? -1;
  for (let from = 0; from < table.length; from += inRow) {
    const at = y + (from / inRow) * LINE;
    const digits = table.slice(from, from + inRow).map(String);
    const groups = Array.from({ length: Math.ceil(digits.length / GROUP) }, (_, nth) =>
      digits.slice(nth * GROUP, (nth + 1) * GROUP).join(''),
    );
    pen.text(x, at, String(from), 'n', { max: 24, cls: 'boardink dim' });
    const row = groups.join(' ');
    const digit = widthOf('0', 'n');
    const write = (text: string, column: number, cls: string): void =>
      pen.text(x + LABEL + column * digit, at, text, 'n', {
        max: widthOf(text, 'n') + 1,
        cls,
        title: `RETA, entries ${from} to ${from + digits.length - 1}`,
      });
    const cls = on ? 'boardink' : 'boardink dim';
    if (entry < from || entry >= from + inRow) {
      write(row, 0, cls);
      continue;
    }
    const column = entry - from + Math.floor((entry - from) / GROUP);
    pen.rect({ x: x + LABEL + column * digit - 1.2, y: at - 9, w: digit + 2.4, h: 11.4 }, 'bit on', { rx: 1 });
    write(row.slice(0, column), 0, cls);
    write(row[column] ?? '', column, 'bitink');
    write(row.slice(column + 1), column + 1, cls);
  }
}
