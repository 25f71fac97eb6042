/**
 * A packetdrill script at the end of host A's wire, and in a process of host A: it makes the calls, sends the inbound packets, and
 * holds what the kernel sends against the outbound ones.
 *
 * **One timeline.** Events come one after the other, as in packetdrill: a relative time counts from when the event before was over (from its
 * own time, where both are inbound packets), an outbound packet is waited for and may not come early or late by more than the tolerance. A call
 * of which the script says that it blocks (`+0...0.2 read(...)`) goes to a task of its own, and the script goes on once it sleeps; all others
 * go on when they have returned. After a call or an inbound packet the script waits until the host has nothing left to do at once, as writing
 * to packetdrill's tun device returns when the kernel has taken the packet in.
 *
 * **Segmentation.** packetdrill sniffs above the device, where newer kernels have packets of many segments; here each frame of the wire is one
 * segment. An outbound packet of the script that is larger than a frame is therefore held against as many frames, one behind the other, as
 * make it up: same ACK and window, flags of all of them together (as packetdrill joins them, unless --strict_segments). A packet that a card
 * with TSO was given whole comes as its segments too.
 *
 * **Not an error**, as in packetdrill: packets that come after the last outbound line, and packets of other connections than the one under test.
 *
 * **Device.** packetdrill's tun has no checksum offload, scatter-gather, TSO, GSO or GRO, and neither delay nor speed worth mentioning.
 * `scenarioOfScript` gives host A's card the same: all offloads off, interrupts not throttled, a wire without length, one CPU. What is left are
 * some us a frame for DMA and serialisation. The script begins in the middle of a jiffy, as packetdrill does, so that what falls on whole
 * milliseconds is never at the edge of one.
 *
 * **Trace.** Each line leaves events of kind `Kind.SCRIPT` in the context `script`: `begins`, then `holds` or what was expected and what came;
 * src/trace/script.ts answers which line is current at a step, and what became of each line.
 */
import { clock } from '../../base/clock';
import { type Heap, heap } from '../../base/heap';
import { FRAME_SENDING, type frame, freeFrame, newFrame } from '../../hardware/frame';
import { GAP_BYTES, type Link, type LinkEnd, PREAMBLE_BYTES } from '../../hardware/link';
import { frameCheckSequence } from '../../hardware/sums';
import type { Packet, Script, ScriptEvent, SystemCall, TcpPacket } from '../../scenario/packetdrill/ast';
import { type Effect, effectsOf } from '../../scenario/packetdrill/commands';
import { printPacket, seconds } from '../../scenario/packetdrill/print';
import { type Names, parsePython, runPython, type Statement, Unsupported } from '../../scenario/packetdrill/python';
import type { Settings } from '../../scenario/packetdrill/settings';
import { type Context, Kind } from '../../trace/recorder';
import type { Machine } from '../machine';
import { Caller } from './calls';
import { icmpDifference, inShort, inWords, joined, tcpDifference, udpDifference } from './compare';
import { CannotMap, Endpoint } from './endpoint';
import { decodeFrame, encodeFrame, FLAG, type Seen, type Tcp } from './wire';

/** What came of a script. */
export type Outcome =
  | { readonly kind: 'ok' }
  | { readonly kind: 'not ok'; readonly line: number; readonly expected: string; readonly got: string }
  | { readonly kind: 'unsupported'; readonly line: number; readonly what: string };

/** Virtual ns at which the script begins: the middle of a jiffy. */
const ORIGIN_NS = 500_000;
/** After this many ns the script goes on though the host is still busy. */
const LONGEST_BUSY_NS = 2_000_000;
/** us that a packet may be late and still be told as late rather than missing. */
const GRACE_US = 3e6;
/** us that a packet at any time, or a call that should return at once, is waited for. */
const PATIENCE_US = 400e6;
/** Port from which the script's end opens connections. */
const EPHEMERAL_PORT = 40_000;

interface Sniffed {
  readonly seen: Seen;
  /** us of the script when it left the card. */
  readonly us: number;
}

/** The end of the wire and the host the script runs at. */
export interface Surroundings {
  readonly machine: Machine;
  readonly link: Link;
  readonly localIp: number;
  readonly remoteIp: number;
  readonly localMac: number;
  readonly remoteMac: number;
  /** Does what a command of the script does to the host; what it has no way to do was told before the run. */
  apply(effect: Effect): void;
}

