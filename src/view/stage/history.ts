/** What is true of a whole run: who sends, where sequence numbers begin and end. Worked out once a trace. */
import type { Trace } from '../../trace/trace';
import { seqMinus } from './read';

/** First and last value a stream's sequence numbers take in the run. */
export interface Extent {
  readonly first: number;
  /** Bytes from `first` to the largest value. */
  readonly length: number;
}

export type Role = 'send' | 'receive' | 'both';

const extents = new WeakMap<Trace, ReadonlyMap<string, Extent>>();

/** Fields whose course over the run gives the axis of a ribbon: where it begins, how far it gets. */
const AXES = { send: ['snd_una', 'write_seq'], receive: ['copied_seq', 'rcv_nxt'] } as const;

/** The stretch of sequence space that one direction of a socket goes through in the whole run. */
export function extentOf(trace: Trace, sock: number, side: keyof typeof AXES): Extent {
  let known = extents.get(trace);
  if (known === undefined) {
    known = findExtents(trace);
    extents.set(trace, known);
  }
  return known.get(`${sock} ${side}`) ?? { first: 0, length: 0 };
}

const TCP_SYN_SENT = 2;

function findExtents(trace: Trace): ReadonlyMap<string, Extent> {
  const { addr, new: after } = trace.data.journal;
  const watched = new Map<number, string>();
  for (const id of trace.idsOf('tcp_sock')) {
    const { fields } = trace.struct(trace.data.objects.type[id] as number);
    const base = trace.data.objects.base[id] as number;
    const state = fields.find((field) => field.name === 'skc_state')?.offset;
    if (state !== undefined) watched.set(base + state, `${id} state`);
    for (const [side, [from, to]] of Object.entries(AXES)) {
      for (const name of [from, to]) {
        const offset = fields.find((field) => field.name === name)?.offset;
        if (offset !== undefined) watched.set(base + offset, `${id} ${side} ${name === from ? 'from' : 'to'}`);
      }
    }
  }
  /** Sockets that sent a SYN. */
  const opened = new Set<string>();
  const first = new Map<string, number>();
  const values = new Map<string, number[]>();
  for (let i = 0; i < addr.length; i++) {
    const name = watched.get(addr[i] as number);
    const value = after[i] as number;
    if (name === undefined || value === 0) continue;
    if (name.endsWith(' state')) {
      if (value === TCP_SYN_SENT) opened.add(name.slice(0, -6));
      continue;
    }
    if (!first.has(name)) first.set(name, value);
    const list = values.get(name);
    if (list === undefined) values.set(name, [value]);
    else list.push(value);
  }
  const found = new Map<string, Extent>();
  for (const [name, value] of first) {
    if (!name.endsWith(' from')) continue;
    const key = name.slice(0, -5);
    // The SYN has a sequence number of its own: bytes begin after it.
    const start = key.endsWith(' send') && opened.has(key.slice(0, -5)) ? (value + 1) % 2 ** 32 : value;
    const reached = (values.get(`${key} to`) ?? []).map((value) => seqMinus(value, start));
    found.set(key, { first: start, length: reached.reduce((most, value) => Math.max(most, value), 0) });
  }
  return found;
}

/** Names of hosts from left to right, as a packet from A to B passes them. */
const WAY = ['A', 'R', 'B'];

/** Host numbers from left to right: neighbours have a cable between them. */
export function wayOf(trace: Trace): number[] {
  const { hosts } = trace.data;
  return hosts
    .map((_, host) => host)
    .sort((a, b) => WAY.indexOf(hosts[a]?.name ?? '') - WAY.indexOf(hosts[b]?.name ?? ''));
}

const roles = new WeakMap<Trace, readonly Role[]>();

/** What each host mostly does, by the system calls of its tasks. */
export function rolesOf(trace: Trace): readonly Role[] {
  let known = roles.get(trace);
  if (known === undefined) {
    known = findRoles(trace);
    roles.set(trace, known);
  }
  return known;
}

function findRoles(trace: Trace): Role[] {
  const names = trace.data.schema.functions.map((fact) => fact.name);
  const sends = trace.data.hosts.map(() => 0);
  const reads = trace.data.hosts.map(() => 0);
  const { kind, fn, ctx } = trace.data.columns;
  const send = names.indexOf('tcp_sendmsg');
  const read = names.indexOf('tcp_recvmsg');
  for (let n = 0; n < trace.steps; n++) {
    if (kind[n] !== 0) continue;
    if (fn[n] !== send && fn[n] !== read) continue;
    const { host } = trace.context(ctx[n] as number);
    const list = fn[n] === send ? sends : reads;
    if (host < list.length) list[host] = (list[host] as number) + 1;
  }
  return trace.data.hosts.map((_, host) => {
    const sent = sends[host] as number;
    const taken = reads[host] as number;
    if (sent > 0 && taken > 0) return 'both';
    if (sent > 0) return 'send';
    if (trace.data.hosts[host]?.name === 'R') return 'both';
    return taken > 0 ? 'receive' : host === 0 ? 'send' : 'receive';
  });
}

const stretches = new WeakMap<Trace, Uint8Array>();
/** The other host must have this many events in a row before the view turns to it. */
const TURN_AFTER = 48;

/** The host to give the most room at a step: the one where things happen, without turning at every interrupt. */
export function hostInFocus(trace: Trace, step: number): number {
  let known = stretches.get(trace);
  if (known === undefined) {
    known = findFocus(trace);
    stretches.set(trace, known);
  }
  return known[step] ?? 0;
}

function findFocus(trace: Trace): Uint8Array {
  const focus = new Uint8Array(trace.steps);
  const { ctx } = trace.data.columns;
  const hosts = trace.data.contexts.map(({ host }) => host);
  let now = 0;
  for (let n = 0; n < trace.steps; ) {
    const host = hosts[ctx[n] as number] as number;
    let end = n + 1;
    while (end < trace.steps && hosts[ctx[end] as number] === host) end++;
    if (host < trace.data.hosts.length && (host === now || end - n >= TURN_AFTER)) now = host;
    focus.fill(now, n, end);
    n = end;
  }
  return focus;
}
