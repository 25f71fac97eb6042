import { useVirtualizer } from '@tanstack/react-virtual';
import { useState } from 'react';
import { DROPS } from '../store/drops';
import { usePage } from '../store/store';
import { timeText } from '../timeline/draw';
import { Modal } from './Modal';

const ROW_HEIGHT = 44;

/** Every packet that was dropped, and why; choosing one goes to the step at which it was given up. */
export default function Drops() {
  const trace = usePage((page) => page.trace);
  const step = usePage((page) => page.step);
  // The window stands in a portal: its box comes after the first rendering.
  const [box, setBox] = useState<HTMLDivElement | null>(null);
  const drops = trace === null ? [] : DROPS.of(trace);
  const rows = useVirtualizer({
    count: drops.length,
    getScrollElement: () => box,
    estimateSize: () => ROW_HEIGHT,
    overscan: 6,
  });
  if (trace === null) return null;
  const go = (at: number, packet: number): void => {
    const { seek, select, openDialog } = usePage.getState();
    openDialog(null);
    seek(at);
    select(packet);
  };
  return (
    <Modal title="Dropped packets" wide>
      {drops.length === 0 && <p>No packet was dropped in this run.</p>}
      <div className="drops" ref={setBox}>
        <ol style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const drop = drops[index];
            if (drop === undefined) return null;
            const host = trace.data.hosts[drop.host]?.name;
            return (
              <li key={drop.step} style={{ transform: `translateY(${start}px)` }}>
                <button type="button" aria-current={drop.step === step} onClick={() => go(drop.step, drop.packet)}>
                  <span className="mono drops-word">{drop.word}</span>
                  <span className="mono drops-place">
                    {timeText(trace.time(drop.step))} · {host === undefined ? 'wire' : `host ${host}`} · #{drop.packet}{' '}
                    · {drop.by}
                  </span>
                  <span className="drops-text">{drop.text}</span>
                </button>
              </li>
            );
          })}
        </ol>
      </div>
    </Modal>
  );
}
