import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { type ScriptRow, scriptRows, scriptVerdict } from '../../view/panels/script';
import { usePage } from '../store/store';
import './script.css';

const LINE_HEIGHT = 18;

const STATES: Readonly<Record<ScriptRow['state'], { readonly mark: string; readonly words: string }>> = {
  ahead: { mark: '', words: '' },
  begins: { mark: '▸', words: 'under way' },
  holds: { mark: '✓', words: 'holds' },
  failed: { mark: '✗', words: 'does not hold' },
};

/** The packetdrill script that plays the other end: its lines follow the playhead, and the playhead goes where a line is chosen. */
export function Script() {
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  const seek = usePage((page) => page.seek);
  const box = useRef<HTMLDivElement>(null);
  const rows = useMemo(() => (trace === null ? [] : scriptRows(trace, step)), [trace, step]);
  const verdict = useMemo(() => (trace === null ? null : scriptVerdict(trace)), [trace]);
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 8,
  });
  const width = rows.reduce((most, { text }) => Math.max(most, text.length), 0);
  const current = rows.findIndex(({ isCurrent }) => isCurrent);
  useEffect(() => {
    const view = box.current;
    if (view === null || current < 0) return;
    const above = current * LINE_HEIGHT - view.scrollTop;
    if (above < 40 || above > view.clientHeight - 60)
      view.scrollTop = Math.max(0, current * LINE_HEIGHT - view.clientHeight / 3);
  }, [current]);
  const failed = rows.find(({ state }) => state === 'failed');
  return (
    <section className="script" aria-label="Script">
      {verdict !== null && (
        <p className="script-verdict" data-ok={verdict.ok}>
          {verdict.text}
        </p>
      )}
      <div className="code-lines mono" ref={box}>
        <div className="code-sheet" style={{ height: lines.getTotalSize(), width: `calc(${width}ch + 76px)` }}>
          {lines.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            if (row === undefined) return null;
            const { mark, words } = STATES[row.state];
            return (
              <div
                key={row.number}
                className="code-line script-line"
                aria-current={row.isCurrent}
                data-state={row.state}
                data-comment={/^\s*(\/\/|\/\*|\*)/.test(row.text)}
                style={{ transform: `translateY(${start}px)` }}
              >
                <button
                  type="button"
                  disabled={row.step === null}
                  aria-label={`Line ${row.number}${words === '' ? '' : `, ${words}`}: go to its step`}
                  onClick={() => row.step !== null && seek(row.step)}
                >
                  {row.number}
                </button>
                <i aria-hidden="true">{mark}</i>
                <span>{row.text}</span>
              </div>
            );
          })}
        </div>
      </div>
      {failed !== undefined && (
        <p className="script-note">
          Line {failed.number}: {failed.note}
        </p>
      )}
    </section>
  );
}
