/** The switches of a card as they stand at a step (what `ethtool -k` lists), for those who want to flip one. */
import type { State } from '../trace/state';

export const SWITCHES = {
  txCsum: 'TX checksum',
  rxCsum: 'RX checksum',
  sg: 'scatter-gather',
  tso: 'TSO',
  gso: 'GSO',
  gro: 'GRO',
} as const;
export type SwitchName = keyof typeof SWITCHES;

/** Feature bits of include/linux/netdevice.h. The RX checksum is a flag of the driver. */
const BITS: Readonly<Record<Exclude<SwitchName, 'rxCsum'>, number>> = {
  txCsum: 8,
  sg: 1,
  tso: 1 << 16,
  gso: 2048,
  gro: 16_384,
};

export interface Switch {
  readonly name: SwitchName;
  readonly label: string;
  readonly on: boolean;
}

/** Switches of a host's card; empty where there is none. */
export function switchesOf(state: State, host: number): Switch[] {
  const [dev] = state.objects('net_device', host);
  if (dev === undefined) return [];
  const features = dev.num('features');
  const adapter = dev.ref('priv');
  return (Object.keys(SWITCHES) as SwitchName[]).map((name) => ({
    name,
    label: SWITCHES[name],
    on: name === 'rxCsum' ? (adapter?.flag('rx_csum') ?? false) : (features & BITS[name]) !== 0,
  }));
}

/** A scenario with one more edit: a switch flipped at a time (ns; the edit is made at the next whole µs). */
export function withFlip(scenario: unknown, host: 'A' | 'B', name: SwitchName, on: boolean, ns: number): unknown {
  const input = typeof scenario === 'object' && scenario !== null ? (scenario as { edits?: readonly unknown[] }) : {};
  const edit = { op: 'nic', atUs: Math.ceil(ns / 1000), host, [name]: on };
  return { ...input, edits: [...(input.edits ?? []), edit] };
}
