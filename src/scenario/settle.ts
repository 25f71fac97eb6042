/** Fills in what a scenario leaves to the rest of it. Settling twice changes nothing. */
import { fnv1a } from '../base/hash';
import type { Connection, Nic, Scenario, Shape, SideShape, TcpSide } from './shape';

/** Segments a host announces room for at the start of a connection (initial receive window). */
const INITIAL_WINDOW = 10;
const IP_AND_TCP_HEADER = 40;
const TIMESTAMPS = 12;

/** Offload switches as `netdev_fix_features` leaves them: no SG without checksums, no TSO or GSO without SG. */
export function settleNic(nic: Nic): Nic {
  const sg = nic.sg && nic.txCsum;
  return { ...nic, sg, tso: nic.tso && sg, gso: nic.gso && sg };
}

/** Window, in bytes, that a fresh receive buffer of `rcvbuf` bytes has room for (tcp_adv_win_scale = 2). */
export function windowOf(rcvbuf: number): number {
  return rcvbuf - (rcvbuf >> 2);
}

export function settle(shape: Shape): Scenario {
  const { A, B } = shape.hosts;
  const mtu = Math.min(A.nic.mtu, B.nic.mtu);
  const rttMs = Math.max(1, Math.ceil((2 * shape.link.delayUs) / 1000));

  const settleSide = (side: SideShape, peer: SideShape, name: string, mss: number, timestamps: boolean): TcpSide => ({
    ...side,
    sndWnd:
      side.sndWnd ?? Math.min(windowOf(peer.rcvbuf), INITIAL_WINDOW * (mss - (timestamps ? TIMESTAMPS : 0)), 65_535),
    isn: side.isn ?? fnv1a(`${shape.seed} ${name} ${side.host}`),
    rttMs: side.rttMs ?? rttMs,
  });

  const connections = shape.connections.map((connection): Connection => {
    const mss = connection.mss ?? mtu - IP_AND_TCP_HEADER;
    const { a, b, name, timestamps } = connection;
    return {
      ...connection,
      mss,
      a: settleSide(a, b, name, mss, timestamps),
      b: settleSide(b, a, name, mss, timestamps),
    };
  });
  const hosts = { A: { ...A, nic: settleNic(A.nic) }, B: { ...B, nic: settleNic(B.nic) } };
  return { ...shape, hosts, connections };
}
