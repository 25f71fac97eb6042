import { clock } from '../base/clock';
import type { Heap } from '../base/heap';
import type { Link } from '../hardware/link';
import type { Port } from '../hardware/port';
import { type Kernel, setCurrent } from '../kernel/arch/current';
import { e1000_model_link_up, e1000_netdev_ops } from '../kernel/drivers/net/e1000/e1000_main';
import { igb_model_link_up } from '../kernel/drivers/net/igb/igb_main';
import { loopback_net_init } from '../kernel/drivers/net/loopback';
import { fd_install } from '../kernel/fs/file_table';
import { type file, files_struct } from '../kernel/include/linux/fs';
import { TIMER_SOFTIRQ } from '../kernel/include/linux/interrupt';
import { IPPROTO_TCP } from '../kernel/include/linux/ip';
import { SOCK_STREAM, SS_CONNECTED } from '../kernel/include/linux/net';
import type { net_device } from '../kernel/include/linux/netdevice';
import { TCP_NAGLE_OFF, tcp_sk } from '../kernel/include/linux/tcp';
import { task_struct } from '../kernel/include/linux/wait';
import { NUD_PERMANENT } from '../kernel/include/net/dst';
import type { sock } from '../kernel/include/net/sock';
import { open_softirq } from '../kernel/kernel/softirq';
import { run_timer_softirq } from '../kernel/kernel/timer';
import { net_dev_init } from '../kernel/net/core/dev';
import { inet_create, inet_init } from '../kernel/net/ipv4/af_inet';
import { arp_init, neigh_add } from '../kernel/net/ipv4/arp';
import { fib_add_ifaddr } from '../kernel/net/ipv4/fib_frontend';
import { rt_model_warm } from '../kernel/net/ipv4/route';
import { tcp_cong_list, tcp_set_default_congestion_control } from '../kernel/net/ipv4/tcp_cong';
import { tcp_v4_init } from '../kernel/net/ipv4/tcp_ipv4';
import { tcp_model_establish } from '../kernel/net/ipv4/tcp_model';
import { packet_model_capture } from '../kernel/net/packet/af_packet';
import { qdisc_model_attach } from '../kernel/net/sched/sch_model';
import { sock_alloc, sock_alloc_file } from '../kernel/net/socket';
import { compileFilter } from '../scenario/filter/compile';
import {
  type Capture,
  type Connection,
  descriptorsIn,
  type Scenario,
  type Task,
  type TcpSide,
} from '../scenario/schema';
import { networkOf } from '../scenario/settle';
import type { HostName } from '../scenario/shape';
import { sysctlNumbers } from '../scenario/sysctls';
import { type Interface, interfacesOf, peerOf } from '../scenario/topology';
import { ipNumber, macNumber } from './addresses';
import { insertCard } from './cards';
import { Core, type Execution, MachineCpu } from './cpu';
import { drain, type Machine } from './machine';
import { addRule } from './netfilter';
import { qdiscParameters } from './qdisc';
import { addRoute } from './routes';

/** 127.0.0.1. */
const LOOPBACK_ADDRESS = 0x7f000001;
/** tcp_rmem[2] of a machine with plenty of memory, bytes. */
const LARGEST_RCVBUF = 4 << 20;
/** tcp_wmem[1] and tcp_rmem[1], bytes. */
const DEFAULT_SNDBUF = 16_384;
const DEFAULT_RCVBUF = 87_380;
/** A capture that keeps this much keeps everything. */
const LARGEST_SNAPLEN = 65_535;
/** The first descriptor after standard input, output and error. */
const FIRST_FD = 3;

/** A card of a host, and the device that its driver made of it. */
export interface MachinePort extends Interface {
  readonly hardware: Port;
  readonly device: net_device;
}

