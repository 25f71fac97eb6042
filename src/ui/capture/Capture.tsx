import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useMemo, useRef, useState } from 'react';
import { type CaptureRow, filterable } from '../../view/capture/rows';
import { transportChecksum } from '../../view/dissect/sums';
import { parseFilter } from '../../view/filter/filter';
import { useWidth } from '../frame/layout';
import { useDerived } from '../store/derived';
import { usePage } from '../store/store';
import { timeText } from '../timeline/draw';
import { FilterBox } from './FilterBox';
import { PacketDetails } from './PacketDetails';
import { placesOf, ROWS } from './rows';
import './capture.css';

const ROW_HEIGHT = 19;

const CHECKSUM = { right: 'good', partial: 'partial', wrong: 'wrong' } as const;

function checksumText(bytes: Uint8Array | undefined): string {
  const state = bytes === undefined ? null : transportChecksum(bytes);
  return state === null ? '' : CHECKSUM[state];
}

const NO_ROWS: readonly CaptureRow[] = [];

/** What a capture program sees at the tap, beside what is on the wire; where they differ, and why. */
export function Capture() {
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  const place = usePage((page) => page.capturePlace);
  const captured = usePage((page) => page.captured);
  const main = usePage((page) => page.main);
  const { seek, select, showCapture, show } = usePage.getState();
  const isNarrow = useWidth() === 'narrow';
  const [text, setText] = useState('');
  const filter = useMemo(() => parseFilter(text), [text]);
  const all = useDerived(ROWS[place] as (typeof ROWS)[number], trace);
  const rows = useMemo(() => {
    if (all === null || !filter.ok) return all ?? NO_ROWS;
    return text.trim() === '' ? all : all.filter((row) => filter.test(filterable(row)));
  }, [all, filter, text]);
  const box = useRef<HTMLDivElement>(null);
  /** Number of the row whose button takes the focus when it is there. */
  const focusing = useRef<number | null>(null);
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  if (trace === null) return <section className="capture" aria-label="Capture" />;
  const now = trace.time(step);
  const isOpen = all?.some(({ tap }) => tap !== null) ?? false;
  const shown = all?.[(captured ?? 0) - 1] ?? lastUntil(rows, now);
  const visible = lines.getVirtualItems();
  const above = visible[0]?.start ?? 0;
  const below = lines.getTotalSize() - (visible.at(-1)?.end ?? 0);
  const choose = (row: CaptureRow): void => {
    const first = row.tap ?? row.wire[0];
    showCapture(place, row.number);
    if (first === undefined) return;
    seek(first.step);
    select(first.object);
  };
  /** Arrows move along the rows; the row that is reached is the one that is looked at. */
  const moveBy = (event: KeyboardEvent<HTMLElement>): void => {
    const at = shown === null ? -1 : rows.indexOf(shown);
    const to = targetOf(event.key, at, rows.length);
    const row = to === null ? undefined : rows[to];
    if (to === null || row === undefined || event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    lines.scrollToIndex(to);
    choose(row);
    focusing.current = row.number;
  };
  return (
    <section className="capture" aria-label="Capture">
      <div className="capture-head">
        <h2 className="panel-title">Tap at ptype_all, and the wire</h2>
        <span className="grow" />
        {placesOf(trace).map(({ label }, nth) => (
          <button
            key={label}
            type="button"
            className="button small"
            aria-pressed={nth === place}
            onClick={() => showCapture(nth, null)}
          >
            {label}
          </button>
        ))}
      </div>
      <FilterBox text={text} filter={filter} onChange={setText} shown={rows.length} of={all?.length ?? 0} />
      {all === null && <p className="capture-note">Reading the run…</p>}
      {all !== null && !isOpen && (
        <p className="capture-note">No capture is open on this host: ptype_all is empty, and only the wire is shown.</p>
      )}
      <div className="capture-rows" ref={box}>
        <table data-tap={isOpen} aria-rowcount={rows.length}>
          <thead>
            <tr>
              <th scope="col">t</th>
              <th scope="col">packet</th>
              <th scope="col">tap</th>
              <th scope="col">wire</th>
            </tr>
          </thead>
          <tbody onKeyDown={moveBy}>
            {above > 0 && <tr style={{ height: above }} />}
            {visible.map(({ index }) => {
              const row = rows[index];
              const first = row?.tap ?? row?.wire[0];
              if (row === undefined || first === undefined) return null;
              return (
                <tr
                  key={row.number}
                  aria-rowindex={index + 1}
                  aria-selected={row === shown}
                  data-future={first.ns > now}
                >
                  <td className="mono">{timeText(first.ns)}</td>
                  <td>
                    <button
                      type="button"
                      className="link"
                      title={row.summary}
                      tabIndex={row === shown || (shown === null && index === 0) ? 0 : -1}
                      ref={(button) => {
                        if (button === null || focusing.current !== row.number) return;
                        focusing.current = null;
                        button.focus({ preventScroll: true });
                      }}
                      onClick={() => choose(row)}
                    >
                      <span aria-hidden="true">{row.direction === 'out' ? '↗ ' : '↙ '}</span>
                      {row.brief}
                    </button>
                  </td>
                  <td className="mono">
                    {row.tap === null ? '–' : `${row.tap.bytes.length} B `}
                    {row.tap !== null && <Sum text={checksumText(row.tap.bytes)} />}
                  </td>
                  <td className="mono">
                    {row.wire.length === 0
                      ? '–'
                      : row.wire.length === 1
                        ? `${row.wire[0]?.bytes.length} B `
                        : `${row.wire.length} frames `}
                    {row.wire.length > 0 && <Sum text={checksumText(row.wire[0]?.bytes)} />}
                  </td>
                </tr>
              );
            })}
            {below > 0 && <tr style={{ height: below }} />}
          </tbody>
        </table>
        {all !== null && rows.length === 0 && filter.ok && (
          <p className="capture-note">{all.length === 0 ? 'No packet in this run.' : 'No packet fits the filter.'}</p>
        )}
      </div>
      {shown !== null && isNarrow && <PacketDetails row={shown} />}
      {shown !== null && !isNarrow && (
        <>
          <div className="capture-chosen">
            <p className="capture-summary mono">{shown.summary}</p>
            <button
              type="button"
              className="button small"
              aria-pressed={main === 'packet'}
              onClick={() => {
                showCapture(place, shown.number);
                show(main === 'packet' ? 'stage' : 'packet');
              }}
              title="Tap and wire side by side, byte by byte and field by field, in the stage's place"
            >
              Bytes
            </button>
          </div>
          {shown.differences.length > 0 && main !== 'packet' && (
            <ul className="capture-differences">
              {shown.differences.map(({ name, at, length, why }) => (
                <li key={`${name}${at}`}>
                  <span className="mono" title={`${length} bytes from byte ${at} on`}>
                    {name}
                  </span>{' '}
                  {why}.
                </li>
              ))}
            </ul>
          )}
        </>
      )}
    </section>
  );
}

const PAGE_ROWS = 10;

/** Where a key leads from a row; null: it is none of the table's. */
function targetOf(key: string, at: number, count: number): number | null {
  const moves: Readonly<Record<string, number>> = {
    ArrowDown: at + 1,
    ArrowUp: at - 1,
    PageDown: at + PAGE_ROWS,
    PageUp: at - PAGE_ROWS,
    Home: 0,
    End: count - 1,
  };
  const to = moves[key];
  return to === undefined || count === 0 ? null : Math.max(0, Math.min(count - 1, to));
}

/** The last row seen by a time, or null. */
function lastUntil(rows: readonly CaptureRow[], ns: number): CaptureRow | null {
  return rows.findLast((row) => ((row.tap ?? row.wire[0])?.ns ?? Number.POSITIVE_INFINITY) <= ns) ?? null;
}

function Sum({ text }: { text: string }) {
  return <span className={`capture-sum capture-sum-${text}`}>{text}</span>;
}
