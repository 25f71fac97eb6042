/** TCP (RFC 793) with its options: MSS, window scale and timestamps (RFC 7323), SACK (RFC 2018). */
import { dataSection, eachOption, hex, Reader, type Section } from './reader';
import { CHECKSUM_WORDS, checksumState } from './sums';

const FLAGS = [
  ['FIN', 'fin'],
  ['SYN', 'syn'],
  ['RST', 'reset'],
  ['PSH', 'push'],
  ['ACK', 'ack'],
  ['URG', 'urg'],
  ['ECE', 'ece'],
  ['CWR', 'cwr'],
] as const;

const ACK = 0x10;

/** `ip`: where the IP header is; -1: not known, so the checksum cannot be judged. `whole`: the segment is all there. */
export function tcp(
  bytes: Uint8Array,
  ip: number,
  at: number,
  end: number,
  sections: Section[],
  whole: boolean,
): string {
  const reader = new Reader(bytes, at, end);
  const header = ((bytes[at + 12] ?? 0) >> 4) * 4;
  if (reader.left < 20 || header < 20 || reader.left < header) {
    sections.push(dataSection('tcp', 'TCP, cut short', bytes, at, end));
    return 'TCP, cut short';
  }
  const source = reader.number('source port', 2, { key: 'tcp.srcport' });
  const target = reader.number('destination port', 2, { key: 'tcp.dstport' });
  const seq = reader.number('sequence', 4, { key: 'tcp.seq' });
  const ack = reader.number('acknowledgement', 4, { key: 'tcp.ack' });
  const offset = reader.at;
  reader.number('header length', 1, { show: () => `${header} bytes` });
  reader.part('header length', offset, 1, header, 'tcp.hdr_len', `${header} bytes`);
  reader.part('reserved', offset, 1, (bytes[offset] ?? 0) & 0xf, 'tcp.flags.res');
  const flagsAt = reader.at;
  const flags = reader.peek(flagsAt, 1);
  const names = FLAGS.filter((_, bit) => flags & (1 << bit)).map(([name]) => name);
  reader.number('flags', 1, { key: 'tcp.flags', show: () => names.join(' ') || 'none' });
  FLAGS.forEach(([name, key], bit) => {
    reader.part(name, flagsAt, 1, (flags >> bit) & 1, `tcp.flags.${key}`);
  });
  const window = reader.number('window', 2, { key: 'tcp.window_size', show: (value) => `${value} (before scaling)` });
  const state = checksumState(bytes, ip, at, end, 6, 16);
  reader.number('checksum', 2, {
    key: 'tcp.checksum',
    show: (value) => `${hex(value, 4)} ${whole ? CHECKSUM_WORDS[state] : ''}`.trim(),
    problem: () => (whole && state === 'wrong' ? 'wrong' : undefined),
  });
  reader.number('urgent pointer', 2, { key: 'tcp.urgent_pointer' });
  options(reader, at + header);
  const data = end - at - header;
  reader.part('payload', at, header, data, 'tcp.len', `${data} bytes`);
  sections.push({ protocol: 'tcp', title: 'Transmission Control Protocol', at, length: header, fields: reader.fields });
  if (data > 0) sections.push(dataSection('data', 'Data', bytes, at + header, end));
  const acks = (flags & ACK) === 0 ? '' : ` ack ${ack}`;
  return `${source} to ${target} [${names.join(' ')}] seq ${seq}${acks} win ${window} len ${data}`;
}

const NAMES: Readonly<Record<number, string>> = {
  2: 'maximum segment size',
  3: 'window scale',
  4: 'SACK permitted',
  5: 'SACK',
  8: 'timestamps',
};

function options(reader: Reader, end: number): void {
  eachOption(reader, end, (at, kind, length) => {
    reader.add(NAMES[kind] ?? `option ${kind}`, optionText(reader, at, kind, length), length);
    optionParts(reader, at, kind, length);
  });
}

function optionText(reader: Reader, at: number, kind: number, length: number): string {
  if (kind === 2 && length === 4) return String(reader.peek(at + 2, 2));
  if (kind === 3 && length === 3) return `shift ${reader.peek(at + 2, 1)}`;
  if (kind === 4) return 'yes';
  if (kind === 8 && length === 10) return `value ${reader.peek(at + 2, 4)}, echo ${reader.peek(at + 6, 4)}`;
  if (kind === 5) {
    const blocks: string[] = [];
    for (let from = 2; from + 8 <= length; from += 8)
      blocks.push(`${reader.peek(at + from, 4)} to ${reader.peek(at + from + 4, 4)}`);
    return blocks.join(', ');
  }
  return `${length} bytes`;
}

function optionParts(reader: Reader, at: number, kind: number, length: number): void {
  reader.part('kind', at, 1, kind, 'tcp.option_kind');
  reader.part('length', at + 1, 1, length, 'tcp.option_len');
  if (kind === 2 && length === 4) reader.part('MSS value', at + 2, 2, reader.peek(at + 2, 2), 'tcp.options.mss_val');
  if (kind === 3 && length === 3)
    reader.part('shift count', at + 2, 1, reader.peek(at + 2, 1), 'tcp.options.wscale.shift');
  if (kind === 4) reader.part('SACK permitted', at, length, 1, 'tcp.options.sack_perm');
  if (kind === 8 && length === 10) {
    reader.part('timestamp value', at + 2, 4, reader.peek(at + 2, 4), 'tcp.options.timestamp.tsval');
    reader.part('timestamp echo reply', at + 6, 4, reader.peek(at + 6, 4), 'tcp.options.timestamp.tsecr');
  }
  if (kind === 5) {
    for (let from = 2; from + 8 <= length; from += 8) {
      reader.part('left edge', at + from, 4, reader.peek(at + from, 4), 'tcp.options.sack_le');
      reader.part('right edge', at + from + 4, 4, reader.peek(at + from + 4, 4), 'tcp.options.sack_re');
    }
  }
}
