/** The link at the bottom: a lane each way, and frames as long as they are: first to last bit, by virtual time. */
import type { Box, Pen, Point } from './draw/shapes';
import { widthOf } from './draw/shapes';
import { anatomyText, tokenName } from './draw/token';
import type { WireFrame } from './floors/hardware';
import type { Stage } from './stage';

export const WIRE_HEIGHT = 46;
const LANE = 14;
const ENDS = 22;

export function drawWire(pen: Pen, stage: Stage, box: Box, jacks: ReadonlyMap<number, Point>): void {
  const { wire } = stage;
  if (wire === null) return;
  const { x, y, w } = box;
  const [first, second] = [jacks.get(0), jacks.get(1)];
  const left = (first?.x ?? x) + ENDS;
  const right = (second?.x ?? x + w) - ENDS;
  const said = wire.event === '' ? wire.text : `${wire.text}: ${wire.event}`;
  pen.text(left + 4, y + 11, 'wire', 'b', { max: 40, cls: wire.here ? 'hereink' : 'layerink', object: wire.id });
  const cls = wire.here ? 'hereink' : wire.up ? 'ink2' : 'drop';
  pen.text(left + 36, y + 11, said, 'n', { max: right - left - 40, cls });
  [0, 1].forEach((from) => {
    const top = y + 15 + from * (LANE + 2);
    const tone = wire.up ? 'pipe' : 'pipe broken';
    pen.rect({ x: left, y: top, w: right - left, h: LANE }, tone, {
      rx: LANE / 2,
      title: `from ${nameOf(stage, from)} to ${nameOf(stage, 1 - from)}`,
    });
    const arrow = from === 0 ? `M${right - 14} ${top + 5} l4 3.5 l-4 3.5` : `M${left + 14} ${top + 5} l-4 3.5 l4 3.5`;
    pen.path(arrow, 'thin mutedline');
    const frames = wire.frames.filter((frame) => frame.from === from);
    for (const frame of frames) drawFrame(pen, stage, frame, { x: left, y: top, w: right - left, h: LANE });
  });
  const middle = y + 15 + LANE + 1;
  [0, 1].forEach((host) => {
    const jack = jacks.get(host);
    const end = host === 0 ? left : right;
    const tone = wire.up ? 'cable' : 'cable broken';
    if (jack === undefined) {
      const edge = host === 0 ? x : x + w;
      pen.path(`M${edge} ${middle} H${end}`, tone);
      pen.text(edge, y + 11, nameOf(stage, host), 'n', {
        max: ENDS,
        anchor: host === 0 ? 'start' : 'end',
        cls: 'ink2',
      });
      return;
    }
    // From the jack down past the card, then round into the pipe.
    const turn = host === 0 ? 9 : -9;
    pen.path(`M${jack.x} ${jack.y + 6} V${middle - 9} Q${jack.x} ${middle} ${jack.x + turn} ${middle} H${end}`, tone);
  });
}

function nameOf(stage: Stage, host: number): string {
  return `host ${stage.hosts[host]?.name ?? host}`;
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
