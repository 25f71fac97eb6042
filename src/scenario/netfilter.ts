/** Rules of iptables, as a host of a scenario has them: which packets, at which hook, and what becomes of them. */
import * as v from 'valibot';
import { listOf, matching, oneOf, whole } from './fields';

export const HOOKS = ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'] as const;
const FLAGS = ['SYN', 'ACK', 'FIN', 'RST'] as const;
const REJECT_WITH = [
  'icmp-port-unreachable',
  'icmp-net-unreachable',
  'icmp-host-unreachable',
  'icmp-proto-unreachable',
  'icmp-admin-prohibited',
  'tcp-reset',
] as const;

const OCTET = '(25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const PREFIX = new RegExp(`^${OCTET}(\\.${OCTET}){3}(/(3[0-2]|[12]?\\d))?$`);
const prefix = (doc: string) =>
  matching(PREFIX, 'an address such as "10.0.0.1" or a prefix such as "10.0.0.0/24"', doc);

const Match = v.strictObject(
  {
    proto: v.optional(oneOf(['tcp', 'udp', 'icmp'], 'Protocol; left out: any.')),
    src: v.optional(prefix('Source address or prefix.')),
    dst: v.optional(prefix('Destination address or prefix.')),
    sport: v.optional(whole(0, 65_535, 'Source port; proto must be tcp or udp.')),
    dport: v.optional(whole(0, 65_535, 'Destination port; proto must be tcp or udp.')),
    flags: v.optional(
      v.pipe(
        listOf(oneOf(FLAGS, ''), FLAGS.length, 'TCP flags'),
        v.description('Just these of the four are set; proto must be tcp.'),
      ),
    ),
    nth: v.optional(whole(1, 1_000_000, 'Only every nth packet that all else matches.')),
  },
  'a match: { proto, src, dst, sport, dport, flags, nth }',
);

export const Rule = v.strictObject(
  {
    hook: oneOf(HOOKS, 'Where packets meet the rule.'),
    match: v.optional(Match, {}),
    target: oneOf(['ACCEPT', 'DROP', 'REJECT'], 'What becomes of them; the rules behind are not asked.'),
    with: v.optional(oneOf(REJECT_WITH, 'How REJECT tells the sender.'), 'icmp-port-unreachable'),
  },
  'a rule, such as { "hook": "INPUT", "match": { "proto": "udp", "dport": 53 }, "target": "DROP" }',
);

export type Rule = v.InferOutput<typeof Rule>;

/** What is wrong with a rule beyond its shape: where, and what was expected; null: nothing. */
export function wrongInRule({
  hook,
  match,
  target,
  with: how,
}: Rule): { path: string; expected: string; got: unknown } | null {
  const hasPorts = match.proto === 'tcp' || match.proto === 'udp';
  for (const name of ['sport', 'dport'] as const) {
    if (match[name] !== undefined && !hasPorts) {
      return { path: `match.${name}`, expected: 'a port only with "proto": "tcp" or "udp"', got: match[name] };
    }
  }
  if (match.flags !== undefined && match.proto !== 'tcp') {
    return { path: 'match.flags', expected: 'flags only with "proto": "tcp"', got: match.flags };
  }
  if (target === 'REJECT' && (hook === 'PREROUTING' || hook === 'POSTROUTING')) {
    return { path: 'target', expected: 'REJECT only at INPUT, FORWARD or OUTPUT', got: target };
  }
  if (target === 'REJECT' && how === 'tcp-reset' && match.proto !== 'tcp') {
    return { path: 'with', expected: 'tcp-reset only with "proto": "tcp"', got: how };
  }
  return null;
}
