import { type PointerEvent, useEffect, useMemo, useRef, useState, type WheelEvent } from 'react';
import { coursesOf } from '../../view/timeline/history';
import { lanesOf } from '../../view/timeline/lanes';
import { timeScale } from '../../view/timeline/scale';
import { sequencePlots } from '../../view/timeline/series';
import { usePage } from '../store/store';
import { draw, LABEL_WIDTH, LEGEND, nsAt, timeText } from './draw';
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

/** Lanes of CPUs and wires, the sequence plot, and the playhead. */
export function Timeline() {
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  const theme = usePage((page) => page.theme);
  const seek = usePage((page) => page.seek);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [view, setView] = useState<{ from: number; to: number } | null>(null);
  const [isDark, setDark] = useState(false);

  const scene = useMemo(() => {
    if (trace === null) return null;
    const { lanes, frames } = lanesOf(trace);
    const scale = timeScale(
      trace,
      frames.map(({ start, arrival }) => [start, arrival] as const),
    );
    return { lanes, scale, plot: sequencePlots(trace)[0] ?? null };
  }, [trace]);
  const numbers = useMemo(() => {
    if (trace === null || scene?.plot == null) return null;
    const { sock } = scene.plot;
    return coursesOf(trace, 'tcp_sock', ['snd_cwnd', 'packets_out', 'snd_wnd', 'srtt']).filter(
      ({ object }) => object === sock,
    );
  }, [trace, scene]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: another run has another axis
  useEffect(() => setView(null), [trace]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the canvas is there once a run is
  useEffect(() => {
    const { current } = canvas;
    if (current === null) return;
    const observer = new ResizeObserver(() => setSize({ width: current.clientWidth, height: current.clientHeight }));
    observer.observe(current);
    return () => observer.disconnect();
  }, [trace]);
  useEffect(() => {
    const observer = new MutationObserver(() => setDark(document.documentElement.dataset.theme === 'dark'));
    observer.observe(document.documentElement, { attributeFilter: ['data-theme'] });
    setDark(document.documentElement.dataset.theme === 'dark');
    return () => observer.disconnect();
  }, []);

  const from = view?.from ?? 0;
  const to = view?.to ?? scene?.scale.length ?? 1;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the theme changes what the colours are
  useEffect(() => {
    const { current } = canvas;
    const context = current?.getContext('2d');
    if (!current || !context || scene === null || trace === null || size.width === 0) return;
    const ratio = devicePixelRatio || 1;
    current.width = Math.round(size.width * ratio);
    current.height = Math.round(size.height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(document.documentElement);
    const colours = new Map<string, string>();
    const colour = (name: string): string => {
      let value = colours.get(name);
      if (value === undefined) {
        value = style.getPropertyValue(name).trim();
        colours.set(name, value);
      }
      return value;
    };
    draw(context, { ...size, ...scene, from, to, playhead: trace.time(step), colour });
  }, [trace, scene, size, from, to, step, theme, isDark]);

  const dragTo = (event: PointerEvent<HTMLCanvasElement>): void => {
    const { current } = canvas;
    if (trace === null || scene === null || current === null) return;
    const x = event.clientX - current.getBoundingClientRect().left;
    const ns = nsAt({ width: size.width, from, to, scale: scene.scale }, Math.max(LABEL_WIDTH, x));
    seek(stepAt(trace.data.columns.time, ns));
  };
  const zoom = (event: WheelEvent<HTMLCanvasElement>): void => {
    const { current } = canvas;
    if (scene === null || current === null) return;
    const x = event.clientX - current.getBoundingClientRect().left;
    const share = Math.max(0, Math.min(1, (x - LABEL_WIDTH) / (size.width - LABEL_WIDTH)));
    const length = Math.max(40, Math.min(scene.scale.length, (to - from) * 1.0015 ** event.deltaY));
    const shift =
      event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY) ? (event.deltaX / size.width) * (to - from) : 0;
    const start = shift === 0 ? from + share * (to - from - length) : from + shift;
    const kept = shift === 0 ? length : to - from;
    const first = Math.max(0, Math.min(scene.scale.length - kept, start));
    setView({ from: first, to: first + kept });
  };

  if (trace === null) return <section className="timeline" aria-label="Timeline" />;
  const now = trace.time(step);
  const at = (field: string): number => {
    const course = numbers?.find((other) => other.field === field);
    let value = course?.values[0] ?? 0;
    course?.times.forEach((t, i) => {
      if (t <= now) value = course.values[i] as number;
    });
    return value;
  };
  return (
    <section className="timeline" aria-label="Timeline">
      <div className="timeline-head">
        <h2 className="panel-title">Timeline</h2>
        {scene?.plot != null && (
          <ul className="timeline-legend">
            {LEGEND.map(([name, colour]) => (
              <li key={name}>
                <i style={{ background: `var(${colour})` }} />
                {name}
              </li>
            ))}
          </ul>
        )}
        {numbers !== null && (
          <p className="mono timeline-numbers">
            cwnd {at('snd_cwnd')} · in flight {at('packets_out')} · peer's window {at('snd_wnd').toLocaleString('en')} ·
            srtt {(at('srtt') / 8).toFixed(1)} ms
          </p>
        )}
        <span className="grow" />
        {view !== null && (
          <button type="button" className="button small" onClick={() => setView(null)}>
            Whole run
          </button>
        )}
      </div>
      <canvas
        ref={canvas}
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
    </section>
  );
}
