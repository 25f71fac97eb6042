/** What the shape of a scenario cannot say: names that must exist, sums that must stay small. */

import type { Call } from './calls';
import { listed } from './fields';
import type { Issue } from './issues';
import { nearest } from './issues';
import { wrongInRule } from './netfilter';
import { parsePacketdrill } from './packetdrill/parse';
import { networkOf, windowOf } from './settle';
import type { HostName, Qdisc, Scenario } from './shape';
import { cableOf, cablesOf, hostNames, type Interface, interfacesOf } from './topology';

/** System calls of all tasks, loops unrolled. */
const MOST_CALLS = 100_000;
/** Bytes all tasks write together. */
const MOST_BYTES = 64 << 20;

const NOT_THERE = 'a host that is there (R only with "R": {} in hosts)';

type Report = (path: string, expected: string, got: unknown) => void;

/** Bytes that one call hands to the kernel. */
function bytesWritten(call: Call): number {
  if (call.op === 'write' || call.op === 'send' || call.op === 'sendto') return call.bytes;
  if (call.op === 'writev' || call.op === 'sendmsg') return call.pieces.reduce((sum, bytes) => sum + bytes, 0);
  return 0;
}

/** Calls and bytes written, loops unrolled. */
export function sumOf(calls: readonly Call[]): { calls: number; bytes: number } {
  const sum = { calls: 0, bytes: 0 };
  for (const call of calls) {
    const inner = call.op === 'loop' ? sumOf(call.calls) : { calls: 1, bytes: 0 };
    const times = call.op === 'loop' ? call.times : 1;
    sum.calls += times * inner.calls;
    sum.bytes += call.op === 'loop' ? times * inner.bytes : bytesWritten(call);
  }
  return sum;
}

export function inconsistencies(scenario: Scenario): Issue[] {
  const issues: Issue[] = [];
  const report: Report = (path, expected, got) => {
    const shown = JSON.stringify(got) ?? 'nothing';
    issues.push({ path, expected, message: `${path}: expected ${expected}, got ${shown}` });
  };
  checkHosts(scenario, report);
  checkRules(scenario, report);
  checkCables(scenario, report);
  checkScript(scenario, report);
  checkConnections(scenario, report);
  checkTasks(scenario, report);
  scenario.captures.forEach((capture, n) => {
    const twice = scenario.captures.findIndex(({ host, dev }) => host === capture.host && dev === capture.dev) < n;
    if (twice) report(`captures[${n}].host`, 'a host and device without a capture before this one', capture.host);
  });
  return issues;
}

function checkRules(scenario: Scenario, report: Report): void {
  for (const name of hostNames(scenario)) {
    scenario.hosts[name]?.netfilter.forEach((rule, n) => {
      const wrong = wrongInRule(rule);
      if (wrong !== null) report(`hosts.${name}.netfilter[${n}].${wrong.path}`, wrong.expected, wrong.got);
    });
  }
}

function checkHosts(scenario: Scenario, report: Report): void {
  const interfaces = interfacesOf(scenario);
  const place = ({ host, dev }: Interface): string => (host === 'R' ? `hosts.R.${dev}` : `hosts.${host}`);
  interfaces.forEach((one, n) => {
    const at = place(one);
    const sameIp = interfaces.slice(0, n).find(({ ip }) => ip === one.ip);
    const sameMac = interfaces.slice(0, n).find(({ mac }) => mac === one.mac);
    if (sameIp !== undefined) report(`${at}.ip`, `an address other than that of ${named(sameIp)}`, one.ip);
    if (sameMac !== undefined) report(`${at}.mac`, `an address other than that of ${named(sameMac)}`, one.mac);
    const peer = interfaces.slice(0, n).find(({ cable }) => cable === one.cable);
    if (peer !== undefined && scenario.script === null && networkOf(peer.ip) !== networkOf(one.ip)) {
      report(`${at}.ip`, `an address in ${networkOf(peer.ip)}, as ${named(peer)}'s`, one.ip);
    }
    checkQdisc(one, `${at}.qdisc`, report);
    checkQueues(one, scenario.hosts[one.host]?.cpus ?? 1, `${at}.nic`, report);
  });
  for (const host of hostNames(scenario)) {
    const own = interfaces.filter((one) => one.host === host);
    scenario.hosts[host]?.routes.forEach(({ to, via, dev }, n) => {
      const at = `hosts.${host}.routes[${n}]`;
      const onLink = (ip: string): boolean => own.some((one) => networkOf(one.ip) === networkOf(ip));
      if (via !== undefined && !onLink(via)) report(`${at}.via`, `an address on a link of host ${host}`, via);
      if (dev !== undefined && !own.some((one) => one.dev === dev)) {
        report(`${at}.dev`, `a device of host ${host}`, dev);
      }
      const slash = to.indexOf('/');
      const length = slash < 0 ? 32 : Number(to.slice(slash + 1));
      const bits = to === 'default' ? 0 : ipBits(to.slice(0, slash < 0 ? undefined : slash));
      if (length < 32 && (bits & (2 ** (32 - length) - 1)) !== 0)
        report(`${at}.to`, `no bits set after the first ${length}`, to);
    });
  }
}

