/** What must hold of every TCP socket whenever nobody is in the middle of changing it: checked along a whole trace. */
import { seqDiff } from '../base/seq';
import { TCP_CLOSE, TCP_ESTABLISHED, TCP_LISTEN, TCP_SYN_SENT } from '../kernel/include/linux/tcp';
import { TCPCB_LOST, TCPCB_SACKED_ACKED, TCPCB_SACKED_RETRANS } from '../kernel/include/net/tcp';
import { Cursor } from '../trace/cursor';
import { Kind } from '../trace/recorder';
import type { StructView } from '../trace/state';
import type { Trace } from '../trace/trace';

/** Functions at whose end a socket's counters agree again; each has the socket as `sk`. */
const AT_LEAVE = new Set(['tcp_ack', 'tcp_write_xmit', 'tcp_retransmit_skb', 'tcp_rcv_established']);
/** A program or a softirq gives the socket back. */
const AT_ENTER = new Set(['release_sock', 'bh_unlock_sock']);

/** Segments of the write queue that were sent, by what the scoreboard says of them. */
function sentOf(tp: StructView): {
  packets: number;
  sacked: number;
  lost: number;
  retrans: number;
  end: number | null;
} {
  const sent = { packets: 0, sacked: 0, lost: 0, retrans: 0, end: null as number | null };
  const unsent = tp.num('sk_send_head');
  for (let skb = tp.ref('sk_write_queue')?.ref('next') ?? null; skb !== null; skb = skb.ref('next')) {
    if (skb.id === unsent) break;
    const cb = skb.ref('cb');
    const segments = skb.ref('shared_info')?.num('gso_segs') ?? 0;
    const sacked = cb?.num('sacked') ?? 0;
    sent.packets += segments;
    if ((sacked & TCPCB_SACKED_ACKED) !== 0) sent.sacked += segments;
    if ((sacked & TCPCB_LOST) !== 0) sent.lost += segments;
    if ((sacked & TCPCB_SACKED_RETRANS) !== 0) sent.retrans += segments;
    sent.end = cb?.num('end_seq') ?? null;
  }
  return sent;
}

/** The laws that a socket breaks now. */
function brokenBy(tp: StructView): string[] {
  const state = tp.num('skc_state');
  if (state === TCP_CLOSE || state === TCP_LISTEN) return [];
  const at = (field: string): number => tp.num(field);
  const upTo = (low: string, high: string): string[] =>
    seqDiff(at(high), at(low)) >= 0 ? [] : [`${low} ${at(low)} <= ${high} ${at(high)}`];
  const broken = [...upTo('snd_una', 'snd_nxt'), ...upTo('snd_nxt', 'write_seq')];
  if (state !== TCP_SYN_SENT) broken.push(...upTo('rcv_wup', 'rcv_nxt'), ...upTo('copied_seq', 'rcv_nxt'));
  const [out, sacked, lost, retrans] = ['packets_out', 'sacked_out', 'lost_out', 'retrans_out'].map(at) as [
    number,
    number,
    number,
    number,
  ];
  if (sacked + lost > out) broken.push(`sacked_out ${sacked} + lost_out ${lost} <= packets_out ${out}`);
  if (retrans > out) broken.push(`retrans_out ${retrans} <= packets_out ${out}`);
  const sent = sentOf(tp);
  // Without SACK sacked_out counts duplicate ACKs, which no segment is marked with.
  const found = { ...sent, sacked: (tp.ref('rx_opt')?.num('sack_ok') ?? 0) === 0 ? sacked : sent.sacked };
  const said = `packets_out ${out}, sacked_out ${sacked}, lost_out ${lost}, retrans_out ${retrans}`;
  const seen = `packets_out ${found.packets}, sacked_out ${found.sacked}, lost_out ${found.lost}, retrans_out ${found.retrans}`;
  if (said !== seen) broken.push(`${said}: the write queue has ${seen}`);
  // Until 3.12 tcp_shifted_skb forgets the sequence number of a FIN that it merges with SACKed data before it.
  const forgotten = state !== TCP_ESTABLISHED && sacked > 0 ? 1 : 0;
  const beyond = sent.end === null ? 0 : seqDiff(at('snd_nxt'), sent.end);
  if (beyond !== 0 && beyond !== forgotten) broken.push(`snd_nxt = end of what was sent, not ${beyond} beyond it`);
  return broken;
}

/** The first law that a TCP socket breaks in a run, and where; null: all hold everywhere. `checked` counts the places looked at. */
export function brokenLaw(trace: Trace): { readonly broken: string | null; readonly checked: number } {
  const cursor = new Cursor(trace, { once: true });
  const { functions } = trace.data.schema;
  const places = new Map(
    functions.map(({ name, id }) => [id, AT_LEAVE.has(name) ? Kind.LEAVE : AT_ENTER.has(name) ? Kind.ENTER : null]),
  );
  let checked = 0;
  for (let n = 0; n < trace.steps; n++) {
    if (!trace.isCode(n) || places.get(trace.fn(n)) !== trace.kind(n)) continue;
    const sk = trace.variablesAt(trace.frame(n)).find(({ name }) => name === 'sk')?.value;
    if (typeof sk !== 'number') continue;
    cursor.seek(n);
    const tp = cursor.state.find(sk);
    if (tp === null || !tp.live || !tp.is('tcp_sock')) continue;
    const name = trace.functionAt(n)?.name ?? '';
    // A softirq that found the socket with a program gives back the lock only.
    if (name === 'bh_unlock_sock' && tp.ref('sk_lock')?.flag('owned')) continue;
    checked++;
    const [law] = brokenBy(tp);
    if (law !== undefined) return { broken: `step ${n}, ${trace.time(n)} ns, ${name}, socket #${sk}: ${law}`, checked };
  }
  return { broken: null, checked };
}
