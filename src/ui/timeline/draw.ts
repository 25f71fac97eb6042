/** Draws the timeline on a canvas. All it needs is in `Scene`; it keeps nothing. */
import type { Lane } from '../../view/timeline/lanes';
import type { TimeScale } from '../../view/timeline/scale';
import { drawPlot, type Plot } from './plots';

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly scale: TimeScale;
  /** First and last position on the axis that is seen, u. */
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly Lane[];
  /** Those that find room are drawn, the first before the others. */
  readonly plots: readonly Plot[];
  /** Times at which packets were dropped, ns. */
  readonly drops: readonly number[];
  readonly colour: (name: string) => string;
}

export const LABEL_WIDTH = 92;
const AXIS_HEIGHT = 20;
const LEVEL_HEIGHT = 5;
const LANE_GAP = 7;
const RIGHT_MARGIN = 12;

/** Least heights, px: of a level and a lane when there is little room, and of a plot. */
const LEAST_LEVEL = 2;
const LEAST_LANE = 10;
const LEAST_PLOT = 42;
const PLOT_GAP = 11;
const MOST_LEVELS = 8;

interface Layout {
  readonly tops: readonly number[];
  readonly heights: readonly number[];
  readonly level: number;
  readonly plotTop: number;
}

/** Where each lane begins, and where the plots do: lanes are made flatter until the plots have room. */
function layout({ lanes, height }: Pick<Scene, 'lanes' | 'height'>, plots: number): Layout {
  const room = height - AXIS_HEIGHT - 8 - plots * (LEAST_PLOT + PLOT_GAP);
  let level = LEVEL_HEIGHT;
  let gap = LANE_GAP;
  const heightsAt = (): number[] =>
    lanes.map((lane) => Math.max(LEAST_LANE, Math.min(lane.levels, MOST_LEVELS) * level));
  const total = (): number => heightsAt().reduce((sum, one) => sum + one + gap, 0);
  while (total() > room && level > LEAST_LEVEL) {
    level -= 0.5;
    gap = Math.max(2, gap - 1);
  }
  const heights = heightsAt();
  let y = AXIS_HEIGHT + 4;
  const tops = heights.map((one) => {
    const top = y;
    y += one + gap;
    return top;
  });
  return { tops, heights, level, plotTop: y + 6 };
}

/** As many plots as have room below the lanes. */
function arranged(scene: Scene): { readonly made: Layout; readonly plots: number } {
  for (let plots = scene.plots.length; ; plots--) {
    const made = layout(scene, plots);
    if (plots === 0 || scene.height - made.plotTop >= plots * (LEAST_PLOT + PLOT_GAP) - 16) return { made, plots };
  }
}

export function xOf({ width, from, to, scale }: Pick<Scene, 'width' | 'from' | 'to' | 'scale'>, ns: number): number {
  return LABEL_WIDTH + ((scale.toU(ns) - from) / (to - from)) * (width - LABEL_WIDTH - RIGHT_MARGIN);
}

export function nsAt({ width, from, to, scale }: Pick<Scene, 'width' | 'from' | 'to' | 'scale'>, x: number): number {
  return scale.toNs(from + ((x - LABEL_WIDTH) / (width - LABEL_WIDTH - RIGHT_MARGIN)) * (to - from));
}

/** A time with the unit that suits its size. */
export function timeText(ns: number): string {
  if (ns < 1e3) return `${Math.round(ns)} ns`;
  if (ns < 1e6) return `${trimmed(ns / 1e3)} µs`;
  if (ns < 1e9) return `${trimmed(ns / 1e6)} ms`;
  return `${trimmed(ns / 1e9)} s`;
}

function trimmed(value: number): string {
  return String(Number(value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)));
}

/** Everything but the playhead. */
export function draw(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, height } = scene;
  context.clearRect(0, 0, width, height);
  context.textBaseline = 'middle';
  const { made, plots } = arranged(scene);
  const { tops, heights, level, plotTop } = made;
  axis(context, scene);
  gaps(context, scene);
  scene.lanes.forEach((lane, i) => {
    drawLane(context, scene, lane, { top: tops[i] as number, height: heights[i] as number, level });
  });
  drops(context, scene);
  const each = (height - plotTop) / Math.max(1, plots);
  scene.plots.slice(0, plots).forEach((plot, nth) => {
    drawPlot(context, plot, {
      left: LABEL_WIDTH,
      right: width - RIGHT_MARGIN,
      top: plotTop + nth * each,
      height: each - PLOT_GAP,
      x: (ns) => xOf(scene, ns),
      colour: scene.colour,
    });
  });
}

/** The playhead alone: it moves with every step, the rest does not. */
export function drawPlayhead(
  context: CanvasRenderingContext2D,
  scene: Pick<Scene, 'width' | 'height' | 'from' | 'to' | 'scale' | 'colour'>,
  ns: number,
): void {
  const { width, height, colour } = scene;
  context.clearRect(0, 0, width, height);
  const x = Math.round(xOf(scene, ns)) + 0.5;
  if (x < LABEL_WIDTH - 1 || x > width) return;
  context.strokeStyle = colour('--here');
  context.fillStyle = colour('--here');
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x, AXIS_HEIGHT - 4);
  context.lineTo(x, height);
  context.stroke();
  context.beginPath();
  context.moveTo(x - 6, AXIS_HEIGHT - 10);
  context.lineTo(x + 6, AXIS_HEIGHT - 10);
  context.lineTo(x, AXIS_HEIGHT - 2);
  context.fill();
}

