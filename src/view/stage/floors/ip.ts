/** The IP floor: route, netfilter hooks, the header as it stands in memory, fragment or not, neighbour. */
import type { StructView } from '../../../trace/state';
import { be16At, be32At, byteAt, dotted, grouped, mac, num, ref, text } from '../read';
import { type Cabinet, cabinetOf, type HostContext, inCallHere, skbInHand } from './context';

export interface Sieve {
  readonly name: 'PRE_ROUTING' | 'LOCAL_IN' | 'LOCAL_OUT' | 'POST_ROUTING';
  /** The packet is in it at this step. */
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
}

/** Each hook by the functions that call it. */
const HOOKS: readonly (readonly [Sieve['name'], readonly string[]])[] = [
  ['LOCAL_OUT', ['__ip_local_out']],
  ['POST_ROUTING', ['ip_output', 'ip_mc_output']],
  ['PRE_ROUTING', ['ip_rcv']],
  ['LOCAL_IN', ['ip_local_deliver']],
];

function sieves(c: HostContext): Sieve[] {
  const names = c.hand?.current === true ? c.hand.frames.map(({ frame }) => frame.fact.name) : [];
  return HOOKS.map(([name, callers]) => ({
    name,
    here: names.some((fn, depth) => /^(nf_hook|NF_HOOK)/.test(fn) && callers.includes(names[depth - 1] ?? '')),
  }));
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
    protocols: cabinetOf(c, 'tcp_protocol', ['handler'], 1),
  };
}
