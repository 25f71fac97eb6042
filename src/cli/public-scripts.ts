/**
 * What came of public packetdrill scripts, which are written for newer kernels: google/packetdrill's `gtests/net/tcp` (G) and the kernel's
 * `tools/testing/selftests/net/packetdrill` (K). A sample was run, by hand, with the scripts' own set-up lines and no options.
 */

/** Scripts whose expectations hold for 2.6.39, and which the model passes. */
const PASSED: readonly string[] = [
  'G fast_retransmit/fr-4pkt',
  'G fast_retransmit/fr-4pkt-sack',
  'K tcp_basic_server',
  'K tcp_close_close-local-close-then-remote-fin',
  'K tcp_close_close-on-syn-sent',
  'K tcp_disorder_fin_in_FIN_WAIT',
  'K tcp_ecn_ecn-uses-ect0',
  'K tcp_nagle_sockopt_cork_nodelay',
  'K tcp_syscall_bad_arg_sendmsg-empty-iov (without MSG_ZEROCOPY)',
];

/** Those that pass with `--sysctl net.ipv4.tcp_rmem="4096 87380 15728640"`: they expect the window scale of a larger receive buffer. */
const PASSED_WITH_BUFFERS: readonly string[] = [
  'G blocking/blocking-accept',
  'G blocking/blocking-connect',
  'G blocking/blocking-connect-data',
  'G blocking/blocking-read',
  'G close/close-remote-fin-then-close',
];

interface Cause {
  /** What a later kernel does and 2.6.39 does not. */
  readonly why: string;
  readonly scripts: readonly string[];
}

/** Scripts that do not hold, by cause: all of them expect what came after 2.6.39. */
const FAILED: readonly Cause[] = [
  {
    why: 'PSH on every packet that TSO would have made, where 2.6.39 sets it at the end of a write and after half a window',
    scripts: [
      'G limited_transmit/limited-transmit-sack',
      'K tcp_limited_transmit_limited-transmit-no-sack',
      'G slow_start/slow-start-ack-per-1pkt',
      'G slow_start/slow-start-after-idle',
      'G slow_start/slow-start-after-win-update',
      'K tcp_nagle_https_client',
    ],
  },
  {
    why: 'slow start that counts segments and not ACKs, and grows up to twice what was in use',
    scripts: [
      'G slow_start/slow-start-ack-per-2pkt-send-6pkt',
      'G slow_start/slow-start-app-limited',
      'K tcp_blocking_blocking-write',
    ],
  },
  {
    why: 'TCP_MAXSEG read back before the connection is there, where 2.6.39 gives 536',
    scripts: ['G mss/mss-setsockopt-tcp_maxseg-client', 'G mss/mss-setsockopt-tcp_maxseg-server'],
  },
  { why: 'tail loss probes and RACK', scripts: ['G fast_retransmit/fr-4pkt-fack-last-byte'] },
  {
    why: 'an RTT measured in the handshake without timestamps, which 2.6.39 forgets (first RTO of 3 s)',
    scripts: ['K tcp_nagle_sendmsg_msg_more'],
  },
  {
    why: 'no RST by close() for bytes that came twice and were read, which 2.6.39 counts as unread',
    scripts: ['K tcp_close_no_rst'],
  },
  {
    why: 'a D-SACK block for each range an in-order segment covers, where 2.6.39 reports from the first on',
    scripts: ['K tcp_dsack_mult'],
  },
  {
    why: 'Open at once after recovery, where 2.6.39 stays in Disorder until an ACK beyond it (all packets before are as expected)',
    scripts: ['G fast_recovery/prr-ss-10pkt-lost-1'],
  },
  {
    why: 'tcpi_last_data_recv counted from the handshake where no data has come',
    scripts: ['K tcp_tcp_info_tcp-info-last_data_recv'],
  },
  {
    why: 'unsupported, as 2.6.39 has it not: Fast Open, AccECN, MPTCP, TCP_INQ, zerocopy, epoll edges and TCP_NOTSENT_LOWAT',
    scripts: [
      'G fastopen/client/blocking-sendmsg-multi-iov',
      'G accecn/negotiation/tcp_accecn_synack_rxmt',
      'G epoll/epoll_out_edge',
      'K tcp_inq_client',
    ],
  },
];

/** The section of FIDELITY.md. */
export function publicScripts(): string {
  const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(', ');
  const failed = FAILED.reduce((sum, { scripts }) => sum + scripts.length, 0);
  const all = PASSED.length + PASSED_WITH_BUFFERS.length + failed;
  return [
    '## packetdrill\n',
    'Scripts of our own (`src/scenario/packetdrill/scripts`) hold the model to numbers derived from the source of 2.6.39 and the RFCs, a test each.',
    'packetdrill checks no echoed timestamp; here it is checked. Its tolerance of a share of the time passed (12.5 %) is off unless a script asks',
    'for it (`--tolerance_percent`): 4 ms is what an event may miss its time by. epoll, sendfile, splice, IPv6 and encapsulations are unsupported.\n',
    `Of ${all} public scripts that were tried, ${PASSED.length} pass as they are: ${names(PASSED)}; ${PASSED_WITH_BUFFERS.length} with`,
    `the receive buffers of a later kernel (\`--sysctl net.ipv4.tcp_rmem="4096 87380 15728640"\`): ${names(PASSED_WITH_BUFFERS)}.`,
    "The others expect what came after 2.6.39 (G: google/packetdrill, K: the kernel's selftests):\n",
    '| what a later kernel does | scripts |',
    '| --- | --- |',
    ...FAILED.map(({ why, scripts }) => `| ${why} | ${names(scripts)} |`),
    '',
  ].join('\n');
}
