/**
 * Switches of the kernel that a scenario may set per host: name without `net.` -> default, range, meaning. Units are those of
 * /proc/sys.
 */

export interface Sysctl {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly doc: string;
}

const sysctl = (initial: number, min: number, max: number, doc: string): Sysctl => ({ initial, min, max, doc });
const flag = (initial: 0 | 1, doc: string): Sysctl => sysctl(initial, 0, 1, doc);
const LARGEST = 0x7fffffff;

export const SYSCTLS: Readonly<Record<string, Sysctl>> = {
  'core.dev_weight': sysctl(64, 1, 10_000, 'Packets that one poll of the backlog queue may take.'),
  'core.netdev_budget': sysctl(300, 1, 100_000, 'Packets that one run of NET_RX may take.'),
  'core.netdev_max_backlog': sysctl(1000, 0, 1_000_000, 'Packets that wait per CPU for process_backlog.'),
  'core.rmem_default': sysctl(126_976, 256, 16 << 20, 'Receive buffer of a socket that is not TCP, bytes.'),
  'core.rmem_max': sysctl(126_976, 256, 64 << 20, 'Largest receive buffer SO_RCVBUF sets, bytes.'),
  'core.rps_sock_flow_entries': sysctl(0, 0, 1024, 'Flows whose readers are remembered (RFS), a power of two; 0: off.'),
  'core.somaxconn': sysctl(128, 0, 65_535, 'Longest accept queue listen() sets.'),
  'core.wmem_default': sysctl(126_976, 2048, 16 << 20, 'Send buffer of a socket that is not TCP, bytes.'),
  'core.wmem_max': sysctl(126_976, 2048, 64 << 20, 'Largest send buffer SO_SNDBUF sets, bytes.'),
  'ipv4.conf.all.arp_ignore': sysctl(
    0,
    0,
    1,
    'ARP requests answered: for any address of the host (0), only of the interface they came by (1).',
  ),
  'ipv4.conf.all.rp_filter': sysctl(0, 0, 2, 'Sources must be reachable: 1 by the device they came by, 2 by any.'),
  'ipv4.icmp_echo_ignore_all': flag(0, 'Echo requests get no answer.'),
  'ipv4.icmp_echo_ignore_broadcasts': flag(1, 'Those to broadcast addresses get none.'),
  'ipv4.icmp_errors_use_inbound_ifaddr': flag(0, 'Errors come from the address of the device the packet came by.'),
  'ipv4.icmp_ignore_bogus_error_responses': flag(1, 'Errors that answer broadcasts are not logged.'),
  'ipv4.icmp_ratelimit': sysctl(1000, 0, 1_000_000, 'Time between errors to one host, ms; 0: no limit.'),
  'ipv4.icmp_ratemask': sysctl(0x1818, 0, LARGEST, 'ICMP types that are limited, a bit each.'),
  'ipv4.ip_default_ttl': sysctl(64, 1, 255, 'TTL of packets.'),
  'ipv4.ip_forward': flag(0, 'Packets for others are sent on. A router (R) has 1 by default.'),
  'ipv4.ip_nonlocal_bind': flag(0, 'bind() takes addresses that are not of the host.'),
  'ipv4.ip_no_pmtu_disc': flag(0, 'No path MTU discovery: packets go without DF.'),
  'ipv4.ipfrag_high_thresh': sysctl(
    262_144,
    0,
    LARGEST,
    'Memory of fragments at which the oldest are given up, bytes.',
  ),
  'ipv4.ipfrag_low_thresh': sysctl(196_608, 0, LARGEST, 'Until so much is left, bytes.'),
  'ipv4.ipfrag_max_dist': sysctl(
    64,
    0,
    100_000,
    'Fragments of others between two of a packet before it counts as lost.',
  ),
  'ipv4.ipfrag_time': sysctl(30, 1, 3600, 'Time fragments are kept, s.'),
  'ipv4.neigh.base_reachable_time': sysctl(
    30,
    1,
    3600,
    'Time a neighbour counts as reachable, s: half to three halves of it.',
  ),
  'ipv4.neigh.delay_first_probe_time': sysctl(5, 0, 3600, 'Time before a stale neighbour is asked, s.'),
  'ipv4.neigh.mcast_solicit': sysctl(3, 0, 100, 'Broadcast questions before a neighbour counts as gone.'),
  'ipv4.neigh.retrans_time_ms': sysctl(1000, 1, 60_000, 'Time between questions, ms.'),
  'ipv4.neigh.ucast_solicit': sysctl(3, 0, 100, 'Questions to the known address.'),
  'ipv4.neigh.unres_qlen': sysctl(3, 1, 100, 'Packets that wait for an answer.'),
  'ipv4.route.min_adv_mss': sysctl(256, 48, 65_495, 'Least MSS that is announced.'),
  'ipv4.route.min_pmtu': sysctl(552, 68, 65_535, 'Least path MTU that is believed.'),
  'ipv4.route.mtu_expires': sysctl(600, 1, 86_400, 'Time a path MTU is believed, s.'),
  'ipv4.rt_cache_rebuild_count': sysctl(
    4,
    -1,
    1000,
    'Rebuilds of the route cache before it is given up; -1: it is not used.',
  ),
  'ipv4.tcp_abc': sysctl(0, 0, 2, 'Appropriate byte counting.'),
  'ipv4.tcp_abort_on_overflow': flag(0, 'A full accept queue answers with a reset.'),
  'ipv4.tcp_adv_win_scale': sysctl(2, -8, 8, 'Share of the receive buffer kept back: 1/2^n of it.'),
  'ipv4.tcp_app_win': sysctl(31, 1, 31, 'Share of the window kept for the application: 1/2^n of it.'),
  'ipv4.tcp_base_mss': sysctl(512, 48, 65_495, 'MSS that MTU probing begins with.'),
  'ipv4.tcp_dsack': flag(1, 'Duplicates are reported (D-SACK).'),
  'ipv4.tcp_ecn': sysctl(2, 0, 2, 'Congestion notification: 0 never, 1 asked for, 2 accepted.'),
  'ipv4.tcp_fack': flag(1, 'Losses are counted by the highest SACK.'),
  'ipv4.tcp_fin_timeout': sysctl(60, 1, 3600, 'Time an orphan waits in FIN_WAIT2, s.'),
  'ipv4.tcp_frto': sysctl(2, 0, 2, 'F-RTO after a retransmission timeout: 0 off, 1 basic, 2 with SACK.'),
  'ipv4.tcp_frto_response': sysctl(0, 0, 2, 'After a spurious timeout: 0 rate halving, 1 conservative, 2 undo.'),
  'ipv4.tcp_keepalive_intvl': sysctl(75, 1, 32_767, 'Time between keepalive probes, s.'),
  'ipv4.tcp_keepalive_probes': sysctl(9, 1, 127, 'Probes before the connection is given up.'),
  'ipv4.tcp_keepalive_time': sysctl(7200, 1, 32_767, 'Silence before the first probe, s.'),
  'ipv4.tcp_low_latency': flag(0, '1: no prequeue.'),
  'ipv4.tcp_max_orphans': sysctl(262_144, 0, 1 << 20, 'Sockets without a program.'),
  'ipv4.tcp_max_ssthresh': sysctl(0, 0, LARGEST, 'Limited slow start above this window, segments; 0: off.'),
  'ipv4.tcp_max_syn_backlog': sysctl(2048, 1, 65_536, 'Longest queue of half-open connections.'),
  'ipv4.tcp_max_tw_buckets': sysctl(262_144, 0, 1 << 20, 'Sockets in TIME_WAIT.'),
  'ipv4.tcp_moderate_rcvbuf': flag(1, 'The receive buffer grows with what the reader takes.'),
  'ipv4.tcp_mtu_probing': sysctl(0, 0, 2, 'MTU probing: 0 never, 1 after losses, 2 always.'),
  'ipv4.tcp_no_metrics_save': flag(0, '1: a connection leaves nothing of what it learned to the next.'),
  'ipv4.tcp_orphan_retries': sysctl(0, 0, 255, 'Timeouts before an orphan is given up; 0: 8.'),
  'ipv4.tcp_reordering': sysctl(3, 1, 127, 'Duplicate ACKs before a segment counts as lost.'),
  'ipv4.tcp_retrans_collapse': flag(1, 'Small segments are joined when they are sent again.'),
  'ipv4.tcp_retries1': sysctl(3, 0, 255, 'Timeouts before the route is looked at again.'),
  'ipv4.tcp_retries2': sysctl(15, 0, 255, 'Timeouts before a connection is given up.'),
  'ipv4.tcp_rfc1337': flag(0, 'A reset does not end TIME_WAIT.'),
  'ipv4.tcp_sack': flag(1, 'Selective acknowledgements are offered.'),
  'ipv4.tcp_slow_start_after_idle': flag(1, 'The congestion window shrinks after a pause.'),
  'ipv4.tcp_stdurg': flag(0, 'The urgent pointer is that of RFC 1122.'),
  'ipv4.tcp_syn_retries': sysctl(5, 0, 255, 'SYNs sent again before connect() fails.'),
  'ipv4.tcp_synack_retries': sysctl(5, 0, 255, 'SYN-ACKs sent again.'),
  'ipv4.tcp_syncookies': flag(1, 'A full SYN queue answers with cookies.'),
  'ipv4.tcp_thin_dupack': flag(0, 'A thin stream retransmits at the first duplicate ACK.'),
  'ipv4.tcp_thin_linear_timeouts': flag(0, 'Timeouts of a thin stream do not double at first.'),
  'ipv4.tcp_timestamps': flag(1, 'Timestamps are offered.'),
  'ipv4.tcp_tso_win_divisor': sysctl(3, 0, LARGEST, 'A large segment waits until it fills 1/n of the window.'),
  'ipv4.tcp_tw_recycle': flag(0, 'TIME_WAIT is cut short.'),
  'ipv4.tcp_tw_reuse': flag(0, 'connect() may take a port from TIME_WAIT.'),
  'ipv4.tcp_window_scaling': flag(1, 'Window scaling is offered.'),
  'ipv4.tcp_workaround_signed_windows': flag(0, 'Windows are never announced above 32767 without scaling.'),
  'ipv4.udp_rmem_min': sysctl(4096, 0, LARGEST, 'What each UDP socket may receive when memory is short, bytes.'),
  'ipv4.udp_wmem_min': sysctl(4096, 0, LARGEST, 'What each may send then, bytes.'),
};

