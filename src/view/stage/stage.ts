/** What stands on the stage at one step: a pure function of (trace, state, step, selection), as plain data. */
import type { Layer } from '../../trace/layers';
import { Kind } from '../../trace/recorder';
import type { StructView } from '../../trace/state';
import { wireWords } from '../step-words';
import { type HostContext, handOf, type Moment } from './floors/context';
import { type DeviceStage, deviceStage } from './floors/device';
import { type DriverStage, driverStage, type NicStage, nicStage, type WireStage, wiresOf } from './floors/hardware';
import { type IpStage, ipStage } from './floors/ip';
import { type ProcessStage, processStage } from './floors/process';
import { type SocketStage, socketStage, type VfsStage, vfsStage } from './floors/socket';
import { type TcpStage, tcpStage } from './floors/tcp';
import {
  type DatagramStage,
  datagramStage,
  type ListenStage,
  listenStage,
  type TimeWait,
  timeWaits,
} from './floors/transport';
import { type Hand, type Held, handsAt, heldAt, namedObjects } from './hands';
import { type Role, rolesOf, wayOf } from './history';
import { frameOf, type Packet, packetOf } from './packet';
import { num, ref, text } from './read';

/** A function on its floor, as part of the path that the call has taken. */
export interface PathStep {
  readonly fn: string;
  readonly layer: Layer;
  /** `inet_stream_ops.sendmsg` where the call went through a pointer. */
  readonly via: string;
  readonly here: boolean;
}

export interface HostStage {
  readonly host: number;
  readonly name: string;
  readonly ip: string;
  readonly role: Role;
  /** Context whose path is drawn: `task:writer, CPU 0`; empty: all is quiet. */
  readonly context: string;
  readonly current: boolean;
  readonly path: readonly PathStep[];
  readonly held: readonly Held[];
  readonly process: ProcessStage;
  readonly vfs: VfsStage;
  readonly socket: SocketStage;
  /** One of these three, or none: the socket that is shown is a stream, a listener, or of datagrams. */
  readonly tcp: TcpStage | null;
  readonly listen: ListenStage | null;
  readonly datagram: DatagramStage | null;
  readonly timeWaits: readonly TimeWait[];
  readonly ip4: IpStage;
  readonly device: DeviceStage | null;
  readonly driver: DriverStage | null;
  /** Its cards, in order of devices. */
  readonly nics: readonly NicStage[];
}

export interface Stage {
  readonly step: number;
  readonly time: number;
  /** Host of the step, -1: the wire. */
  readonly host: number;
  /** Floor of the step. */
  readonly layer: Layer;
  /** What happens, in words. */
  readonly now: string;
  readonly hosts: readonly HostStage[];
  /** Host numbers from left to right. */
  readonly way: readonly number[];
  /** Cables from left to right: each between neighbours of the way. */
  readonly wires: readonly WireStage[];
  readonly selected: number;
  /** A packet of the state by id, with its anatomy. */
  packet(id: number): Packet | null;
  /** Packets of one family have the same root. */
  root(id: number): number;
}

const TCP_ESTABLISHED = 1;
const TCP_LISTEN = 10;

function sockOf(moment: Moment, host: number, hand: Hand | null, selected: number): StructView | null {
  const { state, trace } = moment;
  const own = (view: StructView | null): StructView | null =>
    view?.live && view.host === host && view.is('inet_sock') && num(view, 'sk_socket') + num(view, 'skc_refcnt') > 0
      ? view
      : null;
  const chosen = own(state.find(selected));
  if (chosen !== null) return chosen;
  if (hand !== null) {
    for (const id of namedObjects(trace, state, hand, 'sock')) {
      const sock = own(state.find(id));
      if (sock !== null) return sock;
    }
    for (const id of namedObjects(trace, state, hand, 'socket')) {
      const sock = own(ref(state.find(id), 'sk'));
      if (sock !== null) return sock;
    }
  }
  // None in hand: an established stream, else any stream, a listener, a socket of datagrams that a program has.
  const streams = state.objects('tcp_sock', host);
  const inState = (...wanted: number[]): StructView | undefined =>
    streams.find((sock) => wanted.includes(num(sock, 'skc_state')));
  const others = state
    .objects('inet_sock', host)
    .filter((sock) => !sock.is('tcp_sock') && ref(ref(sock, 'sk_socket'), 'file') !== null);
  return (
    inState(TCP_ESTABLISHED) ??
    streams.find((sock) => num(sock, 'skc_state') !== TCP_LISTEN) ??
    inState(TCP_LISTEN) ??
    others[0] ??
    null
  );
}

