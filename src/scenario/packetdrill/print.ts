/** A packetdrill script as text: what `parsePacketdrill` reads back as the same script, comments aside. */
import type {
  Action,
  Expression,
  IcmpPacket,
  IpInfo,
  Packet,
  Script,
  Sequence,
  SystemCall,
  TcpOption,
  Time,
} from './ast';

export function printPacketdrill({ options, init, events, cleanup }: Script): string {
  return [
    ...options.map(({ name, value }) => (value === null ? `--${name}` : `--${name}=${value}`)),
    ...init.map(({ text }) => `\`${text}\``),
    ...events.map(({ time, action }) => printTime(time) + printAction(action)),
    ...cleanup.map(({ text }) => `\`${text}\``),
    '',
  ].join('\n');
}

function printTime(time: Time): string {
  if (time.kind === 'any') return '*';
  const sign = time.kind === 'relative' ? '+' : '';
  const until = time.until === null ? '' : `~${sign}${seconds(time.until)}`;
  return `${sign}${seconds(time.us)}${until}`;
}

/** Microseconds as seconds: `0.1`. */
export function seconds(us: number): string {
  const part = String(us % 1e6).padStart(6, '0');
  return `${Math.floor(us / 1e6)}.${part}`.replace(/\.?0+$/, '');
}

function printAction(action: Action): string {
  switch (action.kind) {
    case 'packet':
      return ` ${printPacket(action)}`;
    case 'call':
      return `${action.end === null ? '' : `...${seconds(action.end)}`} ${printCall(action)}`;
    case 'command':
      return ` \`${action.text}\``;
    case 'code':
      return ` %{ ${action.text} }%`;
  }
}

function printCall({ name, args, result, errno, note }: SystemCall): string {
  const parts = [`${name}(${printAll(args)}) = ${printExpression(result)}`];
  if (errno !== null) parts.push(errno.name);
  if (errno !== null && errno.message !== null) parts.push(`(${errno.message})`);
  if (note !== null) parts.push(`(${note})`);
  return parts.join(' ');
}

const printAll = (all: readonly Expression[]): string => all.map(printExpression).join(', ');

export function printExpression(of: Expression): string {
  switch (of.kind) {
    case 'ellipsis':
      return '...';
    case 'number':
      return of.text;
    case 'raw':
      return `{ ${of.text} }`;
    case 'symbol':
      return of.name;
    case 'string':
      return of.parts.map((part) => `"${part}"`).join(' ') + (of.more ? '...' : '');
    case 'or':
      return of.of.map(printExpression).join('|');
    case 'list':
      return `[${printAll(of.items)}]`;
    case 'struct':
      return `{${printAll(of.items)}}`;
    case 'field':
      return `${of.name}${of.args === null ? '' : `(${printAll(of.args)})`}=${printExpression(of.value)}`;
    case 'call':
      return `${of.name}(${printAll(of.args)})`;
    case 'cast':
      return `(${of.type})${printExpression(of.of)}`;
  }
}

export function printPacket(packet: Packet): string {
  const { direction, outer, ip } = packet;
  const parts = [direction === 'in' ? '<' : '>', ...outer, ...(ip === null ? [] : [`[${printIp(ip)}]`])];
  if (packet.protocol === 'icmp') return [...parts, ...icmpParts(packet)].join(' ');
  const ports = packet.ports === null ? [] : [`${packet.ports.source} > ${packet.ports.destination}`];
  if (packet.protocol === 'udp') return [...parts, 'udp', ...ports, `(${packet.length})`].join(' ');
  parts.push(...ports, packet.flags, printSequence(packet.sequence));
  if (packet.ack !== null) parts.push(`ack ${packet.ack}`);
  if (packet.window !== null) parts.push(`win ${packet.window}`);
  if (packet.urgent !== null) parts.push(`urg ${packet.urgent}`);
  if (packet.options === 'any') parts.push('<...>');
  else if (packet.options.length > 0) parts.push(`<${packet.options.map(printTcpOption).join(',')}>`);
  if (packet.fuzz !== null) parts.push(`{ ${packet.fuzz} }`);
  return parts.join(' ');
}

function printIp({ ecn, tos, flowLabel, ttl }: IpInfo): string {
  const parts: string[] = [];
  if (ecn !== null) parts.push(ecn);
  if (tos !== null) parts.push(`tos 0x${tos.toString(16)}`);
  if (flowLabel !== null) parts.push(`flowlabel 0x${flowLabel.toString(16)}`);
  if (ttl !== null) parts.push(`ttl ${ttl}`);
  return parts.join(', ');
}

const printSequence = ({ start, end, length }: Sequence): string => `${start}:${end}(${length})`;

function icmpParts({ type, code, mtu, id, about }: IcmpPacket): string[] {
  const parts = ['icmp', type];
  if (code !== null) parts.push(code);
  if (mtu !== null) parts.push(`mtu ${mtu}`);
  if (id !== null) parts.push(`id ${id}`);
  if (about?.protocol === 'tcp') parts.push(`[${printSequence(about.sequence)}]`);
  else if (about !== null) parts.push(`[${about.protocol} (${about.length})]`);
  return parts;
}

function printTcpOption(option: TcpOption): string {
  switch (option.kind) {
    case 'mss':
      return `mss ${option.bytes}`;
    case 'wscale':
      return `wscale ${option.shift ?? '*'}`;
    case 'sack':
      return `sack ${option.blocks.map(({ start, end }) => `${start}:${end}`).join(' ')}`;
    case 'timestamp':
      return `TS val ${option.value} ecr ${option.echo}`;
    case 'FO':
    case 'FOEXP':
      return `${option.kind} ${option.cookie}`.trim();
    case 'md5':
      return `md5 ${option.digest}`.trim();
    case 'unknown':
      return option.text;
    default:
      return option.kind;
  }
}
