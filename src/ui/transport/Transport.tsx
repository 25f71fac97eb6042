import { useMemo } from 'react';
import { SIZES, type Size } from '../../trace/navigate';
import type { Trace } from '../../trace/trace';
import { stepWords } from '../../view/step-words';
import { fixedThreads, packetThread, threadWords } from '../../view/threads';
import { usePage } from '../store/store';
import { Choice } from './Choice';
import { usePlaying } from './play';
import './transport.css';

const PACES = [1, 2, 4, 10, 30, 60] as const;

const SIZE_WORDS: Readonly<Record<Size, string>> = {
  line: 'line',
  call: 'call',
  layer: 'layer',
  packet: 'packet',
  trip: 'round trip',
};

/** The row of buttons that move through the run. */
export function Transport() {
  usePlaying();
  const trace = usePage((page) => page.trace);
  if (trace === null) return <div className="transport" />;
  return (
    <div className="transport" role="toolbar" aria-label="Transport">
      <Buttons trace={trace} />
      <Choices trace={trace} />
      <Where trace={trace} />
    </div>
  );
}

function Buttons({ trace }: { trace: Trace }) {
  const step = usePage((page) => page.step);
  const playing = usePage((page) => page.playing);
  const stops = usePage((page) => page.breakpoints.length);
  const page = usePage.getState();
  const atStart = step === 0;
  const atEnd = step === trace.steps - 1;
  return (
    <div className="transport-buttons">
      <Sign sign="|◀" label="To the start" hint="Home" disabled={atStart} run={() => page.seek(0)} />
      <Sign sign="◀◀" label="Reverse" hint="Shift Space" disabled={atStart} run={() => page.play(-1)} />
      <Sign sign="◀" label="Back" hint="←" disabled={atStart} run={page.back} />
      <button
        type="button"
        className="button primary transport-play"
        title="Play or pause (Space)"
        onClick={playing ? page.pause : () => page.play()}
      >
        {playing ? '❚❚ Pause' : '▶ Play'}
      </button>
      <Word label="Step" hint="One step (→)" disabled={atEnd} run={page.forward} />
      <Word label="Into" hint="Into the call (↓)" run={() => page.move('into')} />
      <Word label="Over" hint="Over the call (Shift →)" run={() => page.move('over')} />
      <Word label="Out" hint="Out of the function (↑)" run={() => page.move('out')} />
      <Word label="Next packet" hint="To the next packet (N)" run={() => page.toPacket(1)} />
      {stops > 0 && (
        <Word label="Next stop" hint="To the next breakpoint, or the end (])" run={() => page.proceed(1)} />
      )}
      <Sign sign="▶|" label="To the end" hint="End" disabled={atEnd} run={() => page.seek(trace.steps - 1)} />
    </div>
  );
}

interface ButtonProps {
  readonly label: string;
  readonly hint: string;
  readonly disabled?: boolean;
  readonly run: () => void;
}

function Word({ label, hint, disabled = false, run }: ButtonProps) {
  return (
    <button type="button" className="button" title={hint} disabled={disabled} onClick={run}>
      {label}
    </button>
  );
}

function Sign({ sign, label, hint, disabled = false, run }: ButtonProps & { readonly sign: string }) {
  return (
    <button type="button" className="button" title={`${label} (${hint})`} disabled={disabled} onClick={run}>
      <span aria-hidden="true">{sign}</span>
      <span className="sr-only">{label}</span>
    </button>
  );
}

function Choices({ trace }: { trace: Trace }) {
  const pace = usePage((page) => page.pace);
  const size = usePage((page) => page.size);
  const stops = usePage((page) => page.breakpoints.length);
  const page = usePage.getState();
  return (
    <div className="transport-choices">
      <Choice label="step" name="Step size" value={size} onChoose={(value) => page.setSize(value as Size)}>
        {SIZES.map((name) => (
          <option key={name} value={name}>
            {SIZE_WORDS[name]}
          </option>
        ))}
      </Choice>
      <Follow trace={trace} />
      <Choice label="pace" name="Pace" value={pace} onChoose={(value) => page.setPace(Number(value))}>
        {PACES.map((value) => (
          <option key={value} value={value}>
            {value}/s
          </option>
        ))}
      </Choice>
      {stops > 0 && (
        <button type="button" className="button" title="List of breakpoints" onClick={() => page.openPalette('break ')}>
          {stops} {stops === 1 ? 'breakpoint' : 'breakpoints'}
        </button>
      )}
    </div>
  );
}

/** What steps follow: everything, a CPU, a task, a packet with its clones and segments. */
function Follow({ trace }: { trace: Trace }) {
  const cursor = usePage((page) => page.cursor);
  const step = usePage((page) => page.step);
  const selection = usePage((page) => page.selection);
  const thread = usePage((page) => page.thread);
  const setThread = usePage((page) => page.setThread);
  const fixed = useMemo(() => fixedThreads(trace), [trace]);
  const id = JSON.stringify(thread);
  const here = cursor === null ? null : packetThread(trace, cursor.state, step, selection);
  const choices = [...(here === null ? [] : [here]), ...fixed];
  const isKnown = thread === 'all' || choices.some((choice) => choice.id === id);
  return (
    <Choice
      label="follow"
      name="Follow"
      value={thread === 'all' ? 'all' : id}
      onChoose={(value) => setThread(choices.find((choice) => choice.id === value)?.thread ?? 'all')}
    >
      <option value="all">everything</option>
      {!isKnown && <option value={id}>{threadWords(trace, thread)}</option>}
      {choices.map((choice) => (
        <option key={choice.id} value={choice.id}>
          {choice.label}
        </option>
      ))}
    </Choice>
  );
}

/** Number, time and words of the step; the words are spoken, but not while playing. */
function Where({ trace }: { trace: Trace }) {
  const step = usePage((page) => page.step);
  const playing = usePage((page) => page.playing);
  return (
    <div className="transport-where">
      <p className="transport-words" aria-live={playing ? 'off' : 'polite'}>
        {stepWords(trace, step)}
      </p>
      <p className="mono transport-step">
        step {(step + 1).toLocaleString('en')} of {trace.steps.toLocaleString('en')} · t ={' '}
        {(trace.time(step) / 1000).toFixed(3)} µs
      </p>
    </div>
  );
}
