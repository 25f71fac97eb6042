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
 * **Device.** packetdrill's tun sends with checksum offload, scatter-gather and TSO, takes inbound packets of any size, and neither delays nor
 * takes time. `scenarioOfScript` gives host A's card the same offloads, and one CPU; the card and wire of a run with a script are emulated ones,
 * in which no time passes. An inbound packet larger than the MTU comes as segments that are all there when the
 * driver polls, so that GRO hands TCP one packet again. The script begins in the middle of a jiffy, as packetdrill does, so that what falls on
 * whole milliseconds is never at the edge of one.
 *
 * **Trace.** Each line leaves events of kind `Kind.SCRIPT` in the context `script`: `begins`, then `holds` or what was expected and what came;
 * src/trace/script.ts answers which line is current at a step, and what became of each line.
 */
import { clock } from '../../base/clock';
import { heap } from '../../base/heap';
import { FRAME_SENDING, type frame, freeFrame, newFrame } from '../../hardware/frame';
import { GAP_BYTES, type Link, type LinkEnd, PREAMBLE_BYTES } from '../../hardware/link';
import { frameCheckSequence } from '../../hardware/sums';
import type { Packet, Script, ScriptEvent, SystemCall, TcpPacket } from '../../scenario/packetdrill/ast';
import { type Effect, effectsOf } from '../../scenario/packetdrill/commands';
import { printPacket, seconds } from '../../scenario/packetdrill/print';
import { type Names, parsePython, runPython, Unsupported } from '../../scenario/packetdrill/python';
import type { Settings } from '../../scenario/packetdrill/settings';
import type { Context } from '../../trace/recorder';
import { Kind } from '../../trace/recorder';
import type { Machine } from '../machine';
import { dotted, type Sockets } from './arguments';
import type { Caller } from './calls';
import { difference, inWords } from './compare';
import { CannotMap, Endpoint } from './endpoint';
import { Sniffer } from './sniffer';

import { encodeFrame } from './wire';

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
/**
 * Port from which the script's end opens its first connection. By this one the SYN falls, with the default seed and packetdrill's addresses, into
 * the first bucket of the listener's hash table, and the SYN-ACK goes again as soon as it is due (inet_csk_reqsk_queue_prune looks at two
 * buckets of 16 in 200 ms).
 */
const EPHEMERAL_PORT = 40_041;

/** The end of the wire and the host the script runs at. */
export interface Surroundings {
  readonly machine: Machine;
  readonly link: Link;
  readonly localIp: number;
  readonly remoteIp: number;
  readonly localMac: number;
  readonly remoteMac: number;
  /** Does what a command of the script does to the host. */
  apply(effect: Effect): void;
}

/** A line does not hold. */
class Broken extends Error {
  constructor(
    readonly line: number,
    readonly expected: string,
    readonly got: string,
  ) {
    super(expected);
  }
}

export class ScriptEnd implements LinkEnd, Sockets {
  readonly host = -1;
  readonly port = 0;
  outcome: Outcome | null = null;
  /** The connection under test. */
  endpoint: Endpoint | null = null;
  /** Connections the script makes beside it, by the port at the script's end. */
  private readonly others = new Map<number, Endpoint>();
  private readonly context: Context;
  private readonly sniffer = new Sniffer();
  private readonly caller: Caller;
  /** What the Python of the script has assigned, and TCP_INFO as it last was. */
  private readonly names: Names = new Map();
  private index = -1;
  /** us at which the current event is due, and the last us of a range. */
  private due = 0;
  private until = 0;
  /** us that relative times of the current event count from. */
  private base = 0;
  /** us at which the event before was due; of the first event its own. */
  private before = 0;
  /** The packet that is waited for; null: none is. */
  private waiting: Packet | null = null;
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

  // Its sockets, as calls make them

  private readonly sockets = new Map<number, Endpoint>();

  get localIp(): string {
    return dotted(this.world.localIp);
  }

