/** A channel of the card's DMA engine: what it moves over the host bus now, so that one can watch it. */
import { addr, bool, byteCount, enumeration, ns, struct } from '../base/struct';
import type { Card } from './card';

const NOTHING = 0;
export const DMA_DESCRIPTORS = 1;
export const DMA_DATA = 2;
export const DMA_WRITE_BACK = 3;

export const nic_transfer = struct('nic_transfer', {
  what: enumeration('what is being moved', {
    nothing: NOTHING,
    'descriptor fetch': DMA_DESCRIPTORS,
    data: DMA_DATA,
    'write-back': DMA_WRITE_BACK,
  }),
  to_host: bool('the card writes host memory; else it reads'),
  address: addr('host memory it begins at'),
  bytes: byteCount('how many'),
  start: ns('when the card asked for the bus'),
  end: ns('when the last byte has passed'),
});
export interface nic_transfer extends InstanceType<typeof nic_transfer> {}

/** What a transfer moves, and to what it is known in a run. */
interface Move {
  readonly what: number;
  readonly address: number;
  readonly bytes: number;
  readonly label: string;
}

export class DmaChannel {
  /** Counts resets: what was begun before one does not end. */
  private generation = 0;

  constructor(
    private readonly card: Card,
    readonly state: nic_transfer,
  ) {}

  /** The card was reset: nothing is moved any more. */
  abort(): void {
    this.generation++;
    this.state.what = NOTHING;
  }

  /** Host memory to card; `run` when the bytes are there. */
  read(move: Move, run: () => void): void {
    this.start(move, false, this.card.bus.read(move.bytes), run);
  }

  /** Card to host memory; `run` when the bytes are there. */
  write(move: Move, run: () => void): void {
    this.start(move, true, this.card.bus.write(move.bytes), run);
  }

  private start({ what, address, bytes, label }: Move, toHost: boolean, takes: number, run: () => void): void {
    const { state, card, generation } = this;
    const now = card.env.now();
    state.what = what;
    state.to_host = toHost;
    state.address = address;
    state.bytes = bytes;
    state.start = now;
    state.end = now + (card.emulated ? 0 : takes);
    card.env.at(state.end, label, () => {
      if (this.generation !== generation) return;
      state.what = NOTHING;
      run();
    });
  }
}