/** A host that has booted. */
export interface MachineHost {
  readonly index: number;
  readonly name: HostName;
  readonly kernel: Kernel;
  readonly cpus: readonly MachineCpu[];
  /** eth0 and so on. */
  readonly ports: readonly MachinePort[];
  readonly loopback: net_device;
  /** Open sockets by connection, in order of descriptor. */
  readonly sockets: Map<string, file>;
  /** Those of them that a task has open. */
  readonly taken: Set<string>;
  /** Tasks so far. */
  tasks: number;
  fdOf(connection: string): number;
}

/** A host's device by name. */
export function portOf({ name, ports }: MachineHost, dev: string): MachinePort {
  const found = ports.find((port) => port.dev === dev);
  if (found === undefined) throw new Error(`host ${name} has no ${dev}`);
  return found;
}

/** The port a host reaches an address by: the one in its network, else the first. */
function portToward({ ports }: MachineHost, ip: string): MachinePort {
  return ports.find((port) => networkOf(port.ip) === networkOf(ip)) ?? (ports[0] as MachinePort);
}

interface BootOptions {
  /** All CPUs of all hosts are one core. */
  readonly sharesCore: boolean;
  readonly emulated: boolean;
  /** The emulated cards are those of the recordings: they verify no checksums, and send a segment of headers only behind whole ones. */
  readonly likeRecorded: boolean;
}

/** Builds and boots a host: CPUs, kernel, cards, addresses, routes, the neighbours at the other ends of its links. */
export function bootHost(
  machine: Machine,
  index: number,
  name: HostName,
  scenario: Scenario,
  links: readonly Link[],
  options: BootOptions,
): MachineHost {
  const { recorder, heap } = machine;
  const wanted = scenario.hosts[name];
  if (wanted === undefined) throw new Error(`no host ${name}`);
  const cpus: MachineCpu[] = [];
  const kernel: Kernel = {
    host: index,
    cpus,
    globals: [],
    arch: machine.archFor(cpus),
    version: scenario.kernel,
    sysctl: { ...(name === 'R' ? { 'ipv4.ip_forward': 1 } : {}), ...sysctlNumbers(wanted.sysctl) },
  };
  for (let id = 0; id < wanted.cpus; id++) {
    const hardirq = recorder.addContext('hardirq', 'hardirq', index, id);
    const softirq = recorder.addContext('softirq', 'softirq', index, id);
    cpus.push(new MachineCpu(id, kernel, coreFor(machine, options.sharesCore), hardirq, softirq));
  }
  machine.hardware[index] = recorder.addContext('hardware', 'nic', index, 255);
  const boot = cpus[0] as MachineCpu;
  clock.ns = 0;
  setCurrent(boot, heap);

  for (const cpu of cpus) {
    setCurrent(cpu, heap);
    open_softirq(TIMER_SOFTIRQ, run_timer_softirq);
  }
  setCurrent(boot, heap);
  net_dev_init();
  inet_init();
  arp_init();
  const loopback = loopback_net_init();
  fib_add_ifaddr(loopback, LOOPBACK_ADDRESS, 8);
  const module = wanted.sysctl['ipv4.tcp_congestion_control'];
  if (typeof module === 'string') setCongestionControl(module);

  const interfaces = interfacesOf(scenario);
  const own = interfaces.filter(({ host }) => host === name);
  const ports = own.map((one) => plugIn(machine, index, cpus, one, links[one.cable] as Link, options));
  const sockets = new Map<string, file>();
  const host: MachineHost = {
    index,
    name,
    kernel,
    cpus,
    ports,
    loopback,
    sockets,
    taken: new Set(),
    tasks: 0,
    fdOf(connection) {
      const at = [...sockets.keys()].indexOf(connection);
      if (at < 0) throw new Error(`host ${name} has no end of connection ${connection}`);
      return FIRST_FD + at;
    },
  };
  for (const rule of wanted.netfilter) addRule(rule);
  for (const route of wanted.routes) addRoute(route, ports, portToward(host, route.via ?? route.to));
  if (wanted.arp === 'known') {
    for (const port of ports) {
      const { ip, mac } = peerOf(interfaces, port);
      drain(neigh_add(ipNumber(ip), port.device, macNumber(mac), NUD_PERMANENT));
    }
  }
  return host;
}

