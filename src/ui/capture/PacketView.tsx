import { useDerived } from '../store/derived';
import { usePage } from '../store/store';
import { PacketDetails } from './PacketDetails';
import { placesOf, ROWS } from './rows';
import '../stage/stage.css';
import './capture.css';

/** The chosen packet of the capture in the stage's place: tap beside wire. */
export function PacketView() {
  const trace = usePage((page) => page.trace);
  const place = usePage((page) => page.capturePlace);
  const captured = usePage((page) => page.captured);
  const show = usePage((page) => page.show);
  const rows = useDerived(ROWS[place] as (typeof ROWS)[number], trace);
  const row = rows?.[(captured ?? 1) - 1];
  return (
    <section className="stage packetview" aria-label="Packet">
      <div className="stagebar">
        <p className="stagenow">
          {trace === null || row === undefined
            ? 'no packet is chosen'
            : `packet ${row.number} of ${placesOf(trace)[place]?.label ?? ''}: tap beside wire`}
        </p>
        <div className="stagetools" role="toolbar" aria-label="Packet view">
          <button type="button" className="tool door" onClick={() => show('stage')}>
            ← Stage
          </button>
        </div>
      </div>
      {row !== undefined && <PacketDetails row={row} />}
    </section>
  );
}
