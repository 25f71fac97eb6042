/** What the host bus costs the card: latencies and rates of DMA. */

interface BusFacts {
  readonly name: string;
  /** ns a byte: the rate of the bus itself, without what addresses cost. */
  readonly nsPerByte: number;
  /** ns from asking for a burst of reads to its first data. */
  readonly readLatency: number;
  /** ns before the first byte of a posted write passes. */
  readonly writeLatency: number;
}

/**
 * Reads on PCI: arbitration, address phase and the memory's latency. A target may take 16 clocks to the first data (485 ns at 33 MHz,
 * 242 ns at 66 MHz); 300 ns is a middle value. A posted write needs arbitration and the address phase only: about 8 clocks at 66 MHz.
 */
const PCI = { readLatency: 300, writeLatency: 120 };

const BUSES = {
  /** 132 MB/s: one data phase a clock. */
  'pci-33': { name: 'PCI, 32 bit at 33 MHz', nsPerByte: 7.58, ...PCI },
  /** 264 MB/s; the fastest an 82540EM takes. */
  'pci-66': { name: 'PCI, 32 bit at 66 MHz', nsPerByte: 3.79, ...PCI },
  /** 1064 MB/s; the fastest an 82545EM takes. */
  'pci-x-133': { name: 'PCI-X, 64 bit at 133 MHz', nsPerByte: 0.94, ...PCI },
  /**
   * Four lanes of 2.5 GT/s with 8b/10b code: 1000 MB/s each way; a packet of 128 bytes has 24 bytes of framing, sequence number, header
   * and LCRC, which leaves 842 MB/s. A read goes to the memory and comes back as a completion; a write is posted.
   */
  'pcie-x4': { name: 'PCI Express, 4 lanes of 2.5 GT/s', nsPerByte: 1.19, readLatency: 500, writeLatency: 150 },
} as const satisfies Readonly<Record<string, BusFacts>>;
export type BusKind = keyof typeof BUSES;

export class Bus {
  private readonly facts: BusFacts;
  constructor(kind: BusKind) {
    this.facts = BUSES[kind];
  }
  get name(): string {
    return this.facts.name;
  }
  /** ns to read `bytes` of host memory. */
  read(bytes: number): number {
    return this.facts.readLatency + Math.round(bytes * this.facts.nsPerByte);
  }
  /** ns to write `bytes` of host memory. */
  write(bytes: number): number {
    return this.facts.writeLatency + Math.round(bytes * this.facts.nsPerByte);
  }
}
