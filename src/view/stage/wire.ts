/** The link at the bottom: a lane each way, and frames as long as they are: first to last bit, by virtual time. */
import { type Box, type Pen, type Point, widthOf } from './draw/shapes';
import { anatomyText, tokenName } from './draw/token';
import type { WireFrame, WireStage } from './floors/hardware';
import type { Stage } from './stage';

export const WIRE_HEIGHT = 46;
const LANE = 14;
const ENDS = 22;
/** Where the other end is not drawn, its name stands there. */
const NAMED_END = 44;

/** A cable's ends: host numbers, -1 where there is none, and where their jacks are if those are drawn. */
export interface WireEnds {
  readonly hosts: readonly [number, number];
  readonly jacks: readonly [Point | null, Point | null];
}

export function drawWire(pen: Pen, stage: Stage, wire: WireStage, box: Box, { hosts, jacks }: WireEnds): void {
  const { x, y, w } = box;
  const left = jacks[0] === null ? x + NAMED_END : jacks[0].x + ENDS;
  const right = jacks[1] === null ? x + w - NAMED_END : jacks[1].x - ENDS;
  const room = right - left - 40;
  const whole = wire.event === '' ? wire.text : `${wire.text}: ${wire.event}`;
  const said = widthOf(whole, 'n') <= room ? whole : wire.event || wire.text;
  pen.text(left + 4, y + 11, 'wire', 'b', { max: 40, cls: wire.here ? 'hereink' : 'layerink', object: wire.id });
  const cls = wire.here ? 'hereink' : wire.up ? 'ink2' : 'drop';
  pen.text(left + 36, y + 11, said, 'n', { max: room, cls });
  for (const from of [0, 1] as const) {
    const top = y + 15 + from * (LANE + 2);
    const tone = wire.up ? 'pipe' : 'pipe broken';
    pen.rect({ x: left, y: top, w: right - left, h: LANE }, tone, {
      rx: LANE / 2,
      title: `from ${nameOf(stage, hosts[from])} to ${nameOf(stage, hosts[1 - from] as number)}`,
    });
    const arrow = from === 0 ? `M${right - 14} ${top + 5} l4 3.5 l-4 3.5` : `M${left + 14} ${top + 5} l-4 3.5 l4 3.5`;
    pen.path(arrow, 'thin mutedline');
    const frames = wire.frames.filter((frame) => frame.from === from);
    for (const frame of frames) drawFrame(pen, stage, frame, { x: left, y: top, w: right - left, h: LANE });
  }
  const middle = y + 15 + LANE + 1;
  for (const side of [0, 1] as const) {
    const jack = jacks[side];
    const end = side === 0 ? left : right;
    const tone = wire.up ? 'cable' : 'cable broken';
    if (jack === null) {
      const edge = side === 0 ? x : x + w;
      pen.path(`M${edge} ${middle} H${end}`, tone);
      pen.text(edge, y + 11, nameOf(stage, hosts[side]), 'n', {
        max: NAMED_END - 4,
        anchor: side === 0 ? 'start' : 'end',
        cls: 'ink2',
      });
      continue;
    }
    // From the jack down past the card, then round into the pipe.
    const turn = side === 0 ? 9 : -9;
    pen.path(`M${jack.x} ${jack.y + 6} V${middle - 9} Q${jack.x} ${middle} ${jack.x + turn} ${middle} H${end}`, tone);
  }
}

/** The other end may be no host: a script plays it. */
function nameOf(stage: Stage, host: number): string {
  return host < 0 ? 'script' : `host ${stage.hosts[host]?.name ?? host}`;
}

function drawFrame(pen: Pen, stage: Stage, frame: WireFrame, lane: Box): void {
  const packet = stage.packet(frame.id);
  const near = frame.from === 0 ? frame.tail : 1 - frame.head;
  const far = frame.from === 0 ? frame.head : 1 - frame.tail;
  const from = lane.x + near * lane.w;
  const w = Math.max(6, (far - near) * lane.w);
  const x = Math.min(from, lane.x + lane.w - w);
  const name = packet === null ? `#${frame.id}` : tokenName(packet);
  const long = `${name}, ${frame.text}`;
  pen.place({
    object: frame.id,
    mode: 'wire',
    cls: frame.from === 0 ? 'forth' : 'back',
    label: w >= widthOf(long, 'n') + 10 ? long : w >= widthOf(name, 'n') + 8 ? name : '',
    title: packet === null ? name : `${anatomyText(packet)}; ${frame.text}`,
    x,
    y: lane.y + 2,
    w,
    h: lane.h - 4,
  });
}