/** Those with several numbers; the kernel knows each as NAME.PART. */
export interface SysctlList {
  readonly initial: readonly number[];
  readonly parts: readonly string[];
  readonly min: number;
  readonly max: number;
  readonly doc: string;
}

const BUFFER = ['min', 'default', 'max'] as const;
const POOL = ['low', 'pressure', 'high'] as const;

export const SYSCTL_LISTS: Readonly<Record<string, SysctlList>> = {
  'ipv4.ip_local_port_range': {
    initial: [32_768, 61_000],
    parts: ['min', 'max'],
    min: 1,
    max: 65_535,
    doc: 'Ports that connect() takes from: first and last.',
  },
  'ipv4.tcp_mem': {
    initial: [98_304, 131_072, 196_608],
    parts: POOL,
    min: 0,
    max: LARGEST,
    doc: 'Memory of all TCP sockets: no care below, pressure above, no more than; pages of 4096 bytes.',
  },
  'ipv4.tcp_rmem': {
    initial: [4096, 87_380, 4 << 20],
    parts: BUFFER,
    min: 256,
    max: 64 << 20,
    doc: 'Receive buffers: least, first, largest; bytes.',
  },
  'ipv4.tcp_wmem': {
    initial: [4096, 16_384, 4 << 20],
    parts: BUFFER,
    min: 2048,
    max: 64 << 20,
    doc: 'Send buffers: least, first, largest; bytes.',
  },
  'ipv4.udp_mem': {
    initial: [98_304, 131_072, 196_608],
    parts: POOL,
    min: 0,
    max: LARGEST,
    doc: 'Memory of all UDP sockets, as tcp_mem.',
  },
};

/** Those that are a word. */
export const SYSCTL_WORDS = {
  'ipv4.tcp_congestion_control': {
    initial: 'cubic',
    words: ['cubic', 'reno', 'bic'],
    doc: 'Congestion control of new connections.',
  },
} as const;

export type SysctlValue = number | readonly number[] | string;

/** Single numbers by the names the kernel reads them by; words are left out. */
export function sysctlNumbers(wanted: Readonly<Record<string, SysctlValue>>): Record<string, number> {
  const numbers: Record<string, number> = {};
  for (const [name, value] of Object.entries(wanted)) {
    if (typeof value === 'number') numbers[name] = value;
    else if (typeof value !== 'string') {
      SYSCTL_LISTS[name]?.parts.forEach((part, n) => {
        numbers[`${name}.${part}`] = value[n] ?? 0;
      });
    }
  }
  return numbers;
}
