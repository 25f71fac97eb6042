/**
 * What came of public packetdrill scripts, which are written for newer kernels: google/packetdrill's `gtests/net/tcp` (G), the kernel's
 * `tools/testing/selftests/net/packetdrill` (K), and the suite of packetdrill's first release (`gtests/net/packetdrill/tests/linux`, F). They were
 * run, by hand, with the scripts' own set-up lines and no options.
 */

/** Scripts whose expectations hold for 2.6.39, and which the model passes. */
const PASSED: readonly string[] = [
  'G accecn/fallback/tcp_accecn_acc_ecn_disabled',
  'G fast_retransmit/fr-4pkt',
  'G fast_retransmit/fr-4pkt-sack',
  'G fastopen/server/basic-non-tfo-listener',
  'G gro/gro-mss-option',
  'G shutdown/shutdown-wr-close',
  'G slow_start/slow-start-ack-per-2pkt-send-5pkt',
  'K tcp_advmss_pmtu_ipv4',
  'K tcp_basic_client',
  'K tcp_basic_server',
  'K tcp_close_close-local-close-then-remote-fin',
  'K tcp_close_close-on-syn-sent',
  'K tcp_disorder_fin_in_FIN_WAIT',
  'K tcp_ecn_ecn-uses-ect0',
  'K tcp_nagle_sockopt_cork_nodelay',
  'K tcp_syscall_bad_arg_sendmsg-empty-iov (without MSG_ZEROCOPY)',
  'K tcp_syscall_bad_arg_syscall-invalid-buf-ptr',
  'K tcp_ts_recent_fin_tsval',
  'K tcp_ts_recent_reset_tsval',
];

/** Sets of receive buffers whose largest decides the window scale that scripts without set-up lines expect. */
const BUFFERS = { large: '4096 87380 15728640', small: '4096 87380 3732736' } as const;

/** Those that pass with the receive buffers of another machine (`--sysctl net.ipv4.tcp_rmem=...`). */
const PASSED_WITH_BUFFERS: Readonly<Record<keyof typeof BUFFERS, readonly string[]>> = {
  large: [
    'G blocking/blocking-accept',
    'G blocking/blocking-accept-fuzz-template',
    'G blocking/blocking-connect',
    'G blocking/blocking-connect-data',
    'G blocking/blocking-read',
    'G blocking/blocking-read-2',
    'G close/close-remote-fin-then-close',
    'G md5/md5-only-on-client-ack',
  ],
  small: [
    'F close/close-read-data-fin',
    'F close/close-so-linger-onoff-1-linger-0-rst',
    'F close/close-unread-data-rst',
    'F connect/http-get-nonblocking-ts',
    'F icmp/icmp-all-types',
    'F initial_window/iw10-base-case',
    'F initial_window/iw10-short-response',
    'F ioctl/ioctl-siocinq-fin',
    'F listen (5 scripts)',
    'F mss/mss-getsockopt-tcp_maxseg-client-ts',
    'F mss/mss-getsockopt-tcp_maxseg-server',
    'F mss/mss-getsockopt-tcp_maxseg-server-advmss-ts-ipv4',
    'F mss/mss-setsockopt-tcp_maxseg-client',
    'F packetdrill/socket_err',
    'F pmtu_discovery/pmtud-10pkt-1460-to-1160',
    'F pmtu_discovery/pmtud-1pkt-1460-to-1160',
    'F sack/sack-shift-sacked-1-2-3-fack',
    'F sack/sack-shift-sacked-1-2:6-fack',
    'F shutdown (4 scripts)',
  ],
};

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
      'G cubic/cubic-hystart-delay-rtt-jumps-upward',
      'G limited_transmit/limited-transmit-sack',
      'G slow_start/slow-start-ack-per-1pkt',
      'G slow_start/slow-start-ack-per-2pkt',
      'G slow_start/slow-start-ack-per-4pkt',
      'G slow_start/slow-start-after-idle',
      'G slow_start/slow-start-after-win-update',
      'K tcp_eor_no-coalesce-small',
      'K tcp_limited_transmit_limited-transmit-no-sack',
      'K tcp_nagle_https_client',
    ],
  },
  {
    why: 'slow start that counts segments and not ACKs, and grows up to twice what was in use',
    scripts: [
      'G cubic/cubic-bulk-166k-idle-restart',
      'G slow_start/slow-start-ack-per-2pkt-send-6pkt',
      'G slow_start/slow-start-app-limited',
      'G slow_start/slow-start-app-limited-9-packets-out',
      'K tcp_blocking_blocking-write',
    ],
  },
  {
    why: 'no moderation of the window in Disorder and after an undo, where 2.6.39 leaves what is in flight and three segments',
    scripts: [
      'G cwnd_moderation/cwnd-moderation-disorder-no-moderation',
      'F undo/undo-fr-ack-then-dsack-on-ack-below-snd_una',
      'F undo/undo-fr-acks-dropped-then-dsack',
    ],
  },
  {
    why: 'TCP_MAXSEG read back before the connection is there, where 2.6.39 gives 536',
    scripts: ['G mss/mss-setsockopt-tcp_maxseg-client', 'G mss/mss-setsockopt-tcp_maxseg-server'],
  },
  {
    why: 'tail loss probes and RACK',
    scripts: [
      'G cubic/cubic-rto-ss-ca-cwnd-bump',
      'G fast_retransmit/fr-4pkt-fack-last-byte',
      'G fast_retransmit/fr-4pkt-fack-last-mss',
      'G shutdown/shutdown-rdwr-write-queue-close',
      'K tcp_sack_sack-shift-sacked-2-6-8-3-9-nofack',
      'K tcp_sack_sack-shift-sacked-7-3-4-8-9-fack',
      'K tcp_sack_sack-shift-sacked-7-5-6-8-9-fack',
    ],
  },
  {
    why: 'proportional rate reduction, where 2.6.39 halves the rate',
    scripts: [
      'F fast_recovery/prr-ss-ack-below-snd_una-reno',
      'G cwnd_moderation/cwnd-moderation-ecn-enter-cwr-no-moderation-700',
      'G fast_recovery/prr-ss-30pkt-lost-1_4-11_16',
      'G fast_recovery/prr-ss-ack-below-snd_una-cubic',
      'K tcp_sack_sack-route-refresh-ip-tos',
    ],
  },
  {
    why: 'an RTT measured in the handshake without timestamps, which 2.6.39 forgets (first RTO of 3 s)',
    scripts: ['G user_timeout/user_timeout', 'K tcp_nagle_sendmsg_msg_more'],
  },
  { why: 'a first RTO of 1 s', scripts: ['F init_rto/init_rto_passive_open'] },
  { why: 'early retransmit', scripts: ['F early_retransmit (6 scripts)'] },
  {
    why: 'initial windows of 64 KiB, and a window scale that follows SO_RCVBUF',
    scripts: ['K tcp_ooo_rcv_mss', 'K tcp_rcv_toobig', 'K tcp_rcv_zero_wnd_fin'],
  },
  {
    why: 'more quick ACKs at the beginning, where 2.6.39 counts them by the segment size it has just measured',
    scripts: ['F receiver_rtt/rcv-rtt-with-timestamps-new', 'F receiver_rtt/rcv-rtt-without-timestamps-new'],
  },
  { why: 'MTU probing by a binary search', scripts: ['G mtu_probe/basic-v4'] },
  {
    why: 'segments without ACK are dropped; the timestamp of one with an invalid ACK is not kept',
    scripts: ['K tcp_ts_recent_invalid_ack', 'K tcp_validate_validate-established-no-flags'],
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
    why: 'a TIME_WAIT socket whose last timestamp a bound connect() does not take over',
    scripts: ['G ts_recent/tw_reuse/tw_reuse_ok_after_0sec_with_portlock'],
  },
  {
    why:
      'unsupported, as 2.6.39 has it not: Fast Open, AccECN, MPTCP, TCP_INQ, zerocopy, TCP_NOTSENT_LOWAT, IP_BIND_ADDRESS_NO_PORT, fields of ' +
      'later tcp_info structures; and epoll, splice, sendfile, shell pipelines, changed header fields, which the model has not',
    scripts: [
      'G blocking/blocking-connect-fuzz',
      'G fastopen/client/blocking-sendmsg-multi-iov',
      'G accecn/negotiation/tcp_accecn_synack_rxmt',
      'G epoll/epoll_out_edge',
      'G ts_recent/tw_reuse/tw_reuse_ok_after_1sec',
      'F inet_diag/inet-diag-ipv4',
      'K tcp_inq_client',
      'K tcp_sendfile_sendfile-simple',
      'K tcp_splice_tcp_splice_loop_test',
      'K tcp_tcp_info_tcp-info-rwnd-limited',
    ],
  },
];

