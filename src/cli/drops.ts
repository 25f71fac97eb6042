import type { Trace } from '../trace/trace';
import { dropsOf } from '../view/fates';

/** Drops that are listed. */
const MOST = 100_000;

/** A line for each packet that was dropped. */
export function dropsText(trace: Trace): string {
  const lines = dropsOf(trace, MOST).map(({ step, host, packet, by, word, text }) => {
    const where = trace.data.hosts[host]?.name ?? '-';
    return `${[trace.time(step), where, `#${packet}`, by, word, text].join('\t')}\n`;
  });
  return lines.join('');
}