  get remoteIp(): string {
    return dotted(this.world.remoteIp);
  }

  opened(fd: number, protocol: 'tcp' | 'udp'): void {
    const made = new Endpoint(protocol, fd);
    made.localIp = this.world.localIp;
    this.sockets.set(fd, made);
    if (protocol === 'udp') this.endpoint = made;
  }

  bound(fd: number, port: number): void {
    const socket = this.sockets.get(fd);
    if (socket === undefined) return;
    socket.localPort = port;
    if (socket.protocol === 'udp') this.endpoint = socket;
  }

  listens(fd: number): void {
    const socket = this.sockets.get(fd);
    // listen() on a listener changes its queue, not what is under test.
    if (socket === undefined || socket.state === 'listening') return;
    socket.state = 'listening';
    this.endpoint = socket;
  }

  connects(fd: number, ip: number, port: number): void {
    const socket = this.sockets.get(fd);
    // A second connect() of a socket asks how the first has gone.
    if (socket === undefined || (socket.protocol === 'tcp' && socket.state !== 'new')) return;
    socket.state = 'connecting';
    socket.remoteIp = ip;
    socket.remotePort = port;
    this.endpoint = socket;
  }

  sends(fd: number, ip: number, port: number): void {
    const socket = this.sockets.get(fd);
    if (socket?.protocol === 'udp' && socket.remotePort === 0) this.connects(fd, ip, port);
  }

  accepted(fd: number): void {
    const waiting = [this.endpoint, ...this.others.values()].find((one) => one?.state === 'passive' && one.fd === null);
    if (waiting === undefined || waiting === null) return;
    waiting.fd = fd;
    this.sockets.set(fd, waiting);
  }

  /** us of the script. */
  private get now(): number {
    return (clock.ns - ORIGIN_NS) / 1000;
  }

  private get event(): ScriptEvent {
    return this.script.events[this.index] as ScriptEvent;
  }

  /** The line of the current event. */
  private get line(): number {
    const { events } = this.script;
    return events[Math.min(Math.max(0, this.index), events.length - 1)]?.place.line ?? 1;
  }

  /** `run` at `us` of the script, at once if that is past. */
  private at(us: number, run: () => void): void {
    const ns = ORIGIN_NS + Math.round(us * 1000);
    this.world.machine.at(Math.max(ns, clock.ns), -1, 'script', () => this.guarded(run));
  }

  /** Does a part of the script; what is wrong there ends it. */
  private guarded(run: () => void): void {
    const { recorder } = this.world.machine;
    const { current } = recorder;
    recorder.current = this.context;
    try {
      if (this.outcome === null) run();
    } catch (error) {
      this.give(error);
    }
    recorder.current = current;
  }

  private give(error: unknown): void {
    if (error instanceof Broken) {
      const { line, expected, got } = error;
      this.outcome = { kind: 'not ok', line, expected, got };
      this.mark(line, `expected ${expected}, got ${got}`);
    } else if (error instanceof Unsupported) {
      const { what, line } = error;
      this.outcome = { kind: 'unsupported', line, what };
      this.mark(line, `unsupported: ${what}`);
    } else throw error;
    this.world.machine.stop('the script ends here');
  }

  private mark(line: number, label: string): void {
    this.world.machine.recorder.note(label, line);
  }

  // The timeline

  /** Goes on with the next event. */
  private next(): void {
    const before = this.script.events[this.index];
    const beforeDue = this.due;
    this.index++;
    const event = this.script.events[this.index];
    if (event === undefined) {
      this.end();
      return;
    }
    const { time, action } = event;
    const isAnchored = before !== undefined && isInbound(before) && isInbound(event);
    this.base = time.kind === 'absolute' ? 0 : isAnchored ? beforeDue : this.now;
    this.due = this.base + (time.kind === 'any' ? 0 : time.us);
    this.until = time.kind === 'any' || time.until === null ? this.due : this.base + time.until;
    this.before = before === undefined ? this.due : beforeDue;
    if (action.kind === 'packet' && action.direction === 'out') {
      this.mark(event.place.line, 'begins');
      this.expect(action);
    } else if (this.due <= this.now) this.begin(event);
    else this.at(this.due, () => this.begin(event));
  }

