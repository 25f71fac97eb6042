/** Routes of a scenario as `ip route replace` sets them. */
import type { net_device } from '../kernel/include/linux/netdevice';
import { HZ } from '../kernel/include/linux/timer';
import {
  RTAX_CWND,
  RTAX_MTU,
  RTAX_REORDERING,
  RTAX_RTO_MIN,
  RTAX_RTT,
  RTAX_SSTHRESH,
  RTN_BLACKHOLE,
  RTN_PROHIBIT,
  RTN_UNICAST,
  RTN_UNREACHABLE,
} from '../kernel/include/net/dst';
import { RT_TABLE_MAIN } from '../kernel/include/net/ip_fib';
import { fib_get_table } from '../kernel/net/ipv4/fib_frontend';
import { fib_table_delete, fib_table_insert } from '../kernel/net/ipv4/fib_trie';
import type { Route } from '../scenario/hosts';
import { ipNumber } from './addresses';

const TYPES = { unicast: RTN_UNICAST, unreachable: RTN_UNREACHABLE, prohibit: RTN_PROHIBIT, blackhole: RTN_BLACKHOLE };
const LOCKS = { mtu: RTAX_MTU, ssthresh: RTAX_SSTHRESH, reordering: RTAX_REORDERING, rtt: RTAX_RTT };

interface Port {
  readonly dev: string;
  readonly device: net_device;
}

const inJiffies = (ms: number | undefined): number => ((ms ?? 0) * HZ) / 1000;

/** Sets a route of the host that is current. `toward`: the port in whose network its gateway, or its prefix, is. */
export function addRoute(route: Route, ports: readonly Port[], toward: Port): void {
  const { device } = ports.find(({ dev }) => dev === route.dev) ?? toward;
  const [prefix = '', length = '32'] = route.to === 'default' ? ['0.0.0.0', '0'] : route.to.split('/');
  const dst = ipNumber(prefix);
  const main = fib_get_table(RT_TABLE_MAIN);
  fib_table_delete(main, dst, Number(length), route.metric);
  const via = route.via === undefined ? 0 : ipNumber(route.via);
  const made = fib_table_insert(
    main,
    dst,
    Number(length),
    TYPES[route.type],
    via,
    device,
    device.ip_addr,
    route.metric,
  );
  // The units of the kernel: smoothed RTT times 8, its variation times 4.
  made.rtt = inJiffies(route.rttMs) * 8;
  made.rttvar = inJiffies(route.rttvarMs) * 4;
  made.rto_min = inJiffies(route.rtoMinMs);
  for (const name of [
    'mtu',
    'advmss',
    'hoplimit',
    'initcwnd',
    'initrwnd',
    'window',
    'cwnd',
    'ssthresh',
    'reordering',
  ] as const) {
    made[name] = route[name] ?? 0;
  }
  const locked = [
    ...route.lock.map((name) => LOCKS[name]),
    ...(route.cwnd === undefined ? [] : [RTAX_CWND]),
    ...(route.rtoMinMs === undefined ? [] : [RTAX_RTO_MIN]),
  ];
  made.lock = locked.reduce((bits, metric) => bits | (1 << metric), 0);
}
