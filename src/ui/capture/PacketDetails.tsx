import { useEffect, useMemo, useState } from 'react';
import { type CaptureRow, comparisonOf } from '../../view/capture/rows';
import { dissect, type Field } from '../../view/dissect/dissect';
import { usePage } from '../store/store';
import { timeText } from '../timeline/draw';
import { HexPane, type Stretch } from './HexPane';

/** A packet of the capture: its way, every field of it, and its bytes at the tap beside those on the wire. */
export function PacketDetails({ row }: { row: CaptureRow }) {
  const [chosen, setChosen] = useState(0);
  // A new row begins with its first frame.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the row is what it depends on
  useEffect(() => setChosen(0), [row]);
  const nth = Math.min(chosen, Math.max(0, row.wire.length - 1));
  const frame = row.wire[nth];
  const [marked, setMarked] = useState<Stretch | null>(null);
  const comparison = useMemo(() => comparisonOf(row, nth), [row, nth]);
  const base = row.tap?.bytes ?? frame?.bytes;
  const { sections } = useMemo(() => dissect(base ?? new Uint8Array()), [base]);
  const differences = comparison?.differences ?? [];
  const fields = sections.flatMap((section) => section.fields);
  const fieldAt = (at: number): Field | undefined =>
    fields.findLast((field) => field.length < 5 && at >= field.at && at < field.at + field.length && !field.isPart) ??
    fields.find((field) => at >= field.at && at < field.at + field.length);
  const markAt = (at: number | null): void => setMarked(at === null ? null : (fieldAt(at) ?? { at, length: 1 }));
  return (
    <div className="packet">
      <Way row={row} nth={nth} onChoose={setChosen} />
      <p className="capture-summary mono">{row.summary}</p>
      {differences.length > 0 && (
        <ul className="capture-differences" aria-label="Where tap and wire differ">
          {differences.map((difference) => (
            <li key={`${difference.name}${difference.at}`} onPointerEnter={() => setMarked(difference)}>
              <span className="mono">{difference.name}</span>
              {difference.tap !== '' && difference.wire !== '' && (
                <span className="mono">
                  {' '}
                  {difference.tap} → {difference.wire}
                </span>
              )}
              : {difference.why}.
            </li>
          ))}
        </ul>
      )}
      {row.tap !== null && frame !== undefined && differences.length === 0 && (
        <p className="capture-note">Tap and wire have the same bytes.</p>
      )}
      <div className="packet-panes">
        {row.tap !== null && (
          <HexPane
            title="At the tap"
            bytes={row.tap.bytes}
            marks={comparison?.tap ?? null}
            marked={marked}
            onMark={markAt}
          />
        )}
        {frame !== undefined && (
          <HexPane
            title={row.wire.length > 1 ? `On the wire, frame ${nth + 1} of ${row.wire.length}` : 'On the wire'}
            bytes={frame.bytes}
            marks={comparison?.wire ?? null}
            marked={marked}
            onMark={markAt}
          />
        )}
        <section className="packet-fields" aria-label="Fields">
          {sections.map((section) => (
            <section key={`${section.at}${section.title}`} className="dissected">
              <h3 className={`panel-title hex-${section.protocol}`}>{section.title}</h3>
              <dl className="fields mono">
                {section.fields.map((field) => {
                  const difference = field.isPart
                    ? undefined
                    : differences.find(({ at, name }) => at === field.at && name.endsWith(field.name));
                  return (
                    <div
                      key={`${field.at} ${field.name} ${field.key}`}
                      data-marked={marked !== null && marked.at === field.at && marked.length === field.length}
                      data-part={field.isPart}
                      data-problem={field.problem !== undefined}
                      data-differs={difference !== undefined}
                      title={field.key}
                      onPointerEnter={() => setMarked(field)}
                    >
                      <dt>{field.name}</dt>
                      <dd>
                        {field.text}
                        {difference !== undefined && difference.wire !== '' && (
                          <span className="packet-wire"> wire {difference.wire}</span>
                        )}
                      </dd>
                    </div>
                  );
                })}
              </dl>
            </section>
          ))}
        </section>
      </div>
    </div>
  );
}

/** Points of the packet's way, as buttons that go there. */
function Way({ row, nth, onChoose }: { row: CaptureRow; nth: number; onChoose: (nth: number) => void }) {
  const step = usePage((page) => page.step);
  const thread = usePage((page) => page.thread);
  const { seek, select, setThread, setSize, show } = usePage.getState();
  const go = (to: number, object: number): void => {
    seek(to);
    select(object);
  };
  const { tap, wire } = row;
  const skb = tap?.object ?? row.packet;
  const follows = typeof thread === 'object' && 'skb' in thread && thread.skb === skb;
  return (
    <p className="packet-way">
      {tap !== null && (
        <button
          type="button"
          className="button small"
          aria-pressed={step === tap.step}
          onClick={() => go(tap.step, tap.object)}
        >
          Tap, {timeText(tap.ns)}
        </button>
      )}
      {wire.map((frame, index) => (
        <button
          key={frame.step}
          type="button"
          className="button small"
          aria-pressed={index === nth && wire.length > 1}
          onClick={() => {
            onChoose(index);
            go(frame.step, frame.object);
          }}
        >
          {wire.length > 1 ? `Frame ${index + 1}` : 'Wire'}, {timeText(frame.ns)}
        </button>
      ))}
      <button
        type="button"
        className="button small"
        aria-pressed={follows}
        onClick={() => {
          setThread(follows ? 'all' : { skb });
          setSize('call');
          select(skb);
          if (!follows) show('stage');
        }}
        title="Steps along this packet and its family only, on the stage"
      >
        Follow on the stage
      </button>
    </p>
  );
}
