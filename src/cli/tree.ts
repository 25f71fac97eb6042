import { Kind } from '../trace/recorder';
import type { Trace } from '../trace/trace';

export interface TreeFilter {
  /** Host name; undefined: all. */
  readonly host: string | undefined;
  /** Context name such as `task:writer`, `softirq`, `hardirq`; undefined: all. */
  readonly context: string | undefined;
}

/**
 * One entered function a line, tab-separated: virtual ns, host, cpu, context, depth, function, how it was called (`direct` or
 * `table.slot`), skb id or `-`.
 */
export function treeOf(trace: Trace, filter: TreeFilter): string {
  const lines: string[] = [];
  for (let n = 0; n < trace.steps; n++) {
    if (trace.kind(n) !== Kind.ENTER) continue;
    const context = trace.context(trace.ctx(n));
    const host = trace.data.hosts[context.host]?.name ?? '-';
    if (filter.host !== undefined && host !== filter.host) continue;
    if (filter.context !== undefined && context.name !== filter.context) continue;
    const slot = trace.slot(trace.via(n));
    const how = slot === null ? 'direct' : `${slot.table}.${slot.slot}`;
    const row = [trace.time(n), host, context.cpu, context.name, trace.depth(n), trace.functionAt(n)?.name, how];
    lines.push([...row, trace.skb(n) || '-'].join('\t'));
  }
  return lines.map((line) => `${line}\n`).join('');
}
