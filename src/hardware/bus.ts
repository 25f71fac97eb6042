/** What the host bus costs the card: latencies and rates of DMA. */

/**
 * Time from asking for a burst of reads to its first data: arbitration, address phase and the memory's latency. PCI allows
 * a target 16 clocks to the first data (485 ns at 33 MHz, 242 ns at 66 MHz); 300 ns is a middle value.
 */
export const READ_LATENCY_NS = 300;

/** A posted write needs arbitration and the address phase only: about 8 clocks at 66 MHz. */
export const WRITE_LATENCY_NS = 120;

/** ns a byte. Rates are those of the bus itself: one data phase a clock. */
export const BUS_NS_PER_BYTE = {
  /** 32 bit, 33 MHz: 132 MB/s. */
  'pci-33': 7.58,
  /** 32 bit, 66 MHz: 264 MB/s; the fastest an 82540EM takes. */
  'pci-66': 3.79,
  /** 64 bit, 133 MHz: 1064 MB/s; the fastest an 82545EM takes. */
  'pci-x-133': 0.94,
} as const;
export type BusKind = keyof typeof BUS_NS_PER_BYTE;

export const BUS_NAMES: Readonly<Record<BusKind, string>> = {
  'pci-33': 'PCI, 32 bit at 33 MHz',
  'pci-66': 'PCI, 32 bit at 66 MHz',
  'pci-x-133': 'PCI-X, 64 bit at 133 MHz',
};

export class Bus {
  private readonly nsPerByte: number;
  constructor(kind: BusKind) {
    this.nsPerByte = BUS_NS_PER_BYTE[kind];
  }
  /** ns to read `bytes` of host memory. */
  read(bytes: number): number {
    return READ_LATENCY_NS + Math.round(bytes * this.nsPerByte);
  }
  /** ns to write `bytes` of host memory. */
  write(bytes: number): number {
    return WRITE_LATENCY_NS + Math.round(bytes * this.nsPerByte);
  }
}
