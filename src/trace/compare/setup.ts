/** Differences that come from how the recordings were made and not from the model. FIDELITY.md lists them. */
export interface Allowance {
  readonly caller: string;
  /** Left out: any. */
  readonly callee?: string;
  /** Callees it does not stand for. */
  readonly not?: readonly string[];
  /** Numbers of the recordings it is for; left out: all, also those that are not the project's. */
  readonly recordings?: readonly string[];
  readonly why: string;
}

/** Recorded calls that the model cannot be asked for. */
export const ALLOWED_MISSING: readonly Allowance[] = [
  {
    caller: 'do_IRQ',
    not: ['handle_irq', 'irq_enter', 'irq_exit'],
    recordings: ['06', '36', '44'],
    why: 'at these places the tracer put the rest of what an interrupt had stopped below the interrupt',
  },
  {
    caller: 'tcp_rcv_rtt_measure',
    callee: 'tcp_rcv_rtt_update',
    recordings: ['36', '44'],
    why: 'the recorded connection had carried a whole window before: in the scenario it is younger',
  },
  ...['__const_udelay', '__delay', 'delay_tsc'].map((callee) => ({
    caller: 'e1000_read_phy_reg_ex',
    callee,
    why: 'busy waiting is done by the machine under the kernel (arch/x86/lib), which is not looked into',
  })),
  {
    caller: 'neigh_hh_output',
    not: ['skb_push', 'dev_queue_xmit'],
    recordings: ['44'],
    why: 'the tracer follows 50 calls into each other: what is called further down it put beside the last it could show',
  },
];

/** Calls of the model that no recording has, though its functions are those of Linux: none of the recordings comes there. */
export const ALLOWED_EXTRA: readonly Allowance[] = [
  {
    caller: 'bictcp_cong_avoid',
    callee: 'tcp_cong_avoid_ai',
    recordings: ['36'],
    why: 'the recorded connection stays in slow start, the one of the scenario leaves it',
  },
  {
    caller: 'qdisc_watchdog',
    callee: '__netif_schedule',
    recordings: ['44'],
    why: 'recordings leave out what high-resolution timers do in their interrupt',
  },
  {
    caller: 'netem_dequeue',
    callee: 'qdisc_is_throttled',
    why: 'recordings show nothing of how qdisc_restart gets a packet from the queue: this is called by what it calls',
  },
  ...['__skb_dequeue', 'qdisc_bstats_update', 'netem_dequeue', 'psched_get_time'].map((callee) => ({
    caller: 'qdisc_restart',
    callee,
    why: 'recordings show nothing of how it gets a packet from the queue',
  })),
];

function whyAllowed(
  list: readonly Allowance[],
  recording: string | null,
  caller: string,
  callee: string,
): string | null {
  const found = list.find(
    (one) =>
      one.caller === caller &&
      (one.callee ?? callee) === callee &&
      !(one.not ?? []).includes(callee) &&
      (one.recordings === undefined || (recording !== null && one.recordings.includes(recording))),
  );
  return found?.why ?? null;
}

/** Why a recorded call under `caller` is not to be expected of the model, or null. `recording`: its number, null: not the project's. */
export function setupDifference(recording: string | null, caller: string, callee: string): string | null {
  return whyAllowed(ALLOWED_MISSING, recording, caller, callee);
}

/** Why no recording has a call that the model makes, or null. */
export function unrecorded(recording: string | null, caller: string, callee: string): string | null {
  return whyAllowed(ALLOWED_EXTRA, recording, caller, callee);
}
