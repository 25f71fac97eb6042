/** Which floor of the building a kernel file belongs to. */

/** From the writing process down to the wire. */
export const LAYERS = ['process', 'vfs', 'socket', 'tcp', 'ip', 'device', 'driver', 'nic', 'wire'] as const;
export type Layer = (typeof LAYERS)[number];

/** Files whose layer is not their folder's; `null`: helpers that work for whoever calls them. */
const FILES: Readonly<Record<string, Layer | null>> = {
  'net/socket': 'socket',
  'net/core/sock': 'socket',
  'net/core/stream': 'socket',
  'net/core/datagram': 'socket',
  'net/core/request_sock': 'tcp',
  'drivers/char/random': null,
  'net/core/iovec': null,
  'net/core/skbuff': null,
  'net/core/utils': null,
  'net/core/dst': 'ip',
  'net/core/neighbour': 'ip',
  'net/ipv4/af_inet': 'socket',
  'net/ipv4/inet_connection_sock': 'tcp',
  'net/ipv4/inet_hashtables': 'tcp',
  'net/ipv4/inet_timewait_sock': 'tcp',
  'include/net/sock': 'socket',
  'include/linux/net': 'socket',
  'include/linux/fs': 'vfs',
  'include/linux/file': 'vfs',
  'include/linux/netdevice': 'device',
  'include/linux/if_packet': 'device',
  'include/net/dst': 'ip',
  'include/net/ip': 'ip',
  'include/net/route': 'ip',
  'include/net/neighbour': 'ip',
  'include/net/ip_fib': 'ip',
  'include/linux/ip': 'ip',
  'include/linux/netfilter': 'ip',
  'include/net/sch_generic': 'device',
  'include/net/pkt_sched': 'device',
  'include/net/tcp': 'tcp',
  'include/linux/tcp': 'tcp',
  'include/net/inet_connection_sock': 'tcp',
  'include/net/inet_hashtables': 'tcp',
  'include/net/tcp_ecn': 'tcp',
  'include/net/request_sock': 'tcp',
};

const PREFIXES: readonly (readonly [string, Layer | null])[] = [
  ['fs/', 'vfs'],
  ['net/ipv4/tcp', 'tcp'],
  ['net/ipv4/udp', 'tcp'],
  ['net/ipv4/', 'ip'],
  ['net/netfilter/', 'ip'],
  ['net/core/', 'device'],
  ['net/sched/', 'device'],
  ['net/packet/', 'device'],
  ['net/ethernet/', 'device'],
  ['drivers/net/', 'driver'],
  // Scheduler, softirqs, timers and interrupts belong to no layer: they carry whoever they run for.
  ['kernel/', null],
  ['arch/', null],
  ['include/', null],
];

/** Layer of a file below src/kernel (with or without ending); null for helpers, which count as their caller's. */
export function layerOf(file: string): Layer | null {
  const path = file.replace(/\.[a-z]+$/, '');
  const own = FILES[path];
  if (own !== undefined) return own;
  return PREFIXES.find(([prefix]) => path.startsWith(prefix))?.[1] ?? null;
}
