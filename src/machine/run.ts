/** One run: a scenario in, a trace out. The same in the browser's Worker and in Node. */
import { functions } from 'virtual:kernel-functions';
import { clock } from '../base/clock';
import { Heap, setHeap } from '../base/heap';
import type { Link } from '../hardware/link';
import { setCurrent } from '../kernel/arch/current';
import { spinlock_t } from '../kernel/include/linux/spinlock';
import type { Scenario } from '../scenario/schema';
import type { HostName } from '../scenario/shape';
import { cableOf, cablesOf, hostNames } from '../scenario/topology';
import { collectTrace } from '../trace/collect';
import type { EndInfo, TraceData } from '../trace/data';
import { Kind, Recorder, setRecorder, TooManyEvents } from '../trace/recorder';
import { layCable, plugAt } from './cable';
import { applyEdit, restart, restarts } from './edits';
import { bootHost, connect, type MachineHost, openTask, portOf, settleLinks, startCapture, startTask } from './host';
import { type End, Machine } from './machine';
import { Ledger, Process } from './process';
import { type OnAnswer, program } from './program';
import { playScript } from './script';
import type { Outcome } from './script/script';

export interface RunOptions {
  /** `lines` records lines and locals too; `calls` is for bulk runs; `off` leaves a trace without events. */
  readonly level: 'off' | 'calls' | 'lines';
  /** The link hands frames over only at multiples of this many ns, as in the recordings; left out: at once. */
  readonly linkTick?: number;
  /** Entering a function costs this many times as much, as under a tracer; left out: once. */
  readonly slowdown?: number;
  /** Both hosts are network namespaces of one machine with one CPU, as in the recordings; left out: each CPU is its own. */
  readonly oneCore?: boolean;
  /** Cards and wires are an emulator's, as in the recordings (NicConfig.emulated); left out: Intel's. */
  readonly emulated?: boolean;
  /** Called now and then with the virtual ns reached and the events recorded. */
  readonly onProgress?: (ns: number, events: number) => void;
  /** Told of each system call of a task when it has returned. */
  readonly onAnswer?: OnAnswer;
}

/** A run with what its programs saw, for checks. */
export interface Run {
  readonly trace: TraceData;
  /** By connection name, then `a` or `b`. */
  readonly ledgers: ReadonlyMap<string, { readonly a: Ledger; readonly b: Ledger }>;
  /** By host and task: `A client`. */
  readonly processes: ReadonlyMap<string, Process>;
  readonly heap: Heap;
  readonly machine: Machine;
  /** What came of the packetdrill script, null: there was none. */
  readonly script: Outcome | null;
}

const COSTS = Float64Array.from(functions, (fact) => fact.cost);

/** Runs a scenario. A model that breaks ends the trace with reason `error`: what led there can be looked at. */
export function runScenario(scenario: Scenario, options: RunOptions): TraceData {
  return run(scenario, options).trace;
}

