/** What every floor is built from. */
import type { Cursor } from '../../../trace/cursor';
import type { Layer } from '../../../trace/layers';
import { Kind } from '../../../trace/recorder';
import type { State, StructView } from '../../../trace/state';
import type { Trace } from '../../../trace/trace';
import { type Hand, type Held, handOf } from '../hands';
import type { Role } from '../history';

export type Moment = Pick<Cursor, 'state' | 'step' | 'trace'>;

/** One host at one step. */
export interface HostContext {
  readonly trace: Trace;
  readonly state: State;
  readonly step: number;
  readonly host: number;
  /** Virtual ns. */
  readonly time: number;
  readonly role: Role;
  readonly hands: readonly Hand[];
  readonly hand: Hand | null;
  readonly held: readonly Held[];
  /** The inet_sock that is shown: of a stream, a listener or datagrams. */
  readonly sock: StructView | null;
  /** The host's network devices, loopback apart, in order of their index. */
  readonly devices: readonly StructView[];
  /** The one that is shown: what is worked on, else the first. */
  readonly device: StructView | null;
  /** Object id that is selected, 0: none. */
  readonly selected: number;
}

/** A function-pointer table with the slot a call goes through. */
export interface Cabinet {
  readonly name: string;
  readonly type: string;
  readonly rows: readonly CabinetRow[];
}

export interface CabinetRow {
  readonly slot: string;
  readonly target: string;
  /** A call that is still open went through it. */
  readonly followed: boolean;
  /** The function it led to is the one under way. */
  readonly here: boolean;
}

/** Rows of a table: those followed, and others up to `limit`, in the table's order. `want` come first among the others. */
export function cabinetOf(c: HostContext, name: string | null, want: readonly string[], limit: number): Cabinet | null {
  const table = name === null ? undefined : c.trace.data.schema.tables.find((known) => known.name === name);
  if (table === undefined) return null;
  const usable = table.slots.filter(({ target }) => /^[a-z_]\w*$/i.test(target) && target !== 'null');
  const rows = usable.map(({ slot, target }) => ({ slot, target, ...followOf(c, table.name, slot) }));
  const rank = (row: CabinetRow): number => (row.followed ? 0 : want.includes(row.slot) ? 1 : 2);
  const kept = new Set([...rows].sort((a, b) => rank(a) - rank(b)).slice(0, limit));
  return { name: table.name, type: table.type, rows: rows.filter((row) => kept.has(row)) };
}

/** Whether a slot (or a struct's function field) is being followed by the host's hand. */
export function followOf(c: HostContext, table: string, slot: string): { followed: boolean; here: boolean } {
  const frames = c.hand?.frames ?? [];
  const depth = frames.findLastIndex(({ frame }) => frame.via?.table === table && frame.via.slot === slot);
  if (depth < 0) return { followed: false, here: false };
  return { followed: true, here: c.hand?.current === true && depth === frames.length - 1 };
}

/** The function under way on this host at this step, null when the step is elsewhere. */
export function functionHere(c: HostContext): string | null {
  return c.hand?.current === true ? (c.hand.frames.at(-1)?.frame.fact.name ?? null) : null;
}

/** True when an open call of the host's hand runs one of these functions. */
export function inCall(c: HostContext, ...names: string[]): boolean {
  return c.hand?.frames.some(({ frame }) => names.includes(frame.fact.name)) ?? false;
}

/** As `inCall`, and the step is of that context. */
export function inCallHere(c: HostContext, ...names: string[]): boolean {
  return c.hand?.current === true && inCall(c, ...names);
}

/** The packet in the hand of the function under way, or of the host's last one. */
export function skbInHand(c: HostContext, layer?: Layer): StructView | null {
  const held = c.held.filter((one) => one.host === c.host && (layer === undefined || one.layer === layer));
  const best = held.find((one) => one.current && one.direct) ?? held.find((one) => one.direct) ?? held[0];
  return best === undefined ? null : c.state.find(best.skb);
}

/** CPUs of the host that spin on a lock, as text. */
export function spinnersOn(c: HostContext, lock: number): string[] {
  const found: string[] = [];
  for (const { id, host, cpu } of c.trace.data.contexts) {
    if (host !== c.host) continue;
    const at = c.trace.lastEventOf(id, c.step);
    if (at >= 0 && c.trace.kind(at) === Kind.SPIN && c.trace.skb(at) === lock) found.push(`CPU ${cpu}`);
  }
  return found;
}

/** The card a device stands for. */
export function cardOf(c: HostContext, device: StructView | null): StructView | null {
  if (device === null) return null;
  const name = device.text('name');
  const cards = c.state.objects('nic').filter((card) => card.num('host') === c.host);
  return cards.find((card) => card.text('name') === name) ?? null;
}

/** A value of a variable of the innermost open frame of a function. */
export function variableIn(c: HostContext, hand: Hand | null, fn: string, name: string): number | null {
  const frame = hand?.frames.findLast((one) => one.frame.fact.name === fn)?.frame;
  if (frame === undefined) return null;
  const value = c.trace.variablesAt(frame.at).find((one) => one.name === name)?.value;
  return typeof value === 'number' ? value : null;
}

/** Functions that work on one of several queues, and the parameter that says which, innermost first. */
const QUEUE_WORKERS = [
  ['igb_clean_rx_irq_adv', 'q_vector'],
  ['igb_clean_tx_irq', 'q_vector'],
  ['igb_msix_ring', 'q_vector'],
  ['igb_xmit_frame_ring_adv', 'tx_ring'],
  ['dev_hard_start_xmit', 'txq'],
  ['sch_direct_xmit', 'txq'],
  ['__dev_xmit_skb', 'txq'],
] as const;

/** The TX or RX queue that the host is busy with, else that of the packet in hand; 0 where there is but one. */
export function queueInHand(c: HostContext): number {
  for (const [fn, parameter] of QUEUE_WORKERS) {
    const id = variableIn(c, c.hand, fn, parameter);
    const found = id === null ? null : c.state.find(id);
    if (found === null) continue;
    if (found.has('index')) return found.num('index');
    const ring = found.has('queue_index') ? found : (found.ref('rx_ring') ?? found.ref('tx_ring'));
    if (ring !== null) return ring.num('queue_index');
  }
  return 0;
}

/** Functions with a NAPI instance, and the parameter that it is, innermost first. */
const NAPI_WORKERS = ['napi_gro_receive', 'napi_complete', 'igb_poll', 'e1000_clean'] as const;

/** The NAPI instance of a device that the host is busy with, else the first. */
export function napiInHand(c: HostContext, device: StructView): StructView | null {
  for (const fn of NAPI_WORKERS) {
    const id = variableIn(c, c.hand, fn, fn === 'napi_complete' ? 'n' : 'napi');
    const found = id === null ? null : c.state.find(id);
    if (found !== null && found.ref('dev')?.id === device.id) return found;
  }
  return c.state.objects('napi_struct', c.host).find((one) => one.ref('dev')?.id === device.id) ?? null;
}

export { handOf };
