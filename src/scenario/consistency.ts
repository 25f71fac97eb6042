/** What the shape of a scenario cannot say: names that must exist, sums that must stay small. */

import type { Cable } from './cable';
import type { Call } from './calls';
import type { Issue } from './issues';
import { nearest } from './issues';
import { windowOf } from './settle';
import { HOST_NAMES, type Host, type HostName, type Qdisc, type Scenario } from './shape';

/** System calls of all tasks, loops unrolled. */
const MOST_CALLS = 100_000;
/** Bytes all tasks write together. */
const MOST_BYTES = 64 << 20;

type Report = (path: string, expected: string, got: unknown) => void;

/** Calls and bytes written, loops unrolled. */
export function sumOf(calls: readonly Call[]): { calls: number; bytes: number } {
  const sum = { calls: 0, bytes: 0 };
  for (const call of calls) {
    const inner = call.op === 'loop' ? sumOf(call.calls) : { calls: 1, bytes: 0 };
    const times = call.op === 'loop' ? call.times : 1;
    sum.calls += times * inner.calls;
    sum.bytes += call.op === 'write' || call.op === 'send' ? call.bytes : times * inner.bytes;
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
  checkFaults(scenario.link, 'link', report);
  checkConnections(scenario, report);
  checkTasks(scenario, report);
  scenario.captures.forEach((capture, n) => {
    const twice = scenario.captures.findIndex((other) => other.host === capture.host) < n;
    if (twice) report(`captures[${n}].host`, 'a host without a capture before this one', capture.host);
  });
  return issues;
}

function checkHosts({ hosts }: Scenario, report: Report): void {
  if (hosts.A.ip === hosts.B.ip) report('hosts.B.ip', 'an address other than that of host A', hosts.B.ip);
  if (hosts.A.mac === hosts.B.mac) report('hosts.B.mac', 'an address other than that of host A', hosts.B.mac);
  const network = (ip: string): string => ip.slice(0, ip.lastIndexOf('.'));
  if (network(hosts.A.ip) !== network(hosts.B.ip)) {
    report('hosts.B.ip', `an address in ${network(hosts.A.ip)}.0/24, as host A's`, hosts.B.ip);
  }
  for (const name of HOST_NAMES) {
    checkQdisc(hosts[name], `hosts.${name}.qdisc`, report);
  }
}

function checkFaults({ faults }: Cable, path: string, report: Report): void {
  faults.forEach(({ fromUs, untilUs }, n) => {
    if (untilUs === undefined || untilUs > fromUs) return;
    report(`${path}.faults[${n}].untilUs`, `more than ${fromUs}, when it begins`, untilUs);
  });
}

function checkQdisc({ qdisc, nic }: Host, at: string, report: Report): void {
  const checkBucket = (one: Qdisc, path: string): void => {
    const frame = nic.mtu + 14;
    if (one.kind === 'tbf' && one.burst < frame)
      report(`${path}.burst`, `at least ${frame}, one full frame`, one.burst);
  };
  checkBucket(qdisc, at);
  if (qdisc.kind !== 'prio') return;
  const { bands, priomap, children } = qdisc;
  priomap.forEach((band, n) => {
    if (band >= bands) report(`${at}.priomap[${n}]`, `a band from 0 to ${bands - 1}`, band);
  });
  if (children.length > bands) report(`${at}.children`, `at most ${bands} qdiscs, one a band`, children.length);
  children.forEach((child, n) => {
    if (child !== null) checkBucket(child, `${at}.children[${n}]`);
  });
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
      if ('fd' in call && !known.has(call.fd)) {
        const guess = nearest(call.fd, [...known]);
        const hint = guess === null ? '' : ` (did you mean "${guess}"?)`;
        report(`${at}.fd`, `the name of a connection, or one that a call before gave with "as"${hint}`, call.fd);
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
    const last = hosts[task.host as HostName].cpus - 1;
    if (task.cpu > last) report(`${at}.cpu`, `at most ${last}, the last CPU of host ${task.host}`, task.cpu);
    checkCalls(task.calls, `${at}.calls`, new Set(names));
    const sum = sumOf(task.calls);
    total += sum.calls;
    bytes += sum.bytes;
  });
  if (total > MOST_CALLS) report('tasks', `at most ${MOST_CALLS} calls, loops unrolled`, total);
  if (bytes > MOST_BYTES) report('tasks', `at most ${MOST_BYTES} bytes written by all tasks`, bytes);
}