  private begin({ action, place: { line } }: ScriptEvent): void {
    this.mark(line, 'begins');
    if (this.isOff(this.now)) {
      const what = action.kind === 'packet' ? 'to send this' : 'to do this';
      throw new Broken(line, `${what} at ${clockTime(this.due)}`, `there at ${clockTime(this.now)} only`);
    }
    switch (action.kind) {
      case 'packet':
        this.send(action, line);
        break;
      case 'call':
        this.call(action, line);
        break;
      case 'command':
        this.command(action.text, line);
        break;
      case 'code':
        this.code(action.text, line, action.textPlace.line);
        break;
    }
  }

  /** us by which something due so long after the event before may miss its time. */
  private tolerance(after: number): number {
    const { toleranceUs, tolerancePercent } = this.settings;
    return Math.max(toleranceUs, (after * tolerancePercent) / 100);
  }

  /** True when `us` is further from the current event's time than the tolerance. */
  private isOff(us: number): boolean {
    const tolerance = this.tolerance(this.due - this.before);
    return us < this.due - tolerance || us > this.until + tolerance;
  }

  /** The current event is over and was as the script says: on with the next, once the host has nothing left to do at once. */
  private done(line: number): void {
    this.mark(line, 'holds');
    this.goOn();
  }

  private goOn(): void {
    const { machine } = this.world;
    const { index } = this;
    const once = (): void => {
      if (this.index === index) this.guarded(() => this.next());
    };
    machine.whenQuiet(once);
    machine.at(clock.ns + LONGEST_BUSY_NS, -1, 'script', once);
  }

  /** After the last event: calls that block still have their time. */
  private end(): void {
    const { open } = this.caller;
    if (open === null) {
      this.outcome = { kind: 'ok' };
      this.world.machine.stop('the script is over');
      return;
    }
    const { line, name, end } = open;
    const last = Math.max(end + this.settings.toleranceUs + GRACE_US, this.now);
    this.at(last, () => {
      throw new Broken(line, `${name}() to return at ${clockTime(end)}`, 'nothing, it still blocks');
    });
  }

  /** The machine has nothing left to do, or has broken: what that means for the script. */
  ended(reason: string, message: string): Outcome {
    if (this.outcome !== null) return this.outcome;
    const got =
      reason === 'error' ? `an error of the model: ${message.split('\n')[0]}` : `the end of the run (${message})`;
    return { kind: 'not ok', line: this.caller.open?.line ?? this.line, expected: 'the script to go on', got };
  }

  // Calls, commands, code

  private call(call: SystemCall, line: number): void {
    const { index } = this;
    const { end: until } = call;
    const end = until === null ? null : this.event.time.kind === 'relative' ? this.base + until : until;
    const { due } = this;
    const settle = (problem: { expected: string; got: string } | null): void => {
      this.guarded(() => {
        if (problem !== null) throw new Broken(line, problem.expected, problem.got);
        if (end === null) {
          this.done(line);
          return;
        }
        if (Math.abs(this.now - end) > this.tolerance(end - due)) {
          throw new Broken(line, `${call.name}() to return at ${clockTime(end)}`, `a return at ${clockTime(this.now)}`);
        }
        this.mark(line, 'holds');
        if (this.index >= this.script.events.length) this.end();
      });
    };
    try {
      this.caller.make(call, line, end, settle);
    } catch (error) {
      if (error instanceof CannotMap) throw new Unsupported(error.message, line);
      throw error;
    }
    if (end !== null) {
      this.goOn();
      return;
    }
    this.at(this.now + PATIENCE_US, () => {
      if (this.index !== index || !this.caller.isBusy) return;
      throw new Broken(line, `${call.name}() to return`, `nothing in ${PATIENCE_US / 1e6} s`);
    });
  }

