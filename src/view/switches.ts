/** The switches of a card as they stand at a step (what `ethtool -k` lists, and the cable), for those who want to flip one. */
import type { State, StructView } from '../trace/state';

/** Switches of the device, by the names that a scenario's edits have. */
const OFFLOADS = {
  txCsum: 'TX checksum',
  rxCsum: 'RX checksum',
  sg: 'scatter-gather',
  tso: 'TSO',
  gso: 'GSO',
  gro: 'GRO',
} as const;
export type SwitchName = keyof typeof OFFLOADS | 'cable';

/** Feature bits of include/linux/netdevice.h; of TX checksums that of IPv4 or that of all protocols. The RX checksum is the driver's. */
const BITS: Readonly<Record<Exclude<keyof typeof OFFLOADS, 'rxCsum'>, number>> = {
  txCsum: 2 | 8,
  sg: 1,
  tso: 1 << 16,
  gso: 2048,
  gro: 16_384,
};

/** An edit of a scenario, but for its time. */
export type Change = Readonly<Record<string, string | number | boolean>>;

export interface Switch {
  readonly name: SwitchName;
  readonly label: string;
  readonly on: boolean;
  /** The edit that flips it. */
  readonly flip: Change;
}

/** Something of a card that has more than two values. */
export interface Setting {
  readonly name: string;
  readonly label: string;
  /** Value now, as one of the choices has it, or as it stands. */
  readonly value: string;
  readonly choices: readonly { readonly value: string; readonly label: string; readonly change: Change }[];
}

/** The network device of a card. */
export function deviceOfCard(state: State, nic: StructView): StructView | null {
  const name = nic.text('name');
  return state.objects('net_device', nic.num('host')).find((dev) => dev.text('name') === name) ?? null;
}

/** Whether the driver takes the verdict of the checksum engine: a flag of e1000's adapter, of each ring of igb; null: neither. */
function rxChecksum(adapter: StructView | null): boolean | null {
  if (adapter === null) return null;
  if (adapter.has('rx_csum')) return adapter.flag('rx_csum');
  if (!adapter.has('rx_ring') || adapter.field('rx_ring').kind !== 'list') return null;
  const [ring] = adapter.refs('rx_ring');
  return ring?.text('flags').includes('RX_CSUM') ?? null;
}

/** Switches of a card, and the cable in it. `hosts` are the names of the run's hosts. */
export function switchesOf(state: State, nic: StructView, hosts: readonly string[]): Switch[] {
  const dev = deviceOfCard(state, nic);
  const host = hosts[nic.num('host')];
  if (dev === null || host === undefined) return [];
  const features = dev.num('features');
  const adapter = dev.ref('priv');
  const verifies = rxChecksum(adapter);
  const offloads = (Object.keys(OFFLOADS) as (keyof typeof OFFLOADS)[])
    .filter((name) => name !== 'rxCsum' || verifies !== null)
    .map((name): Switch => {
      const on = name === 'rxCsum' ? verifies === true : (features & BITS[name]) !== 0;
      const flip = { op: 'nic', host, dev: nic.text('name'), [name]: !on };
      return { name, label: OFFLOADS[name], on, flip };
    });
  const of = sideOf(nic, hosts);
  // A card's own LED is dark while the two ends negotiate, too.
  const up = cableOf(state, nic, hosts)?.flag('up') ?? nic.flag('led_link');
  return [...offloads, { name: 'cable', label: 'cable', on: up, flip: { op: 'link', up: !up, of } }];
}

/** Whose cable is in a card: the router's second card is at B's. */
function sideOf(nic: StructView, hosts: readonly string[]): 'A' | 'B' {
  const host = hosts[nic.num('host')];
  return host === 'B' || (host === 'R' && nic.text('name') === 'eth1') ? 'B' : 'A';
}

/** The link that a card's cable is: with a router between them, A and B have one each. */
export function cableOf(state: State, nic: StructView, hosts: readonly string[]): StructView | null {
  const cables = state.objects('link');
  return cables[sideOf(nic, hosts) === 'B' ? cables.length - 1 : 0] ?? null;
}

