/** Who runs, and which packet is in whose hands: the open frames of every context at a step. */
import type { ContextInfo } from '../../trace/data';
import { type Layer, layerOf } from '../../trace/layers';
import { Kind, NONE, Tag } from '../../trace/recorder';
import type { State } from '../../trace/state';
import type { Frame, Trace } from '../../trace/trace';

/** A frame with the floor it stands on. */
export interface Standing {
  readonly frame: Frame;
  readonly layer: Layer;
}

/** A context with its open frames, outermost first. */
export interface Hand {
  readonly context: ContextInfo;
  readonly frames: readonly Standing[];
  /** Its latest event. */
  readonly at: number;
  /** It is the context of the step. */
  readonly current: boolean;
}

/** A packet that a function holds. */
export interface Held {
  readonly skb: number;
  readonly host: number;
  readonly layer: Layer;
  readonly fn: string;
  readonly context: string;
  /** It is in the hands of the function under way. */
  readonly current: boolean;
  /** The function under way in its context works on it (else an outer one keeps it in a variable). */
  readonly direct: boolean;
}

const OUTERMOST: Readonly<Record<ContextInfo['kind'], Layer>> = {
  task: 'process',
  softirq: 'device',
  hardirq: 'driver',
  hardware: 'nic',
};

function openFrames(trace: Trace, ctx: number, step: number): { frames: Frame[]; at: number } {
  const at = trace.lastEventOf(ctx, step);
  if (at < 0) return { frames: [], at };
  const frames = trace.stackAt(at);
  // A LEAVE that is over: the frame is gone.
  if (trace.kind(at) === Kind.LEAVE && at < step) frames.pop();
  return { frames, at };
}

function standing(frames: readonly Frame[], kind: ContextInfo['kind']): Standing[] {
  let layer = OUTERMOST[kind];
  return frames.map((frame) => {
    layer = layerOf(frame.fact.file) ?? layer;
    return { frame, layer };
  });
}

/** All contexts with open frames, and the current one in any case. */
export function handsAt(trace: Trace, step: number): Hand[] {
  const now = trace.ctx(step);
  const hands: Hand[] = [];
  for (const context of trace.data.contexts) {
    const { frames, at } = openFrames(trace, context.id, step);
    const current = context.id === now;
    if (frames.length > 0 || current) hands.push({ context, frames: standing(frames, context.kind), at, current });
  }
  return hands;
}

/** The hand to show of a host: the current one, else the one that did something last. */
export function handOf(hands: readonly Hand[], host: number): Hand | null {
  const own = hands.filter((hand) => hand.context.host === host && hand.frames.length > 0);
  return own.find((hand) => hand.current) ?? own.sort((a, b) => b.at - a.at)[0] ?? null;
}

/** The skb of a frame's event; marks such as a spin have another object there, so the event before them counts. */
function skbAt(trace: Trace, event: number): number {
  const code = trace.isCode(event) ? event : trace.link(event);
  return code === NONE ? 0 : trace.skb(code);
}

/** Every packet that a variable of an open frame names; the innermost frame that does counts. */
export function heldAt(trace: Trace, state: State, hands: readonly Hand[]): Held[] {
  const found = new Map<number, Held>();
  for (const hand of hands) {
    const last = hand.frames.findLastIndex(({ frame }) => skbAt(trace, frame.at) !== 0);
    hand.frames.forEach(({ frame, layer }, depth) => {
      const named = new Set(objectsOf(trace, frame.at));
      const inHand = skbAt(trace, frame.at);
      if (inHand !== 0) named.add(inHand);
      for (const skb of named) {
        const view = state.find(skb);
        if (view === null || !view.live || view.type !== 'sk_buff') continue;
        const direct = depth === last && skb === inHand;
        // What an outer function still names may long be in a queue: there it is.
        if (!direct && view.has('list') && view.num('list') !== 0) continue;
        const known = found.get(skb);
        if (known?.current && !hand.current) continue;
        const { name, host } = hand.context;
        found.set(skb, {
          skb,
          host,
          layer,
          fn: frame.fact.name,
          context: name,
          current: hand.current && (direct || (known?.current ?? false)),
          direct: direct || (known?.direct ?? false),
        });
      }
    });
  }
  return [...found.values()];
}

function objectsOf(trace: Trace, event: number): number[] {
  return trace
    .variablesAt(event)
    .filter(({ tag, isReturn }) => tag === Tag.OBJECT && !isReturn)
    .map(({ value }) => value as number);
}

/** Arguments and locals of open frames that are objects of a type, innermost first. */
export function namedObjects(trace: Trace, state: State, hand: Hand, type: string): number[] {
  return [...hand.frames].reverse().flatMap(({ frame }) =>
    objectsOf(trace, frame.at).filter((id) => {
      const view = state.find(id);
      return view?.live === true && view.is(type);
    }),
  );
}
