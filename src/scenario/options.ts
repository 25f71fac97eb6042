/** Socket options by name: level, number, and what their value is. Data of the system call interface (asm-generic/socket.h, linux/tcp.h, linux/in.h). */

/** `int`: a number; `linger`: on or off and seconds; `timeval`: seconds and microseconds; `text`; `info`: struct tcp_info, to read only. */
export type OptionKind = 'int' | 'linger' | 'timeval' | 'text' | 'info';

export interface SocketOption {
  readonly level: number;
  readonly number: number;
  readonly kind: OptionKind;
}

const SOL_IP = 0;
const SOL_SOCKET = 1;
const SOL_TCP = 6;
const SOL_UDP = 17;

const at =
  (level: number) =>
  (number: number, kind: OptionKind = 'int'): SocketOption => ({ level, number, kind });
const socket = at(SOL_SOCKET);
const tcp = at(SOL_TCP);
const ip = at(SOL_IP);

export const SOCKET_OPTIONS = {
  SO_DEBUG: socket(1),
  SO_REUSEADDR: socket(2),
  SO_TYPE: socket(3),
  SO_ERROR: socket(4),
  SO_DONTROUTE: socket(5),
  SO_BROADCAST: socket(6),
  SO_SNDBUF: socket(7),
  SO_RCVBUF: socket(8),
  SO_KEEPALIVE: socket(9),
  SO_OOBINLINE: socket(10),
  SO_NO_CHECK: socket(11),
  SO_PRIORITY: socket(12),
  SO_LINGER: socket(13, 'linger'),
  SO_RCVLOWAT: socket(18),
  SO_SNDLOWAT: socket(19),
  SO_RCVTIMEO: socket(20, 'timeval'),
  SO_SNDTIMEO: socket(21, 'timeval'),
  SO_ACCEPTCONN: socket(30),
  SO_SNDBUFFORCE: socket(32),
  SO_RCVBUFFORCE: socket(33),
  SO_MARK: socket(36),
  SO_PROTOCOL: socket(38),
  SO_DOMAIN: socket(39),
  TCP_NODELAY: tcp(1),
  TCP_MAXSEG: tcp(2),
  TCP_CORK: tcp(3),
  TCP_KEEPIDLE: tcp(4),
  TCP_KEEPINTVL: tcp(5),
  TCP_KEEPCNT: tcp(6),
  TCP_SYNCNT: tcp(7),
  TCP_LINGER2: tcp(8),
  TCP_DEFER_ACCEPT: tcp(9),
  TCP_WINDOW_CLAMP: tcp(10),
  TCP_INFO: tcp(11, 'info'),
  TCP_QUICKACK: tcp(12),
  TCP_CONGESTION: tcp(13, 'text'),
  TCP_THIN_LINEAR_TIMEOUTS: tcp(16),
  TCP_THIN_DUPACK: tcp(17),
  TCP_USER_TIMEOUT: tcp(18),
  UDP_CORK: at(SOL_UDP)(1),
  IP_TOS: ip(1),
  IP_TTL: ip(2),
  IP_MTU_DISCOVER: ip(10),
  IP_RECVERR: ip(11),
  IP_MTU: ip(14),
  IP_FREEBIND: ip(15),
} as const satisfies Readonly<Record<string, SocketOption>>;

export type OptionName = keyof typeof SOCKET_OPTIONS;
export const OPTION_NAMES = Object.keys(SOCKET_OPTIONS) as readonly OptionName[];

/** A value that an option is set to, or has. */
export type OptionValue =
  | number
  | string
  | { readonly onoff: number; readonly linger: number }
  | { readonly sec: number; readonly usec: number };

/** Fields of struct tcp_info in order: the first eight are bytes (the scales share one), the others words. Names without `tcpi_`. */
export const TCP_INFO_BYTES = ['state', 'ca_state', 'retransmits', 'probes', 'backoff', 'options'] as const;
export const TCP_INFO_WORDS = [
  'rto',
  'ato',
  'snd_mss',
  'rcv_mss',
  'unacked',
  'sacked',
  'lost',
  'retrans',
  'fackets',
  'last_data_sent',
  'last_ack_sent',
  'last_data_recv',
  'last_ack_recv',
  'pmtu',
  'rcv_ssthresh',
  'rtt',
  'rttvar',
  'snd_ssthresh',
  'snd_cwnd',
  'advmss',
  'reordering',
  'rcv_rtt',
  'rcv_space',
  'total_retrans',
] as const;
export type TcpInfo = Readonly<
  Record<(typeof TCP_INFO_BYTES)[number] | (typeof TCP_INFO_WORDS)[number] | 'snd_wscale' | 'rcv_wscale', number>
>;
/** sizeof(struct tcp_info). */
export const SIZEOF_TCP_INFO = 8 + 4 * TCP_INFO_WORDS.length;
