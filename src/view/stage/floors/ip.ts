/** The IP floor: route, netfilter hooks, the header as it stands in memory, fragment or not, neighbour. */
import type { StructView } from '../../../trace/state';
import type { Trace } from '../../../trace/trace';
import { be16At, be32At, byteAt, chain, counted, dotted, grouped, mac, num, queued, ref, refs, text } from '../read';
import { type Cabinet, cabinetOf, type HostContext, inCallHere, skbInHand, variableIn } from './context';

export interface Sieve {
  readonly name: 'PRE_ROUTING' | 'LOCAL_IN' | 'FORWARD' | 'LOCAL_OUT' | 'POST_ROUTING';
  /** The packet is in it at this step. */
  readonly here: boolean;
  /** Rules of its chains, policies apart. */
  readonly rules: readonly Rule[];
}

/** A rule of a table, as iptables lists it. */
export interface Rule {
  readonly id: number;
  readonly text: string;
  /** `DROP`, `ACCEPT`, `REJECT`. */
  readonly target: string;
  /** Packets that matched it. */
  readonly packets: number;
  /** The packet in hand is held against it. */
  readonly here: boolean;
}

/** Fragments of one packet that wait for the rest. */
export interface FragmentQueue {
  readonly id: number;
  /** IP identification and protocol, how much is there. */
  readonly text: string;
  readonly skbs: readonly number[];
  readonly here: boolean;
}

/** Packets that wait for the answer to an ARP request. */
export interface ArpQueue {
  readonly id: number;
  readonly skbs: readonly number[];
  /** State of the neighbour, and requests sent. */
  readonly text: string;
  readonly here: boolean;
}

export interface RouteStage {
  readonly id: number;
  readonly to: string;
  readonly via: string;
  readonly dev: string;
  readonly mtu: number;
  /** The socket or the packet holds it: no lookup. */
  readonly cached: boolean;
  readonly kind: string;
  readonly here: boolean;
}

export interface NeighbourStage {
  readonly id: number;
  readonly address: string;
  readonly hardware: string;
  readonly state: string;
  /** A ready-made Ethernet header is cached. */
  readonly header: boolean;
  readonly here: boolean;
}

export interface IpStage {
  readonly route: RouteStage | null;
  readonly neighbour: NeighbourStage | null;
  readonly sieves: readonly Sieve[];
  /** The header of the packet in hand, read from its bytes. */
  readonly header: string;
  readonly skb: number;
  readonly fragment: string;
  readonly fragmentHere: boolean;
  readonly table: Cabinet | null;
  readonly protocols: Cabinet | null;
  /** Null: nobody has to ask for the neighbour, or there is none yet. */
  readonly arp: ArpQueue | null;
  /** Null: nothing is ever reassembled here in this run. */
  readonly reassembly: { readonly id: number; readonly queues: readonly FragmentQueue[] } | null;
  /** Routes in the cache, and how often one was found there. */
  readonly cache: { readonly id: number; readonly routes: number; readonly hits: number } | null;
}

/** Each hook by the functions that call it. */
const HOOKS: readonly (readonly [Sieve['name'], readonly string[]])[] = [
  ['LOCAL_OUT', ['__ip_local_out']],
  ['POST_ROUTING', ['ip_output', 'ip_mc_output']],
  ['PRE_ROUTING', ['ip_rcv']],
  ['LOCAL_IN', ['ip_local_deliver']],
  ['FORWARD', ['ip_forward']],
];
/** Hooks by number (enum nf_inet_hooks). */
const NUMBERS: readonly Sieve['name'][] = ['PRE_ROUTING', 'LOCAL_IN', 'FORWARD', 'LOCAL_OUT', 'POST_ROUTING'];
const MOST_RULES = 32;

function sieves(c: HostContext): Sieve[] {
  const names = c.hand?.current === true ? c.hand.frames.map(({ frame }) => frame.fact.name) : [];
  const rules = rulesOf(c);
  return HOOKS.map(([name, callers]) => ({
    name,
    rules: rules.get(name) ?? [],
    here: names.some((fn, depth) => /^(nf_hook|NF_HOOK)/.test(fn) && callers.includes(names[depth - 1] ?? '')),
  }));
}