export function run(
  wanted: Scenario,
  {
    level,
    onProgress,
    onAnswer,
    linkTick = 0,
    slowdown = 1,
    oneCore = false,
    emulated: likeRecorded = false,
  }: RunOptions,
): Run {
  const scenario = oneCore ? onOneCpu(wanted) : wanted;
  // A script's device takes no time, as the tun device of packetdrill.
  const emulated = likeRecorded || scenario.script !== null;
  const heap = new Heap();
  setHeap(heap);
  clock.ns = 0;
  clock.horizon = Number.POSITIVE_INFINITY;
  const booting = new Recorder('off', new Float64Array(0), 0);
  setRecorder(booting);

  const recorder = new Recorder(
    level,
    COSTS.map((cost) => cost * slowdown),
    scenario.limits.maxEvents,
  );
  const machine = new Machine(heap, recorder, scenario.seed);
  const links = cablesOf(scenario).map((cable, n) => {
    const sideOf = (host: HostName): 0 | 1 => cableOf(scenario, host, n === 0 ? 'A' : 'B')?.side ?? 0;
    return layCable(machine, cable, sideOf, { seed: scenario.seed + n, tick: linkTick, emulated });
  });
  const names = hostNames(scenario);
  const hosts = new Map(
    names.map((name, n) => [
      name,
      bootHost(machine, n, name, scenario, links, { sharesCore: oneCore, emulated, likeRecorded }),
    ]),
  );
  settleLinks([...hosts.values()], heap);
  const hostNamed = (name: HostName): MachineHost => hosts.get(name) as MachineHost;
  const ledgers = new Map<string, { a: Ledger; b: Ledger }>();
  const processes = new Map<string, Process>();
  for (const connection of scenario.connections) {
    ledgers.set(connection.name, { a: new Ledger(), b: new Ledger() });
    const { a, b } = connection;
    connect(hostNamed(a.host), heap, connection, a, b, hostNamed(b.host));
    connect(hostNamed(b.host), heap, connection, b, a, hostNamed(a.host));
  }
  for (const wanted of scenario.tasks) {
    const host = hostNamed(wanted.host);
    const process = new Process(openTask(host, heap, wanted), scenario);
    processes.set(`${wanted.host} ${wanted.name}`, process);
    for (const { name, a, b } of scenario.connections) {
      const end = a.host === wanted.host ? 'a' : b.host === wanted.host ? 'b' : null;
      if (end !== null) process.open(name, host.fdOf(name), (ledgers.get(name) as { a: Ledger; b: Ledger })[end]);
    }
    const cpu = host.cpus[wanted.cpu];
    if (cpu === undefined) throw new Error(`host ${wanted.host} has no CPU ${wanted.cpu}`);
    machine.addTask(cpu, process.task, program(machine, process, wanted.calls, onAnswer), wanted.startUs * 1000);
  }
  for (const capture of scenario.captures) {
    const host = hostNamed(capture.host);
    const others = oneCore ? [...hosts.values()].filter((other) => other !== host) : [];
    startCapture(machine, host, capture, others);
  }
  for (const edit of scenario.edits) {
    if (edit.op === 'link') {
      plugAt(machine, links[cableOf(scenario, edit.of)?.cable ?? 0] as Link, edit.atUs, edit.up);
    } else if (edit.op === 'drop') {
      const { from, of, nth, atUs } = edit;
      const { cable, side } = cableOf(scenario, from, of) ?? { cable: 0, side: 0 };
      links[cable]?.faults.add({ mishap: { op: 'drop' }, side, nth: [nth], from: atUs * 1000 });
    } else if (edit.op === 'hang') {
      const { hardware } = portOf(hostNamed(edit.host), edit.dev);
      machine.at(edit.atUs * 1000, hostNamed(edit.host).index, 'hang', () => {
        recorder.mark(Kind.HARDWARE, 'the transmit unit hangs', hardware.state);
        hardware.hang();
      });
    } else {
      const host = hostNamed(edit.host);
      const { device } = portOf(host, edit.dev);
      if (restarts(edit)) startTask(machine, host, 'ethtool', restart(device, edit), edit.atUs * 1000);
      // From outside, at its time to the ns: no task of the host has to get a CPU first.
      const context = recorder.addContext('hardware', 'ethtool', host.index, 255);
      machine.at(edit.atUs * 1000, -1, 'edit', () => {
        recorder.current = context;
        inHost(host, heap, () => applyEdit(device, edit));
      });
    }
  }

  const { script } = scenario;
  const played = script === null ? null : playScript(machine, scenario, script, hostNamed('A'), links[0] as Link);

  // Booting took CPU time that is no part of the run.
  for (const core of machine.cores) core.clock = 0;
  for (const object of heap.objects) if (spinlock_t.isInstance(object)) object.released = 0;
  clock.ns = 0;
  setRecorder(recorder);
  const ended = endOf(() => machine.run(scenario.limits.maxMs * 1e6, () => onProgress?.(clock.ns, recorder.top)));
  recorder.current = recorder.contexts[0] ?? recorder.current;
  if (ended.reason !== 'events') recorder.mark(Kind.END, ended.message, null);
  const info: EndInfo = {
    reason: ended.reason === 'time' || ended.reason === 'events' ? 'limit' : ended.reason,
    message: ended.message,
  };
  let collected: TraceData | undefined;
  const trace = (): TraceData =>
    collectTrace(recorder, heap, {
      functions,
      scenario,
      hosts: [...hosts.values()].map(({ name, cpus, ports }) => ({ name, cpus: cpus.length, ip: ports[0]?.ip ?? '' })),
      end: info,
    });
  return {
    // A copy of everything: only made for who looks at it.
    get trace() {
      collected ??= trace();
      return collected;
    },
    ledgers,
    processes,
    heap,
    machine,
    script: played?.ended(ended.reason, ended.message) ?? null,
  };
}

/** The scenario with one CPU a host. */
function onOneCpu({ hosts, tasks, ...rest }: Scenario): Scenario {
  return {
    ...rest,
    hosts: {
      A: { ...hosts.A, cpus: 1 },
      B: { ...hosts.B, cpus: 1 },
      ...(hosts.R === undefined ? {} : { R: { ...hosts.R, cpus: 1 } }),
    },
    tasks: tasks.map((task) => ({ ...task, cpu: 0 })),
  };
}

/** Does something from outside at a host, as its first CPU would. */
function inHost(host: MachineHost, heap: Heap, action: () => void): void {
  const [first] = host.cpus;
  if (first !== undefined) setCurrent(first, heap);
  action();
}

function endOf(go: () => End): End {
  try {
    return go();
  } catch (error) {
    if (error instanceof TooManyEvents) return { reason: 'events', message: error.message };
    return { reason: 'error', message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