function axis(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, colour } = scene;
  context.font = '11px "JetBrains Mono Variable", monospace';
  context.lineWidth = 1;
  context.textAlign = 'center';
  const room = width - LABEL_WIDTH - RIGHT_MARGIN;
  const wanted = Math.max(2, Math.floor(room / 110));
  const rough = (scene.to - scene.from) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const every = power * ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10);
  let lastX = Number.NEGATIVE_INFINITY;
  // Marks stand at even times within each busy stretch, so each stretch is marked on its own.
  const stretches = [0, ...scene.scale.gaps.map((gap) => gap.to)];
  stretches.forEach((start, i) => {
    const stop = scene.scale.gaps[i]?.from ?? scene.scale.toNs(scene.scale.length);
    for (let t = i === 0 ? 0 : start; t <= stop; t = (Math.floor(t / every) + 1) * every) {
      const x = xOf(scene, t);
      if (x < LABEL_WIDTH - 1 || x > width - 6 || x - lastX < 84) continue;
      lastX = x;
      context.fillStyle = colour('--ink-3');
      context.fillText(timeText(t), Math.min(x, width - 34), 8);
      context.strokeStyle = colour('--line');
      context.beginPath();
      context.moveTo(Math.round(x) + 0.5, AXIS_HEIGHT);
      context.lineTo(Math.round(x) + 0.5, scene.height);
      context.stroke();
    }
  });
}

function gaps(context: CanvasRenderingContext2D, scene: Scene): void {
  const { colour, height } = scene;
  for (const gap of scene.scale.gaps) {
    const x0 = xOf(scene, gap.from);
    const x1 = xOf(scene, gap.to);
    if (x1 < LABEL_WIDTH || x0 > scene.width) continue;
    const left = Math.max(x0, LABEL_WIDTH);
    context.fillStyle = colour('--sunk');
    context.fillRect(left, AXIS_HEIGHT, x1 - left, height - AXIS_HEIGHT);
    if (x1 - x0 > 46) {
      context.save();
      context.font = '10px "JetBrains Mono Variable", monospace';
      context.fillStyle = colour('--ink-3');
      context.textAlign = 'center';
      context.fillText(timeText(gap.to - gap.from), (x0 + x1) / 2, AXIS_HEIGHT + 8);
      context.restore();
    }
  }
}

/** A cross on the axis for each packet that was dropped; those that would stand on one another are one. */
function drops(context: CanvasRenderingContext2D, scene: Scene): void {
  const { width, colour } = scene;
  const y = AXIS_HEIGHT + 1;
  context.strokeStyle = colour('--drop');
  context.lineWidth = 1.5;
  context.beginPath();
  let lastX = Number.NEGATIVE_INFINITY;
  for (const ns of scene.drops) {
    const x = xOf(scene, ns);
    if (x < LABEL_WIDTH || x > width || Math.abs(x - lastX) < 3) continue;
    lastX = x;
    context.moveTo(x - 3, y - 3);
    context.lineTo(x + 3, y + 3);
    context.moveTo(x - 3, y + 3);
    context.lineTo(x + 3, y - 3);
  }
  context.stroke();
}

function drawLane(
  context: CanvasRenderingContext2D,
  scene: Scene,
  lane: Lane,
  { top, height: laneHeight, level: levelHeight }: { top: number; height: number; level: number },
): void {
  const { colour, width } = scene;
  context.font = '12px "Inter Variable", sans-serif';
  context.textAlign = 'left';
  context.fillStyle = colour('--ink-2');
  context.fillText(lane.label, 0, top + laneHeight / 2, LABEL_WIDTH - 8);
  const height = lane.levels === 1 ? laneHeight : levelHeight;
  // What would fall on pixels already drawn in its level is left out: a million spans cost no more than the pixels they cover.
  const drawn = new Float64Array(8).fill(-1);
  for (const span of lane.spans) {
    const x0 = xOf(scene, span.start);
    if (x0 > width) break;
    const x1 = xOf(scene, span.end);
    const level = Math.min(span.level, 7);
    if (x1 < LABEL_WIDTH || x1 < (drawn[level] as number)) continue;
    const left = Math.max(x0, LABEL_WIDTH);
    const right = Math.max(x1, left + 1);
    drawn[level] = right;
    context.fillStyle = colour(`--layer-${span.layer}`);
    context.fillRect(left, top + level * levelHeight, right - left, height - (lane.levels === 1 ? 0 : 0.75));
    if (lane.levels === 1 && right - left > 64) {
      context.save();
      context.font = '10px "JetBrains Mono Variable", monospace';
      context.fillStyle = colour('--paper');
      context.fillText(span.name, left + 5, top + height / 2, right - left - 8);
      context.restore();
    }
  }
}
