/** Switches of the kernel that a scenario may set per host: name without `net.` -> default, range, meaning. */

export interface Sysctl {
  readonly initial: number;
  readonly min: number;
  readonly max: number;
  readonly doc: string;
}

const sysctl = (initial: number, min: number, max: number, doc: string): Sysctl => ({ initial, min, max, doc });

export const SYSCTLS: Readonly<Record<string, Sysctl>> = {
  'ipv4.tcp_abc': sysctl(0, 0, 2, 'Appropriate byte counting.'),
  'ipv4.tcp_adv_win_scale': sysctl(2, -8, 8, 'Share of the receive buffer kept back: 1/2^n of it.'),
  'ipv4.tcp_app_win': sysctl(31, 1, 31, 'Share of the window kept for the application: 1/2^n of it.'),
  'ipv4.tcp_frto': sysctl(2, 0, 2, 'F-RTO after a retransmission timeout: 0 off, 1 basic, 2 with SACK.'),
  'ipv4.tcp_low_latency': sysctl(0, 0, 1, '1: no prequeue.'),
  'ipv4.tcp_max_ssthresh': sysctl(0, 0, 0x7fffffff, 'Limited slow start above this window, segments; 0: off.'),
  'ipv4.tcp_moderate_rcvbuf': sysctl(1, 0, 1, 'The receive buffer grows with what the reader takes.'),
  'ipv4.tcp_reordering': sysctl(3, 1, 127, 'Duplicate ACKs before a segment counts as lost.'),
  'ipv4.tcp_slow_start_after_idle': sysctl(1, 0, 1, 'The congestion window shrinks after a pause.'),
  'ipv4.tcp_tso_win_divisor': sysctl(3, 0, 64, 'A large segment waits until it fills 1/n of the window.'),
};
