import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef, useState } from 'react';
import {
  closenessOf,
  elixirUrl,
  type StackRow,
  stackRows,
  type Token,
  tokens,
  variableRows,
} from '../../view/panels/code';
import { scriptOf } from '../../view/panels/script';
import { stepWords } from '../../view/step-words';
import { NO_CPU } from '../../view/threads';
import { TabRow } from '../frame/TabRow';
import { usePage } from '../store/store';
import { Script } from './Script';
import './code.css';

/** Text of the kernel sources, loaded when first needed. */
function useSources(): Readonly<Record<string, string>> | null {
  const [sources, setSources] = useState<Readonly<Record<string, string>> | null>(null);
  useEffect(() => {
    let gone = false;
    const loaded = usePage.getState().wait();
    import('virtual:kernel-sources').then((module) => {
      if (!gone) setSources(module.sources);
      loaded();
    }, loaded);
    return () => {
      gone = true;
      loaded();
    };
  }, []);
  return sources;
}

const TEXTS = { script: 'Script', source: 'Kernel source' };

/** The left column: call stack, source with the current line, variables of the frame looked at. */
export function Code() {
  const trace = usePage((page) => page.trace);
  const cursor = usePage((page) => page.cursor);
  const step = usePage((page) => page.step);
  // The frame looked at, by its ENTER event; the innermost unless one was chosen that is still open.
  const [chosen, setChosen] = useState<number | null>(null);
  const [text, setText] = useState<keyof typeof TEXTS>('script');
  const hasScript = trace !== null && scriptOf(trace) !== null;
  const rows = useMemo(() => (trace === null ? [] : stackRows(trace, step)), [trace, step]);
  const frame = rows.find((row) => row.enter === chosen) ?? rows.at(-1) ?? null;
  if (trace === null || cursor === null) return null;
  const context = trace.context(trace.ctx(step));
  const host = trace.data.hosts[context.host]?.name;
  return (
    <div className="code" data-script={hasScript}>
      <section aria-label="Call stack">
        <h2 className="panel-title">
          {host === undefined
            ? context.name
            : context.cpu === NO_CPU
              ? `Host ${host}, ${context.name}`
              : `Host ${host}, CPU ${context.cpu}, ${context.name.replace(':', ' ')}`}
        </h2>
        <CallStack rows={rows} chosen={frame} onChoose={(row) => setChosen(row.enter)} />
        {rows.length === 0 && (
          <p className="code-idle">
            {stepWords(trace, step)}. No function of the kernel runs here: {IDLE[context.kind]}
          </p>
        )}
      </section>
      {hasScript && <TabRow label="Text" tabs={TEXTS} chosen={text} onChoose={setText} panel="code-text" />}
      <div className="code-text" id="code-text">
        {hasScript && text === 'script' ? <Script /> : frame !== null && <SourceText frame={frame} />}
      </div>
      {frame !== null && <Variables event={frame.at} />}
    </div>
  );
}