export class ScriptEnd implements LinkEnd {
  readonly host = -1;
  readonly port = 0;
  outcome: Outcome | null = null;
  /** The connection under test. */
  endpoint: Endpoint | null = null;
  private readonly context: Context;
  private index = -1;
  /** us at which the current event is due, and the last us of a range. */
  private due = 0;
  private until = 0;
  /** us that relative times of the current event count from. */
  private base = 0;
  private sniffed: Sniffed[] = [];
  private isWaiting = false;
  private readonly names: Names = new Map();
  private readonly caller: Caller;
  private nextPort = EPHEMERAL_PORT;
  /** ns until which the script's own end of the wire is busy sending. */
  private sendingUntil = 0;

  constructor(
    private readonly script: Script,
    readonly settings: Settings,
    readonly world: Surroundings,
    caller: (end: ScriptEnd) => Caller,
  ) {
    const { machine, link } = world;
    this.context = machine.recorder.addContext('hardware', 'script', 255, 255);
    link.attach(this, 1);
    this.caller = caller(this);
  }

  /** Sets the script going when the machine runs. */
  start(): void {
    this.at(0, () => this.next());
  }

  /** us of the script. */
  get now(): number {
    return (clock.ns - ORIGIN_NS) / 1000;
  }

  get localIp(): number {
    return this.world.localIp;
  }

  get remoteIp(): number {
    return this.world.remoteIp;
  }

  /** `run` at `us` of the script, at once if that is past. */
  private at(us: number, run: () => void): void {
    const ns = ORIGIN_NS + Math.round(us * 1000);
    this.world.machine.at(Math.max(ns, clock.ns), -1, 'script', () => {
      this.world.machine.recorder.current = this.context;
      if (this.outcome === null) run();
    });
  }

  private get event(): ScriptEvent {
    return this.script.events[this.index] as ScriptEvent;
  }

  private get line(): number {
    return this.script.events[Math.max(0, this.index)]?.place.line ?? 1;
  }

  private mark(line: number, label: string): void {
    const { recorder } = this.world.machine;
    const { current } = recorder;
    recorder.current = this.context;
    recorder.note(Kind.SCRIPT, label, line);
    recorder.current = current;
  }

  // The timeline

  /** Goes on with the next event. */
  private next(): void {
    if (this.outcome !== null) return;
    const before = this.script.events[this.index];
    const beforeDue = this.due;
    this.index++;
    const event = this.script.events[this.index];
    if (event === undefined) {
      this.end();
      return;
    }
    const { time } = event;
    const isAnchored = before !== undefined && isInbound(before) && isInbound(event);
    this.base = time.kind === 'absolute' ? 0 : isAnchored ? beforeDue : this.now;
    this.due = this.base + (time.kind === 'any' ? 0 : time.us);
    this.until = time.kind === 'any' || time.until === null ? this.due : this.base + time.until;
    if (event.action.kind === 'packet' && event.action.direction === 'out') {
      this.mark(event.place.line, 'begins');
      this.expect(event.action);
    } else if (this.due <= this.now) this.begin();
    else this.at(this.due, () => this.begin());
  }

  private begin(): void {
    const { event } = this;
    const { line } = event.place;
    this.mark(line, 'begins');
    const late = this.missed(this.now);
    if (late !== null) return this.fail(line, `${event.action.kind === 'packet' ? 'to send this' : 'to get here'} at ${clockTime(this.due)}`, late);
    switch (event.action.kind) {
      case 'packet':
        return this.send(event.action, line);
      case 'call':
        return this.call(event.action, line);
      case 'command':
        return this.command(event.action.text, line);
      case 'code':
        return this.code(event, line);
    }
  }

  /** How far off the current event's time `us` is, in words; null: within tolerance. */
  private missed(us: number, due = this.due, until = this.until): string | null {
    const { toleranceUs, tolerancePercent } = this.settings;
    const tolerance = Math.max(toleranceUs, ((due - this.base) * tolerancePercent) / 100);
    return us < due - tolerance || us > until + tolerance ? `it at ${clockTime(us)}` : null;
  }

  /** The current event is over and was as the script says: on with the next, once the host has nothing left to do at once. */
  private done(line: number): void {
    this.mark(line, 'holds');
    this.whenQuiet(() => this.next());
  }

  private whenQuiet(run: () => void): void {
    const { machine } = this.world;
    const { index } = this;
    let isOver = false;
    const once = (): void => {
      if (isOver || this.outcome !== null) return;
      isOver = true;
      machine.recorder.current = this.context;
      run();
    };
    machine.whenQuiet(once);
    machine.at(clock.ns + LONGEST_BUSY_NS, -1, 'script', () => {
      if (this.index === index) once();
    });
  }

  /** A line does not hold, or the whole script cannot be run: the run is over. */
  fail(line: number, expected: string, got: string): void {
    if (this.outcome !== null) return;
    this.outcome = { kind: 'not ok', line, expected, got };
    this.mark(line, `expected ${expected}, got ${got}`);
    this.world.machine.stop('the script does not hold');
  }

