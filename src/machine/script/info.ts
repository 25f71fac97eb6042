/** TCP_INFO for the Python of a script: fields as `tcpi_rto`, and the constants they are compared with. */
import type { TcpInfo } from '../../scenario/options';
import type { Names } from '../../scenario/packetdrill/python';

/** include/linux/tcp.h, include/net/tcp_states.h. */
const CONSTANTS = {
  TCP_CA_Open: 0,
  TCP_CA_Disorder: 1,
  TCP_CA_CWR: 2,
  TCP_CA_Recovery: 3,
  TCP_CA_Loss: 4,
  TCPI_OPT_TIMESTAMPS: 1,
  TCPI_OPT_SACK: 2,
  TCPI_OPT_WSCALE: 4,
  TCPI_OPT_ECN: 8,
  /** Of later kernels; 2.6.39 sets none of these bits. */
  TCPI_OPT_ECN_SEEN: 16,
  TCPI_OPT_SYN_DATA: 32,
  TCPI_OPT_USEC_TS: 64,
  TCPI_OPT_TFO_CHILD: 128,
  TCP_ESTABLISHED: 1,
  TCP_SYN_SENT: 2,
  TCP_SYN_RECV: 3,
  TCP_FIN_WAIT1: 4,
  TCP_FIN_WAIT2: 5,
  TCP_TIME_WAIT: 6,
  TCP_CLOSE: 7,
  TCP_CLOSE_WAIT: 8,
  TCP_LAST_ACK: 9,
  TCP_LISTEN: 10,
  TCP_CLOSING: 11,
  TCP_INFINITE_SSTHRESH: 0x7fffffff,
} as const;

export function infoNames(info: TcpInfo): Names {
  const fields = Object.entries(info).map(([name, value]) => [`tcpi_${name}`, value] as const);
  return new Map([...Object.entries(CONSTANTS), ...fields]);
}
