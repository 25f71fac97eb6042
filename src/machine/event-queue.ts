/** Something that will happen at a virtual time. */
export interface Scheduled {
  /** ns. */
  readonly at: number;
  /** Order of scheduling: what was asked first happens first at the same time. */
  readonly order: number;
  /** What it is, for the trace. */
  readonly label: string;
  readonly run: () => void;
  cancelled: boolean;
  /** Housekeeping: a run does not go on for its sake. */
  idle: boolean;
}

/** The future, soonest first: a binary heap ordered by time, then by order of scheduling. */
export class EventQueue {
  private readonly items: Scheduled[] = [];
  private nextOrder = 0;

  add(at: number, label: string, run: () => void): Scheduled {
    const event: Scheduled = { at, order: this.nextOrder++, label, run, cancelled: false, idle: false };
    const { items } = this;
    let i = items.length;
    items.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (sooner(items[parent] as Scheduled, event)) break;
      items[i] = items[parent] as Scheduled;
      i = parent;
    }
    items[i] = event;
    return event;
  }

  /** True when only housekeeping is to come. */
  get isIdle(): boolean {
    return this.items.every(({ cancelled, idle }) => cancelled || idle);
  }

  /** The next event that is not cancelled, or undefined. */
  peek(): Scheduled | undefined {
    while (this.items[0]?.cancelled) this.removeFirst();
    return this.items[0];
  }

  take(): Scheduled | undefined {
    const first = this.peek();
    if (first !== undefined) this.removeFirst();
    return first;
  }

  private removeFirst(): void {
    const { items } = this;
    const last = items.pop() as Scheduled;
    if (items.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && sooner(items[child + 1] as Scheduled, items[child] as Scheduled)) child++;
      if (sooner(last, items[child] as Scheduled)) break;
      items[i] = items[child] as Scheduled;
      i = child;
    }
    items[i] = last;
  }
}

function sooner(a: Scheduled, b: Scheduled): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
