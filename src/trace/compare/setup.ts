/** Differences that come from how the recordings were made and not from the model. FIDELITY.md lists them. */
export interface Allowance {
  readonly caller: string;
  /** Left out: any. */
  readonly callee?: string;
  /** Callees it does not stand for. */
  readonly not?: readonly string[];
  readonly why: string;
}

/** Recorded calls that the model cannot be asked for. */
export const ALLOWED_MISSING: readonly Allowance[] = [
  {
    caller: 'do_IRQ',
    not: ['handle_irq', 'irq_enter', 'irq_exit'],
    why: 'at these places the tracer put the rest of what an interrupt had stopped below the interrupt',
  },
  {
    caller: '__sock_sendmsg',
    callee: 'inet_sendmsg',
    why: 'a scenario with kernel: "article" takes the socket hop of 2.6.35, a recording that of 2.6.39',
  },
  {
    caller: '__sock_sendmsg',
    callee: 'sock_rps_record_flow',
    why: 'the same: in 2.6.39 inet_sendmsg calls it',
  },
  ...['inet_twdr_hangman', 'inet_twdr_do_twkill_work'].map((callee) => ({
    caller: 'call_timer_fn',
    callee,
    why: 'sockets of recordings made before were in TIME_WAIT',
  })),
  {
    caller: 'tcp_rcv_rtt_measure',
    callee: 'tcp_rcv_rtt_update',
    why: 'the recorded connection had carried a whole window before: in the scenario it is younger',
  },
  {
    caller: 'e1000_read_phy_reg_ex',
    why: 'busy waiting is done by the machine under the kernel (arch/x86/lib), which is not looked into',
  },
  {
    caller: 'neigh_hh_output',
    not: ['skb_push', 'dev_queue_xmit'],
    why: 'the tracer follows 50 calls into each other: what is called further down it put beside the last it could show',
  },
];

/** Calls of the model that no recording has, though its functions are those of Linux: none of the recordings comes there. */
export const ALLOWED_EXTRA: readonly Allowance[] = [
  {
    caller: 'bictcp_cong_avoid',
    callee: 'tcp_cong_avoid_ai',
    why: 'the recorded connections stay in slow start',
  },
  {
    caller: 'netem_dequeue',
    callee: 'qdisc_is_throttled',
    why: 'the same: what a dequeue calls',
  },
  {
    caller: 'qdisc_watchdog',
    callee: '__netif_schedule',
    why: 'recordings leave out what high-resolution timers do in their interrupt',
  },
  {
    caller: 'dev_queue_xmit_nit',
    callee: 'deliver_skb',
    why: 'only with several taps, and recordings have one at most',
  },
  {
    caller: '__do_softirq',
    not: ['net_rx_action'],
    why: 'the situation begins with ARP, whose timer sends a request: the recording begins later',
  },
  ...['__skb_dequeue', 'qdisc_bstats_update', 'netem_dequeue', 'psched_get_time'].map((callee) => ({
    caller: 'qdisc_restart',
    callee,
    why: 'recordings show nothing of how it gets a packet from the queue',
  })),
];

function whyAllowed(list: readonly Allowance[], caller: string, callee: string): string | null {
  const found = list.find(
    (one) => one.caller === caller && (one.callee ?? callee) === callee && !(one.not ?? []).includes(callee),
  );
  return found?.why ?? null;
}

/** Why a recorded call under `caller` is not to be expected of the model, or null. */
export function setupDifference(caller: string, callee: string): string | null {
  return whyAllowed(ALLOWED_MISSING, caller, callee);
}

/** Why no recording has a call that the model makes, or null. */
export function unrecorded(caller: string, callee: string): string | null {
  return whyAllowed(ALLOWED_EXTRA, caller, callee);
}
