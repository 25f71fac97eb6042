/** Puts a scenario's packetdrill script in the place of host B. */
import type { Link } from '../../hardware/link';
import { type Kernel, setCurrent } from '../../kernel/arch/current';
import { qdisc_model_attach } from '../../kernel/net/sched/sch_model';
import { parsePacketdrill } from '../../scenario/packetdrill/parse';
import { settingsOf } from '../../scenario/packetdrill/settings';
import type { Scenario } from '../../scenario/schema';
import { ipNumber, macNumber } from '../addresses';
import { type MachineHost, openTask, setCongestionControl } from '../host';
import type { Machine } from '../machine';
import { Process } from '../process';
import { addRoute } from '../routes';
import { Caller } from './calls';
import { ScriptEnd } from './script';

/** Host A has booted: sets its switches as the script says, and puts the script at the other end of its link. */
export function playScript(
  machine: Machine,
  scenario: Scenario,
  script: string,
  host: MachineHost,
  link: Link,
): ScriptEnd {
  const parsed = parsePacketdrill(script);
  // The schema has parsed it before.
  if (!parsed.ok) throw new Error(parsed.issues[0]?.message ?? 'no script');
  const { settings } = settingsOf(parsed.script);
  const { A, B } = scenario.hosts;
  const cpu = host.cpus[0];
  if (cpu === undefined) throw new Error('host A has no CPU');
  const kernel = host.kernel as { sysctl: Kernel['sysctl'] };
  const apply: ScriptEnd['world']['apply'] = (effect) => {
    setCurrent(cpu, machine.heap);
    if (effect.kind === 'sysctl') {
      if (typeof effect.value === 'string') setCongestionControl(effect.value);
      else kernel.sysctl = { ...kernel.sysctl, [effect.name]: effect.value };
    } else if (effect.kind === 'route') {
      const [port] = host.ports;
      const network = scenario.hosts.A.routes.find(({ type }) => type === 'unicast');
      if (port === undefined || network === undefined) return;
      const { locked = [], ...metrics } = effect.metrics;
      addRoute({ ...network, ...metrics, lock: locked as typeof network.lock }, host.ports, port);
    } else if (effect.kind === 'queue') {
      const [port] = host.ports;
      const { limit } = effect;
      if (port !== undefined)
        qdisc_model_attach(port.device, limit === null ? { kind: 'pfifo_fast' } : { kind: 'pfifo', limit });
    } else if (effect.kind === 'mtu') {
      const [port] = host.ports;
      if (port !== undefined) port.device.mtu = effect.bytes;
    }
  };
  for (const effect of settings.effects) apply(effect);
  const world = {
    machine,
    link,
    localIp: ipNumber(A.ip),
    remoteIp: ipNumber(B.ip),
    localMac: macNumber(A.mac),
    remoteMac: macNumber(B.mac),
    apply,
  };
  const processOf = (name: string): Process => {
    const task = openTask(host, machine.heap, { host: 'A', name, cpu: 0, startUs: 0, calls: [] });
    return new Process(task, scenario);
  };
  const first = processOf('packetdrill');
  const second = first.thread(
    openTask(host, machine.heap, { host: 'A', name: 'blocking', cpu: 0, startUs: 0, calls: [] }),
  );
  second.task.files = first.task.files;
  const end = new ScriptEnd(
    parsed.script,
    settings,
    world,
    (made) => new Caller(made, machine, [first, second], (task, code) => machine.addTask(cpu, task, code, 0)),
  );
  end.start();
  return end;
}
