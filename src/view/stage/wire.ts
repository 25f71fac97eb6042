/** The link at the bottom: a lane each way, and frames as long as they are: first to last bit, by virtual time. */
import type { Box, Pen, Point } from './draw/shapes';
import { widthOf } from './draw/shapes';
import { anatomyText, tokenName } from './draw/token';
import type { WireFrame } from './floors/hardware';
import type { Stage } from './stage';

export const WIRE_HEIGHT = 46;
const LANE = 14;
const ENDS = 34;

export function drawWire(pen: Pen, stage: Stage, box: Box, jacks: ReadonlyMap<number, Point>): void {
  const { wire } = stage;
  if (wire === null) return;
  const { x, y, w } = box;
  pen.text(x + ENDS + 4, y + 11, 'wire', 'b', { max: 40, cls: wire.here ? 'hereink' : 'layerink', object: wire.id });
  const said = wire.event === '' ? wire.text : `${wire.text}: ${wire.event}`;
  pen.text(x + ENDS + 38, y + 11, said, 'n', {
    max: w - 2 * ENDS - 44,
    cls: wire.here ? 'hereink' : wire.up ? 'ink2' : 'drop',
  });
  const left = x + ENDS;
  const right = x + w - ENDS;
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
  [0, 1].forEach((host) => {
    const end = host === 0 ? x + ENDS : x + w - ENDS;
    const edge = host === 0 ? x + 8 : x + w - 8;
    const jack = jacks.get(host);
    const from =
      jack === undefined
        ? `M${edge} ${y + 34}`
        : `M${jack.x} ${jack.y} V${y + 34 - 10} Q${jack.x} ${y + 34} ${jack.x + (host === 0 ? 10 : -10)} ${y + 34}`;
    pen.path(`${from} H${end}`, wire.up ? 'cable' : 'cable broken');
    if (jack === undefined)
      pen.text(host === 0 ? x : x + w, y + 52, nameOf(stage, host), 'n', {
        max: ENDS,
        anchor: host === 0 ? 'start' : 'end',
        cls: 'ink2',
      });
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
