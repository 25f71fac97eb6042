/** Fills in what a scenario leaves to the rest of it. Settling twice changes nothing. */
import { fnv1a } from '../base/hash';
import { descriptorsIn, openedIn } from './calls';
import type { Route } from './hosts';
import {
  type Connection,
  LATEST_MS,
  type Nic,
  plainConnection,
  type Scenario,
  type Shape,
  type SideShape,
  type TcpSide,
} from './shape';

/** Segments a host announces room for at the start of a connection (initial receive window). */
const INITIAL_WINDOW = 10;
const IP_AND_TCP_HEADER = 40;
const TIMESTAMPS = 12;
/** When a run stops that nothing else stops, ms. A script ends by itself. */
const MAX_MS = 2000;

/** Offload switches as `netdev_fix_features` leaves them: no SG without checksums, no TSO or GSO without SG. */
export function settleNic(nic: Nic): Nic {
  const sg = nic.sg && nic.txCsum;
  return { ...nic, sg, tso: nic.tso && sg, gso: nic.gso && sg };
}

/** Window, in bytes, that a fresh receive buffer of `rcvbuf` bytes has room for (tcp_adv_win_scale = 2). */
export function windowOf(rcvbuf: number): number {
  return rcvbuf - (rcvbuf >> 2);
}

/** The /24 an address is in, as a prefix. */
export function networkOf(ip: string): string {
  return `${ip.slice(0, ip.lastIndexOf('.'))}.0/24`;
}

/** Addresses and routes that are left out: B behind a router is in the router's second network, and both ends know the way. */
function settleHosts({ A, B, R }: Shape['hosts']): Scenario['hosts'] {
  const ipA = A.ip ?? '10.0.0.1';
  const ipB = B.ip ?? (R === undefined ? '10.0.0.2' : '10.0.1.2');
  const way = (to: string, via: string): Route[] =>
    R === undefined ? [] : [{ to, via, type: 'unicast', metric: 0, lock: [] }];
  return {
    A: { ...A, ip: ipA, nic: settleNic(A.nic), routes: A.routes ?? way(networkOf(ipB), R?.eth0.ip ?? '') },
    B: { ...B, ip: ipB, nic: settleNic(B.nic), routes: B.routes ?? way(networkOf(ipA), R?.eth1.ip ?? '') },
    ...(R === undefined
      ? {}
      : { R: { ...R, eth0: settlePort(R.eth0), eth1: settlePort(R.eth1), routes: R.routes ?? [] } }),
  };
}

function settlePort<P extends { nic: Nic }>(port: P): P {
  return { ...port, nic: settleNic(port.nic) };
}

/** True when a program uses a descriptor that it does not open: then there is a connection, though none is named. */
function wantsPlain({ tasks }: Shape): boolean {
  return tasks.some(({ calls }) => {
    const opened = openedIn(calls);
    return [...descriptorsIn(calls)].some((name) => !opened.has(name));
  });
}

export function settle(shape: Shape): Scenario {
  const { A, B, R } = shape.hosts;
  const mtu = Math.min(A.nic.mtu, B.nic.mtu);
  const delayUs = shape.link.delayUs + (R === undefined ? 0 : shape.linkB.delayUs);
  const rttMs = Math.max(1, Math.ceil((2 * delayUs) / 1000));

  const settleSide = (side: SideShape, peer: SideShape, name: string, mss: number, timestamps: boolean): TcpSide => ({
    ...side,
    sndWnd:
      side.sndWnd ?? Math.min(windowOf(peer.rcvbuf), INITIAL_WINDOW * (mss - (timestamps ? TIMESTAMPS : 0)), 65_535),
    isn: side.isn ?? fnv1a(`${shape.seed} ${name} ${side.host}`),
    rttMs: side.rttMs ?? rttMs,
  });

  const { script } = shape;
  const connections = (shape.connections ?? (script === null && wantsPlain(shape) ? [plainConnection()] : [])).map(
    (connection): Connection => {
      const mss = connection.mss ?? mtu - IP_AND_TCP_HEADER;
      const { a, b, name, timestamps } = connection;
      return {
        ...connection,
        mss,
        a: settleSide(a, b, name, mss, timestamps),
        b: settleSide(b, a, name, mss, timestamps),
      };
    },
  );
  const limits = { ...shape.limits, maxMs: shape.limits.maxMs ?? (script === null ? MAX_MS : LATEST_MS) };
  return { ...shape, hosts: settleHosts(shape.hosts), connections, limits };
}
