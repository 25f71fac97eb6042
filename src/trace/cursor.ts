/** Moves a `State` over a trace: the journal applied up to a step, forwards or backwards, from the nearest keyframe. */
import type { Work } from '../base/work';
import { State } from './state';
import type { Trace } from './trace';

/** A copy of the state at a step. */
interface Keyframe {
  readonly words: Float64Array;
  readonly bytes: Uint8Array;
}

/** Bytes that keyframes may take in all. */
const KEYFRAME_BUDGET = 96 << 20;
/** No keyframe for less work than this many journal entries: applying them takes under a millisecond. */
const MIN_SPACING = 1 << 16;
/** Logged bytes that cost as much to apply as one journal entry. */
const BYTES_AN_ENTRY = 16;

export class Cursor {
  /** The state at `step`; the same object for the life of the cursor. */
  readonly state: State;
  private at = -1;
  private wordAt = 0;
  private byteAt = 0;
  /** Steps at which a keyframe is kept, made when the cursor first passes them. */
  private readonly places: readonly number[];
  private readonly keyframes: (Keyframe | undefined)[] = [];

  /** With `once` it is for a single pass from the start to the end, and keeps no keyframes to come back by. */
  constructor(
    readonly trace: Trace,
    { once = false }: { once?: boolean } = {},
  ) {
    this.state = new State(trace);
    this.places = once ? [] : keyframeSteps(trace);
    if (trace.steps > 0) this.seek(0);
  }

  /** Where the cursor stands; -1 only for an empty trace. */
  get step(): number {
    return this.at;
  }

  /** Goes to step n: what is read from `state` after is what stood when event n was recorded. */
  seek(n: number): void {
    if (!Number.isInteger(n) || n < 0 || n >= this.trace.steps)
      throw new RangeError(`step ${n} of ${this.trace.steps}`);
    if (n === this.at) return;
    this.jump(n);
    for (let nth = 0; nth < this.places.length; nth++) {
      const place = this.places[nth] as number;
      if (place <= this.at || place > n || this.keyframes[nth] !== undefined) continue;
      this.apply(place);
      this.keyframes[nth] = this.copy();
    }
    this.apply(n);
  }

  /** Makes the keyframes beforehand, a little at a time, without moving: later jumps are short then. */
  *prepare(): Work<void> {
    const pass = new Cursor(this.trace, { once: true });
    for (let nth = 0; nth < this.places.length; nth++) {
      if (this.keyframes[nth] !== undefined) continue;
      pass.seek(this.places[nth] as number);
      yield;
      if (this.keyframes[nth] === undefined) this.keyframes[nth] = pass.copy();
      yield;
    }
  }

  private copy(): Keyframe {
    return { words: this.state.words.slice(), bytes: this.state.bytes.slice() };
  }

  /** Takes the best keyframe if it is nearer to step n than where the cursor stands. */
  private jump(n: number): void {
    const { trace, state } = this;
    // Copying a keyframe costs about as much as applying this many entries.
    const copy = (state.words.length + state.bytes.length / 8) / 8;
    let best = -1;
    let least = Math.abs(workAt(trace, n) - (this.at < 0 ? 0 : workAt(trace, this.at)));
    for (let nth = 0; nth < this.places.length; nth++) {
      if (this.keyframes[nth] === undefined) continue;
      const distance = Math.abs(workAt(trace, n) - workAt(trace, this.places[nth] as number)) + copy;
      if (distance < least) {
        best = nth;
        least = distance;
      }
    }
    const frame = this.keyframes[best];
    if (frame === undefined) return;
    state.words.set(frame.words);
    state.bytes.set(frame.bytes);
    this.at = this.places[best] as number;
    this.wordAt = trace.data.columns.words[this.at] as number;
    this.byteAt = trace.data.columns.bytes[this.at] as number;
  }

  private apply(n: number): void {
    this.applyWords(this.trace.data.columns.words[n] as number);
    this.applyBytes(this.trace.data.columns.bytes[n] as number);
    this.at = n;
  }

  private applyWords(target: number): void {
    const { words } = this.state;
    const { addr, old, new: after } = this.trace.data.journal;
    let at = this.wordAt;
    while (at < target) {
      words[addr[at] as number] = after[at] as number;
      at++;
    }
    while (at > target) {
      at--;
      words[addr[at] as number] = old[at] as number;
    }
    this.wordAt = at;
  }

  private applyBytes(target: number): void {
    const { byteJournal } = this.trace.data;
    const { addr, len, at: where, log } = byteJournal;
    const { bytes } = this.state;
    while (this.byteAt < target) {
      const at = this.byteAt++;
      const size = len[at] as number;
      put(bytes, addr[at] as number, log, (where[at] as number) + size, size);
    }
    while (this.byteAt > target) {
      const at = --this.byteAt;
      put(bytes, addr[at] as number, log, where[at] as number, len[at] as number);
    }
  }
}

function put(to: Uint8Array, at: number, from: Uint8Array, start: number, len: number): void {
  if (len > 16) to.set(from.subarray(start, start + len), at);
  else for (let i = 0; i < len; i++) to[at + i] = from[start + i] as number;
}

/** Work to build the state of step n from nothing, in journal entries. */
function workAt(trace: Trace, n: number): number {
  const { columns, byteJournal } = trace.data;
  const byte = columns.bytes[n] as number;
  const logged = byte === 0 ? 0 : (byteJournal.at[byte - 1] as number);
  return (columns.words[n] as number) + byte + logged / BYTES_AN_ENTRY;
}

/** Steps at even distances of work, as many as the budget allows. */
function keyframeSteps(trace: Trace): number[] {
  if (trace.steps === 0) return [];
  const { size } = trace.data;
  const affordable = Math.max(1, Math.floor(KEYFRAME_BUDGET / (size.words * 8 + size.ram)));
  const spacing = Math.max(MIN_SPACING, workAt(trace, trace.steps - 1) / affordable);
  const places: number[] = [];
  for (let at = firstWith(trace, 0, spacing); at < trace.steps; ) {
    places.push(at);
    at = firstWith(trace, at, workAt(trace, at) + spacing);
  }
  return places;
}

/** First step from `from` on that takes at least so much work; the number of steps if there is none. */
function firstWith(trace: Trace, from: number, work: number): number {
  let low = from;
  let high = trace.steps;
  while (low < high) {
    const mid = (low + high) >> 1;
    if (workAt(trace, mid) < work) low = mid + 1;
    else high = mid;
  }
  return low;
}
