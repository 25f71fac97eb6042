/** A packet as a token: what its bytes are, from head to end. */
import type { State, StructView } from '../../trace/state';
import { be16At, be32At, byteAt, num, ref, seqMinus } from './read';

export type PartKind = 'room' | 'eth' | 'ip' | 'tcp' | 'data' | 'pages' | 'tail';

/** A stretch of a packet. */
export interface Part {
  readonly kind: PartKind;
  readonly bytes: number;
  /** A header that was taken off: its bytes still stand before `data`. */
  readonly taken: boolean;
  /** Where it stands in RAM (of pages: the first of them). */
  readonly addr: number;
}

export interface Packet {
  readonly id: number;
  readonly kind: 'skb' | 'frame';
  readonly parts: readonly Part[];
  /** Payload bytes as far as known. */
  readonly payload: number;
  readonly len: number;
  readonly seq: number;
  readonly endSeq: number;
  /** Another skb shares its data (dataref of payload holders aside). */
  readonly clone: boolean;
  /** Address of the data block, equal for clones. */
  readonly block: number;
  readonly gsoSegs: number;
  readonly summed: string;
  /** `ACK`, `SYN`...: what a packet without payload is. */
  readonly label: string;
}

function within(value: number, from: number, to: number): boolean {
  return value > 0 && value >= from && value <= to;
}

interface Headers {
  readonly eth: number;
  readonly ip: number;
  readonly tcp: number;
  /** Where the payload begins. */
  readonly payload: number;
}

/** Addresses of headers that the skb knows of, 0: not known. */
function headersOf(state: State, skb: StructView, payload: number): Headers {
  const head = num(skb, 'head');
  const data = num(skb, 'data');
  const tail = num(skb, 'tail');
  const network = num(skb, 'network_header');
  const transport = num(skb, 'transport_header');
  const macHeader = num(skb, 'mac_header');
  const ip = within(network, head, tail) ? network : 0;
  const split = within(transport, head, tail) && transport !== ip ? transport : 0;
  const tcp = split !== 0 && (ip === 0 || split > ip) ? split : 0;
  const start = ip === 0 ? 0 : data < ip ? data : within(macHeader, head, ip - 1) ? macHeader : 0;
  const eth = start !== 0 && ip - start <= 18 ? start : 0;
  const begins = tcp === 0 ? data : tcp + tcpLength(state, skb, tcp, tail, payload);
  return { eth, ip: ip !== 0 && (tcp !== 0 || eth !== 0) ? ip : 0, tcp, payload: begins };
}

function tcpLength(state: State, skb: StructView, at: number, tail: number, payload: number): number {
  const written = (byteAt(state, at + 12) >> 4) * 4;
  if (written >= 20 && at + written <= tail) return written;
  // Room is made but the header is not written yet.
  const made = num(skb, 'len') - payload;
  return made >= 20 && made <= 60 ? made : 0;
}

/** An sk_buff with its anatomy. */
export function packetOf(state: State, skb: StructView): Packet {
  const cb = ref(skb, 'cb');
  const seq = num(cb, 'seq');
  const endSeq = num(cb, 'end_seq');
  const counted = Math.max(0, seqMinus(endSeq, seq));
  const head = num(skb, 'head');
  const data = num(skb, 'data');
  const tail = num(skb, 'tail');
  const dataLen = num(skb, 'data_len');
  const headers = headersOf(state, skb, counted);
  const parts: Part[] = [];
  const add = (kind: PartKind, from: number, to: number): void => {
    if (to > from) parts.push({ kind, bytes: to - from, addr: from, taken: kind !== 'room' && to <= data });
  };
  const known = [headers.eth, headers.ip, headers.tcp].filter((at) => at !== 0);
  const first = Math.min(data, ...known);
  add('room', head, first);
  const afterIp = headers.tcp || Math.max(data, headers.ip);
  if (headers.eth !== 0) add('eth', headers.eth, headers.ip || data);
  if (headers.ip !== 0) add('ip', headers.ip, headers.tcp !== 0 ? headers.tcp : afterIp);
  if (headers.tcp !== 0) add('tcp', headers.tcp, headers.payload);
  add('data', Math.max(headers.payload, first), tail);
  if (dataLen > 0) parts.push({ kind: 'pages', bytes: dataLen, addr: firstPage(skb), taken: false });
  add('tail', tail, num(skb, 'end'));
  const shared = ref(skb, 'shared_info');
  const linear = Math.max(0, tail - Math.max(headers.payload, data));
  return {
    id: skb.id,
    kind: 'skb',
    parts,
    payload: headers.tcp !== 0 || counted === 0 ? linear + dataLen : counted,
    len: num(skb, 'len'),
    seq,
    endSeq,
    clone: num(skb, 'cloned') !== 0,
    block: head,
    gsoSegs: num(shared, 'gso_size') > 0 ? num(shared, 'gso_segs') : 0,
    summed: skb.has('ip_summed') ? skb.text('ip_summed') : '',
    label: headers.tcp !== 0 && linear + dataLen === 0 ? flagsLabel(byteAt(state, headers.tcp + 13)) : '',
  };
}

function firstPage(skb: StructView): number {
  const shared = ref(skb, 'shared_info');
  const frag = shared?.has('frags') ? (shared.refs('frags')[0] ?? null) : null;
  const page = ref(frag, 'page');
  return page === null ? 0 : num(page, 'virtual') + num(frag, 'page_offset');
}

function flagsLabel(flags: number): string {
  if (flags & 4) return 'RST';
  if (flags & 2) return flags & 16 ? 'SYN-ACK' : 'SYN';
  if (flags & 1) return 'FIN';
  return flags & 16 ? 'ACK' : '';
}

const ETHERNET = 14;
const FCS = 4;

/** A frame of the wire or of a card's FIFO: its headers are in its bytes. */
export function frameOf(state: State, frame: StructView): Packet {
  const data = num(frame, 'data');
  const len = num(frame, 'len');
  const parts: Part[] = [];
  let seq = 0;
  let payload = Math.max(0, len - ETHERNET - FCS);
  let label = '';
  const add = (kind: PartKind, addr: number, bytes: number): void => {
    if (bytes > 0) parts.push({ kind, addr, bytes, taken: false });
  };
  add('eth', data, Math.min(len, ETHERNET));
  if (len > ETHERNET + 20 && be16At(state, data + 12) === 0x0800) {
    const ip = data + ETHERNET;
    const ipBytes = (byteAt(state, ip) & 15) * 4;
    const total = be16At(state, ip + 2);
    add('ip', ip, ipBytes);
    if (byteAt(state, ip + 9) === 6 && total >= ipBytes + 20) {
      const tcp = ip + ipBytes;
      const tcpBytes = (byteAt(state, tcp + 12) >> 4) * 4;
      add('tcp', tcp, tcpBytes);
      seq = be32At(state, tcp + 4);
      payload = Math.max(0, total - ipBytes - tcpBytes);
      if (payload === 0) label = flagsLabel(byteAt(state, tcp + 13));
      add('data', tcp + tcpBytes, payload);
    } else add('data', ip + ipBytes, Math.max(0, total - ipBytes));
  } else add('data', data + ETHERNET, payload);
  return {
    id: frame.id,
    kind: 'frame',
    parts,
    payload,
    len,
    seq,
    endSeq: (seq + payload) >>> 0,
    clone: false,
    block: data,
    gsoSegs: 0,
    summed: '',
    label,
  };
}
