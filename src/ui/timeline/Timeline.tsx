import { type PointerEvent, useEffect, useMemo, useRef, useState, type WheelEvent } from 'react';
import type { Work } from '../../base/work';
import { type Lane, lanesOf } from '../../view/timeline/lanes';
import { type TimeScale, timeScale } from '../../view/timeline/scale';
import { type SenderPlot, senderPlots, valueAt } from '../../view/timeline/series';
import { Derived, useDerived } from '../store/derived';
import { DROPS } from '../store/drops';
import { usePage } from '../store/store';
import { draw, drawPlayhead, LABEL_WIDTH, nsAt, timeText } from './draw';
import { plotsOf } from './plots';
import './timeline.css';

/** First step at or after a time. Steps of different CPUs are out of order by less than a microsecond. */
function stepAt(times: Float64Array, ns: number): number {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const mid = (low + high) >> 1;
    if ((times[mid] as number) < ns) low = mid + 1;
    else high = mid;
  }
  return low;
}

/** Lanes and axis of a trace, and what can be plotted. */
const SCENES = new Derived(function* (trace): Work<{
  lanes: Lane[];
  scale: TimeScale;
  senders: SenderPlot[];
  drops: number[];
}> {
  const { lanes, frames } = yield* lanesOf(trace);
  const scale = yield* timeScale(
    trace,
    frames.map(({ start, arrival }) => [start, arrival] as const),
  );
  const senders = yield* senderPlots(trace);
  const drops = (yield* DROPS.from(trace)).map(({ step }) => trace.time(step));
  return { lanes, scale, senders, drops };
});

/** Shortest stretch that is shown, u. */
const NEAREST = 40;

