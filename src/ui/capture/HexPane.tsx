import { useVirtualizer } from '@tanstack/react-virtual';
import { useEffect, useMemo, useRef } from 'react';
import { ALONE, DIFFERS } from '../../view/capture/compare';
import { dissect } from '../../view/dissect/dissect';

/** Some bytes of a frame. */
export interface Stretch {
  readonly at: number;
  readonly length: number;
}

const ROW = 8;
const ROW_HEIGHT = 17;

const MARKS: Readonly<Record<number, string>> = { [DIFFERS]: 'differs', [ALONE]: 'alone' };

function printable(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : '.';
}

/** Bytes as hex and text, with what differs from the other side marked; only the rows in view are made. */
export function HexPane({
  title,
  bytes,
  marks,
  marked,
  onMark,
}: {
  title: string;
  bytes: Uint8Array;
  /** How each byte stands beside the other side; null: there is none. */
  marks: Uint8Array | null;
  marked: Stretch | null;
  onMark: (at: number | null) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({
    count: Math.ceil(bytes.length / ROW),
    getScrollElement: () => box.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 10,
  });
  const sections = useMemo(() => dissect(bytes).sections, [bytes]);
  const sectionAt = (at: number): string =>
    sections.find((section) => at >= section.at && at < section.at + section.length)?.protocol ?? 'data';
  const firstMark = marks?.indexOf(DIFFERS) ?? -1;
  // What differs is brought into view when another packet is shown.
  useEffect(() => {
    lines.scrollToIndex(Math.max(0, Math.floor(firstMark / ROW) - 3), { align: 'start' });
  }, [lines, firstMark]);
  return (
    <section className="hexpane" aria-label={title}>
      <h3 className="panel-title">
        {title}, {bytes.length.toLocaleString('en')} bytes
      </h3>
      <div className="hexrows mono" ref={box} onPointerLeave={() => onMark(null)}>
        <div style={{ height: lines.getTotalSize(), position: 'relative' }}>
          {lines.getVirtualItems().map(({ index, start }) => {
            const from = index * ROW;
            const line = [...bytes.subarray(from, from + ROW)];
            return (
              <div key={index} className="hexrow" style={{ transform: `translateY(${start}px)` }}>
                <span className="hex-offset">{from.toString(16).padStart(4, '0')}</span>
                <span className="hex-bytes">
                  {line.map((byte, i) => {
                    const at = from + i;
                    const isMarked = marked !== null && at >= marked.at && at < marked.at + marked.length;
                    return (
                      <span
                        key={at}
                        className={`hex-${sectionAt(at)}`}
                        data-marked={isMarked}
                        data-mark={MARKS[marks?.[at] ?? 0]}
                        onPointerEnter={() => onMark(at)}
                      >
                        {byte.toString(16).padStart(2, '0')}
                      </span>
                    );
                  })}
                </span>
                <span className="hex-text">{line.map(printable).join('')}</span>
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}
