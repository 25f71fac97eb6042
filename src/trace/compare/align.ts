/**
 * Ordered alignment of two call trees: which calls of one are found in the other under the same callers in the same order.
 * The longest common subsequence of the callees of each pair of matched callers, weighted by what matches below.
 */
import type { Call } from './forest';

/** A difference: `caller` is null at the top of a block. */
export interface Difference {
  readonly side: 'missing' | 'extra';
  readonly caller: string | null;
  readonly call: Call;
}

export interface Alignment {
  /** Calls matched. */
  readonly matched: number;
  /** Topmost unmatched calls; what they called counts with them. Calls spliced out of the second tree count as extra. */
  readonly differences: readonly Difference[];
}

function leaf(name: string): Call {
  return { name, children: [] };
}

/** Aligns forests. Equal subtrees get equal numbers, so each pair of different ones is looked at once. */
export class Aligner {
  private readonly ids = new Map<string, number>();
  private readonly idOf = new WeakMap<Call, number>();
  private readonly memo = new Map<number, number>();

  private id(call: Call): number {
    let id = this.idOf.get(call);
    if (id === undefined) {
      const key = `${call.name}(${call.children.map((child) => this.id(child)).join(' ')})`;
      id = this.ids.get(key);
      if (id === undefined) {
        id = this.ids.size + 1;
        this.ids.set(key, id);
      }
      this.idOf.set(call, id);
    }
    return id;
  }

  /** How many calls of `a` and `b` match, themselves included; 0 when their names differ. */
  private weight(a: Call, b: Call): number {
    if (a.name !== b.name) return 0;
    const key = this.id(a) * 0x4000000 + this.id(b);
    let weight = this.memo.get(key);
    if (weight === undefined) {
      weight = 1 + this.score(a.children, b.children);
      this.memo.set(key, weight);
    }
    return weight;
  }

  /** Calls that match between two lists of callees. */
  score(a: readonly Call[], b: readonly Call[]): number {
    return this.table(a, b)[0] as number;
  }

  /** Best score of the tails from (i, j), at `i * (b.length + 1) + j`. */
  private table(a: readonly Call[], b: readonly Call[]): Uint32Array {
    const width = b.length + 1;
    const best = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--) {
      for (let j = b.length - 1; j >= 0; j--) {
        const skip = Math.max(best[(i + 1) * width + j] as number, best[i * width + j + 1] as number);
        const weight = this.weight(a[i] as Call, b[j] as Call);
        best[i * width + j] = weight === 0 ? skip : Math.max(skip, weight + (best[(i + 1) * width + j + 1] as number));
      }
    }
    return best;
  }

  /** Aligns what was recorded with what the model did. */
  align(recorded: readonly Call[], model: readonly Call[], caller: string | null = null): Alignment {
    const differences: Difference[] = [];
    const matched = this.collect(recorded, model, caller, differences);
    return { matched, differences };
  }

  private collect(a: readonly Call[], b: readonly Call[], caller: string | null, into: Difference[]): number {
    const best = this.table(a, b);
    const width = b.length + 1;
    let matched = 0;
    let i = 0;
    let j = 0;
    while (i < a.length || j < b.length) {
      const here = best[i * width + j] as number;
      if (i < a.length && j < b.length) {
        const weight = this.weight(a[i] as Call, b[j] as Call);
        if (weight > 0 && here === weight + (best[(i + 1) * width + j + 1] as number)) {
          const { name, children } = a[i] as Call;
          for (const lost of b[j]?.removed ?? [])
            into.push({ side: 'extra', caller: lost.caller, call: leaf(lost.callee) });
          matched += 1 + this.collect(children, (b[j] as Call).children, name, into);
          i++;
          j++;
          continue;
        }
      }
      if (i < a.length && (j >= b.length || here === best[(i + 1) * width + j])) {
        into.push({ side: 'missing', caller, call: a[i++] as Call });
      } else {
        const call = b[j++] as Call;
        into.push({ side: 'extra', caller: call.from ?? caller, call });
      }
    }
    return matched;
  }
}
