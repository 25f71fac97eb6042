/**
 * Shell commands of a script, as far as the model can do what they do: switches of the kernel, metrics of the route, the device's MTU, offloads
 * and queue. Nothing is handed to a shell.
 */
import { lookUp } from '../../base/look-up';
import { SYSCTL_LISTS, SYSCTL_WORDS, SYSCTLS } from '../sysctls';
import { parsePython, runPython, type Value } from './python';

/** Metrics that `ip route` sets; what is left out stays. */
export interface RouteMetrics {
  /** Segments. */
  readonly initcwnd?: number;
  readonly initrwnd?: number;
  readonly ssthresh?: number;
  readonly cwnd?: number;
  readonly reordering?: number;
  /** ms. */
  readonly rtoMinMs?: number;
  readonly rttMs?: number;
  readonly rttvarMs?: number;
  /** Bytes. */
  readonly mtu?: number;
  readonly advmss?: number;
  readonly window?: number;
  /** Locked metrics are not learnt over: `mtu lock 1000`. */
  readonly locked?: readonly string[];
}

/** What one simple command comes to. */
export type Effect =
  | { readonly kind: 'sysctl'; readonly name: string; readonly value: number | string }
  | { readonly kind: 'route'; readonly metrics: RouteMetrics }
  | { readonly kind: 'mtu'; readonly bytes: number }
  /** `ethtool -K`. */
  | { readonly kind: 'offload'; readonly feature: Offload; readonly on: boolean }
  /** A pfifo as the device's queue, of so many packets; null: the default queue. */
  | { readonly kind: 'queue'; readonly limit: number | null }
  | { readonly kind: 'sleep'; readonly us: number }
  /** A setting this kernel has not, or not with that value: the script may well hold without it. */
  | { readonly kind: 'ignored'; readonly what: string }
  | { readonly kind: 'unsupported'; readonly what: string };

/** Offloads of what is sent, as fields of a scenario's card. */
export type Offload = 'tso' | 'gso' | 'sg' | 'txCsum';

const any = (): boolean => true;
const only =
  (...values: string[]) =>
  (value: string): boolean =>
    values.includes(value);
const atLeast =
  (least: number) =>
  (value: string): boolean =>
    Number(value) >= least;

/** Switches that 2.6.39 does not have: which values mean what it does without them. */
const NEWER: Readonly<Record<string, (value: string) => boolean>> = {
  'ipv4.tcp_early_retrans': only('0'),
  'ipv4.tcp_recovery': only('0'),
  'ipv4.tcp_fastopen': only('0', '0x0'),
  'ipv4.tcp_fastopen_key': any,
  'ipv4.tcp_fastopen_blackhole_timeout_sec': any,
  'ipv4.tcp_notsent_lowat': only('4294967295', '-1', '0xffffffff'),
  'ipv4.tcp_limit_output_bytes': atLeast(131_072),
  'ipv4.tcp_autocorking': only('0'),
  'ipv4.tcp_min_tso_segs': any,
  'ipv4.tcp_tso_rtt_log': any,
  'ipv4.tcp_pacing_ss_ratio': any,
  'ipv4.tcp_pacing_ca_ratio': any,
  'ipv4.tcp_invalid_ratelimit': only('0'),
  'ipv4.tcp_ecn_fallback': only('0'),
  'ipv4.tcp_ecn_option': only('0'),
  'ipv4.tcp_probe_interval': any,
  'ipv4.tcp_probe_threshold': any,
  'ipv4.tcp_min_rtt_wlen': any,
  'ipv4.tcp_comp_sack_nr': only('0'),
  'ipv4.tcp_comp_sack_delay_ns': only('0'),
  'ipv4.tcp_comp_sack_slack_ns': any,
  'ipv4.tcp_shrink_window': only('0'),
  'ipv4.tcp_backlog_ack_defer': only('0'),
  'ipv4.tcp_syn_linear_timeouts': only('0'),
  'ipv4.tcp_plb_enabled': only('0'),
  'ipv4.tcp_reflect_tos': only('0'),
  'ipv4.tcp_migrate_req': only('0'),
  'ipv4.tcp_rto_max_ms': only('120000'),
  'ipv4.tcp_rto_min_us': only('200000'),
  'ipv4.tcp_max_reordering': atLeast(127),
  'ipv4.tcp_pingpong_thresh': only('1'),
  'ipv4.tcp_early_demux': any,
  'ipv4.ip_early_demux': any,
  'ipv4.tcp_child_ehash_entries': any,
  'ipv4.tcp_thin_linear_timeouts': only('0'),
  'ipv4.icmp_msgs_per_sec': any,
  'ipv4.icmp_msgs_burst': any,
  'core.default_qdisc': only('pfifo', 'pfifo_fast'),
  'core.optmem_max': any,
  'core.tstamp_allow_data': any,
  'mptcp.enabled': any,
};

