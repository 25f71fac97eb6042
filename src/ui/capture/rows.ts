/** Rows of each card's capture, read off a run when they are first asked for. */
import type { Work } from '../../base/work';
import { capturing } from '../../export/capture';
import { Cursor } from '../../trace/cursor';
import type { Trace } from '../../trace/trace';
import { type CaptureRow, rowsOf } from '../../view/capture/rows';
import { Derived } from '../store/derived';

/** A card at which packets are seen. */
interface Place {
  readonly host: number;
  readonly dev: string;
  /** `Host A`, or `R eth1` where a host has more than one card. */
  readonly label: string;
}

const placesOfTraces = new WeakMap<Trace, readonly Place[]>();

function findPlaces(trace: Trace): readonly Place[] {
  // Cards are there from the first step on.
  const cards = new Cursor(trace, { once: true }).state.objects('nic');
  return cards.map((nic) => {
    const host = nic.num('host');
    const dev = nic.text('name');
    const name = trace.data.hosts[host]?.name ?? String(host);
    const isOne = cards.filter((other) => other.num('host') === host).length === 1;
    return { host, dev, label: isOne ? `Host ${name}` : `${name} ${dev}` };
  });
}

/** The cards of a run, in the order in which they were put in. */
export function placesOf(trace: Trace): readonly Place[] {
  let places = placesOfTraces.get(trace);
  if (places === undefined) {
    places = findPlaces(trace);
    placesOfTraces.set(trace, places);
  }
  return places;
}

/** Most cards of a run: two hosts, and a router with two. */
const MOST_CARDS = 4;

/** Rows by number of the card. */
export const ROWS: readonly Derived<readonly CaptureRow[]>[] = Array.from(
  { length: MOST_CARDS },
  (_, nth) =>
    new Derived(function* (trace): Work<readonly CaptureRow[]> {
      const place = placesOf(trace)[nth];
      if (place === undefined) return [];
      yield* trace.relate();
      const tap = yield* capturing(trace, { host: place.host, dev: place.dev, side: 'tap' });
      const wire = yield* capturing(trace, { host: place.host, dev: place.dev, side: 'wire' });
      return yield* rowsOf(tap, wire, (object) => trace.packetOf(object));
    }),
);
