/** What a script's option lines and set-up commands come to, and which parts of it the model has no way to do. */
import { IP } from '../fields';
import type { Option, Script } from './ast';
import { type Effect, effectsOf, type Offload } from './commands';

/** What a run takes from the head of a script. */
export interface Settings {
  /** us by which an event may miss its time. packetdrill's default is 4 ms. */
  readonly toleranceUs: number;
  /** Percent of the time since the event before by which it may miss its time too. packetdrill's default is 12.5. */
  readonly tolerancePercent: number;
  /** us a tick of the timestamps stands for; 0: their values are not checked, as by default. */
  readonly tsTickUs: number;
  /** Timestamps echoed in inbound packets need not be ones that were sent. */
  readonly tsEcrScaled: boolean;
  /** Segments are not joined: each outbound packet of the script is one frame. */
  readonly strictSegments: boolean;
  readonly mtu: number;
  /** Bytes of the segments that a large inbound packet is cut into; null: as many as fit. */
  readonly mss: number | null;
  /** Port of a bind() whose address is `...`. */
  readonly bindPort: number;
  /** Port of a connect() whose address is `...`. */
  readonly connectPort: number;
  readonly localIp: string | null;
  readonly remoteIp: string | null;
  /** Offloads that commands before the first event set, in order. */
  readonly offloads: readonly (readonly [Offload, boolean])[];
  /** What the other commands before the first event do, in order. */
  readonly effects: readonly Effect[];
}

/** Something the model cannot do, and where the script asks for it. */
export interface Beyond {
  readonly line: number;
  readonly what: string;
}

const DEFAULTS: Settings = {
  toleranceUs: 4000,
  tolerancePercent: 12.5,
  tsTickUs: 0,
  tsEcrScaled: false,
  strictSegments: false,
  mtu: 1500,
  mss: null,
  bindPort: 8080,
  connectPort: 8080,
  localIp: null,
  remoteIp: null,
  offloads: [],
  effects: [],
};

/** Options that change nothing here: how packetdrill talks, where it runs its Python, what else it cleans up. */
const WITHOUT_EFFECT = [
  'code_command',
  'code_format',
  'code_sockopt',
  'verbose',
  'debug',
  'dry_run',
  'send_omit_free',
  'gateway_ip',
  'netmask_ip',
  'speed',
  'init_scripts',
  'define',
  'tun_driver',
  'persistent_tun_dev',
];

export function settingsOf(script: Script): { settings: Settings; beyond: Beyond[] } {
  const beyond: Beyond[] = [];
  let settings = DEFAULTS;
  for (const option of script.options) {
    const change = ofOption(option);
    if (change === null) {
      const { name, value, place } = option;
      beyond.push({ line: place.line, what: `--${name}${value === null ? '' : `=${value}`}` });
    } else settings = { ...settings, ...change };
  }
  const effects: Effect[] = [];
  const offloads: (readonly [Offload, boolean])[] = [];
  for (const { text, place } of script.init) {
    for (const effect of effectsOf(text)) {
      if (effect.kind === 'unsupported') beyond.push({ line: place.line, what: effect.what });
      else if (effect.kind === 'mtu') settings = { ...settings, mtu: effect.bytes };
      else if (effect.kind === 'offload') offloads.push([effect.feature, effect.on]);
      else if (effect.kind !== 'sleep') effects.push(effect);
    }
  }
  if (settings.mtu < 68 || settings.mtu > 9000) {
    beyond.push({ line: script.options[0]?.place.line ?? 1, what: `an MTU of ${settings.mtu}` });
  }
  return { settings: { ...settings, effects, offloads }, beyond };
}

/** What an option changes; null: it asks for what the model has not. */
function ofOption({ name, value }: Option): Partial<Settings> | null {
  const text = (value ?? '').replace(/^"(.*)"$/, '$1');
  const number = (least: number, most: number): number | null => {
    const found = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    return found >= least && found <= most ? found : null;
  };
  const numbered = (field: keyof Settings, least: number, most: number): Partial<Settings> | null => {
    const found = number(least, most);
    return found === null ? null : { [field]: found };
  };
  switch (name) {
    case 'ip_version':
      return text === 'ipv4' ? {} : null;
    case 'tolerance_usecs':
      return numbered('toleranceUs', 0, 1e9);
    case 'tolerance_percent':
      return numbered('tolerancePercent', 0, 100);
    case 'tcp_ts_tick_usecs':
      return numbered('tsTickUs', 0, 1e6);
    case 'tcp_ts_ecr_scaled':
      return { tsEcrScaled: true };
    case 'strict_segments':
      return { strictSegments: true };
    case 'mtu':
      return numbered('mtu', 68, 9000);
    case 'mss':
      return numbered('mss', 1, 65_535);
    case 'bind_port':
      return numbered('bindPort', 1, 65_535);
    case 'connect_port':
      return numbered('connectPort', 1, 65_535);
    case 'local_ip':
      return IP.test(text) ? { localIp: text } : null;
    case 'remote_ip': {
      const ip = text.replace(/\/\d+$/, '');
      return IP.test(ip) ? { remoteIp: ip } : null;
    }
    case 'non_fatal':
    case 'wire_client':
    case 'wire_server':
    case 'is_anyip':
      return null;
    default:
      return WITHOUT_EFFECT.includes(name) ? {} : null;
  }
}