/** Network devices of a host, and the one that the functions under way work on. */
function devicesOf(moment: Moment, host: number, hand: Hand | null): Pick<HostContext, 'devices' | 'device'> {
  const { state, trace } = moment;
  const devices = state.objects('net_device', host).filter((device) => text(device, 'name') !== 'lo');
  const named = hand === null || devices.length < 2 ? [] : namedObjects(trace, state, hand, 'net_device');
  const bySkb = hand === null || named.length > 0 ? [] : namedObjects(trace, state, hand, 'sk_buff');
  const id = named[0] ?? bySkb.map((skb) => num(state.find(skb), 'dev')).find((dev) => dev !== 0);
  return { devices, device: devices.find((device) => device.id === id) ?? devices[0] ?? null };
}

function pathOf(hand: Hand | null): PathStep[] {
  if (hand === null) return [];
  return hand.frames.map(({ frame, layer }, depth) => ({
    fn: frame.fact.name,
    layer,
    via: frame.via === null ? '' : `${frame.via.table}.${frame.via.slot}`,
    here: hand.current && depth === hand.frames.length - 1,
  }));
}

function hostStage(
  moment: Moment,
  hands: readonly Hand[],
  held: readonly Held[],
  host: number,
  selected: number,
): HostStage {
  const { trace, state, step } = moment;
  const info = trace.data.hosts[host];
  const hand = handOf(hands, host);
  const role = rolesOf(trace)[host] ?? 'both';
  const c: HostContext = {
    trace,
    state,
    step,
    host,
    time: trace.time(step),
    role,
    hands,
    hand,
    held,
    sock: sockOf(moment, host, hand, selected),
    ...devicesOf(moment, host, hand),
    selected,
  };
  return {
    host,
    name: info?.name ?? String(host),
    ip: info?.ip ?? '',
    role,
    context: hand === null ? '' : contextText(hand),
    current: hand?.current ?? false,
    path: pathOf(hand),
    held: held.filter((one) => one.host === host),
    process: processStage(c),
    vfs: vfsStage(c),
    socket: socketStage(c),
    tcp: tcpStage(c),
    listen: listenStage(c),
    datagram: datagramStage(c),
    timeWaits: timeWaits(c),
    ip4: ipStage(c),
    device: deviceStage(c),
    driver: driverStage(c),
    nics: c.devices.flatMap((device) => nicStage(c, device) ?? []),
  };
}

function contextText({ context }: Hand): string {
  const cpu = context.cpu === 255 ? '' : `, CPU ${context.cpu}`;
  return `${context.name.replace(/^task:/, 'task ')}${cpu}`;
}

/** Floor of a step that no function covers: of the context's kind. */
function layerOfStep(moment: Moment, hands: readonly Hand[]): Layer {
  const { trace, step } = moment;
  const known = trace.layerAt(step);
  if (known !== null) return known;
  const hand = hands.find((one) => one.current);
  return hand?.frames.at(-1)?.layer ?? (hand?.context.kind === 'task' ? 'process' : 'device');
}

function nowText(moment: Moment, hands: readonly Hand[]): string {
  const { trace, step } = moment;
  const kind = trace.kind(step);
  const fact = trace.functionAt(step);
  if (kind === Kind.ENTER) return `${fact?.name ?? ''} is called`;
  if (kind === Kind.LEAVE) return `${fact?.name ?? ''} returns`;
  if (kind === Kind.LINE) return `${fact?.name ?? ''}, line ${trace.line(step)}`;
  if (kind === Kind.WIRE) return wireWords(trace, step);
  const who = hands.find((one) => one.current);
  return `${who === undefined ? '' : `${contextText(who)}: `}${trace.label(step)}`;
}

export function stageOf(moment: Moment, selected = 0): Stage {
  const { trace, state, step } = moment;
  const hands = handsAt(trace, step);
  const held = heldAt(trace, state, hands);
  const host = trace.context(trace.ctx(step)).host;
  return {
    step,
    time: trace.time(step),
    host: host < trace.data.hosts.length ? host : -1,
    layer: layerOfStep(moment, hands),
    now: nowText(moment, hands),
    hosts: trace.data.hosts.map((_, number) => hostStage(moment, hands, held, number, selected)),
    way: wayOf(trace),
    wires: wiresOf(moment, wayOf(trace)),
    selected,
    packet(id) {
      const view = state.find(id);
      if (view === null || !view.live) return null;
      return view.type === 'frame' ? frameOf(state, view) : view.type === 'sk_buff' ? packetOf(state, view) : null;
    },
    root: (id) => trace.packetOf(id),
  };
}