/** Width and height of an element as they change. */
function useSize(element: HTMLElement | null): { width: number; height: number } {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (element === null) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

function useIsDark(): boolean {
  const [isDark, setDark] = useState(false);
  useEffect(() => {
    const read = (): void => setDark(document.documentElement.dataset.theme === 'dark');
    const observer = new MutationObserver(read);
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    read();
    return () => observer.disconnect();
  }, []);
  return isDark;
}

/** What draws on a canvas, in CSS pixels; null while it has no size. */
function contextOf(
  canvas: HTMLCanvasElement | null,
  size: { width: number; height: number },
): CanvasRenderingContext2D | null {
  const context = canvas?.getContext('2d');
  if (!canvas || !context || size.width === 0) return null;
  const ratio = devicePixelRatio || 1;
  const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
  // Setting the size clears the canvas and takes new memory.
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/** Colours by CSS variable, asked for once a theme: asking makes the browser work out the styles of the whole page. */
function useColours(isDark: boolean): (name: string) => string {
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the colours are
  return useMemo(() => {
    const colours = new Map<string, string>();
    return (name) => {
      let value = colours.get(name);
      if (value === undefined) {
        value = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
        colours.set(name, value);
      }
      return value;
    };
  }, [isDark]);
}

/** Lanes of CPUs and wires, the sequence plot, and the playhead. */
export function Timeline() {
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  const seek = usePage((page) => page.seek);
  const openDialog = usePage((page) => page.openDialog);
  const [canvas, setCanvas] = useState<HTMLCanvasElement | null>(null);
  const back = useRef<HTMLCanvasElement>(null);
  const size = useSize(canvas);
  const [view, setView] = useState<{ from: number; to: number } | null>(null);
  const colour = useColours(useIsDark());
  const scene = useDerived(SCENES, trace);
  const [chosen, setChosen] = useState(0);
  const sender = scene?.senders.find(({ sock }) => sock === chosen) ?? scene?.senders[0] ?? null;
  const plots = useMemo(() => plotsOf(sender), [sender]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another trace, another axis
  useEffect(() => setView(null), [trace]);

  const from = view?.from ?? 0;
  const to = view?.to ?? scene?.scale.length ?? 1;
  useEffect(() => {
    const context = contextOf(back.current, size);
    if (context !== null && scene !== null) draw(context, { ...size, ...scene, plots, from, to, colour });
  }, [scene, plots, size, from, to, colour]);
  useEffect(() => {
    const context = contextOf(canvas, size);
    if (context === null || scene === null || trace === null) return;
    drawPlayhead(context, { ...size, from, to, scale: scene.scale, colour }, trace.time(step));
  }, [canvas, trace, scene, size, from, to, step, colour]);

  const dragTo = (event: PointerEvent<HTMLCanvasElement>): void => {
    if (trace === null || scene === null || canvas === null) return;
    const x = event.clientX - canvas.getBoundingClientRect().left;
    const ns = nsAt({ width: size.width, from, to, scale: scene.scale }, Math.max(LABEL_WIDTH, x));
    seek(stepAt(trace.data.columns.time, ns));
  };
  const zoom = (event: WheelEvent<HTMLCanvasElement>): void => {
    if (scene === null || canvas === null) return;
    const x = event.clientX - canvas.getBoundingClientRect().left;
    const share = Math.max(0, Math.min(1, (x - LABEL_WIDTH) / (size.width - LABEL_WIDTH)));
    const length = Math.max(NEAREST, Math.min(scene.scale.length, (to - from) * 1.0015 ** event.deltaY));
    const shift =
      event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY) ? (event.deltaX / size.width) * (to - from) : 0;
    const start = shift === 0 ? from + share * (to - from - length) : from + shift;
    const kept = shift === 0 ? length : to - from;
    const first = Math.max(0, Math.min(scene.scale.length - kept, start));
    setView({ from: first, to: first + kept });
  };

  /** Nearer to the playhead, or further away from it. */
  const zoomBy = (factor: number): void => {
    if (scene === null || trace === null) return;
    const length = Math.max(NEAREST, Math.min(scene.scale.length, (to - from) * factor));
    const first = Math.max(0, Math.min(scene.scale.length - length, scene.scale.toU(trace.time(step)) - length / 2));
    setView(length === scene.scale.length ? null : { from: first, to: first + length });
  };

  if (trace === null) return <section className="timeline" aria-label="Timeline" />;
  const now = trace.time(step);
  return (
    <section className="timeline" aria-label="Timeline">
      <div className="timeline-head">
        <h2 className="panel-title">Timeline</h2>
        {scene !== null && scene.senders.length > 1 && (
          <select
            className="timeline-sender"
            aria-label="Connection that is plotted"
            value={sender?.sock}
            onChange={(event) => setChosen(Number(event.target.value))}
          >
            {scene.senders.map(({ sock, name }) => (
              <option key={sock} value={sock}>
                {name}
              </option>
            ))}
          </select>
        )}
        {sender !== null && <Numbers sender={sender} ns={now} />}
        <span className="grow" />
        {scene !== null && scene.drops.length > 0 && (
          <button type="button" className="button small timeline-drops" onClick={() => openDialog('drops')}>
            {scene.drops.length} dropped
          </button>
        )}
        <div className="timeline-zoom">
          {view !== null && (
            <button type="button" className="button small" onClick={() => setView(null)}>
              Whole run
            </button>
          )}
          <button type="button" className="button small" aria-label="Shorter time" onClick={() => zoomBy(0.5)}>
            +
          </button>
          <button
            type="button"
            className="button small"
            aria-label="Longer time"
            disabled={view === null}
            onClick={() => zoomBy(2)}
          >
            −
          </button>
        </div>
      </div>
      <div className="timeline-sheet">
        <canvas ref={back} />
        {scene === null && <p className="timeline-reading">Reading the run…</p>}
        <canvas
          ref={setCanvas}
          role="slider"
          tabIndex={0}
          aria-label="Playhead"
          aria-valuemin={0}
          aria-valuemax={trace.steps - 1}
          aria-valuenow={step}
          aria-valuetext={timeText(now)}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            dragTo(event);
          }}
          onPointerMove={(event) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) dragTo(event);
          }}
          onWheel={zoom}
        />
      </div>
    </section>
  );
}

/** The sender's numbers at a moment. */
function Numbers({ sender, ns }: { sender: SenderPlot; ns: number }) {
  const [cwnd, ssthresh, flight] = sender.congestion.map((line) => valueAt(line, ns));
  const state = sender.troubles.find(({ from, to }) => from <= ns && ns < to)?.state ?? 'Open';
  return (
    <p className="mono timeline-numbers">
      <span className={state === 'Open' ? undefined : 'timeline-trouble'}>{state}</span> · cwnd {cwnd} · ssthresh{' '}
      {ssthresh === undefined || Number.isNaN(ssthresh) ? 'none' : ssthresh} · in flight {flight} · peer's window{' '}
      {valueAt(sender.numbers.window, ns).toLocaleString('en')} · srtt{' '}
      {(valueAt(sender.numbers.srtt, ns) / 8).toFixed(1)} ms
    </p>
  );
}
