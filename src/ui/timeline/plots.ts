/** Draws the plots below the lanes: what a sender's sequence space and its congestion window do over time. */
import type { Line, SenderPlot, Trouble } from '../../view/timeline/series';

/** How a line is drawn; its colour is a CSS variable. */
export interface Stroke {
  readonly colour: string;
  readonly width: number;
  readonly dash: readonly number[];
}

/** One plot: lines that share an axis. */
export interface Plot {
  readonly title: string;
  readonly lines: readonly Line[];
  /** One a line. */
  readonly strokes: readonly Stroke[];
  /** Highest value that is drawn. */
  readonly most: number;
  readonly troubles: readonly Trouble[];
}

export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly height: number;
  /** Where a time stands. */
  x(ns: number): number;
  colour(name: string): string;
}

const stroke = (colour: string, width: number, ...dash: number[]): Stroke => ({ colour, width, dash });
const SEQUENCE = [
  stroke('--layer-tcp', 1.25),
  stroke('--ink', 1.75),
  stroke('--ink-3', 1.25),
  stroke('--layer-device', 1.25, 5, 4),
];
const CONGESTION = [stroke('--layer-tcp', 1.75), stroke('--layer-device', 1.25, 5, 4), stroke('--ink', 1)];
const NAME_HEIGHT = 12;
const NAME_GAP = 7;

function highest(lines: readonly Line[]): number {
  let most = 1;
  for (const { values } of lines) for (const value of values) if (value > most) most = value;
  return most;
}

/** What is plotted of a sender, the plot that tells more first. */
export function plotsOf(sender: SenderPlot | null): Plot[] {
  if (sender === null) return [];
  const { sequence, congestion, troubles } = sender;
  const made: Plot[] = [
    // The window reaches far beyond what is sent: it may leave the plot.
    {
      title: 'sequence',
      lines: sequence,
      strokes: SEQUENCE,
      most: highest(sequence.slice(0, 3)) * 1.15,
      troubles: [],
    },
    { title: 'congestion', lines: congestion, strokes: CONGESTION, most: highest(congestion) * 1.12, troubles },
  ];
  return troubles.length > 0 ? made.reverse() : made;
}

function shortNumber(value: number): string {
  if (value >= 1e6) return `${value / 1e6} M`;
  return value >= 1e4 ? `${value / 1e3} k` : String(value);
}

export function drawPlot(context: CanvasRenderingContext2D, plot: Plot, area: PlotArea): void {
  const { left, right, top, height, colour } = area;
  const y = (value: number): number => top + height - (Math.min(value, plot.most) / plot.most) * height;
  context.save();
  drawTroubles(context, plot.troubles, area);
  drawGrid(context, plot.most, area, y);
  drawNames(context, plot, area);
  context.beginPath();
  context.rect(left, top - 2, right - left + 1, height + 4);
  context.clip();
  plot.lines.forEach((line, nth) => {
    const { colour: name, width, dash } = plot.strokes[nth] as Stroke;
    context.strokeStyle = colour(name);
    context.lineWidth = width;
    context.setLineDash(dash as number[]);
    context.beginPath();
    traceLine(context, line, area, y);
    context.stroke();
  });
  context.restore();
}

/** A step function; changes within a pixel are one stroke from the lowest to the highest. */
function traceLine(
  context: CanvasRenderingContext2D,
  { times, values }: Line,
  { left, right, x }: PlotArea,
  y: (value: number) => number,
): void {
  let lastX = left;
  let lastY = y(values[0] ?? Number.NaN);
  let [low, high] = [lastY, lastY];
  context.moveTo(left, lastY);
  const at = (px: number, py: number): void => {
    if (Number.isNaN(py)) return;
    if (Number.isNaN(lastY)) context.moveTo(px, py);
    else context.lineTo(px, py);
  };
  const close = (): void => {
    if (high - low < 0.5 || Number.isNaN(high - low)) return;
    context.lineTo(lastX, low);
    context.lineTo(lastX, high);
    context.lineTo(lastX, lastY);
  };
  for (let n = 0; n < times.length; n++) {
    const px = Math.max(left, x(times[n] as number));
    const py = y(values[n] as number);
    if (px - lastX >= 0.7) {
      close();
      at(px, lastY);
      at(px, py);
      lastX = px;
      [low, high] = [py, py];
    } else {
      [low, high] = [Math.min(low, py), Math.max(high, py)];
      if (Number.isNaN(lastY)) at(px, py);
    }
    lastY = py;
    if (px > right) break;
  }
  close();
  at(right, lastY);
}

function drawGrid(
  context: CanvasRenderingContext2D,
  most: number,
  { left, right, top, height, colour }: PlotArea,
  y: (value: number) => number,
): void {
  const rough = most / Math.max(1, Math.floor(height / 20));
  const power = 10 ** Math.floor(Math.log10(rough));
  const every = Math.max(1, power * ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10));
  context.font = '9.5px "JetBrains Mono Variable", monospace';
  context.lineWidth = 1;
  context.textAlign = 'right';
  for (let value = 0; value <= most; value += every) {
    const line = Math.round(y(value)) + 0.5;
    context.strokeStyle = colour(value === 0 ? '--line-strong' : '--line');
    context.beginPath();
    context.moveTo(left, line);
    context.lineTo(right, line);
    context.stroke();
    if (value === 0 || line < top + 4) continue;
    context.fillStyle = colour('--ink-3');
    context.fillText(shortNumber(value), right, line - 6);
  }
}

/** The plot's name and those of its lines, each in its colour, in the gutter. */
function drawNames(context: CanvasRenderingContext2D, plot: Plot, { left, top, colour }: PlotArea): void {
  context.textAlign = 'left';
  context.font = '12px "Inter Variable", sans-serif';
  context.fillStyle = colour('--ink-2');
  context.fillText(plot.title, 0, top + 5);
  context.font = '11px "Inter Variable", sans-serif';
  let [x, y] = [0, top + 19];
  plot.lines.forEach(({ name }, nth) => {
    const wide = context.measureText(name).width;
    if (x > 0 && x + wide > left - NAME_GAP) [x, y] = [0, y + NAME_HEIGHT];
    context.fillStyle = colour(plot.strokes[nth]?.colour ?? '--ink');
    context.fillText(name, x, y);
    x += wide + NAME_GAP;
  });
}

/** Stretches in which the sender repairs something, with the name of the state. */
function drawTroubles(
  context: CanvasRenderingContext2D,
  troubles: readonly Trouble[],
  { left, right, top, height, x, colour }: PlotArea,
): void {
  context.font = '10px "JetBrains Mono Variable", monospace';
  context.textAlign = 'left';
  for (const { state, from, to } of troubles) {
    const x0 = Math.max(left, x(from));
    const x1 = Math.min(right, to === Number.POSITIVE_INFINITY ? right : x(to));
    if (x1 <= left || x0 >= right) continue;
    context.globalAlpha = state === 'Disorder' ? 0.12 : 0.22;
    context.fillStyle = colour(state === 'Disorder' || state === 'CWR' ? '--layer-device' : '--drop');
    context.fillRect(x0, top - 5, Math.max(1.5, x1 - x0), height + 5);
    context.globalAlpha = 1;
    context.fillStyle = colour('--ink-2');
    if (x1 - x0 > state.length * 6.2 + 6) context.fillText(state, x0 + 3, top);
  }
}