/** Congestion control of new connections of the host that is current; its modules are registered with TCP's first socket. */
export function setCongestionControl(module: string): void {
  if (tcp_cong_list().tcp_cong_list.length === 0) tcp_v4_init();
  tcp_set_default_congestion_control(module);
}

/** Puts a card into a host and on its link, has the driver find it, gives it its address. */
function plugIn(
  machine: Machine,
  index: number,
  cpus: readonly MachineCpu[],
  wanted: Interface,
  link: Link,
  options: BootOptions,
): MachinePort {
  const { qdisc } = wanted;
  const { hardware, device } = insertCard(machine, index, cpus, wanted, options, (card) =>
    card.connect(link, wanted.side),
  );
  if (qdisc.kind !== 'pfifo_fast') qdisc_model_attach(device, qdiscParameters(qdisc));
  fib_add_ifaddr(device, ipNumber(wanted.ip), 24);
  return { ...wanted, hardware, device };
}

/** A core of its own for a CPU, or the one all CPUs share. */
function coreFor({ cores }: Machine, shared: boolean): Core {
  const [first] = cores;
  if (shared && first !== undefined) return first;
  const core = new Core();
  cores.push(core);
  return core;
}

/** Gives a host its end of an established connection, as a socket in a file. */
export function connect(
  host: MachineHost,
  heap: Heap,
  connection: Connection,
  own: TcpSide,
  other: TcpSide,
  peer: MachineHost,
): void {
  setCurrent(host.cpus[0] as MachineCpu, heap);
  const { device } = host.ports[0] as MachinePort;
  const saddr = device.ip_addr;
  const daddr = (peer.ports[0] as MachinePort).device.ip_addr;
  const sock = sock_alloc();
  sock.type = SOCK_STREAM;
  inet_create(sock, IPPROTO_TCP);
  const fd = FIRST_FD + host.sockets.size;
  sock.fd = fd;
  host.sockets.set(connection.name, sock_alloc_file(sock, 0));
  sock.state = SS_CONNECTED;
  const active = own === connection.a;
  const scale = (rcvbuf: number): number => (connection.windowScaling ? windowScale(rcvbuf) : 0);
  tcp_model_establish(sock.sk as sock, {
    saddr,
    sport: own.port,
    daddr,
    dport: other.port,
    snd_isn: own.isn,
    rcv_isn: other.isn,
    mss: connection.mss,
    timestamps: connection.timestamps,
    sack: connection.sack,
    wscale: connection.windowScaling ? { snd: scale(other.rcvbuf), rcv: scale(own.rcvbuf) } : null,
    snd_wnd: active ? own.sndWnd : announced(own.sndWnd, scale(other.rcvbuf)),
    rcv_wnd: active ? announced(other.sndWnd, scale(own.rcvbuf)) : other.sndWnd,
    cwnd: own.cwnd,
    ssthresh: own.ssthresh,
    rtt_ms: own.rttMs,
    // Buffers set by SO_SNDBUF and SO_RCVBUF no longer grow by themselves; the defaults do.
    ...(own.sndbuf === DEFAULT_SNDBUF ? {} : { sndbuf: own.sndbuf }),
    ...(own.rcvbuf === DEFAULT_RCVBUF ? {} : { rcvbuf: own.rcvbuf }),
    ...(own.quickack === null ? {} : { quickack: own.quickack }),
    pingpong: own.pingpong,
    passive: !active,
  });
  rt_model_warm(saddr, daddr, device);
  if (own.nodelay) tcp_sk(sock.sk as sock).nonagle = TCP_NAGLE_OFF;
}

/** The window the last ACK of the handshake announces: rounded up to what scaling can say. The SYN and SYN-ACK before are not scaled. */
function announced(window: number, scale: number): number {
  return Math.ceil(window / 2 ** scale) * 2 ** scale;
}