function CallStack({
  rows,
  chosen,
  onChoose,
}: {
  rows: StackRow[];
  chosen: StackRow | null;
  onChoose: (row: StackRow) => void;
}) {
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    const { current } = list;
    if (current !== null && rows.length > 0) current.scrollTop = current.scrollHeight;
  }, [rows]);
  return (
    <ol className="code-stack mono" ref={list}>
      {rows.map((row) => (
        <li key={row.enter} style={{ borderColor: `var(--layer-${row.layer ?? 'process'})` }}>
          <button type="button" aria-current={row === chosen} onClick={() => onChoose(row)}>
            <span>{row.name}</span>
            <span className="code-via">{row.via}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}

/** Why there is no call stack. */
const IDLE = {
  task: 'the task is in user mode, or asleep.',
  softirq: 'the softirqs are done.',
  hardirq: 'the interrupt is done.',
  hardware: 'the hardware works by itself.',
} as const;

const LINE_HEIGHT = 18;

function SourceText({ frame }: { frame: StackRow }) {
  const sources = useSources();
  const breakpoints = usePage((page) => page.breakpoints);
  const toggle = usePage((page) => page.toggleBreakpoint);
  const box = useRef<HTMLDivElement>(null);
  const lines = useMemo(() => sources?.[frame.file]?.split('\n').map(tokens) ?? [], [sources, frame.file]);
  const width = useMemo(() => widest(lines), [lines]);
  const rows = useVirtualizer({
    count: lines.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 6,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: another file, or its text has come: the same line is elsewhere
  useEffect(() => {
    const view = box.current;
    if (view === null) return;
    const top = (frame.line - 1) * LINE_HEIGHT;
    const above = top - view.scrollTop;
    if (above < 40 || above > view.clientHeight - 60) view.scrollTop = Math.max(0, top - view.clientHeight / 3);
  }, [frame.line, lines]);
  return (
    <section className="code-source" aria-label="Source">
      <h2 className="panel-title">
        <a
          href={elixirUrl(frame.file, frame.name)}
          target="_blank"
          rel="noreferrer"
          title={`${frame.name} in Linux 2.6.39`}
        >
          {frame.file}
        </a>
      </h2>
      <Closeness frame={frame} />
      <div className="code-lines mono" ref={box}>
        <div className="code-sheet" style={{ height: rows.getTotalSize(), width: `calc(${width}ch + 60px)` }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const number = index + 1;
            const stops = breakpoints.some((point) => point.file === frame.file && point.line === number);
            return (
              <div
                key={number}
                className="code-line"
                aria-current={number === frame.line}
                style={{ transform: `translateY(${start}px)` }}
              >
                <button
                  type="button"
                  tabIndex={-1}
                  aria-label={`${stops ? 'Remove the breakpoint at' : 'Break at'} line ${number}`}
                  aria-pressed={stops}
                  onClick={() => toggle({ file: frame.file, line: number })}
                >
                  {number}
                </button>
                <span>
                  {lines[index]?.map((token, at) => (
                    // biome-ignore lint/suspicious/noArrayIndexKey: the pieces of a line never move
                    <span key={at} className={`token-${token.kind}`}>
                      {token.text}
                    </span>
                  ))}
                </span>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

/** Characters of the longest line. */
function widest(lines: readonly (readonly Token[])[]): number {
  return lines.reduce(
    (most, line) =>
      Math.max(
        most,
        line.reduce((sum, { text }) => sum + text.length, 0),
      ),
    0,
  );
}

/** How close the function is to the real one, as its docstring says. */
function Closeness({ frame }: { frame: StackRow }) {
  const { kind, text, omits } = closenessOf(frame.tags);
  if (kind === null) return null;
  if (text === '' && omits.length === 0) return <p className="closeness">{kind}</p>;
  return (
    <details className="closeness" data-kind={kind}>
      <summary>
        {kind}
        {omits.length > 0 ? `, omits ${omits.length}` : ''}
        {text === '' ? '' : `: ${text}`}
      </summary>
      {omits.length > 0 && (
        <ul>
          {omits.map((what) => (
            <li key={what}>left out: {what}</li>
          ))}
        </ul>
      )}
    </details>
  );
}

function Variables({ event }: { event: number }) {
  const trace = usePage((page) => page.trace);
  const cursor = usePage((page) => page.cursor);
  const select = usePage((page) => page.select);
  if (trace === null || cursor === null) return null;
  const rows = variableRows(trace, cursor.state, event);
  return (
    <section className="code-variables" aria-label="Variables">
      <h2 className="panel-title">Arguments and locals</h2>
      <dl className="mono">
        {rows.map((row) => (
          <div key={row.name} data-changed={row.changed} data-return={row.isReturn}>
            <dt>{row.name}</dt>
            <dd>
              {row.object === 0 ? (
                row.text
              ) : (
                <button type="button" className="link" onClick={() => select(row.object)}>
                  {row.text}
                </button>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {rows.length === 0 && <p className="code-idle">None.</p>}
    </section>
  );
}