const RING_SIZES = [80, 128, 256, 512, 1024, 4096];
const RATES: Readonly<Record<number, string>> = { 0: 'not throttled', 1: 'dynamic', 3: 'dynamic, conservative' };
const FIXED_RATES = [2000, 8000, 20_000];
const PAUSE: Readonly<Record<string, string>> = { none: 'none', rx: 'obeyed', tx: 'sent', full: 'obeyed and sent' };
/** enum e1000_fc_type: bit 0 obeys, bit 1 sends. */
const PAUSE_NAMES = ['none', 'rx', 'tx', 'full'] as const;
const SPEEDS = [10, 100, 1000];

/** Descriptors of each ring one way, by the driver's adapter: igb counts for all its rings at once. */
function descriptors(adapter: StructView, way: 'tx' | 'rx'): number {
  return adapter.has(`${way}_ring_count`)
    ? adapter.num(`${way}_ring_count`)
    : (adapter.ref(`${way}_ring`)?.num('count') ?? 0);
}

/** The interrupt rate as a scenario has it; igb keeps a fixed one as EITR does: us in bits 2 to 14. */
function interruptRate(adapter: StructView): number {
  if (adapter.has('itr_setting')) return adapter.num('itr_setting');
  const setting = adapter.num('rx_itr_setting');
  return setting <= 3 ? setting : Math.round(1_000_000 / (setting >> 2));
}

/** What `ethtool -G`, `-C`, `-A` and `-s` set. */
export function settingsOf(state: State, nic: StructView, hosts: readonly string[]): Setting[] {
  const dev = deviceOfCard(state, nic);
  const adapter = dev?.ref('priv') ?? null;
  const host = hosts[nic.num('host')];
  const hw = adapter?.has('hw') ? adapter.ref('hw') : null;
  if (adapter === null || host === undefined || hw === null) return [];
  const where = { op: 'nic', host, dev: nic.text('name') };
  const choice = (value: string | number, label: string, change: Change) => {
    return { value: String(value), label, change: { ...where, ...change } };
  };
  const numbers = (name: string, now: number, values: readonly number[], words: (n: number) => string) =>
    [...new Set([...values, now])].sort((a, b) => a - b).map((value) => choice(value, words(value), { [name]: value }));
  const rings = (['tx', 'rx'] as const).map((way): Setting => {
    const count = descriptors(adapter, way);
    const name = `${way}Ring`;
    return {
      name,
      label: `${way.toUpperCase()} ring`,
      value: String(count),
      choices: numbers(name, count, RING_SIZES, (n) => `${n} descriptors`),
    };
  });
  const mode = interruptRate(adapter);
  const rate = (n: number): string => RATES[n] ?? `${n} a second`;
  const wanted = hw.num(hw.has('original_fc') ? 'original_fc' : 'requested_mode');
  const pause = PAUSE_NAMES[wanted & 3] ?? 'none';
  const speed = cableOf(state, nic, hosts)?.num('speed') ?? 0;
  return [
    ...rings,
    {
      name: 'itr',
      label: 'interrupts',
      value: String(mode),
      choices: numbers('itr', mode, [0, 1, 3, ...FIXED_RATES], rate),
    },
    {
      name: 'pause',
      label: 'pause frames',
      value: pause,
      choices: Object.entries(PAUSE).map(([name, label]) => choice(name, label, { pause: name })),
    },
    {
      name: 'mbps',
      label: 'speed',
      value: String(speed),
      choices: SPEEDS.map((mbps) => choice(mbps, `${mbps} Mb/s`, { mbps })),
    },
  ];
}

/** A scenario with one more edit at a time (ns; it is made at the next whole µs). */
export function withEdit(scenario: unknown, change: Change, ns: number): unknown {
  const input = typeof scenario === 'object' && scenario !== null ? (scenario as { edits?: readonly unknown[] }) : {};
  const edit = { ...change, atUs: Math.ceil(ns / 1000) };
  return { ...input, edits: [...(input.edits ?? []), edit] };
}
