/** What a drawing is made of: rectangles, lines and texts with keys, in world pixels. No colours: classes name them. */
import type { Layer } from '../../../trace/layers';

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

interface Common {
  readonly key: string;
  readonly cls: string;
  /** Object to select when it is clicked. */
  readonly object?: number;
  /** Text for the pointer and for assistive technology. */
  readonly title?: string;
  /** What pressing it does, such as `switch tso`. */
  readonly action?: string;
}

export interface RectShape extends Common, Box {
  readonly kind: 'rect';
  readonly rx: number;
  /** A level or a bar: its width moves to a new value. */
  readonly glides?: boolean;
}
export interface TextShape extends Common, Point {
  readonly kind: 'text';
  readonly text: string;
  readonly anchor: 'start' | 'middle' | 'end';
  /** Width it takes, estimated. */
  readonly width: number;
}
export interface PathShape extends Common {
  readonly kind: 'path';
  readonly d: string;
}
export interface CircleShape extends Common, Point {
  readonly kind: 'circle';
  readonly r: number;
}
/** A pointer of a dial: `d` as it stands at twelve o'clock of a dial at the origin. It turns to a new value the short way. */
export interface HandShape extends Common, Point {
  readonly kind: 'hand';
  readonly d: string;
  /** Turns, clockwise. */
  readonly turn: number;
}
export type Shape = RectShape | TextShape | PathShape | CircleShape | HandShape;

/** Type sizes: `m` mono, `n` small mono, `k` bold mono, `t` text, `b` bold text, `s` small text. */
export type Style = 'm' | 'n' | 'k' | 't' | 'b' | 's';

/** Mean advance of a character, world pixels. The mono ones are exact. */
const ADVANCE: Readonly<Record<Style, number>> = { m: 6, n: 5.7, k: 6, t: 5.75, b: 6.1, s: 5.2 };

export function widthOf(text: string, style: Style): number {
  return text.length * ADVANCE[style];
}

/** Shortens a text to a width, with an ellipsis. */
export function fitted(text: string, style: Style, width: number): string {
  const fits = Math.floor(width / ADVANCE[style] + 0.01);
  if (text.length <= fits) return text;
  return fits <= 1 ? '' : `${text.slice(0, fits - 1).trimEnd()}…`;
}

/** Where a packet or frame stands in a drawing. */
export interface Place extends Box {
  readonly object: number;
  /** `token`: with its anatomy; `cell`: a small box; `segment`: a stretch of a ribbon; `wire`: a frame on the link. */
  readonly mode: 'token' | 'cell' | 'segment' | 'wire';
  readonly cls: string;
  readonly label: string;
  readonly title: string;
  readonly layer: Layer;
  /** Where segments of a GSO packet begin in it, world pixels from its left. */
  readonly cuts?: readonly number[];
  /** Block it is in, for keys. */
  readonly block: string;
}

export interface TextOptions {
  /** Longest width; the text is shortened to it. */
  readonly max: number;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly cls?: string;
  readonly object?: number;
  readonly title?: string;
}

interface Extra {
  readonly object?: number;
  readonly title?: string;
  readonly action?: string;
  readonly rx?: number;
}

/** Collects the shapes of one block. Keys are the block's id and a running number, so a block's shapes keep their elements. */
export class Pen {
  readonly shapes: Shape[] = [];
  readonly places: Place[] = [];
  readonly ports = new Map<string, Point>();
  /** The part of the block that is in action at this step. */
  hereBox: Box | null = null;
  private count = 0;

  constructor(
    readonly id: string,
    readonly layer: Layer,
  ) {}

  private key(): string {
    return `${this.id}/${this.count++}`;
  }

  private common(cls: string, extra: Extra): Omit<Common, 'key'> {
    return {
      cls,
      ...(extra.object ? { object: extra.object } : {}),
      ...(extra.title === undefined ? {} : { title: extra.title }),
      ...(extra.action === undefined ? {} : { action: extra.action }),
    };
  }

  rect(box: Box, cls: string, extra: Extra = {}): void {
    const { x, y, w, h } = box;
    this.shapes.push({
      kind: 'rect',
      key: this.key(),
      x,
      y,
      w: Math.max(0, w),
      h: Math.max(0, h),
      rx: extra.rx ?? 2,
      ...this.common(cls, extra),
    });
  }

  text(x: number, y: number, text: string, style: Style, options: TextOptions): void {
    const shown = fitted(text, style, options.max);
    if (shown === '') return;
    this.shapes.push({
      kind: 'text',
      key: this.key(),
      x,
      y,
      text: shown,
      anchor: options.anchor ?? 'start',
      width: widthOf(shown, style),
      ...this.common(`${style} ${options.cls ?? ''}`.trim(), shown === text ? options : { title: text, ...options }),
    });
  }

  path(d: string, cls: string, extra: Extra = {}): void {
    this.shapes.push({ kind: 'path', key: this.key(), d, ...this.common(cls, extra) });
  }

  circle(x: number, y: number, r: number, cls: string, extra: Extra = {}): void {
    this.shapes.push({ kind: 'circle', key: this.key(), x, y, r, ...this.common(cls, extra) });
  }

  /** A bar that covers a part (0 to 1) of a box's width. `name` is its own among the bars of the block. */
  level(name: string, box: Box, part: number, cls: string, extra: Extra = {}): void {
    this.shapes.push({
      kind: 'rect',
      key: `${this.id}/${name}`,
      ...box,
      w: box.w * Math.max(0, Math.min(1, part)),
      rx: extra.rx ?? 1,
      glides: true,
      ...this.common(cls, extra),
    });
  }

  /** `name` is its own among the hands of the block. */
  hand(name: string, center: Point, turn: number, d: string, cls: string, extra: Extra = {}): void {
    const { x, y } = center;
    this.shapes.push({ kind: 'hand', key: `${this.id}/${name}`, x, y, d, turn, ...this.common(cls, extra) });
  }

  place(place: Omit<Place, 'layer' | 'block'>): void {
    this.places.push({ ...place, layer: this.layer, block: this.id });
  }

  port(name: string, x: number, y: number): void {
    this.ports.set(name, { x, y });
  }

  here(box: Box): void {
    this.hereBox = box;
  }
}
