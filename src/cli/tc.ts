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

const RHO_WHOLE = 2 ** 32 - 1;

/** A chance of netem as tc prints it, with how much it depends on the one before. */
function chance(netem: StructView, name: string, correlation: string): string {
  const percent = (value: number): string => `${Number(((100 * value) / RHO_WHOLE).toPrecision(6))}%`;
  const value = netem.num(name);
  const rho = netem.ref(correlation)?.num('rho') ?? 0;
  return value === 0 ? '' : ` ${name} ${percent(value)}${rho === 0 ? '' : ` ${percent(rho)}`}`;
}

function netemOptions(netem: StructView): string {
  const ms = (name: string): string => `${(netem.num(name) / 1e6).toFixed(1)}ms`;
  const jitter = netem.num('jitter') > 0 ? `  ${ms('jitter')}` : '';
  const rho = netem.ref('delay_cor')?.num('rho') ?? 0;
  const like = jitter !== '' && rho > 0 ? ` ${Number(((100 * rho) / RHO_WHOLE).toPrecision(6))}%` : '';
  const delay = netem.num('latency') > 0 ? ` delay ${ms('latency')}${jitter}${like}` : '';
  const gap = netem.num('gap') > 0 ? ` gap ${netem.num('gap')}` : '';
  const chances = [
    chance(netem, 'loss', 'loss_cor'),
    chance(netem, 'duplicate', 'dup_cor'),
    chance(netem, 'reorder', 'reorder_cor'),
    chance(netem, 'corrupt', 'corrupt_cor'),
  ];
  return ` limit ${netem.num('limit')}${delay}${chances.join('')}${gap}`;
}

/** Of pfifo_fast, whose bands cannot be changed. */
const PFIFO_FAST = ' bands 3 priomap  1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1';

/** The parameters that `tc qdisc show` tells. */
function optionsOf(qdisc: StructView): string {
  const tbf = qdisc.ref('tbf');
  const sfq = qdisc.ref('sfq');
  const prio = qdisc.ref('prio');
  const netem = qdisc.ref('netem');
  if (kindOf(qdisc) === 'pfifo_fast') return PFIFO_FAST;
  if (netem !== null) return netemOptions(netem);
  if (tbf !== null) {
    const burst = Math.round((tbf.num('buffer') * tbf.num('rate')) / 1e9);
    return ` rate ${tbf.num('rate') * 8}bit burst ${burst}b limit ${tbf.num('limit')}b`;
  }
  if (sfq !== null) return ` limit ${sfq.num('limit')}p quantum ${sfq.num('quantum')}b divisor ${sfq.num('divisor')}`;
  if (prio !== null) return ` bands ${prio.num('bands')} priomap ${prio.items('prio2band').join(' ')}`;
  return qdisc.num('limit') > 0 ? ` limit ${qdisc.num('limit')}` : '';
}

function kindOf(qdisc: StructView): string {
  return (qdisc.tableName('ops') ?? '').replace(/_(qdisc_)?ops$/, '');
}

interface Counts {
  readonly bstats_bytes: number;
  readonly bstats_packets: number;
  readonly drops: number;
  readonly overlimits: number;
  readonly requeues: number;
  readonly backlog: number;
  readonly qlen: number;
}
const COUNTS = ['bstats_bytes', 'bstats_packets', 'drops', 'overlimits', 'requeues', 'backlog'] as const;

/** What a qdisc has counted; mq, through which no packet goes, the sum of its children. */
function countsOf(qdisc: StructView): Counts {
  const all = qdisc.ref('mq')?.refs('qdiscs') ?? [qdisc];
  const sum = (of: (one: StructView) => number): number => all.reduce((total, one) => total + of(one), 0);
  const fields = Object.fromEntries(COUNTS.map((field) => [field, sum((one) => one.num(field))]));
  return { ...(fields as Omit<Counts, 'qlen'>), qlen: sum((one) => one.ref('q')?.num('qlen') ?? 0) };
}

function statistics(qdisc: StructView): string {
  const { bstats_bytes, bstats_packets, drops, overlimits, requeues, backlog, qlen } = countsOf(qdisc);
  return [
    ` Sent ${bstats_bytes} bytes ${bstats_packets} pkt (dropped ${drops}, overlimits ${overlimits} requeues ${requeues})`,
    ` backlog ${backlog}b ${qlen}p requeues ${requeues}`,
  ].join('\n');
}

/** A qdisc; after mq, its classes: a qdisc for each TX queue in use. */
function shown(qdisc: StructView): string {
  const dev = qdisc.ref('dev');
  const head = `qdisc ${kindOf(qdisc)} ${handleOf(qdisc)} dev ${dev?.text('name') ?? 'eth0'} ${placeOf(qdisc)}${optionsOf(qdisc)}`;
  const queues = (qdisc.ref('mq')?.refs('qdiscs') ?? []).slice(0, dev?.num('real_num_tx_queues') ?? 0);
  const classes = queues.map((child, n) => `class mq :${(n + 1).toString(16)} root\n${statistics(child)}`);
  return [head, statistics(qdisc), ...classes].join('\n');
}

/**
 * What `tc -s qdisc show` prints at the end of a run, for each host: the root of each device and the qdiscs inside it; of mq also what
 * `tc -s class show` prints.
 */
export function tcText(trace: Trace): string {
  const cursor = new Cursor(trace);
  cursor.seek(trace.steps - 1);
  const { state } = cursor;
  const blocks = trace.data.hosts.flatMap(({ name }, host) => {
    const roots = new Set(state.objects('net_device', host).map((dev) => dev.num('qdisc')));
    const isUsed = (qdisc: StructView): boolean => {
      const parent = qdisc.ref('parent');
      // What stands for the lack of a qdisc is not listed.
      if (parent === null) return roots.has(qdisc.id) && kindOf(qdisc) !== 'noqueue';
      const bands = parent.ref('prio')?.refs('queues') ?? [];
      return isUsed(parent) && bands.some(({ id }) => id === qdisc.id);
    };
    const all = state.objects('Qdisc', host).filter((qdisc) => isUsed(qdisc));
    return all.length === 0 ? [] : [`host ${name}\n${all.map(shown).join('\n')}\n`];
  });
  return blocks.join('\n');
}
