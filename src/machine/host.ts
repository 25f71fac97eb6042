import { clock } from '../base/clock';
import type { Heap } from '../base/heap';
import type { Link } from '../hardware/link';
import { Nic } from '../hardware/nic';
import { type Kernel, setCurrent } from '../kernel/arch/current';
import { e1000_probe } from '../kernel/drivers/net/e1000/e1000_main';
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
import { tcp_model_establish } from '../kernel/net/ipv4/tcp_model';
import { packet_model_capture } from '../kernel/net/packet/af_packet';
import { qdisc_model_attach } from '../kernel/net/sched/sch_model';
import { sock_alloc, sock_alloc_file } from '../kernel/net/socket';
import type { Connection, Scenario, Task, TcpSide } from '../scenario/schema';
import { Kind } from '../trace/recorder';
import { Core, type Execution, MachineCpu } from './cpu';
import { drain, type Machine } from './machine';
import { qdiscParameters } from './qdisc';

/** Interrupt line of eth0. */
const ETH0_IRQ = 35;
/** tcp_rmem[2] of a machine with plenty of memory, bytes. */
const LARGEST_RCVBUF = 4 << 20;
/** tcp_wmem[1] and tcp_rmem[1], bytes. */
const DEFAULT_SNDBUF = 16_384;
const DEFAULT_RCVBUF = 87_380;
/** Bytes of a packet that a capture keeps. */
const SNAPLEN = 65_535;
/** The first descriptor after standard input, output and error. */
const FIRST_FD = 3;

/** A host that has booted. */
export interface MachineHost {
  readonly index: number;
  readonly name: 'A' | 'B';
  readonly kernel: Kernel;
  readonly cpus: readonly MachineCpu[];
  readonly nic: Nic;
  readonly dev: net_device;
  /** Open sockets by connection, in order of descriptor. */
  readonly sockets: Map<string, file>;
  fdOf(connection: string): number;
}

/** `10.0.0.1` as a number in host order. */
export function ipNumber(dotted: string): number {
  return dotted.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** `02:00:00:00:00:01` as a 48-bit number. */
export function macNumber(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 256 + Number.parseInt(part, 16), 0);
}

/** Builds and boots a host: CPUs, kernel, card, addresses, the neighbour at the other end. */
export function bootHost(
  machine: Machine,
  index: number,
  name: 'A' | 'B',
  scenario: Scenario,
  link: Link,
  { sharesCore, emulated }: { readonly sharesCore: boolean; readonly emulated: boolean },
): MachineHost {
  const { recorder, heap } = machine;
  const wanted = scenario.hosts[name];
  const peer = scenario.hosts[name === 'A' ? 'B' : 'A'];
  const cpus: MachineCpu[] = [];
  const kernel: Kernel = {
    host: index,
    cpus,
    globals: [],
    arch: machine.archFor(cpus),
    version: scenario.kernel,
    sysctl: wanted.sysctl as Readonly<Record<string, number>>,
  };
  for (let id = 0; id < wanted.cpus; id++) {
    const hardirq = recorder.addContext('hardirq', 'hardirq', index, id);
    const softirq = recorder.addContext('softirq', 'softirq', index, id);
    cpus.push(new MachineCpu(id, kernel, coreFor(machine, sharesCore), hardirq, softirq));
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

  const { nic: card } = wanted;
  const isPcix = card.model === '82545EM';
  const nic = new Nic(
    {
      now: () => clock.ns,
      at: (ns, label, action) =>
        machine.at(ns, index, label, () => {
          recorder.mark(Kind.HARDWARE, label, null);
          action();
        }),
      cancel: (timer) => {
        (timer as { cancelled: boolean }).cancelled = true;
      },
      interrupt: (asserted) => machine.interruptLine(boot, ETH0_IRQ, asserted),
      wire: (event, frame) => {
        recorder.mark(Kind.WIRE, event, frame);
      },
    },
    {
      host: index,
      name: 'eth0',
      model: card.model,
      mac: macNumber(wanted.mac),
      rxCsum: card.rxCsum && !emulated,
      bus: isPcix ? 'pci-x-133' : 'pci-66',
      emulated,
    },
  );
  nic.connect(link, index as 0 | 1);
  machine.devices.push(nic);
  const dev = e1000_probe(machine.devices.length - 1, ETH0_IRQ, {
    name: 'eth0',
    device_id: isPcix ? 0x100f : 0x100e,
    pcix: isPcix,
    ip_addr: ipNumber(wanted.ip),
    mtu: card.mtu,
    tx_queue_len: wanted.qdisc.kind === 'pfifo_fast' ? wanted.qdisc.limit : 1000,
    tx_csum: card.txCsum,
    rx_csum: card.rxCsum,
    sg: card.sg,
    tso: card.tso,
    gso: card.gso,
    gro: card.gro,
    TxDescriptors: card.txRing,
    RxDescriptors: card.rxRing,
    InterruptThrottleRate: card.itr,
  });
  if (wanted.qdisc.kind !== 'pfifo_fast') qdisc_model_attach(dev, qdiscParameters(wanted.qdisc));
  fib_add_ifaddr(dev, ipNumber(wanted.ip), 24);
  drain(neigh_add(ipNumber(peer.ip), dev, macNumber(peer.mac), NUD_PERMANENT));

  const sockets = new Map<string, file>();
  return {
    index,
    name,
    kernel,
    cpus,
    nic,
    dev,
    sockets,
    fdOf(connection) {
      const at = [...sockets.keys()].indexOf(connection);
      if (at < 0) throw new Error(`host ${name} has no end of connection ${connection}`);
      return FIRST_FD + at;
    },
  };
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
    saddr: host.dev.ip_addr,
    sport: own.port,
    daddr: peer.dev.ip_addr,
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
  rt_model_warm(host.dev.ip_addr, peer.dev.ip_addr, host.dev);
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
 * Opens a packet capture at a host. On hosts that are network namespaces of one machine (`others`), the list of taps is the machine's: there
 * the packet socket is asked too, and takes nothing.
 */
export function openCapture(host: MachineHost, heap: Heap, others: readonly MachineHost[]): void {
  setCurrent(host.cpus[0] as MachineCpu, heap);
  packet_model_capture(host.dev);
  for (const other of others) {
    setCurrent(other.cpus[0] as MachineCpu, heap);
    packet_model_capture(null, SNAPLEN, 1);
  }
  setCurrent(host.cpus[0] as MachineCpu, heap);
}

/** Opens a capture at `at` ns, by a task of its own. */
export function startCapture(machine: Machine, host: MachineHost, at: number, others: readonly MachineHost[]): void {
  const [cpu] = host.cpus;
  if (cpu === undefined) return;
  setCurrent(cpu, machine.heap);
  const task = new task_struct();
  task.comm = 'tcpdump';
  const code = function* (): Execution['code'] {
    openCapture(host, machine.heap, others);
  };
  machine.addTask(cpu, task, code(), at);
}

/** A task with all sockets of its host open. */
export function openTask(host: MachineHost, heap: Heap, { name, cpu }: Task): task_struct {
  setCurrent(host.cpus[0] as MachineCpu, heap);
  const task = new task_struct();
  task.comm = name;
  task.cpu = cpu;
  const files = new files_struct();
  let fd = FIRST_FD;
  for (const open of host.sockets.values()) {
    open.f_count++;
    fd_install(files, fd++, open);
  }
  task.files = files;
  return task;
}