/** Queues only where the card has them, CPUs only that the host has. */
function checkQueues({ nic }: Interface, cpus: number, at: string, report: Report): void {
  const several = nic.model === '82576';
  const queues = several ? (nic.queues ?? cpus) : 1;
  if (!several && nic.queues !== null && nic.queues > 1)
    report(`${at}.queues`, 'null or 1, or model "82576"', nic.queues);
  for (const [n, cpu] of nic.affinity.entries())
    if (cpu >= cpus) report(`${at}.affinity[${n}]`, `a CPU from 0 to ${cpus - 1}`, cpu);
  for (const name of ['xps', 'rps'] as const) {
    if (nic[name].length > queues) report(`${at}.${name}`, `at most ${queues} lists, one a queue`, nic[name].length);
    nic[name].forEach((list, queue) => {
      for (const [n, cpu] of list.entries())
        if (cpu >= cpus) report(`${at}.${name}[${queue}][${n}]`, `a CPU from 0 to ${cpus - 1}`, cpu);
    });
  }
}

/** `host A`, `R's eth1`. */
function named({ host, dev }: Interface): string {
  return host === 'R' ? `R's ${dev}` : `host ${host}`;
}

function ipBits(ip: string): number {
  return ip.split('.').reduce((sum, part) => ((sum << 8) | Number(part)) >>> 0, 0);
}

function checkCables(scenario: Scenario, report: Report): void {
  const { hosts, linkB, edits } = scenario;
  const interfaces = interfacesOf(scenario);
  cablesOf(scenario).forEach(({ faults }, cable) => {
    const ends = interfaces.filter((one) => one.cable === cable).map(({ host }) => host);
    faults.forEach((fault, n) => {
      const at = `${cable === 0 ? 'link' : 'linkB'}.faults[${n}]`;
      const { fromUs, untilUs } = fault;
      if (untilUs !== undefined && untilUs <= fromUs)
        report(`${at}.untilUs`, `more than ${fromUs}, when it begins`, untilUs);
      if ('from' in fault && fault.from !== undefined && !ends.includes(fault.from)) {
        report(`${at}.from`, `${listed(ends)}, the ends of the cable`, fault.from);
      }
    });
  });
  const plain = linkB.faults.length === 0 && linkB.mbps === 1000 && linkB.delayUs === 5;
  if (hosts.R === undefined && !plain) report('linkB', 'none without a router (hosts.R): link goes from A to B', 'one');
  edits.forEach((edit, n) => {
    if (edit.op === 'drop' && cableOf(scenario, edit.from, edit.of) === null) {
      report(`edits[${n}].from`, 'a host at an end of the cable', edit.from);
    }
    if (edit.op !== 'nic') return;
    checkDevice(interfaces, edit, `edits[${n}]`, report);
    const { op: _op, atUs: _at, host: _host, dev: _dev, ...switches } = edit;
    if (Object.values(switches).every((value) => value === undefined))
      report(`edits[${n}]`, 'a switch to flip, such as "tso": false', 'none');
  });
  scenario.captures.forEach((capture, n) => {
    checkDevice(interfaces, capture, `captures[${n}]`, report);
  });
}

function checkDevice(
  interfaces: readonly Interface[],
  { host, dev }: { readonly host: HostName; readonly dev: string },
  at: string,
  report: Report,
): void {
  const own = interfaces.filter((one) => one.host === host);
  if (own.length === 0) report(`${at}.host`, NOT_THERE, host);
  else if (dev !== 'any' && dev !== 'lo' && !own.some((one) => one.dev === dev))
    report(`${at}.dev`, `a device of host ${host}`, dev);
}

function checkQdisc({ qdisc, nic }: Interface, at: string, report: Report): void {
  const checkOne = (one: Qdisc, path: string): void => {
    const frame = nic.mtu + 14;
    if (one.kind === 'netem' && one.reorder > 0 && one.delayUs === 0)
      report(`${path}.reorder`, '0 without a delayUs to be before', one.reorder);
    if (one.kind === 'tbf' && one.burst < frame)
      report(`${path}.burst`, `at least ${frame}, one full frame`, one.burst);
  };
  checkOne(qdisc, at);
  if (qdisc.kind !== 'prio') return;
  const { bands, priomap, children } = qdisc;
  priomap.forEach((band, n) => {
    if (band >= bands) report(`${at}.priomap[${n}]`, `a band from 0 to ${bands - 1}`, band);
  });
  if (children.length > bands) report(`${at}.children`, `at most ${bands} qdiscs, one a band`, children.length);
  children.forEach((child, n) => {
    if (child !== null) checkOne(child, `${at}.children[${n}]`);
  });
}