/**
 * What the suites' common set-up file does: buffer sizes and switches of a production machine. Its switches of features that 2.6.39 has not
 * (RACK, TLP, Fast Open, pacing) are left out.
 */
const DEFAULTS: readonly (readonly [string, number | string])[] = [
  ['ipv4.tcp_rmem', '4096 540000 15728640'],
  ['ipv4.tcp_wmem', '4096 262144 4194304'],
  ['ipv4.tcp_timestamps', 1],
  ['ipv4.tcp_syn_retries', 5],
  ['ipv4.tcp_synack_retries', 5],
  ['ipv4.tcp_frto', 2],
  ['ipv4.tcp_sack', 1],
  ['ipv4.tcp_dsack', 1],
  ['ipv4.tcp_fack', 0],
  ['ipv4.tcp_reordering', 3],
  ['ipv4.tcp_congestion_control', 'cubic'],
  ['ipv4.tcp_slow_start_after_idle', 0],
  ['ipv4.tcp_tso_win_divisor', 3],
  ['ipv4.tcp_ecn', 0],
  ['ipv4.tcp_syncookies', 1],
];

/** By the names and abbreviations of ethtool. */
const OFFLOADS: ReadonlyMap<string, Offload> = new Map([
  ['tso', 'tso'],
  ['tcp-segmentation-offload', 'tso'],
  ['gso', 'gso'],
  ['generic-segmentation-offload', 'gso'],
  ['sg', 'sg'],
  ['scatter-gather', 'sg'],
  ['tx', 'txCsum'],
  ['tx-checksumming', 'txCsum'],
]);

/** Parameters of modules with the values they have (net/ipv4/tcp_cubic.c). */
const CUBIC_PARAMETERS: ReadonlyMap<string, string> = new Map([
  ['tcp_cubic.fast_convergence', '1'],
  ['tcp_cubic.beta', '717'],
  ['tcp_cubic.initial_ssthresh', '0'],
  ['tcp_cubic.bic_scale', '41'],
  ['tcp_cubic.tcp_friendliness', '1'],
  ['tcp_cubic.hystart', '1'],
  ['tcp_cubic.hystart_detect', '3'],
  ['tcp_cubic.hystart_low_window', '16'],
  ['tcp_cubic.hystart_ack_delta', '2'],
]);

/** Commands that look and change nothing, or tidy up what does not exist here. */
const HARMLESS =
  /^(true|:|cat|nstat|ss|netstat|uname|date|lsmod|modprobe|rm|echo|killall|set|export|exit 0|ip tcp_metrics flush|ip route flush cache|ip route show|ip route list|sync)\b/;

/** What a command does, one effect for each of its simple commands that has one. */
export function effectsOf(text: string): Effect[] {
  const whole = text
    .replace(/\\\n/g, ' ')
    .replace(/\$\(\(([^()]*(?:\([^()]*\)[^()]*)*)\)\)/g, (_, inner: string) => arithmetic(inner));
  return simpleCommands(whole).flatMap(effectOf);
}

/** `$((15*1024*1024))`; what cannot be worked out stays a word nothing knows. */
function arithmetic(text: string): string {
  try {
    const names = new Map<string, Value>();
    runPython(parsePython(`x = ${text}`), names);
    return String(names.get('x') ?? '?');
  } catch {
    return '?';
  }
}

