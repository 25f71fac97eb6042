/** Mirrors include/linux/spinlock.h (2.6.39): ticket spinlocks. Left out: lockdep, irqsave variants (interrupt state is the CPU's). */
import { charge, clock } from '../../../base/clock';
import { enumeration, int, ns, struct } from '../../../base/struct';
import { cpu, type Kgen, kernel } from '../../arch/current';

export const spinlock_t = struct('spinlock_t', {
  owner: int('CPU that holds the lock, -1 if it is free', -1),
  waiters: int('CPUs that spin on it'),
  state: enumeration('locked or not', { unlocked: 0, locked: 1 }),
  released: ns('when it was last released'),
});
export interface spinlock_t extends InstanceType<typeof spinlock_t> {}

/** ns of an uncontended atomic operation on a cache line this CPU owns. */
const LOCK_NS = 15;

/**
 * Takes the lock, spinning while another CPU holds it.
 * @cost 0
 * @modelled include/linux/spinlock.h
 */
export function* spin_lock(lock: spinlock_t): Kgen {
  charge(LOCK_NS);
  if (lock.state === 0) {
    lock.state = 1;
    lock.owner = cpu.id;
    // The clock of the CPU that released it was ahead of this one: seen from here, it is still held.
    if (clock.ns < lock.released) yield { op: 'spin', lock, until: lock.released };
    return;
  }
  if (lock.owner === cpu.id) throw new Error(`CPU ${cpu.id} takes a lock it holds: spinlock #${lock.$id}`);
  lock.waiters++;
  yield { op: 'spin', lock };
}

/**
 * Takes the lock if it is free.
 * @cost 15
 * @modelled include/linux/spinlock.h
 */
export function spin_trylock(lock: spinlock_t): boolean {
  if (lock.state === 1 || clock.ns < lock.released) return false;
  lock.state = 1;
  lock.owner = cpu.id;
  return true;
}

/**
 * Releases the lock; of the CPUs that spin on it the one that came first has it at once.
 * @cost 8
 * @modelled include/linux/spinlock.h
 */
export function spin_unlock(lock: spinlock_t): void {
  if (lock.owner !== cpu.id)
    throw new Error(`CPU ${cpu.id} releases spinlock #${lock.$id}, which CPU ${lock.owner} holds`);
  if (kernel.cpus.length > 1) lock.released = clock.ns;
  if (lock.waiters > 0) {
    lock.waiters--;
    lock.owner = kernel.arch.unlocked(lock);
    return;
  }
  lock.state = 0;
  lock.owner = -1;
  lock.released = clock.ns;
}

/**
 * True while a CPU holds the lock.
 * @modelled include/linux/spinlock.h
 * @cost 1
 */
