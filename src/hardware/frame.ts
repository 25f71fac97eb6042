/** An Ethernet frame from the TX FIFO of one card to the memory behind the other: real bytes in RAM, FCS included. */
import { heap } from '../base/heap';
import { addr, byteCount, enumeration, int, ns, ref, struct } from '../base/struct';

export const FRAME_FILLING = 0;
export const FRAME_TX_FIFO = 1;
export const FRAME_SENDING = 2;
export const FRAME_IN_FLIGHT = 3;
export const FRAME_RX_FIFO = 4;
export const FRAME_LOST = 5;

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
  }),
  from_host: int('host whose card sent it', -1),
  to_host: int('host at the other end, -1: none', -1),
  source_descriptor: int('index of the first TX descriptor with its data', -1),
  buffer_address: addr('host memory the first of its payload was fetched from'),
  segment: int('number within the TSO packet it was cut from, from 0'),
  segments: int('how many frames the descriptors stand for', 1),
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
