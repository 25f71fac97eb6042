import { useEffect } from 'react';
import { SIZES, type Size } from '../../trace/navigate';
import { usePage } from '../store/store';

const PACES = [1, 2, 4, 10, 30, 100] as const;

/** Steps while playing, `pace` a second. */
function usePlaying(): void {
  const playing = usePage((page) => page.playing);
  const pace = usePage((page) => page.pace);
  const forward = usePage((page) => page.forward);
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(forward, 1000 / pace);
    return () => clearInterval(timer);
  }, [playing, pace, forward]);
}

/** The row of buttons that move through the run. */
export function Transport() {
  usePlaying();
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  const playing = usePage((page) => page.playing);
  const pace = usePage((page) => page.pace);
  const size = usePage((page) => page.size);
  const page = usePage.getState();
  if (trace === null) return <div className="transport" />;
  const atStart = step === 0;
  const atEnd = step === trace.steps - 1;
  return (
    <div className="transport" role="toolbar" aria-label="Transport">
      <button type="button" className="button" title="To the start (Home)" disabled={atStart} onClick={() => page.seek(0)}>
        <span aria-hidden="true">|◀</span>
        <span className="sr-only">To the start</span>
      </button>
      <button type="button" className="button" title="Back (←)" disabled={atStart} onClick={page.back}>
        <span aria-hidden="true">◀</span>
        <span className="sr-only">Back</span>
      </button>
      <button type="button" className="button primary" title="Play or pause (Space)" onClick={playing ? page.pause : page.play}>
        {playing ? '❚❚ Pause' : '▶ Play'}
      </button>
      <button type="button" className="button" title="One step (→)" disabled={atEnd} onClick={page.forward}>
        Step
      </button>
      <button type="button" className="button" title="Into the call (↓)" onClick={() => page.move('into')}>
        Into
      </button>
      <button type="button" className="button" title="Over the call (Shift →)" onClick={() => page.move('over')}>
        Over
      </button>
      <button type="button" className="button" title="Out of the function (↑)" onClick={() => page.move('out')}>
        Out
      </button>
      <button type="button" className="button" title="To the next packet (N)" onClick={() => page.toPacket(1)}>
        Next packet
      </button>
      <button type="button" className="button" title="To the end (End)" disabled={atEnd} onClick={() => page.seek(trace.steps - 1)}>
        <span aria-hidden="true">▶|</span>
        <span className="sr-only">To the end</span>
      </button>
      <label className="transport-choice">
        step
        <select value={size} onChange={(event) => page.setSize(event.target.value as Size)}>
          {SIZES.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label className="transport-choice">
        pace
        <select value={pace} onChange={(event) => page.setPace(Number(event.target.value))}>
          {PACES.map((value) => (
            <option key={value} value={value}>
              {value} a second
            </option>
          ))}
        </select>
      </label>
      <span className="grow" />
      <output className="mono transport-where">
        step {(step + 1).toLocaleString('en')} of {trace.steps.toLocaleString('en')} · t = {(trace.time(step) / 1000).toFixed(3)} µs
      </output>
    </div>
  );
}
