/** What the kernel has sent and no line of the script has taken yet, in the order it left the card. */
import { heap } from '../../base/heap';
import type { frame } from '../../hardware/frame';
import type { Packet } from '../../scenario/packetdrill/ast';
import { joined } from './compare';
import type { Endpoint } from './endpoint';
import { decodeFrame, FLAG, type Seen, type Tcp } from './wire';

const FCS_BYTES = 4;

export interface Sniffed {
  readonly seen: Seen;
  /** Virtual ns when it left the card. */
  readonly ns: number;
}

/** The packet at the head of the queue, put together of as many segments as make up the expected one. */
export interface Taken extends Sniffed {
  /** The segments as one; null for what is no TCP. */
  readonly tcp: Tcp | null;
}

export class Sniffer {
  private readonly queue: Sniffed[] = [];

  add(arrived: frame): void {
    const seen = decodeFrame(heap.bytes(arrived.data, arrived.len - FCS_BYTES).slice());
    if (seen !== null) this.queue.push({ seen, ns: arrived.start });
  }

  /** The oldest packet of the connection under test, those of others left out; null: there is none. It stays in the queue. */
  first(endpoint: Endpoint, expected: Packet): Sniffed | null {
    this.skip(0, endpoint, expected);
    return this.queue[0] ?? null;
  }

  /** The same with the segments behind it that the expected packet needs, out of the queue; null: there is none, or not all of them yet. */
  take(endpoint: Endpoint, expected: Packet, isStrict: boolean): Taken | null {
    const head = this.first(endpoint, expected);
    if (head === null) return null;
    if (head.seen.inner.protocol !== 'tcp' || expected.protocol !== 'tcp') {
      this.queue.shift();
      return { ...head, tcp: null };
    }
    let tcp: Tcp = head.seen.inner;
    let count = 1;
    const wanted = expected.sequence.length;
    while (tcp.payload.length > 0 && tcp.payload.length < wanted && !isStrict) {
      this.skip(count, endpoint, expected);
      const next = this.queue[count]?.seen.inner;
      if (next === undefined) return null;
      const both = next.protocol === 'tcp' ? joined(tcp, next) : null;
      if (both === null || both.payload.length > wanted) break;
      tcp = both;
      count++;
    }
    this.queue.splice(0, count);
    return { ...head, tcp };
  }

  /** Drops packets that are not of the connection under test from `at` on, as packetdrill's sniffing does. */
  private skip(at: number, endpoint: Endpoint, expected: Packet): void {
    while (this.queue[at] !== undefined && !isOf(endpoint, (this.queue[at] as Sniffed).seen, expected)) {
      this.queue.splice(at, 1);
    }
  }
}

/** True for packets of the connection under test. Learns its addresses from its SYN or first datagram. */
function isOf(endpoint: Endpoint, seen: Seen, expected: Packet): boolean {
  const { ip, inner } = seen;
  if (ip.destination !== endpoint.remoteIp) return false;
  if (inner.protocol === 'icmp' || expected.protocol === 'icmp') return inner.protocol === expected.protocol;
  if (inner.protocol !== endpoint.protocol || inner.destination !== endpoint.remotePort) return false;
  const isSyn = inner.protocol === 'tcp' && (inner.flags & (FLAG.S | FLAG['.'])) === FLAG.S;
  const isConnecting = endpoint.state === 'connecting' || (isSyn && endpoint.state === 'syn sent');
  if (!isConnecting || !(isSyn || inner.protocol === 'udp')) return endpoint.sends(seen);
  endpoint.localIp = ip.source;
  endpoint.localPort = inner.source;
  if (inner.protocol === 'tcp') endpoint.liveLocalIsn = inner.seq;
  return true;
}
