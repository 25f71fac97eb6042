import { captureAt } from '../export/capture';
import { softnet_data } from '../kernel/include/linux/netdevice';
import type { Ledger } from '../machine/process';
import type { Run } from '../machine/run';
import type { Scenario } from '../scenario/schema';
import { interfacesOf } from '../scenario/topology';
import { Kind } from '../trace/recorder';
import { Trace } from '../trace/trace';
import { callLines } from './calls';

/** Counters of /proc/net/softnet_stat, in its order. */
const SOFTNET = ['processed', 'dropped', 'time_squeeze', 'cpu_collision', 'received_rps'] as const;

/** Statistics of a card that tell of frames it did not pass on, and of pause frames: registers, and the driver's sums of what it read off them. */
const CARD = ['CRCERRS', 'MPC', 'ROC', 'RNBC', 'XOFFRXC', 'XOFFTXC'] as const;

function cardCounts({ objects, objHost }: Run['heap'], host: number): string {
  const counts = new Map<string, number>(CARD.map((name) => [name, 0]));
  for (const object of objects) {
    if (object === null || objHost[object.$id] !== host) continue;
    for (const [name, count] of counts) {
      const [register, read] = [name, name.toLowerCase()].map((field) => Number(Reflect.get(object, field) ?? 0));
      counts.set(name, count + (register ?? 0) + (read ?? 0));
    }
  }
  return [...counts].flatMap(([name, count]) => (count > 0 ? `${count} ${name}` : [])).join(', ');
}

/** What a run came to, as text. */
export function summaryOf(scenario: Scenario, { trace: data, ledgers, heap, processes }: Run): string {
  const trace = new Trace(data);
  const entered = data.columns.kind.reduce((count, kind) => count + (kind === Kind.ENTER ? 1 : 0), 0);
  const last = trace.steps === 0 ? 0 : trace.time(trace.steps - 1);
  const rows: [string, string][] = [
    ['title', scenario.title],
    ['watch', scenario.watch],
    ['end', data.end.message === undefined ? data.end.reason : `${data.end.reason}: ${data.end.message}`],
    ['virtual time', `${last} ns`],
    ['events', `${trace.steps} (${entered} functions entered)`],
    [
      'state',
      `${trace.objectCount - 1} objects, ${data.journal.addr.length} changes, ${data.byteJournal.addr.length} writes of bytes`,
    ],
    ['hash', data.hash],
  ];
  for (const [host, { name }] of data.hosts.entries()) {
    const frames = interfacesOf(scenario)
      .filter((one) => one.host === name)
      .flatMap(({ dev }) => captureAt(trace, { host, dev, side: 'wire' }));
    const out = frames.filter(({ direction }) => direction === 'out');
    const bytes = sum(out.map((frame) => frame.bytes));
    const card = cardCounts(heap, host);
    rows.push([`host ${name}`, `${out.length} frames sent (${bytes} bytes), ${frames.length - out.length} received`]);
    if (card !== '') rows.push([`card ${name}`, card]);
  }
  for (const object of heap.objects) {
    if (!softnet_data.isInstance(object)) continue;
    const counts = SOFTNET.map((name) => [name, object[name]] as const).filter(([, count]) => count > 0);
    const host = data.hosts[heap.objHost[object.$id] ?? -1]?.name;
    if (counts.length === 0 || host === undefined) continue;
    rows.push([`softnet ${host} ${object.cpu}`, counts.map(([name, count]) => `${count} ${name}`).join(', ')]);
  }
  for (const [name, { a, b }] of ledgers) {
    const told = (end: Ledger): string => `wrote ${sum(end.written)} and read ${sum(end.read)} bytes`;
    rows.push([`connection ${name}`, `a ${told(a)}, b ${told(b)}`]);
  }
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`);
  for (const [name, process] of processes) {
    lines.push(`\ntask ${name}: us, system call = what it returned, <us it took>\n`);
    lines.push(...callLines(process).map((line) => `${line}\n`));
  }
  return lines.join('');
}

function sum(parts: readonly Uint8Array[]): number {
  return parts.reduce((total, { length }) => total + length, 0);
}
