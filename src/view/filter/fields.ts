/** Fields a filter can name, and their values in a packet. Names are those of capture programs. */
import { dissect, type Field } from '../dissect/dissect';

/** How values of a field are written. */
export type FieldType = 'number' | 'ip' | 'mac' | 'flag';

export interface Known {
  readonly type: FieldType;
  readonly doc: string;
  /** Keys of the dissection whose values it stands for; its own name if left out. */
  readonly of?: readonly string[];
}

const number = (doc: string): Known => ({ type: 'number', doc });
const flag = (doc: string): Known => ({ type: 'flag', doc });
const ip = (doc: string, of?: readonly string[]): Known => ({ type: 'ip', doc, ...(of === undefined ? {} : { of }) });
const mac = (doc: string, of?: readonly string[]): Known => ({ type: 'mac', doc, ...(of === undefined ? {} : { of }) });
const either = (doc: string, of: readonly string[]): Known => ({ type: 'number', doc, of });

/** Protocols: true where the packet has one. */
export const PROTOCOLS = ['eth', 'arp', 'macc', 'ip', 'icmp', 'udp', 'tcp'] as const;

export const FIELDS: Readonly<Record<string, Known>> = {
  'frame.len': number('bytes of the packet'),
  'frame.number': number('number of the row, from 1'),
  'frame.out': flag('it leaves the host'),
  'frame.differs': flag('tap and wire do not have the same bytes'),
  'eth.addr': mac('either MAC address', ['eth.src', 'eth.dst']),
  'eth.src': mac('source'),
  'eth.dst': mac('destination'),
  'eth.type': number('EtherType'),
  'arp.opcode': number('1 request, 2 reply'),
  'arp.hw.type': number('hardware type'),
  'arp.hw.size': number('length of a hardware address'),
  'arp.proto.type': number('protocol type'),
  'arp.proto.size': number('length of a protocol address'),
  'arp.src.hw_mac': mac('sender MAC'),
  'arp.dst.hw_mac': mac('target MAC'),
  'arp.src.proto_ipv4': ip('sender address'),
  'arp.dst.proto_ipv4': ip('target address'),
  'macc.opcode': number('MAC control: 1 PAUSE'),
  'macc.pause_time': number('pause time, times of 512 bits'),
  'ip.addr': ip('either address', ['ip.src', 'ip.dst']),
  'ip.src': ip('source'),
  'ip.dst': ip('destination'),
  'ip.version': number('version'),
  'ip.hdr_len': number('length of the header, bytes'),
  'ip.dsfield': number('type of service'),
  'ip.dsfield.dscp': number('DSCP'),
  'ip.dsfield.ecn': number('ECN bits'),
  'ip.len': number('total length'),
  'ip.id': number('identification'),
  'ip.flags.df': flag("don't fragment"),
  'ip.flags.mf': flag('more fragments'),
  'ip.frag_offset': number('fragment offset, bytes'),
  'ip.ttl': number('time to live'),
  'ip.proto': number('protocol'),
  'ip.checksum': number('header checksum'),
  'ip.opt.type': number('type of an option'),
  'icmp.type': number('type'),
  'icmp.code': number('code'),
  'icmp.checksum': number('checksum'),
  'icmp.ident': number('identifier of an echo'),
  'icmp.seq': number('sequence of an echo'),
  'icmp.mtu': number('MTU of the next hop'),
  'icmp.pointer': number('pointer of a parameter problem'),
  'icmp.redir_gw': ip('gateway of a redirect'),
  'udp.port': either('either port', ['udp.srcport', 'udp.dstport']),
  'udp.srcport': number('source port'),
  'udp.dstport': number('destination port'),
  'udp.length': number('length'),
  'udp.checksum': number('checksum'),
  'tcp.port': either('either port', ['tcp.srcport', 'tcp.dstport']),
  'tcp.srcport': number('source port'),
  'tcp.dstport': number('destination port'),
  'tcp.seq': number('sequence number'),
  'tcp.ack': number('acknowledgement number'),
  'tcp.hdr_len': number('length of the header, bytes'),
  'tcp.len': number('bytes of payload'),
  'tcp.flags': number('the byte of flags'),
  'tcp.flags.res': number('reserved bits'),
  'tcp.flags.fin': flag('FIN'),
  'tcp.flags.syn': flag('SYN'),
  'tcp.flags.reset': flag('RST'),
  'tcp.flags.push': flag('PSH'),
  'tcp.flags.ack': flag('ACK'),
  'tcp.flags.urg': flag('URG'),
  'tcp.flags.ece': flag('ECE'),
  'tcp.flags.cwr': flag('CWR'),
  'tcp.window_size': number('window, before scaling'),
  'tcp.checksum': number('checksum'),
  'tcp.urgent_pointer': number('urgent pointer'),
  'tcp.option_kind': number('kind of an option'),
  'tcp.option_len': number('length of an option'),
  'tcp.options.mss_val': number('MSS'),
  'tcp.options.wscale.shift': number('window scale'),
  'tcp.options.sack_perm': flag('SACK permitted'),
  'tcp.options.sack_le': number('left edge of a SACK block'),
  'tcp.options.sack_re': number('right edge of a SACK block'),
  'tcp.options.timestamp.tsval': number('timestamp value'),
  'tcp.options.timestamp.tsecr': number('timestamp echo reply'),
};

/** Other names for the same. */
export const ALIASES: Readonly<Record<string, string>> = {
  'tcp.flags.rst': 'tcp.flags.reset',
  'tcp.flags.psh': 'tcp.flags.push',
  'tcp.window': 'tcp.window_size',
  'tcp.win': 'tcp.window_size',
  'ip.tos': 'ip.dsfield',
  differs: 'frame.differs',
  out: 'frame.out',
};

/** A row of a capture as a filter sees it. */
export interface Filterable {
  /** From the destination MAC address on. */
  readonly bytes: Uint8Array;
  /** From 1. */
  readonly number: number;
  readonly out: boolean;
  readonly differs: boolean;
}

interface Values {
  readonly protocols: ReadonlySet<string>;
  readonly fields: ReadonlyMap<string, readonly number[]>;
}

/** What was taken apart once: a filter is asked again with every key that is typed. */
const known = new WeakMap<Uint8Array, Values>();

function valuesIn(bytes: Uint8Array): Values {
  const found = known.get(bytes);
  if (found !== undefined) return found;
  const fields = new Map<string, number[]>();
  const protocols = new Set<string>();
  const note = ({ key, value }: Field): void => {
    if (key === '' || value === null) return;
    const list = fields.get(key);
    if (list === undefined) fields.set(key, [value]);
    else list.push(value);
  };
  for (const section of dissect(bytes).sections) {
    // What an ICMP error quotes is not the packet's own.
    if (section.quoted) continue;
    protocols.add(section.protocol);
    section.fields.forEach(note);
  }
  const values = { protocols, fields };
  known.set(bytes, values);
  return values;
}

export function hasProtocol({ bytes }: Filterable, name: string): boolean {
  return valuesIn(bytes).protocols.has(name);
}

/** Values of a field in a packet: none, one, or several such as both addresses. */
export function valuesOf(packet: Filterable, name: string): readonly number[] {
  switch (name) {
    case 'frame.len':
      return [packet.bytes.length];
    case 'frame.number':
      return [packet.number];
    case 'frame.out':
      return [packet.out ? 1 : 0];
    case 'frame.differs':
      return [packet.differs ? 1 : 0];
  }
  const { fields } = valuesIn(packet.bytes);
  const keys = FIELDS[name]?.of ?? [name];
  return keys.flatMap((key) => fields.get(key) ?? []);
}