/** With a script there is no host B, and a connection is what the script makes. */
function checkScript({ script, hosts, connections, tasks, captures, edits }: Scenario, report: Report): void {
  if (script === null) {
    if (tasks.length === 0) report('tasks', 'a list of 1 to 64 tasks (or a script)', tasks);
    return;
  }
  const parsed = parsePacketdrill(script);
  if (!parsed.ok) {
    const [{ line, column, expected, message } = { line: 1, column: 1, expected: '', message: '' }] = parsed.issues;
    report('script', `${expected} at line ${line}, column ${column}`, message.split(', got ').at(-1));
  }
  if (hosts.R !== undefined)
    report('hosts.R', 'no router, as the script stands at the end of the link of host A', 'one');
  if (connections.length > 0) report('connections', 'none, as the script makes them', connections.length);
  const all = Object.entries({ tasks, captures, edits });
  for (const [list, items] of all) {
    items.forEach((item, n) => {
      if ('host' in item && item.host !== 'A')
        report(`${list}[${n}].host`, '"A", as the script stands for host B', item.host);
    });
  }
}

function checkConnections({ hosts, connections }: Scenario, report: Report): void {
  const most = Math.min(hosts.A.nic.mtu, hosts.B.nic.mtu) - 40;
  const names = new Set<string>();
  const ports = new Set<string>();
  connections.forEach((connection, n) => {
    const at = `connections[${n}]`;
    const { name, a, b, mss, windowScaling } = connection;
    if (names.has(name)) report(`${at}.name`, 'a name that no connection before it has', name);
    names.add(name);
    const pair = `${a.port}-${b.port}`;
    if (ports.has(pair)) report(`${at}.a.port`, `a pair of ports other than ${pair}, already connected`, a.port);
    ports.add(pair);
    if (mss > most) report(`${at}.mss`, `at most ${most}, the smaller MTU less 40`, mss);
    for (const [key, end, peer] of [['a', a, b] as const, ['b', b, a] as const]) {
      const room = Math.min(windowOf(peer.rcvbuf), windowScaling ? Number.POSITIVE_INFINITY : 65_535);
      if (end.sndWnd > room) report(`${at}.${key}.sndWnd`, `at most ${room}, what the peer has room for`, end.sndWnd);
    }
  });
}

function checkTasks({ hosts, connections, tasks }: Scenario, report: Report): void {
  const names = connections.map((connection) => connection.name);
  const seen = new Set<string>();
  /** `known` grows with the names that calls give with `as`. */
  const checkCalls = (calls: readonly Call[], path: string, known: Set<string>): void => {
    calls.forEach((call, n) => {
      const at = `${path}[${n}]`;
      if (call.op === 'loop') checkCalls(call.calls, `${at}.calls`, known);
      const named = 'fd' in call ? [[`${at}.fd`, call.fd] as const] : [];
      const polled = call.op === 'poll' ? call.fds.map(({ fd }, i) => [`${at}.fds[${i}].fd`, fd] as const) : [];
      for (const [path, fd] of [...named, ...polled]) {
        if (known.has(fd)) continue;
        const guess = nearest(fd, [...known]);
        const hint = guess === null ? '' : ` (did you mean "${guess}"?)`;
        report(path, `the name of a connection, or one that a call before gave with "as"${hint}`, fd);
      }
      if ('to' in call && call.to?.host !== undefined && hosts[call.to.host] === undefined) {
        report(`${at}.to.host`, NOT_THERE, call.to.host);
      }
      if ('as' in call && typeof call.as === 'string') known.add(call.as);
    });
  };
  let total = 0;
  let bytes = 0;
  tasks.forEach((task, n) => {
    const at = `tasks[${n}]`;
    const name = `${task.host} ${task.name}`;
    if (seen.has(name)) report(`${at}.name`, `a name that no other task of host ${task.host} has`, task.name);
    seen.add(name);
    const host = hosts[task.host];
    const last = (host?.cpus ?? 0) - 1;
    if (host === undefined) report(`${at}.host`, NOT_THERE, task.host);
    else if (task.cpu > last) report(`${at}.cpu`, `at most ${last}, the last CPU of host ${task.host}`, task.cpu);
    // Both ends of a connection that is there from the start are at A and B.
    checkCalls(task.calls, `${at}.calls`, new Set(task.host === 'R' ? [] : names));
    const sum = sumOf(task.calls);
    total += sum.calls;
    bytes += sum.bytes;
  });
  if (total > MOST_CALLS) report('tasks', `at most ${MOST_CALLS} calls, loops unrolled`, total);
  if (bytes > MOST_BYTES) report('tasks', `at most ${MOST_BYTES} bytes written by all tasks`, bytes);
}