  private unsupported(line: number, what: string): void {
    if (this.outcome !== null) return;
    this.outcome = { kind: 'unsupported', line, what };
    this.mark(line, `unsupported: ${what}`);
    this.world.machine.stop('the script asks for what the model has not');
  }

  /** After the last event: calls that block still have their time. */
  private end(): void {
    const { open } = this.caller;
    if (open === null) {
      this.outcome = { kind: 'ok' };
      this.world.machine.stop('the script is over');
      return;
    }
    this.at(Math.max(open.end + this.settings.toleranceUs, this.now), () => {
      const still = this.caller.open;
      if (still === null) this.end();
      else this.fail(still.line, `${still.name}() to return at ${clockTime(still.end)}`, 'none, it still blocks');
    });
  }

  /** The machine has nothing left to do, or has broken: what that means for the script. */
  ended(reason: string, message: string): Outcome {
    if (this.outcome !== null) return this.outcome;
    const got = reason === 'error' ? `an error of the model: ${message.split('\n')[0]}` : `the end of the run (${message})`;
    return { kind: 'not ok', line: this.line, expected: 'the script to go on', got };
  }

  // Calls, commands, code

  private call(call: SystemCall, line: number): void {
    const { index } = this;
    const isBlocking = call.end !== null;
    const end = call.end === null ? this.due : this.event.time.kind === 'relative' ? this.base + call.end : call.end;
    const settle = (problem: { expected: string; got: string } | null): void => {
      const late = isBlocking ? this.missed(this.now, end, end) : null;
      if (problem !== null) this.fail(line, problem.expected, problem.got);
      else if (late !== null) this.fail(line, `${call.name}() to return at ${clockTime(end)}`, `a return at ${clockTime(this.now)}`);
      else if (isBlocking) this.mark(line, 'holds');
      else this.done(line);
    };
    try {
      this.caller.make(call, line, isBlocking ? end : null, settle);
    } catch (error) {
      if (!(error instanceof CannotMap)) throw error;
      this.unsupported(line, error.message);
      return;
    }
    if (isBlocking) this.whenQuiet(() => this.next());
    else {
      this.at(this.now + PATIENCE_US, () => {
        if (this.index === index && this.caller.isBusy) this.fail(line, `${call.name}() to return`, `none in ${PATIENCE_US / 1e6} s`);
      });
    }
  }

  private command(text: string, line: number): void {
    let pause = 0;
    for (const effect of effectsOf(text)) {
      if (effect.kind === 'sleep') pause += effect.us;
      else if (effect.kind === 'unsupported') return this.unsupported(line, effect.what);
      else this.world.apply(effect);
    }
    if (pause > 0) this.at(this.now + pause, () => this.done(line));
    else this.done(line);
  }

  private code({ action }: ScriptEvent, line: number): void {
    if (action.kind !== 'code') return;
    const { fd } = this.endpoint ?? { fd: null };
    if (fd === null) return this.fail(line, 'a descriptor of the connection, whose TCP_INFO the code looks at', 'none (no accept() or connect() so far)');
    let statements: Statement[];
    try {
      statements = parsePython(action.text);
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      return this.unsupported(action.textPlace.line + error.line, error.what);
    }
    this.caller.tcpInfo(fd, (info) => {
      if (typeof info === 'string') return this.fail(line, 'TCP_INFO of the connection', info);
      for (const [name, value] of info) this.names.set(name, value);
      try {
        const failure = runPython(statements, this.names);
        if (failure === null) this.done(line);
        else this.fail(action.textPlace.line + failure.line, failure.expected, failure.got);
      } catch (error) {
        if (!(error instanceof Unsupported)) throw error;
        this.unsupported(action.textPlace.line + error.line, error.what);
      }
    });
  }

  // Packets of the script

  private send(packet: Packet, line: number): void {
    try {
      this.inject(packet);
    } catch (error) {
      if (!(error instanceof CannotMap)) throw error;
      return this.fail(line, error.message, `< ${printPacket(packet).slice(2)}`);
    }
    this.done(line);
  }