/** A rule as iptables lists it, `-A INPUT -p udp -j DROP`: its target, and what it asks for. */
function wordsOf(rule: string): { text: string; target: string } {
  const target = / -j (\w+)/.exec(rule)?.[1] ?? '';
  return { target, text: rule.replace(/^-A /, '').replace(` -j ${target}`, '') };
}

function rulesOf(c: HostContext): ReadonlyMap<Sieve['name'], Rule[]> {
  const found = new Map<Sieve['name'], Rule[]>();
  const now = c.hand?.current === true ? variableIn(c, c.hand, 'ipt_do_table', 'e') : null;
  for (const table of c.state.objects('xt_table', c.host)) {
    const chains = table.list('hook_entry');
    chains.forEach((first, hook) => {
      const name = NUMBERS[hook];
      if (name === undefined || first === null || typeof first === 'number') return;
      // The last entry is the chain's policy.
      const rules = chain(first, 'next', MOST_RULES)
        .slice(0, -1)
        .map((rule) => ({
          id: rule.id,
          ...wordsOf(text(rule, 'text')),
          packets: num(rule, 'pcnt'),
          here: rule.id === now,
        }));
      found.set(name, [...(found.get(name) ?? []), ...rules]);
    });
  }
  return found;
}

function arpOf(c: HostContext, neighbour: StructView | null): ArpQueue | null {
  if (neighbour === null || /PERMANENT|NOARP/.test(text(neighbour, 'nud_state'))) return null;
  const probes = num(neighbour, 'probes');
  const dropped = num(neighbour, 'arp_queue_dropped');
  return {
    id: neighbour.id,
    skbs: queued(ref(neighbour, 'arp_queue')).map(({ id }) => id),
    text: [
      text(neighbour, 'nud_state').replace('NUD_', ''),
      probes > 0 ? counted(probes, 'request') : '',
      dropped > 0 ? `${dropped} dropped` : '',
    ]
      .filter((part) => part !== '')
      .join(', '),
    here: inCallHere(c, '__neigh_event_send', 'neigh_update', 'neigh_timer_handler', 'arp_process', 'arp_solicit'),
  };
}

const reassembles = new WeakMap<Trace, ReadonlySet<number>>();

/** Hosts that put fragments together at some time of the run: these keep room for them. */
function reassemblers(trace: Trace): ReadonlySet<number> {
  let known = reassembles.get(trace);
  if (known === undefined) {
    known = new Set(trace.idsOf('ipq').map((id) => trace.data.objects.host[id] as number));
    reassembles.set(trace, known);
  }
  return known;
}

function reassemblyOf(c: HostContext): IpStage['reassembly'] {
  if (!reassemblers(c.trace).has(c.host)) return null;
  const table = c.state.objects('inet_frags', c.host)[0];
  const queues = refs(table ?? null, 'queues').map((queue) => ({
    id: queue.id,
    text: `id ${num(queue, 'id').toString(16).padStart(4, '0')}: ${grouped(num(queue, 'meat'))} of ${
      text(queue, 'last_in').includes('LAST_IN') ? grouped(num(queue, 'len')) : '?'
    } bytes`,
    skbs: chain(ref(queue, 'fragments'), 'next').map(({ id }) => id),
    here: inCallHere(c, 'ip_frag_queue', 'ip_frag_reasm', 'ip_expire'),
  }));
  return { id: table?.id ?? 0, queues };
}

function cacheOf(c: HostContext): IpStage['cache'] {
  const table = c.state.objects('rt_hash_table', c.host)[0];
  if (table === undefined) return null;
  const routes = refs(table, 'chain').reduce((sum, first) => sum + chain(first, 'rt_next', MOST_RULES).length, 0);
  const stat = ref(table, 'stat');
  return { id: table.id, routes, hits: num(stat, 'in_hit') + num(stat, 'out_hit') };
}

