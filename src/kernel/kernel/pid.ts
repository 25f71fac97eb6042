/** Mirrors kernel/pid.c (2.6.39): references to processes. Simplified: a reference to a task keeps nothing alive here, as tasks stay in the heap. */

/**
 * Gives a reference to a process back.
 * @simplified tasks need no references here
 * @cost 3
 */
export function put_pid(_pid: object | null): void {}