  private inject(packet: Packet): void {
    if (packet.protocol === 'tcp') {
      this.receiveSyn(packet);
      const { endpoint } = this;
      if (endpoint === null || endpoint.protocol !== 'tcp') throw new CannotMap('a TCP connection this belongs to');
      if (endpoint.state === 'syn-ack sent' && packet.flags.includes('.')) endpoint.state = 'passive';
      else if (endpoint.state === 'syn sent' && packet.flags.includes('S') && packet.flags.includes('.')) {
        endpoint.state = 'active';
        endpoint.remoteIsn = packet.sequence.start;
      }
      this.transmit(endpoint.tcpIn(packet, this.settings.tsEcrScaled));
      return;
    }
    const { endpoint } = this;
    if (endpoint === null) throw new CannotMap('a socket this belongs to');
    if (packet.protocol === 'udp') {
      if (endpoint.protocol !== 'udp') throw new CannotMap('a UDP socket this belongs to');
      this.transmit(endpoint.udpIn(packet));
    } else this.transmit(endpoint.icmpIn(packet));
  }

  /** A packet for a listening socket makes a new connection, which is under test from now on. */
  private receiveSyn(packet: TcpPacket): void {
    const { endpoint, settings } = this;
    if (endpoint !== null && endpoint.state !== 'listening') return;
    const child = new Endpoint('tcp', null);
    child.state = 'syn received';
    child.localIp = this.localIp;
    child.localPort = endpoint?.localPort || settings.bindPort;
    child.remoteIp = this.remoteIp;
    child.remotePort = this.nextPort++;
    child.remoteIsn = packet.sequence.start;
    this.endpoint = child;
  }

  private transmit(packet: Uint8Array): void {
    const { machine, link, localMac, remoteMac } = this.world;
    const bytes = encodeFrame(localMac, remoteMac, packet);
    const made = newFrame(bytes.length + 4);
    made.len = bytes.length + 4;
    heap.writeBytes(made.data, bytes);
    heap.writeLe32(made.data + bytes.length, frameCheckSequence(made.data, bytes.length));
    made.state = FRAME_SENDING;
    made.start = Math.max(clock.ns, this.sendingUntil);
    made.end = made.start + link.byteTime(PREAMBLE_BYTES + made.len);
    this.sendingUntil = made.end + link.byteTime(GAP_BYTES);
    link.begin(made, 1);
    machine.recorder.mark(Kind.WIRE, 'tx-start', made);
    machine.at(made.end, -1, 'script', () => {
      machine.recorder.mark(Kind.WIRE, 'tx-end', made);
      link.carry(made, 1);
    });
  }

  // Packets of the kernel

  receive(arrived: frame): void {
    const bytes = heap.bytes(arrived.data, arrived.len - 4).slice();
    const us = (arrived.start - ORIGIN_NS) / 1000;
    freeFrame(arrived);
    const seen = decodeFrame(bytes);
    if (seen === null) return;
    this.sniffed.push({ seen, us });
    if (this.isWaiting) this.match();
  }

  linkChanged(): void {}

  private expect(packet: Packet): void {
    const { endpoint, index } = this;
    const { line } = this.event.place;
    if (packet.protocol === 'tcp' && endpoint?.state === 'connecting' && /^S[EWA]*$/.test(packet.flags.replace(/[EWA]/g, ''))) {
      endpoint.state = 'syn sent';
      endpoint.scriptLocalIsn = packet.sequence.start;
    }
    if (endpoint === null) return this.fail(line, 'a connection this packet belongs to', 'none so far');
    if (packet.protocol === 'tcp' && endpoint.state === 'syn received' && isSynAck(packet)) {
      endpoint.scriptLocalIsn = packet.sequence.start;
    }
    this.isWaiting = true;
    const isAny = this.event.time.kind === 'any';
    const wait = isAny ? PATIENCE_US : this.until - this.now + this.settings.toleranceUs + GRACE_US;
    this.at(this.now + Math.max(0, wait), () => {
      if (this.index !== index || !this.isWaiting) return;
      const [first] = this.sniffed;
      const when = isAny ? 'at any time' : `at ${clockTime(this.due)}`;
      const part = first === undefined ? '' : `, only ${this.shown(first.seen, packet)}`;
      this.fail(line, `${printPacket(packet)} ${when}`, `none until ${clockTime(this.now)}${part}`);
    });
    this.match();
  }

