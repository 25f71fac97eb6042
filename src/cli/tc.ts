import { Cursor } from '../trace/cursor';
import type { StructView } from '../trace/state';
import type { Trace } from '../trace/trace';

/** Handle of a qdisc as tc prints it: `8001:`, `0:` for a default one. */
function handleOf(qdisc: StructView): string {
  const handle = qdisc.num('handle');
  const minor = handle & 0xffff;
  return `${(handle >>> 16).toString(16)}:${minor === 0 ? '' : minor.toString(16)}`;
}

/** `root`, or the band of prio it stands in. */
function placeOf(qdisc: StructView): string {
  const parent = qdisc.ref('parent');
  if (parent === null) return 'root';
  const band =
    parent
      .ref('prio')
      ?.refs('queues')
      .findIndex(({ id }) => id === qdisc.id) ?? -1;
  return `parent ${handleOf(parent)}${band < 0 ? '' : (band + 1).toString(16)}`;
}

/** The parameters that `tc qdisc show` tells. */
function optionsOf(qdisc: StructView): string {
  const tbf = qdisc.ref('tbf');
  const sfq = qdisc.ref('sfq');
  const prio = qdisc.ref('prio');
  if (tbf !== null) {
    const burst = Math.round((tbf.num('buffer') * tbf.num('rate')) / 1e9);
    return ` rate ${tbf.num('rate') * 8}bit burst ${burst}b limit ${tbf.num('limit')}b`;
  }
  if (sfq !== null) return ` limit ${sfq.num('limit')}p quantum ${sfq.num('quantum')}b divisor ${sfq.num('divisor')}`;
  if (prio !== null) return ` bands ${prio.num('bands')} priomap ${prio.items('prio2band').join(' ')}`;
  return qdisc.num('limit') > 0 ? ` limit ${qdisc.num('limit')}` : '';
}

function shown(qdisc: StructView): string {
  const dev = qdisc.ref('dev')?.text('name') ?? 'eth0';
  const kind = (qdisc.tableName('ops') ?? '').replace(/_(qdisc_)?ops$/, '');
  const numbers = (field: string): number => qdisc.num(field);
  const qlen = qdisc.ref('q')?.num('qlen') ?? 0;
  return [
    `qdisc ${kind} ${handleOf(qdisc)} dev ${dev} ${placeOf(qdisc)}${optionsOf(qdisc)}`,
    ` Sent ${numbers('bstats_bytes')} bytes ${numbers('bstats_packets')} pkt (dropped ${numbers('drops')}, overlimits ${numbers('overlimits')} requeues ${numbers('requeues')})`,
    ` backlog ${numbers('backlog')}b ${qlen}p requeues ${numbers('requeues')}`,
  ].join('\n');
}

/** What `tc -s qdisc show` prints at the end of a run, for each host: the qdiscs that are in use, and those inside them. */
export function tcText(trace: Trace): string {
  const cursor = new Cursor(trace);
  cursor.seek(trace.steps - 1);
  const { state } = cursor;
  const blocks = trace.data.hosts.flatMap(({ name }, host) => {
    const used = new Set(state.objects('netdev_queue', host).map((txq) => txq.num('qdisc_sleeping')));
    const isUsed = (qdisc: StructView): boolean => {
      const parent = qdisc.ref('parent');
      if (parent === null) return used.has(qdisc.id);
      const bands = parent.ref('prio')?.refs('queues') ?? [];
      return isUsed(parent) && bands.some(({ id }) => id === qdisc.id);
    };
    const all = state.objects('Qdisc', host).filter((qdisc) => isUsed(qdisc));
    return all.length === 0 ? [] : [`host ${name}\n${all.map(shown).join('\n')}\n`];
  });
  return blocks.join('\n');
}
