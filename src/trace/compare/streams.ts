/**
 * Blocks made comparable. Where an interrupt falls between two functions, how many frames a poll finds and how many segments
 * a reader finds waiting are no law: so calls are put side by side by what they work for, each kind in its own order. A stream is such a list.
 */
import { type Block, type Call, walk } from './forest';

export interface Stream {
  /** `sys_write`, `interrupts of host 0`, `frames received by host 1`, ... */
  readonly name: string;
  /** Differences in how many there are come from timing: they need no explanation. */
  readonly byTiming: boolean;
  /** The function that makes the calls, where it is always the same; else null. */
  readonly caller: string | null;
  readonly calls: Call[];
}

/** Work that a softirq does for one card or one queue: it is compared apart from the softirq it happened to run in. */
const ACTIONS = new Set(['e1000_clean', 'net_tx_action', 'run_timer_softirq']);

/** System calls that send: the others receive. */
const WRITING = new Set(['sys_write', 'sys_send', 'sys_sendto', 'sys_sendmsg']);

export class Streams {
  private readonly byName = new Map<string, Stream>();
  /** Hosts whose cards asked to be polled, in order: on one CPU the nth poll is for the nth of them. */
  private readonly scheduled: number[] = [];

  constructor(blocks: readonly Block[]) {
    // All of them first: an interrupt that came while softirqs ran stands after them in a recording.
    for (const { kind, host, calls } of blocks) {
      if (kind === 'hardirq' && host !== null) this.noteScheduled(host, calls);
    }
    for (const block of blocks) this.add(block);
  }

  names(): string[] {
    return [...this.byName.keys()];
  }
  get(name: string): Stream | undefined {
    return this.byName.get(name);
  }

  private put(name: string, byTiming: boolean, calls: readonly Call[], caller: string | null = null): void {
    const stream = this.byName.get(name);
    if (stream !== undefined) stream.calls.push(...calls);
    else this.byName.set(name, { name, byTiming, caller, calls: [...calls] });
  }

  private noteScheduled(host: number, calls: readonly Call[]): void {
    walk(calls, ({ name }) => {
      if (name === '____napi_schedule') this.scheduled.push(host);
    });
  }

  private add({ kind, host, calls }: Block): void {
    if (kind === 'syscall') {
      for (const call of calls) this.put(call.name, false, this.withoutSegments([call], WRITING.has(call.name)));
    } else if (kind === 'task') this.put('sleepers that go on', false, this.withoutSegments(calls, false));
    else if (kind === 'hardirq') this.put(`interrupts of host ${host ?? '?'}`, true, calls);
    else this.put('softirqs', true, this.withoutActions(calls, host));
  }

  /** Takes out what is done for each segment that waited for its socket's owner: how many one call finds is no law either. */
  private withoutSegments(calls: readonly Call[], writing: boolean): Call[] {
    return calls.flatMap((call) => {
      if (call.name !== 'sk_backlog_rcv') return [{ ...call, children: this.withoutSegments(call.children, writing) }];
      this.put(`segments that waited for a ${writing ? 'writer' : 'reader'}`, true, [call]);
      return [];
    });
  }

  private withoutActions(calls: readonly Call[], host: number | null): Call[] {
    return calls.flatMap((call) => {
      if (!ACTIONS.has(call.name)) return [{ name: call.name, children: this.withoutActions(call.children, host) }];
      if (call.name === 'e1000_clean') this.poll(call, host ?? this.scheduled.shift() ?? 0);
      // A pass over a timer wheel with nothing due is a tick of the clock: the model has no ticks.
      else if (call.children.length > 0) this.put(call.name, call.name === 'run_timer_softirq', [call]);
      return [];
    });
  }

  /** A poll, its frames and its completed descriptors, each on its own. */
  private poll(call: Call, host: number): void {
    const shell: Call = { name: call.name, children: [] };
    for (const child of call.children) {
      const name = `${child.name === 'e1000_clean_rx_irq' ? 'frames received' : 'descriptors completed'} by host ${host}`;
      if (child.name === 'e1000_clean_rx_irq' || child.name === 'e1000_clean_tx_irq') {
        this.put(name, false, child.children, child.name);
        shell.children.push({ name: child.name, children: [] });
      } else shell.children.push(child);
    }
    this.put(`polls of host ${host}`, true, [shell]);
  }
}
