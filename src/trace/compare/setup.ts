/** Differences that come from how the recordings were made and not from the model. */
const DIFFERENCES: readonly { readonly caller: string; readonly callee?: string; readonly why: string }[] = [
  {
    caller: 'do_IRQ',
    why: 'the tracer put what an interrupt stopped below the interrupt',
  },
  {
    caller: 'packet_rcv',
    callee: 'consume_skb',
    why: 'one kernel was both hosts there: a packet socket on one is offered the packets of the other, and refuses them',
  },
  {
    caller: 'e1000_clean',
    callee: 'e1000_set_itr',
    why: 'the scenario has interrupt throttling off, so that completions come one by one as in the recording',
  },
  {
    caller: '__sock_sendmsg',
    callee: 'inet_sendmsg',
    why: 'the scenario takes the socket hop of 2.6.35 (kernel: "article")',
  },
];

/** Why a recorded call under `caller` is not to be expected of the model, or null. */
export function setupDifference(caller: string, callee: string): string | null {
  return DIFFERENCES.find((one) => one.caller === caller && (one.callee ?? callee) === callee)?.why ?? null;
}