  private command(text: string, line: number): void {
    let pause = 0;
    for (const effect of effectsOf(text)) {
      if (effect.kind === 'unsupported') throw new Unsupported(effect.what, line);
      if (effect.kind === 'sleep') pause += effect.us;
      else this.world.apply(effect);
    }
    if (pause > 0) this.at(this.now + pause, () => this.done(line));
    else this.done(line);
  }

  /** Asserts on TCP_INFO of the connection under test. `first`: the line its text begins at. */
  private code(text: string, line: number, first: number): void {
    const fd = this.endpoint?.fd ?? null;
    if (fd === null) throw new Broken(line, 'a descriptor of the connection, whose TCP_INFO the code looks at', 'none');
    this.caller.tcpInfo(fd, (info) =>
      this.guarded(() => {
        if (typeof info === 'string') throw new Broken(line, 'TCP_INFO of the connection', info);
        for (const [name, value] of info) this.names.set(name, value);
        try {
          const failure = runPython(parsePython(text), this.names);
          if (failure !== null) throw new Broken(first + failure.line, failure.expected, failure.got);
        } catch (error) {
          if (error instanceof Unsupported) throw new Unsupported(error.what, first + error.line);
          throw error;
        }
        this.done(line);
      }),
    );
  }

  // Packets of the script

  private send(packet: Packet, line: number): void {
    try {
      for (const bytes of this.bytesOf(packet)) this.transmit(bytes);
    } catch (error) {
      if (error instanceof CannotMap) throw new Broken(line, error.message, printPacket(packet));
      throw error;
    }
    this.done(line);
  }

  private bytesOf(packet: Packet): Uint8Array[] {
    if (packet.protocol === 'tcp') this.receiveSyn(packet);
    const endpoint = this.endpointOf(packet);
    if (endpoint === null) throw new CannotMap('a socket this packet is for');
    if (packet.protocol === 'icmp') return [endpoint.icmpIn(packet)];
    if (packet.protocol !== endpoint.protocol) throw new CannotMap(`a ${endpoint.protocol.toUpperCase()} packet`);
    if (packet.protocol === 'udp') return [endpoint.udpIn(packet)];
    const hasAck = packet.flags.includes('.');
    if (endpoint.state === 'syn-ack sent' && hasAck) endpoint.state = 'passive';
    else if (endpoint.state === 'syn sent' && packet.flags.includes('S')) {
      // A SYN without ACK: both ends have opened at once.
      endpoint.state = hasAck ? 'active' : 'syn sent';
      endpoint.remoteIsn = packet.sequence.start;
    }
    return endpoint.tcpIn(packet, this.settings);
  }

  /**
   * A packet for a listening socket makes a new connection, which is under test from now on. Beyond packetdrill, which has one at a time: a SYN
   * from a port of its own (`< 1111 > 8080 S ...`) makes another beside it, and packets with that port are that connection's.
   */
  private receiveSyn({ sequence, ports, flags }: TcpPacket): void {
    const { endpoint, settings } = this;
    const port = ports?.source || 0;
    const isOther = port !== 0 && port !== endpoint?.remotePort;
    if (isOther && (flags === 'S' || endpoint === null) && !this.others.has(port)) {
      this.others.set(
        port,
        this.child(port, ports?.destination || endpoint?.localPort || settings.bindPort, sequence.start),
      );
    } else if (port === 0 && (endpoint === null || endpoint.state === 'listening')) {
      this.endpoint = this.child(this.nextPort++, endpoint?.localPort || settings.bindPort, sequence.start);
    }
  }