function routeOf(c: HostContext, skb: StructView | null): RouteStage | null {
  const own = ref(skb, '_skb_refdst');
  const dst = own ?? ref(c.sock, 'sk_dst_cache');
  if (dst === null) return null;
  const dev = ref(dst, 'dev');
  return {
    id: dst.id,
    to: dotted(num(dst, 'rt_dst')),
    via: num(dst, 'rt_gateway') === num(dst, 'rt_dst') ? 'on the link' : `via ${dotted(num(dst, 'rt_gateway'))}`,
    dev: text(dev, 'name'),
    mtu: num(dst, 'mtu') || num(dev, 'mtu', 1500),
    cached: ref(c.sock, 'sk_dst_cache')?.id === dst.id,
    kind: text(dst, 'rt_type').replace('RTN_', '').toLowerCase(),
    here: inCallHere(
      c,
      '__sk_dst_check',
      'ip_route_output_flow',
      'ip_route_input',
      'ip_route_input_common',
      'ip_route_output_ports',
    ),
  };
}

function neighbourOf(c: HostContext, dst: StructView | null): NeighbourStage | null {
  const neighbour = ref(dst, 'neighbour');
  if (neighbour === null) return null;
  return {
    id: neighbour.id,
    address: dotted(num(neighbour, 'primary_key')),
    hardware: mac(num(neighbour, 'ha')),
    state: text(neighbour, 'nud_state').replace('NUD_', ''),
    header: ref(dst, 'hh') !== null || ref(neighbour, 'hh') !== null,
    here: inCallHere(c, 'neigh_hh_output', 'neigh_resolve_output', 'ip_finish_output2'),
  };
}

/** The IP header of a packet in words; empty while there is none. */
function headerText(c: HostContext, skb: StructView | null): string {
  if (skb === null) return '';
  const at = num(skb, 'network_header');
  const usable = at >= num(skb, 'head') && at > 0 && at + 20 <= num(skb, 'end') && byteAt(c.state, at) >> 4 === 4;
  if (!usable) return '';
  const total = be16At(c.state, at + 2);
  const id = be16At(c.state, at + 4)
    .toString(16)
    .padStart(4, '0');
  const sum = be16At(c.state, at + 10)
    .toString(16)
    .padStart(4, '0');
  const df = be16At(c.state, at + 6) & 0x4000 ? ' DF' : '';
  return `${dotted(be32At(c.state, at + 12))} → ${dotted(be32At(c.state, at + 16))}  len ${total}  id ${id}${df}  ttl ${byteAt(c.state, at + 8)}  sum ${sum}`;
}

function fragmentText(skb: StructView | null, mtu: number): string {
  if (skb === null || mtu === 0) return mtu === 0 ? '' : `MTU ${grouped(mtu)}`;
  const len = num(skb, 'len');
  if (num(ref(skb, 'shared_info'), 'gso_size') > 0) return 'GSO: cut later, not here';
  return len <= mtu ? `${grouped(len)} ≤ MTU ${grouped(mtu)}: whole` : `${grouped(len)} > MTU ${grouped(mtu)}`;
}

/** The table by which packets for a socket come up from IP. */
function protocolOf(sock: StructView | null): string {
  const kind = (sock?.tableName('skc_prot') ?? 'tcp_prot').replace(/_prot$/, '');
  return `${kind === 'raw' ? 'icmp' : kind}_protocol`;
}

export function ipStage(c: HostContext): IpStage {
  const skb = skbInHand(c, 'ip');
  const held = skb ?? skbInHand(c);
  const dst = ref(held, '_skb_refdst') ?? ref(c.sock, 'sk_dst_cache');
  const route = routeOf(c, held);
  return {
    route,
    neighbour: neighbourOf(c, dst),
    sieves: sieves(c),
    header: headerText(c, held),
    skb: held?.id ?? 0,
    fragment: fragmentText(skb, route?.mtu ?? 0),
    fragmentHere: inCallHere(c, 'ip_finish_output') && !inCallHere(c, 'ip_finish_output2'),
    table: cabinetOf(
      c,
      c.sock?.has('icsk_af_ops') ? c.sock.tableName('icsk_af_ops') : null,
      ['queue_xmit', 'send_check'],
      2,
    ),
    protocols: cabinetOf(c, protocolOf(c.sock), ['handler'], 1),
    arp: arpOf(c, ref(dst, 'neighbour')),
    reassembly: reassemblyOf(c),
    cache: cacheOf(c),
  };
}
