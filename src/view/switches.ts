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

/** Feature bits of include/linux/netdevice.h. The RX checksum is a flag of the driver. */
const BITS: Readonly<Record<Exclude<keyof typeof OFFLOADS, 'rxCsum'>, number>> = {
  txCsum: 8,
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

/** The network device of a card. */
export function deviceOfCard(state: State, nic: StructView): StructView | null {
  const name = nic.text('name');
  return state.objects('net_device', nic.num('host')).find((dev) => dev.text('name') === name) ?? null;
}

/** Switches of a card, and the cable in it. `hosts` are the names of the run's hosts. */
export function switchesOf(state: State, nic: StructView, hosts: readonly string[]): Switch[] {
  const dev = deviceOfCard(state, nic);
  const host = hosts[nic.num('host')];
  if (dev === null || host === undefined) return [];
  const features = dev.num('features');
  const adapter = dev.ref('priv');
  const hasRxCsum = adapter?.has('rx_csum') ?? false;
  const offloads = (Object.keys(OFFLOADS) as (keyof typeof OFFLOADS)[])
    .filter((name) => name !== 'rxCsum' || hasRxCsum)
    .map((name): Switch => {
      const on = name === 'rxCsum' ? (adapter?.flag('rx_csum') ?? false) : (features & BITS[name]) !== 0;
      const flip = { op: 'nic', host, dev: nic.text('name'), [name]: !on };
      return { name, label: OFFLOADS[name], on, flip };
    });
  const up = nic.flag('led_link');
  // The router's second card is at B's cable.
  const of = host === 'B' || (host === 'R' && nic.text('name') === 'eth1') ? 'B' : 'A';
  return [...offloads, { name: 'cable', label: 'cable', on: up, flip: { op: 'link', up: !up, of } }];
}

/** A scenario with one more edit at a time (ns; it is made at the next whole µs). */
export function withEdit(scenario: unknown, change: Change, ns: number): unknown {
  const input = typeof scenario === 'object' && scenario !== null ? (scenario as { edits?: readonly unknown[] }) : {};
  const edit = { ...change, atUs: Math.ceil(ns / 1000) };
  return { ...input, edits: [...(input.edits ?? []), edit] };
}
