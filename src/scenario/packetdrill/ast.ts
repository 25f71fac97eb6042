/**
 * A packetdrill script as data.
 *
 * The language is the one of google/packetdrill: the constructs are those its grammar (`gtests/net/packetdrill/parser.y`),
 * its scanner (`lexer.l`) and its published description of the syntax name. Numbers stay what was written, nothing is
 * looked up: which socket option `SO_SNDBUF` is, is for who runs the script.
 */

/** Where something stands in the text; lines and columns are counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
  /** The line of its last character. */
  readonly lastLine: number;
}

export interface Script {
  readonly options: readonly Option[];
  /** Commands before the first event. packetdrill takes one; more are read too. */
  readonly init: readonly Command[];
  /** Never empty. */
  readonly events: readonly ScriptEvent[];
  /** Commands after the last event. */
  readonly cleanup: readonly Command[];
}

/** `--name` or `--name=value`. */
export interface Option {
  readonly name: string;
  /** As written, with its quotes: `ipv4`, `"reno"`, `CC="reno"`. */
  readonly value: string | null;
  readonly place: Place;
}

/** A shell command; the text between the backquotes as written. */
export interface Command {
  readonly text: string;
  readonly place: Place;
}

export interface ScriptEvent {
  readonly time: Time;
  readonly action: Action;
  readonly place: Place;
}

/** When an event is due, in whole microseconds as packetdrill keeps them. */
export type Time =
  /** `0.5`: since the start; `+0.5`: after the event before. `until` ends a range: `0.1~0.2`, `+0~+0.2`. */
  | { readonly kind: 'absolute' | 'relative'; readonly us: number; readonly until: number | null }
  /** `*`: whenever it happens. */
  | { readonly kind: 'any' };

export type Action = Packet | SystemCall | { readonly kind: 'command'; readonly text: string } | Code;

/** `%{ ... }%`: Python that asserts on `tcp_info`, without the blanks at both ends. */
export interface Code {
  readonly kind: 'code';
  readonly text: string;
  /** Where `text` begins. */
  readonly textPlace: Place;
}

export interface SystemCall {
  readonly kind: 'call';
  /** `0.1...0.2 read(...)`: when a blocking call returns, counted like its event's time. */
  readonly end: number | null;
  readonly name: string;
  readonly args: readonly Expression[];
  readonly result: Expression;
  /** `EAGAIN` in `= -1 EAGAIN (Resource temporarily unavailable)`; `message` is what stands in the parentheses. */
  readonly errno: { readonly name: string; readonly message: string | null } | null;
  /** `flags O_RDWR` in `= 0x2 (flags O_RDWR)`: said, not checked. */
  readonly note: string | null;
}

export type Expression =
  | { readonly kind: 'ellipsis' }
  /** `value` is the nearest double; `text` is what stands there: `-1`, `0x40`, `1e6`. `010` is ten: there is no octal. */
  | { readonly kind: 'number'; readonly value: number; readonly text: string }
  | { readonly kind: 'symbol'; readonly name: string }
  /** `"ab" "cd"`; the escapes as written. `more`: `"ab"...`, only the beginning is given. */
  | { readonly kind: 'string'; readonly parts: readonly string[]; readonly more: boolean }
  /** `A|B|C`. */
  | { readonly kind: 'or'; readonly of: readonly Expression[] }
  /** `[1, 2]`. */
  | { readonly kind: 'list'; readonly items: readonly Expression[] }
  /** `{fd=3, events=POLLIN}`, `{..., 100}`. */
  | { readonly kind: 'struct'; readonly items: readonly Expression[] }
  /** `name = value`, and `msg_iov(1) = [...]` with `args`. */
  | {
      readonly kind: 'field';
      readonly name: string;
      readonly args: readonly Expression[] | null;
      readonly value: Expression;
    }
  /** `htons(8080)`, `inet_addr("192.0.2.1")`. */
  | { readonly kind: 'call'; readonly name: string; readonly args: readonly Expression[] }
  /** `(void *)0`. packetdrill has none; what is written so is understood. */
  | { readonly kind: 'cast'; readonly type: string; readonly of: Expression }
  /** A struct of MPLS labels or GRE fields: its words, one blank between them. */
  | { readonly kind: 'raw'; readonly text: string };

export type Direction = 'in' | 'out';

interface PacketHead {
  readonly kind: 'packet';
  readonly direction: Direction;
  /** Outer headers, outermost first, each its words with one blank between them: `ipv4 192.0.2.2 > 192.0.2.1 :`, `gre :`. */
  readonly outer: readonly string[];
  readonly ip: IpInfo | null;
}

/** `[ect0]`, `(tos 0x10)`, `[ce, flowlabel 0x12345]`, `[ttl 64]`. */
export interface IpInfo {
  readonly ecn: Ecn | null;
  readonly tos: number | null;
  readonly flowLabel: number | null;
  readonly ttl: number | null;
}

/** `ect01` is either of the two, for outbound packets. */
export const ECN = ['noecn', 'ect0', 'ect1', 'ect01', 'ce'] as const;
export type Ecn = (typeof ECN)[number];

export interface Ports {
  readonly source: number;
  readonly destination: number;
}

/** `1:1001(1000)`. */
export interface Sequence {
  readonly start: number;
  readonly end: number;
  readonly length: number;
}

export interface TcpPacket extends PacketHead {
  readonly protocol: 'tcp';
  readonly ports: Ports | null;
  /** `S.`, `FP.`, `SEW`; `-` for none. `.` is ACK, `E` and `W` are ECE and CWR, `A` or a digit the AccECN field. */
  readonly flags: string;
  readonly sequence: Sequence;
  readonly ack: number | null;
  readonly window: number | null;
  readonly urgent: number | null;
  /** `any`: `<...>`, whatever there is. */
  readonly options: readonly TcpOption[] | 'any';
  /** `{ ... }` of the fork that changes header fields: its words. */
  readonly fuzz: string | null;
}

export type TcpOption =
  | { readonly kind: 'nop' | 'eol' | 'sackOK' }
  | { readonly kind: 'mss'; readonly bytes: number }
  /** `null`: `wscale *`, any. */
  | { readonly kind: 'wscale'; readonly shift: number | null }
  | { readonly kind: 'sack'; readonly blocks: readonly { readonly start: number; readonly end: number }[] }
  | { readonly kind: 'timestamp'; readonly value: number; readonly echo: number }
  /** Fast Open (RFC 7413) and its experimental form; the cookie in hex digits, empty to ask for one, or a word nothing was defined for. */
  | { readonly kind: 'FO' | 'FOEXP'; readonly cookie: string }
  | { readonly kind: 'md5'; readonly digest: string }
  /** One the parser has no fields for (MPTCP, AccECN): its words, one blank between them. */
  | { readonly kind: 'unknown'; readonly text: string };

export interface UdpPacket extends PacketHead {
  readonly protocol: 'udp';
  readonly ports: Ports | null;
  readonly length: number;
}

export interface IcmpPacket extends PacketHead {
  readonly protocol: 'icmp';
  readonly type: string;
  readonly code: string | null;
  readonly mtu: number | null;
  readonly id: number | null;
  /** What the message says it is about: `[1:1001(1000)]`, `[udp (100)]`, `[raw (100)]`. */
  readonly about:
    | { readonly protocol: 'tcp'; readonly sequence: Sequence }
    | { readonly protocol: 'udp' | 'raw'; readonly length: number }
    | null;
}

export type Packet = TcpPacket | UdpPacket | IcmpPacket;
