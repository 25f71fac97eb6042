import type { Arch } from './current';

const idle = (): void => {};

/** A machine that does nothing by itself, for tests of single rooms; what a test needs of it, it puts in place of these. */
export const idleArch: Arch = {
  wake: idle,
  startThread: idle,
  unlocked: () => 0,
  setTimer: idle,
  softirqAfterIrq: idle,
  sendIpi: idle,
  read32: () => 0,
  write32: idle,
  needResched: () => false,
  random32: () => 4,
};