  private child(remotePort: number, localPort: number, remoteIsn: number): Endpoint {
    const child = new Endpoint('tcp', null);
    child.state = 'syn received';
    child.localIp = this.world.localIp;
    child.localPort = localPort;
    child.remoteIp = this.world.remoteIp;
    child.remotePort = remotePort;
    child.remoteIsn = remoteIsn;
    return child;
  }

  /** The connection a packet of the script belongs to: the one under test, unless it names the port of another. */
  private endpointOf(packet: Packet): Endpoint | null {
    if (packet.protocol === 'icmp' || packet.ports === null) return this.endpoint;
    const { source, destination } = packet.ports;
    return this.others.get(packet.direction === 'in' ? source : destination) ?? this.endpoint;
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
    this.sniffer.add(arrived);
    freeFrame(arrived);
    if (this.waiting !== null) this.guarded(() => this.match());
  }

  /** The script takes no notice of a cable that is pulled. */
  linkChanged(): void {}

  private expect(packet: Packet): void {
    const { index, line } = this;
    const endpoint = this.endpointOf(packet);
    if (endpoint === null) throw new Broken(line, `${printPacket(packet)}`, 'no socket that could send it');
    if (packet.protocol === 'tcp') {
      const isSyn = packet.flags.includes('S');
      const hasAck = packet.flags.includes('.');
      const begins =
        (endpoint.state === 'connecting' && isSyn && !hasAck) || (endpoint.state === 'syn received' && isSyn && hasAck);
      if (begins) endpoint.scriptLocalIsn = packet.sequence.start;
      if (begins && !hasAck) endpoint.state = 'syn sent';
    }
    this.waiting = packet;
    const isAny = this.event.time.kind === 'any';
    const last = isAny ? this.now + PATIENCE_US : this.until + this.settings.toleranceUs + GRACE_US;
    this.at(last, () => {
      if (this.index !== index || this.waiting === null) return;
      const first = this.sniffer.first(endpoint, packet);
      const only = first === null ? 'nothing' : `only ${inWords(endpoint, first.seen, null, packet)}`;
      throw new Broken(line, this.wanted(packet), `${only} until ${clockTime(this.now)}`);
    });
    this.match();
  }

  /** The expected packet with its time, in words. */
  private wanted(packet: Packet): string {
    const range = this.until > this.due ? ` to ${clockTime(this.until)}` : '';
    const when = this.event.time.kind === 'any' ? '' : ` at ${clockTime(this.due)}${range}`;
    return `${printPacket(packet)}${when}`;
  }

  /** Holds what the kernel has sent against the packet that is expected; goes on waiting if it has not come whole. */
  private match(): void {
    const { waiting: expected, line } = this;
    const endpoint = expected === null ? null : this.endpointOf(expected);
    if (expected === null || endpoint === null) return;
    const taken = this.sniffer.take(endpoint, expected, this.settings.strictSegments);
    if (taken === null) return;
    this.waiting = null;
    const { seen, tcp } = taken;
    if (tcp !== null && endpoint.state === 'syn received' && endpoint.learnSynAck(tcp)) endpoint.state = 'syn-ack sent';
    const us = (taken.ns - ORIGIN_NS) / 1000;
    const { tsTickUs: tickUs, toleranceUs } = this.settings;
    const why = difference(endpoint, seen, tcp, expected, tickUs === 0 ? null : { tickUs, toleranceUs });
    const got = `${inWords(endpoint, seen, tcp, expected)} at ${clockTime(us)}`;
    if (why !== null) throw new Broken(line, this.wanted(expected), `${got} (${why})`);
    if (this.event.time.kind !== 'any' && this.isOff(us)) throw new Broken(line, this.wanted(expected), got);
    this.mark(line, 'holds');
    this.next();
  }
}

function isInbound({ action }: ScriptEvent): boolean {
  return action.kind === 'packet' && action.direction === 'in';
}

/** `0.1 s`, to the us. */
function clockTime(us: number): string {
  return us < 0 ? `-${seconds(Math.round(-us))} s` : `${seconds(Math.round(us))} s`;
}