  /** Holds what the kernel has sent against the packet that is expected. */
  private match(): void {
    const { action, place } = this.event;
    if (action.kind !== 'packet') return;
    while (this.sniffed.length > 0 && !this.isOfTest((this.sniffed[0] as Sniffed).seen, action)) this.sniffed.shift();
    const [first] = this.sniffed;
    if (first === undefined) return;
    const taken = this.taken(action);
    if (taken === null) return;
    this.sniffed.splice(0, taken.frames);
    const { endpoint } = this;
    const { seen } = first;
    if (seen.inner.protocol === 'tcp' && endpoint?.state === 'syn received' && action.protocol === 'tcp' && isSynAck(action)) {
      endpoint.state = 'syn-ack sent';
      endpoint.liveLocalIsn = seen.inner.seq;
    }
    const { words, why } = this.held(seen, taken.tcp, action);
    const isAny = this.event.time.kind === 'any';
    const when = isAny ? '' : ` at ${clockTime(this.due)}${this.until > this.due ? ` to ${clockTime(this.until)}` : ''}`;
    this.isWaiting = false;
    if (why !== null) {
      this.fail(place.line, `${printPacket(action)}${when}`, `${words} at ${clockTime(first.us)} (${why})`);
      return;
    }
    const off = isAny ? null : this.missed(first.us);
    if (off !== null) this.fail(place.line, `${printPacket(action)}${when}`, off);
    else {
      this.mark(place.line, 'holds');
      this.next();
    }
  }

  /** True for packets of the connection under test; learns its address from its SYN or first datagram. */
  private isOfTest(seen: Seen, expected: Packet): boolean {
    const { endpoint } = this;
    if (endpoint === null) return false;
    const { ip, inner } = seen;
    if (inner.protocol === 'icmp' || expected.protocol === 'icmp') return inner.protocol === expected.protocol && ip.destination === endpoint.remoteIp;
    if (endpoint.sends(seen)) return true;
    const isFirst =
      inner.protocol === endpoint.protocol &&
      inner.protocol !== 'other' &&
      ip.destination === endpoint.remoteIp &&
      inner.destination === endpoint.remotePort;
    if (!isFirst) return false;
    const isSyn = inner.protocol === 'tcp' && endpoint.state === 'syn sent' && (inner.flags & (FLAG.S | FLAG['.'])) === FLAG.S;
    if (!isSyn && !(inner.protocol === 'udp' && endpoint.state === 'connecting')) return false;
    endpoint.localIp = ip.source;
    endpoint.localPort = inner.source;
    if (inner.protocol === 'tcp') endpoint.liveLocalIsn = inner.seq;
    return true;
  }

  /** How many frames make up the expected packet, joined; null: the rest has still to come. */
  private taken(expected: Packet): { readonly frames: number; readonly tcp: Tcp | null } | null {
    const first = this.sniffed[0]?.seen.inner;
    if (first?.protocol !== 'tcp' || expected.protocol !== 'tcp') return { frames: 1, tcp: null };
    let whole: Tcp = first;
    let frames = 1;
    const wanted = expected.sequence.length;
    while (whole.payload.length > 0 && whole.payload.length < wanted && !this.settings.strictSegments) {
      while (this.sniffed[frames] !== undefined && !this.isOfTest((this.sniffed[frames] as Sniffed).seen, expected)) this.sniffed.splice(frames, 1);
      const next = this.sniffed[frames]?.seen.inner;
      if (next === undefined) return null;
      const both = next.protocol === 'tcp' ? joined(whole, next) : null;
      if (both === null || both.payload.length > wanted) break;
      whole = both;
      frames++;
    }
    return { frames, tcp: whole };
  }

  /** The packet in words, and why it is not the expected one. */
  private held(seen: Seen, tcp: Tcp | null, expected: Packet): { words: string; why: string | null } {
    const { inner, ip } = seen;
    if (tcp !== null && expected.protocol === 'tcp' && this.endpoint !== null) {
      const actual = this.endpoint.tcpOut(tcp, ip.tos, ip.ttl, expected);
      const { tsTickUs, toleranceUs } = this.settings;
      const stamps = tsTickUs === 0 ? null : { tickUs: tsTickUs, toleranceUs };
      return { words: inWords(actual, expected), why: tcpDifference(expected, actual, tcp.payload, stamps) };
    }
    const words = inShort(seen);
    if (inner.protocol === 'udp' && expected.protocol === 'udp') return { words, why: udpDifference(expected, inner, ip) };
    if (inner.protocol === 'icmp' && expected.protocol === 'icmp') return { words, why: icmpDifference(expected, inner, ip) };
    return { words, why: 'another protocol' };
  }

  private shown(seen: Seen, expected: Packet): string {
    const { inner } = seen;
    return this.held(seen, inner.protocol === 'tcp' ? inner : null, expected).words;
  }
}

function isInbound({ action }: ScriptEvent): boolean {
  return action.kind === 'packet' && action.direction === 'in';
}

function isSynAck({ flags }: TcpPacket): boolean {
  return flags.includes('S') && flags.includes('.');
}

/** `0.1 s`, to the us. */
function clockTime(us: number): string {
  return us < 0 ? `-${seconds(Math.round(-us))} s` : `${seconds(Math.round(us))} s`;
}

export type { Heap };
