/** Mirrors include/linux/io.h (2.6.39): access to the registers of a device. Macros in Linux, so not functions of the call tree. */
import { charge } from '../../../base/clock';
import { kernel } from '../../arch/current';

/** ns the CPU waits for a register read to come back over the bus; a posted write only leaves the CPU. */
const MMIO_READ_NS = 400;
const MMIO_WRITE_NS = 100;

/** Reads the register of device `device` at byte offset `reg`. */
export const readl = (device: number, reg: number): number => {
  charge(MMIO_READ_NS);
  return kernel.arch.read32(device, reg);
};

/** Writes the register of device `device` at byte offset `reg`. */
export const writel = (value: number, device: number, reg: number): void => {
  charge(MMIO_WRITE_NS);
  kernel.arch.write32(device, reg, value >>> 0);
};