/** The section of FIDELITY.md. */
export function publicScripts(): string {
  const names = (list: readonly string[]): string => list.map((name) => `\`${name}\``).join(', ');
  const withBuffers = (['large', 'small'] as const).map(
    (set) => `${names(PASSED_WITH_BUFFERS[set])} with \`--sysctl net.ipv4.tcp_rmem="${BUFFERS[set]}"\``,
  );
  const count = (list: readonly string[]): number =>
    list.reduce((sum, name) => sum + Number(/\((\d+) scripts\)$/.exec(name)?.[1] ?? 1), 0);
  const others = Object.values(PASSED_WITH_BUFFERS).reduce((sum, list) => sum + count(list), 0);
  const failed = FAILED.reduce((sum, { scripts }) => sum + count(scripts), 0);
  return [
    '## packetdrill\n',
    'Scripts of our own (`src/scenario/packetdrill/scripts`) hold the model to numbers derived from the source of 2.6.39 and the RFCs, a test each.',
    'packetdrill checks no echoed timestamp; here it is checked. Our scripts hold without its tolerance of a share of the time passed (12.5 %).',
    'As by packetdrill the device has checksum offload, scatter-gather and TSO; a script that does not hold so is tried once more without. Settings of later kernels are left out; a script that does',
    'not hold without one is unsupported. epoll, sendfile, splice, IPv6 and encapsulations are unsupported.\n',
    `Of ${count(PASSED) + others + failed} public scripts that were tried, ${count(PASSED)} pass as they are: ${names(PASSED)}; ${others} with`,
    `the receive buffers of another machine, which decide the window scale: ${withBuffers.join('; ')}.`,
    "The others expect what came after 2.6.39 (G: google/packetdrill, F: the suite of its first release, K: the kernel's selftests):\n",
    '| what a later kernel does | scripts |',
    '| --- | --- |',
    ...FAILED.map(({ why, scripts }) => `| ${why} | ${names(scripts)} |`),
    '',
  ].join('\n');
}
