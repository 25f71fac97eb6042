/** What the tasks of a run did: each system call as strace prints it. */
import { SIGPIPE, SIGURG } from '../kernel/include/linux/wait';
import type { CallRecord, Process } from '../machine/process';
import { eventNames } from '../machine/syscalls/closing';
import { messageFlagNames } from '../machine/syscalls/transfer';
import { errnoName } from '../scenario/packetdrill/values';

const SIGNALS = { SIGPIPE, SIGURG };

/** Lines told of one task. */
const MOST = 100;
/** ns told as microseconds: `1234.567`. */
const us = (ns: number): string => (ns / 1000).toFixed(3);

/** A call that returned: `connect(3, 10.0.0.2:5001) = -1 ECONNREFUSED`, with what it wrote to the program's memory. */
function told({ label, done }: CallRecord): string {
  if (done === null) return `${label} has not returned`;
  const { result, address, value, info, revents, msgFlags } = done.answer;
  const more: string[] = [];
  if (address !== undefined) more.push(`${address.ip}:${address.port}`);
  if (value !== undefined) more.push(typeof value === 'object' ? JSON.stringify(value) : String(value));
  if (info !== undefined) more.push(JSON.stringify(info));
  if (revents !== undefined && result > 0) more.push(revents.map((mask) => eventNames(mask) || '0').join(', '));
  if (msgFlags !== undefined && msgFlags !== 0) more.push(messageFlagNames(msgFlags));
  const failed = result < 0 ? `-1 ${errnoName(-result)}` : String(result);
  return `${label} = ${failed}${more.length === 0 ? '' : ` (${more.join('; ')})`}`;
}

/** Lines of one task; calls alike that follow each other are told once. */
export function callLines({ calls, task }: Process): string[] {
  const lines: { from: number; text: string; took: string; times: number }[] = [];
  for (const call of calls) {
    const text = told(call);
    const last = lines.at(-1);
    if (last?.text === text) last.times++;
    else lines.push({ from: call.from, text, took: call.done === null ? '' : us(call.done.at - call.from), times: 1 });
  }
  const shown = lines.slice(0, MOST).map(({ from, text, took, times }) => {
    const length = took === '' ? '' : times > 1 ? `  ${times} times` : `  <${took}>`;
    return `${us(from).padStart(14)}  ${text}${length}`;
  });
  if (lines.length > MOST) shown.push(`${''.padStart(14)}  and ${lines.length - MOST} more`);
  const signals = Object.entries(SIGNALS).filter(([, mask]) => (task.signals & mask) !== 0);
  return [...shown, ...signals.map(([name]) => `${''.padStart(14)}  was sent ${name}, which programs here ignore`)];
}
