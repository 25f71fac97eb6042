/** Rows of each card's capture, read off a run when they are first asked for. */
import type { Work } from '../../base/work';
import { capturing } from '../../export/capture';
import type { Scenario } from '../../scenario/schema';
import { Cursor } from '../../trace/cursor';
import type { Trace } from '../../trace/trace';
import { type CaptureRow, rowsOf } from '../../view/capture/rows';
import { Derived } from '../store/derived';

/** A device at which packets are seen. */
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
  const places = cards.map((nic) => {
    const host = nic.num('host');
    const dev = nic.text('name');
    const name = trace.data.hosts[host]?.name ?? String(host);
    const isOne = cards.filter((other) => other.num('host') === host).length === 1;
    return { host, dev, label: isOne ? `Host ${name}` : `${name} ${dev}` };
  });
  const { captures } = trace.data.scenario as Scenario;
  const loopbacks = trace.data.hosts.flatMap(({ name }, host) => {
    const listens = captures.some((one) => one.host === name && one.dev === 'lo');
    return listens ? [{ host, dev: 'lo', label: `${name} lo` }] : [];
  });
  return [...places, ...loopbacks];
}

/** The cards of a run, in the order in which they were put in, and loopback devices at which a packet socket listens. */
export function placesOf(trace: Trace): readonly Place[] {
  let places = placesOfTraces.get(trace);
  if (places === undefined) {
    places = findPlaces(trace);
    placesOfTraces.set(trace, places);
  }
  return places;
}

/** Most places of a run: two hosts, a router with two cards, and the loopback device of each. */
const MOST_PLACES = 7;

/** Rows by number of the place. */
export const ROWS: readonly Derived<readonly CaptureRow[]>[] = Array.from(
  { length: MOST_PLACES },
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