/** The shift a host asks for: enough for the largest receive buffer it may grow to (tcp_select_initial_window). */
function windowScale(rcvbuf: number): number {
  let shift = 0;
  for (let space = Math.max(LARGEST_RCVBUF, rcvbuf); space > 65_535 && shift < 14; space = Math.floor(space / 2))
    shift++;
  return shift;
}

/**
 * Opens a packet capture at a device of a host. On hosts that are network namespaces of one machine (`others`), the list of taps is the machine's: there
 * the packet socket is asked too, and takes nothing.
 */
function openCapture(host: MachineHost, heap: Heap, wanted: Capture, others: readonly MachineHost[]): void {
  const { dev, filter, snaplen, rcvbuf } = wanted;
  const isPlain = filter === '' && snaplen === LARGEST_SNAPLEN;
  const program = isPlain ? null : compileFilter(filter, snaplen);
  setCurrent(host.cpus[0] as MachineCpu, heap);
  const device = dev === 'any' ? null : dev === 'lo' ? host.loopback : portOf(host, dev).device;
  packet_model_capture(device, {
    rcvbuf,
    fprog: program === null ? null : { len: program.length, filter: program },
  });
  for (const other of others) {
    setCurrent(other.cpus[0] as MachineCpu, heap);
    packet_model_capture(null, { net: 1 });
  }
  setCurrent(host.cpus[0] as MachineCpu, heap);
}

/** Opens a capture: before the run begins, or by a task of its own. */
export function startCapture(
  machine: Machine,
  host: MachineHost,
  wanted: Capture,
  others: readonly MachineHost[],
): void {
  const [cpu] = host.cpus;
  if (wanted.startUs === 0 || cpu === undefined) {
    openCapture(host, machine.heap, wanted, others);
    return;
  }
  const code = function* (): Execution['code'] {
    openCapture(host, machine.heap, wanted, others);
  };
  startTask(machine, host, 'tcpdump', code(), wanted.startUs * 1000);
}

/** Starts a task on the first CPU of a host, at a time in ns. */
export function startTask(
  machine: Machine,
  { cpus: [cpu] }: MachineHost,
  name: string,
  code: Execution['code'],
  at: number,
): void {
  if (cpu === undefined) return;
  setCurrent(cpu, machine.heap);
  const task = new task_struct();
  task.comm = name;
  machine.addTask(cpu, task, code, at);
}

/** All cards are in: both ends of each link use the pause frames that both want. */
export function settleLinks(hosts: readonly MachineHost[], heap: Heap): void {
  for (const { cpus, ports } of hosts) {
    setCurrent(cpus[0] as MachineCpu, heap);
    for (const { device } of ports) {
      (device.netdev_ops === e1000_netdev_ops ? e1000_model_link_up : igb_model_link_up)(device);
    }
  }
}

/** The first process id that is given out. */
const FIRST_PID = 1000;

/**
 * A task with those sockets of its host open that its calls name. A socket's first task takes it over; each more shares it, as after a fork:
 * it is closed when all of them have closed it.
 */
export function openTask(host: MachineHost, heap: Heap, { name, cpu, calls }: Task): task_struct {
  setCurrent(host.cpus[0] as MachineCpu, heap);
  const task = new task_struct();
  task.comm = name;
  task.pid = FIRST_PID + host.tasks++;
  task.cpu = cpu;
  const files = new files_struct();
  // Standard input, output and error are open, to files outside the model.
  for (let n = 0; n < FIRST_FD; n++) files.reserved.set(n, true);
  const names = descriptorsIn(calls);
  for (const [socket, open] of host.sockets) {
    if (!names.has(socket)) continue;
    if (host.taken.has(socket)) open.f_count++;
    host.taken.add(socket);
    fd_install(files, host.fdOf(socket), open);
  }
  task.files = files;
  return task;
}