function simpleCommands(text: string): string[] {
  const commands: string[] = [];
  let current = '';
  let quote = '';
  for (let n = 0; n < text.length; n++) {
    const mark = text[n] as string;
    if (quote !== '') {
      if (mark === quote) quote = '';
    } else if (mark === '"' || mark === "'") quote = mark;
    else if (mark === '#' && (current === '' || /\s$/.test(current))) {
      while (n + 1 < text.length && text[n + 1] !== '\n') n++;
      continue;
    } else if (mark === '\n' || mark === ';' || (mark === '&' && text[n + 1] === '&')) {
      if (mark === '&') n++;
      commands.push(current.trim());
      current = '';
      continue;
    }
    current += mark;
  }
  commands.push(current.trim());
  return commands.filter((command) => command !== '');
}

function effectOf(written: string): Effect[] {
  const echo = /^echo\s+(.+?)\s*>\s*\/proc\/sys\/(\S+)$/.exec(written);
  if (echo !== null) return sysctlOf(nameOf(echo[2] as string), unquoted(echo[1] as string));
  const module = /^echo\s+(\S+)\s*>\s*\/sys\/module\/(\w+)\/parameters\/(\w+)$/.exec(written);
  if (module !== null) {
    const [, value = '', name = '', parameter = ''] = module;
    return CUBIC_PARAMETERS.get(`${name}.${parameter}`) === unquoted(value)
      ? []
      : [{ kind: 'ignored', what: `the parameter ${parameter}=${unquoted(value)} of ${name}` }];
  }
  const command = written
    .replace(/\s*\|\|\s*(true|:)\s*$/, '')
    .replace(/\s*(\d|&)?>+\s*(\/dev\/null|&\d)/g, '')
    .replace(/^sudo\s+/, '')
    .trim();
  const unsupported: Effect[] = [{ kind: 'unsupported', what: `the command ${JSON.stringify(written.slice(0, 80))}` }];
  if (/[|<>`]|\$\(/.test(command)) return unsupported;
  const words = (command.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? []).map(unquoted);
  const [name = '', ...rest] = words;
  if (/(^|\/)defaults\.sh$/.test(name))
    return DEFAULTS.flatMap(([switched, value]) => sysctlOf(switched, String(value)));
  if (/(^|\/)set_sysctls\.(py|sh)$/.test(name) || name === 'sysctl') {
    return rest
      .filter((word) => !/^-[a-zA-Z]+$/.test(word))
      .flatMap((word): Effect[] => {
        const at = word.indexOf('=');
        if (at < 0) return [];
        return sysctlOf(nameOf(word.slice(0, at)), word.slice(at + 1));
      });
  }
  if (/sysctl_restore/.test(name)) return [];
  if (name === 'sleep' && /^\d*\.?\d+$/.test(rest[0] ?? ''))
    return [{ kind: 'sleep', us: Math.round(Number(rest[0]) * 1e6) }];
  if (HARMLESS.test(command)) return [];
  const ignored: Effect[] = [{ kind: 'ignored', what: `the command ${JSON.stringify(written.slice(0, 80))}` }];
  if (name === 'ethtool') return offloadsOf(rest) ?? ignored;
  if (name === 'tc' && rest[0] === 'qdisc') return queueOf(rest) ?? ignored;
  const mtu = /^(?:ifconfig\s+\S+|ip\s+link\s+set\b.*?)\s+mtu\s+(\d+)$/.exec(command);
  if (mtu !== null) return [{ kind: 'mtu', bytes: Number(mtu[1]) }];
  if (name === 'ip' && /^(-4\s+)?(route|ro|r)$/.test(rest.slice(0, rest[0] === '-4' ? 2 : 1).join(' '))) {
    return routeOf(rest.slice(rest[0] === '-4' ? 2 : 1)) ?? ignored;
  }
  return unsupported;
}

function unquoted(word: string): string {
  return word.replace(/["']/g, '').trim();
}

/** `net.ipv4.tcp_sack`, `/proc/sys/net/ipv4/tcp_sack` as `ipv4.tcp_sack`. */
function nameOf(written: string): string {
  return written
    .replace(/^\/?proc\/sys\//, '')
    .replaceAll('/', '.')
    .replace(/^net\./, '');
}

/** Those of `ethtool -K DEV FEATURE on|off ...`; null: another use of it, or a feature of reception that is asked for. */
function offloadsOf(words: readonly string[]): Effect[] | null {
  if (words[0] !== '-K') return null;
  const effects: Effect[] = [];
  for (let n = 2; n < words.length; n += 2) {
    const [feature, value] = [OFFLOADS.get(words[n] as string), words[n + 1]];
    if (value !== 'on' && value !== 'off') return null;
    if (feature !== undefined) effects.push({ kind: 'offload', feature, on: value === 'on' });
    else if (value === 'on') return null;
  }
  return effects;
}

/** `tc qdisc replace dev tun0 root pfifo limit 0`, `tc qdisc del dev tun0 root`; null: another queueing discipline. */
function queueOf([, action = '', ...words]: readonly string[]): Effect[] | null {
  if (/^del(ete)?$/.test(action)) return [{ kind: 'queue', limit: null }];
  if (!/^(add|replace|change)$/.test(action) || !words.includes('root')) return null;
  const kind = words.find((word) => /^(p|b)fifo(_fast)?$/.test(word));
  if (kind === undefined) return null;
  const at = words.indexOf('limit');
  if (at < 0 || kind === 'pfifo_fast') return [];
  const limit = words[at + 1] ?? '';
  return kind === 'pfifo' && /^\d{1,6}$/.test(limit) ? [{ kind: 'queue', limit: Number(limit) }] : null;
}

/** The effects of `net.NAME=VALUE`: one for each number of a list. */
export function sysctlOf(name: string, value: string): Effect[] {
  if (name.startsWith('ipv6.')) return [];
  const ignored: Effect[] = [{ kind: 'ignored', what: `the sysctl net.${name}=${value}` }];
  const list = lookUp(SYSCTL_LISTS, name);
  if (list !== undefined) {
    const numbers = value
      .trim()
      .split(/[\s,]+/)
      .map(Number);
    const fit = numbers.length === list.parts.length && numbers.every((n) => n >= list.min && n <= list.max);
    if (!fit) return ignored;
    return list.parts.map((part, n) => ({ kind: 'sysctl', name: `${name}.${part}`, value: numbers[n] as number }));
  }
  const word = lookUp(SYSCTL_WORDS, name);
  if (word !== undefined) {
    return (word.words as readonly string[]).includes(value) ? [{ kind: 'sysctl', name, value }] : ignored;
  }
  const known = lookUp(SYSCTLS, name);
  const number = /^-?(\d+|0x[\da-f]+)$/i.test(value) ? Number(value) : Number.NaN;
  if (known !== undefined && number >= known.min && number <= known.max)
    return [{ kind: 'sysctl', name, value: number }];
  const newer = lookUp(NEWER, name);
  return newer?.(value) ? [] : ignored;
}

/** Metrics out of the words after `ip route`; null: more than metrics is changed. */
function routeOf(words: readonly string[]): Effect[] | null {
  if (!['change', 'replace', 'add', 'append'].includes(words[0] ?? '')) return null;
  const metrics: Record<string, number> = {};
  const locked: string[] = [];
  const fields: Readonly<Record<string, keyof RouteMetrics>> = {
    initcwnd: 'initcwnd',
    initrwnd: 'initrwnd',
    ssthresh: 'ssthresh',
    cwnd: 'cwnd',
    reordering: 'reordering',
    rto_min: 'rtoMinMs',
    rtt: 'rttMs',
    rttvar: 'rttvarMs',
    mtu: 'mtu',
    advmss: 'advmss',
    window: 'window',
  };
  for (let n = 1; n < words.length; n++) {
    const field = lookUp(fields, words[n] as string);
    if (field === undefined) continue;
    if (words[n + 1] === 'lock') {
      locked.push(words[n] as string);
      n++;
    }
    const found = /^(\d+(?:\.\d+)?)(ms|s)?$/.exec(words[n + 1] ?? '');
    if (found === null) return null;
    metrics[field] = Number(found[1]) * (found[2] === 's' ? 1000 : 1);
    n++;
  }
  if (/\b(quickack|features|congctl|nexthop|blackhole|unreachable|prohibit)\b/.test(words.join(' '))) return null;
  if (Object.keys(metrics).length === 0) return null;
  return [{ kind: 'route', metrics: { ...metrics, ...(locked.length > 0 ? { locked } : {}) } }];
}
