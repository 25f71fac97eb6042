/** Scenarios that come with the app. Their numbers are chosen so that each shows what it is named for. */
import { CARD } from './presets/card';
import { DEVICE } from './presets/device';
import { IP } from './presets/ip';
import { LIFE } from './presets/life';
import { LOSS } from './presets/loss';
import { OFFLOAD } from './presets/offload';
import { OPENING } from './presets/opening';
import { PARALLEL } from './presets/parallel';
import type { Preset } from './presets/parts';
import { WRITE } from './presets/write';
import { parseScenario, type Scenario } from './schema';

export type { Preset } from './presets/parts';

/** By subject, in the order the page lists them. */
export const PRESET_GROUPS: readonly { readonly subject: string; readonly presets: readonly Preset[] }[] = [
  { subject: 'A write, and what holds it back', presets: WRITE },
  { subject: 'A connection and its end', presets: LIFE },
  { subject: 'Offloads and captures', presets: OFFLOAD },
  { subject: 'Queues and locks', presets: DEVICE },
  { subject: 'Several CPUs', presets: PARALLEL },
  { subject: 'The card and its driver', presets: CARD },
  { subject: 'Losses, ARP, a router', presets: LOSS },
  { subject: 'Datagrams, ICMP, netfilter', presets: IP },
  { subject: 'Opening a connection', presets: OPENING },
];

export const PRESETS: readonly Preset[] = PRESET_GROUPS.flatMap(({ presets }) => presets);

export function presetNamed(name: string): Preset | null {
  return PRESETS.find((one) => one.name === name) ?? null;
}

/** A preset's scenario, all fields filled in. Throws if the preset is not valid: a mistake of this file. */
export function scenarioOf({ name, scenario }: Preset): Scenario {
  const parsed = parseScenario(scenario);
  if (!parsed.ok) throw new Error(`preset ${name}: ${parsed.issues.map(({ message }) => message).join('; ')}`);
  return parsed.scenario;
}
