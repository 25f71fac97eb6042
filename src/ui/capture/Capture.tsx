import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import { captureAt } from '../../export/capture';
import { type CaptureRow, captureRows } from '../../view/capture/rows';
import { transportChecksum } from '../../view/dissect/sums';
import { Derived, useDerived } from '../store/derived';
import { usePage } from '../store/store';
import { timeText } from '../timeline/draw';
import './capture.css';

const ROW_HEIGHT = 19;

const CHECKSUM = { right: 'good', partial: 'partial', wrong: 'wrong' } as const;

function checksumText(bytes: Uint8Array | undefined): string {
  const state = bytes === undefined ? null : transportChecksum(bytes);
  return state === null ? '' : CHECKSUM[state];
}

/** Tap and wire of a host, by host number: each is read off the run when it is first asked for. */
const ROWS = [0, 1, 2].map(
  (host) =>
    new Derived((trace) => {
      const place = { host, dev: 'eth0' };
      const tap = captureAt(trace, { ...place, side: 'tap' });
      const wire = captureAt(trace, { ...place, side: 'wire' });
      return captureRows(tap, wire, (object) => trace.packetOf(object));
    }),
);
const NO_ROWS: readonly CaptureRow[] = [];

/** What a capture program sees at the tap, beside what is on the wire; where they differ, and why. */
export function Capture() {
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  const [host, setHost] = useState(0);
  const [chosen, setChosen] = useState<CaptureRow | null>(null);
  const seek = usePage((page) => page.seek);
  const all = useDerived(ROWS[host] as Derived<CaptureRow[]>, trace);
  const rows = all ?? NO_ROWS;
  const box = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 8,
  });
  if (trace === null) return <section className="capture" aria-label="Capture" />;
  const now = trace.time(step);
  const isOpen = rows.some(({ tap }) => tap !== null);
  const shown = chosen !== null && rows.includes(chosen) ? chosen : lastUntil(rows, now);
  const visible = lines.getVirtualItems();
  const above = visible[0]?.start ?? 0;
  const below = lines.getTotalSize() - (visible.at(-1)?.end ?? 0);
  return (
    <section className="capture" aria-label="Capture">
      <div className="capture-head">
        <h2 className="panel-title">Tap at ptype_all, and the wire</h2>
        <span className="grow" />
        {trace.data.hosts.map(({ name }, index) => (
          <button
            key={name}
            type="button"
            className="button small"
            aria-pressed={index === host}
            onClick={() => setHost(index)}
          >
            Host {name}
          </button>
        ))}
      </div>
      {all === null && <p className="capture-note">Reading the run…</p>}
      {all !== null && !isOpen && (
        <p className="capture-note">No capture is open on this host: ptype_all is empty, and only the wire is shown.</p>
      )}
      <div className="capture-rows" ref={box}>
        <table data-tap={isOpen}>
          <thead>
            <tr>
              <th scope="col">t</th>
              <th scope="col">packet</th>
              <th scope="col">tap</th>
              <th scope="col">wire</th>
            </tr>
          </thead>
          <tbody>
            {above > 0 && <tr style={{ height: above }} />}
            {visible.map(({ index }) => {
              const row = rows[index];
              const first = row?.tap ?? row?.wire[0];
              if (row === undefined || first === undefined) return null;
              return (
                <tr key={`${first.step}`} aria-selected={row === shown} data-future={first.ns > now}>
                  <td className="mono">{timeText(first.ns)}</td>
                  <td>
                    <button
                      type="button"
                      className="link"
                      title={row.summary}
                      onClick={() => {
                        setChosen(row);
                        seek(first.step);
                      }}
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
      </div>
      {shown !== null && <p className="capture-summary mono">{shown.summary}</p>}
      {shown !== null && shown.differences.length > 0 && (
        <ul className="capture-differences">
          {shown.differences.map((difference) => (
            <li key={`${difference.at}`}>
              <span className="mono">
                {difference.length === 1
                  ? `byte ${difference.at}`
                  : `bytes ${difference.at} to ${difference.at + difference.length - 1}`}
              </span>{' '}
              {difference.why}.
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** The last row seen by a time, or null. */
function lastUntil(rows: readonly CaptureRow[], ns: number): CaptureRow | null {
  return rows.findLast((row) => ((row.tap ?? row.wire[0])?.ns ?? Number.POSITIVE_INFINITY) <= ns) ?? null;
}

function Sum({ text }: { text: string }) {
  return <span className={`capture-sum capture-sum-${text}`}>{text}</span>;
}
