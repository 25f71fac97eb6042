/** An Ethernet frame from the TX FIFO of one card to the memory behind the other: real bytes in RAM, FCS included. */
import { heap } from '../base/heap';
import { addr, byteCount, enumeration, flags, hex32, int, ns, ref, struct } from '../base/struct';

export const FRAME_FILLING = 0;
export const FRAME_TX_FIFO = 1;
export const FRAME_SENDING = 2;
export const FRAME_IN_FLIGHT = 3;
export const FRAME_RX_FIFO = 4;
export const FRAME_LOST = 5;
export const FRAME_HELD = 6;

/** Bits of `faults`. */
export const FAULT_LOST = 1;
export const FAULT_DUPLICATE = 2;
export const FAULT_CORRUPT = 4;
export const FAULT_HELD = 8;
export const FAULT_DELAYED = 16;

export const frame = struct('frame', {
  next: ref<frame>('next in the queue it is in'),
  data: addr('where its bytes stand, from the destination MAC address'),
  len: byteCount('length with FCS'),
  size: byteCount('size of the block the bytes stand in'),
  state: enumeration('where it is', {
    filling: FRAME_FILLING,
    'TX FIFO': FRAME_TX_FIFO,
    sending: FRAME_SENDING,
    'in flight': FRAME_IN_FLIGHT,
    'RX FIFO': FRAME_RX_FIFO,
    lost: FRAME_LOST,
    'held back': FRAME_HELD,
  }),
  from_host: int('host whose card sent it', -1),
  from_port: int('which of its cards, from 0'),
  to_host: int('host at the other end, -1: none', -1),
  to_port: int('which of its cards, from 0'),
  nth: int('number among the frames of its direction of the link, from 1'),
  faults: flags('what befell it on the link', {
    lost: FAULT_LOST,
    duplicate: FAULT_DUPLICATE,
    corrupt: FAULT_CORRUPT,
    'held back': FAULT_HELD,
    delayed: FAULT_DELAYED,
  }),
  source_descriptor: int('index of the first TX descriptor with its data', -1),
  buffer_address: addr('host memory the first of its payload was fetched from'),
  segment: int('number within the TSO packet it was cut from, from 0'),
  segments: int('how many frames the descriptors stand for', 1),
  rx_queue: int('receive queue it was steered to'),
  rss_hash: hex32('hash of its flow, as the receiving card computed it'),
  rss_type: int('what the hash was taken of, 0: nothing, 1: addresses and TCP ports, 2: addresses'),
  start: ns('when the first bit of the preamble leaves'),
  end: ns('when the last bit leaves'),
  arrival: ns('when the last bit reaches the other card'),
});
export interface frame extends InstanceType<typeof frame> {}

/** A frame with room for `size` bytes. It belongs to no host: it outlives its time in the card that sends it. */
export function newFrame(size: number): frame {
  const host = heap.currentHost;
  heap.currentHost = 255;
  const made = new frame();
  heap.currentHost = host;
  made.data = heap.ramAlloc(size);
  made.size = size;
  return made;
}

/** To whom a frame is sent. */
export function castOf({ data }: frame): 'unicast' | 'multicast' | 'broadcast' {
  if ((heap.read8(data) & 1) === 0) return 'unicast';
  return heap.readBe16(data) === 0xffff && heap.readBe32(data + 2) === 0xffffffff ? 'broadcast' : 'multicast';
}

/** A second frame with the same bytes, times and ends. */
export function copyFrame(of: frame): frame {
  const made = newFrame(of.size);
  heap.copy(made.data, of.data, of.len);
  const { len, from_host, from_port, to_host, to_port, nth, start, end, arrival } = of;
  const { source_descriptor, buffer_address, segment, segments } = of;
  Object.assign(made, { len, from_host, from_port, to_host, to_port, nth, start, end, arrival });
  return Object.assign(made, { source_descriptor, buffer_address, segment, segments });
}

export function freeFrame(done: frame): void {
  heap.ramFree(done.data, done.size);
  heap.release(done);
}

/** Frames one behind the other: a FIFO of a card, or a direction of a link. */
export const frame_queue = struct('frame_queue', {
  first: ref<frame>('the oldest'),
  last: ref<frame>('the newest'),
  count: int('frames in it'),
  bytes: byteCount('bytes in it, FCS included'),
});
export interface frame_queue extends InstanceType<typeof frame_queue> {}

export function pushFrame(queue: frame_queue, added: frame): void {
  added.next = null;
  if (queue.last === null) queue.first = added;
  else queue.last.next = added;
  queue.last = added;
  queue.count++;
  queue.bytes += added.len;
}

/** Takes the oldest frame out; null if there is none. */
export function shiftFrame(queue: frame_queue): frame | null {
  const { first } = queue;
  if (first === null) return null;
  queue.first = first.next;
  if (queue.first === null) queue.last = null;
  first.next = null;
  queue.count--;
  queue.bytes -= first.len;
  return first;
}

/** Takes a frame out from wherever in the queue it is. */
export function removeFrame(queue: frame_queue, gone: frame): void {
  let before: frame | null = null;
  for (let at = queue.first; at !== gone; at = at.next) {
    if (at === null) throw new Error('the frame is not in the queue');
    before = at;
  }
  if (before === null) queue.first = gone.next;
  else before.next = gone.next;
  if (queue.last === gone) queue.last = before;
  gone.next = null;
  queue.count--;
  queue.bytes -= gone.len;
}
