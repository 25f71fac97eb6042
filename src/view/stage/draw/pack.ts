/** Packs blocks into rows, as text is set: left to right, a new row when one is full, slack given to those that grow. */
import type { Box, Pen } from './shapes';

/** How much of the machinery is drawn. */
export type Detail = 'full' | 'medium' | 'brief';

export interface Block {
  readonly id: string;
  /** Least width. */
  readonly min: number;
  /** Share of the slack of its row; 0: keeps its least width. */
  readonly grow: number;
  readonly h: number;
  /** Begins a row of its own. */
  readonly breaks?: boolean;
  readonly draw: (pen: Pen, box: Box) => void;
}

export interface Packed {
  readonly block: Block;
  readonly box: Box;
  /** Top of its row. */
  readonly row: number;
}

export const GAP = 8;
/** Between rows. */
export const ROW_GAP = 6;

export function pack(blocks: readonly Block[], area: Pick<Box, 'x' | 'y' | 'w'>): { packed: Packed[]; height: number } {
  const packed: Packed[] = [];
  let y = area.y;
  for (const row of rowsOf(blocks, area.w)) {
    const taken = row.reduce((sum, block) => sum + Math.min(block.min, area.w), GAP * (row.length - 1));
    const slack = Math.max(0, area.w - taken);
    const shares = row.reduce((sum, block) => sum + block.grow, 0);
    const height = row.reduce((most, block) => Math.max(most, block.h), 0);
    let x = area.x;
    for (const block of row) {
      const w = Math.min(block.min, area.w) + (shares === 0 ? 0 : (slack * block.grow) / shares);
      packed.push({ block, box: { x, y, w, h: block.h }, row: y });
      x += w + GAP;
    }
    y += height + ROW_GAP;
  }
  return { packed, height: blocks.length === 0 ? 0 : y - area.y - ROW_GAP };
}

function rowsOf(blocks: readonly Block[], width: number): Block[][] {
  const rows: Block[][] = [];
  let row: Block[] = [];
  let used = 0;
  for (const block of blocks) {
    const need = Math.min(block.min, width);
    if (row.length > 0 && (block.breaks || used + GAP + need > width)) {
      rows.push(row);
      row = [];
      used = 0;
    }
    used += need + (row.length > 0 ? GAP : 0);
    row.push(block);
  }
  if (row.length > 0) rows.push(row);
  return rows;
}
