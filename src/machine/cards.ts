/** Cards in a machine: which hardware and driver a scenario's card is, where its interrupts go, how its queues are steered. */
import { clock } from '../base/clock';
import type { Environment } from '../hardware/environment';
import { Nic82576 } from '../hardware/i82576';
import { Nic } from '../hardware/nic';
import type { Port } from '../hardware/port';
import { e1000_probe } from '../kernel/drivers/net/e1000/e1000_main';
import { igb_probe } from '../kernel/drivers/net/igb/igb_main';
import type { net_device } from '../kernel/include/linux/netdevice';
import { FIRST_MSI_IRQ } from '../kernel/kernel/irq';
import { net_model_rps, net_model_xps } from '../kernel/net/core/dev';
import type { Interface } from '../scenario/topology';
import { Kind } from '../trace/recorder';
import { ipNumber, macNumber } from './addresses';
import type { MachineCpu } from './cpu';
import { FLOW_CONTROL } from './edits';
import type { Device, Machine } from './machine';

/** Interrupt line of eth0. */
const ETH0_IRQ = 35;
/** Lines kept for the vectors of a card. */
const VECTORS = 32;
/** Most queues for which igb has a vector for each ring, and not one for both rings of a queue. */
const SEPARATE_VECTORS = 4;

type Hardware = Port & Device;

interface Card {
  readonly hardware: Hardware;
  readonly device: net_device;
}

/** The CPU that takes the interrupts of a queue. */
function cpuOf(cpus: readonly MachineCpu[], affinity: readonly number[], queue: number): MachineCpu {
  const wanted = affinity.length === 0 ? 0 : affinity[queue % affinity.length];
  return cpus[wanted ?? 0] ?? (cpus[0] as MachineCpu);
}

/** The queue whose interrupts a vector of igb carries; vector 0 is for other causes and goes where queue 0 goes. */
function queueOf(vector: number, queues: number): number {
  if (vector === 0) return 0;
  return queues <= SEPARATE_VECTORS ? (vector - 1) % queues : vector - 1;
}

/** Puts a card into a host, and has its driver find it. `connect` plugs it into its cable. */
export function insertCard(
  machine: Machine,
  index: number,
  cpus: readonly MachineCpu[],
  wanted: Interface,
  { emulated, likeRecorded }: { readonly emulated: boolean; readonly likeRecorded: boolean },
  connect: (hardware: Hardware) => void,
): Card {
  const { recorder } = machine;
  const { nic: card, qdisc, dev: name, port } = wanted;
  const queues = card.model === '82576' ? (card.queues ?? Math.min(cpus.length, 8)) : 1;
  const irq = ETH0_IRQ + port;
  const vectors = FIRST_MSI_IRQ + VECTORS * port;
  const env: Environment = {
    now: () => clock.ns,
    at: (ns, label, action) =>
      machine.at(ns, index, label, () => {
        recorder.mark(Kind.HARDWARE, label, null);
        action();
      }),
    cancel: (timer) => {
      (timer as { cancelled: boolean }).cancelled = true;
    },
    interrupt: (asserted) => machine.interruptLine(cpuOf(cpus, card.affinity, 0), irq, asserted),
    message: (vector) =>
      machine.interruptLine(cpuOf(cpus, card.affinity, queueOf(vector, queues)), vectors + vector, true),
    wire: (event, frame) => {
      recorder.mark(Kind.WIRE, event, frame);
    },
  };
  const config = {
    host: index,
    port,
    name,
    model: card.model,
    mac: macNumber(wanted.mac),
    rxCsum: card.rxCsum && !likeRecorded,
    emulated,
    addsEmptySegment: likeRecorded,
  };
  const isPcix = card.model === '82545EM';
  const hardware: Hardware =
    card.model === '82576'
      ? new Nic82576(env, config)
      : new Nic(env, { ...config, bus: isPcix ? 'pci-x-133' : 'pci-66' });
  connect(hardware);
  machine.devices.push(hardware);
  const id = machine.devices.length - 1;
  const common = {
    name,
    ip_addr: ipNumber(wanted.ip),
    mtu: card.mtu,
    tx_queue_len: qdisc.kind === 'pfifo_fast' ? qdisc.limit : 1000,
    tx_csum: card.txCsum,
    rx_csum: card.rxCsum,
    sg: card.sg,
    tso: card.tso,
    gso: card.gso,
    gro: card.gro,
  };
  const device =
    card.model === '82576'
      ? igb_probe(id, vectors, {
          ...common,
          queues,
          tx_ring_count: card.txRing,
          rx_ring_count: card.rxRing,
          itr: card.itr,
          flow_control: FLOW_CONTROL[card.pause],
          watchdog: card.watchdog,
        })
      : e1000_probe(id, irq, {
          ...common,
          device_id: isPcix ? 0x100f : 0x100e,
          pcix: isPcix,
          TxDescriptors: card.txRing,
          RxDescriptors: card.rxRing,
          InterruptThrottleRate: card.itr,
          TxIntDelay: card.txIntDelay,
          TxAbsIntDelay: card.txAbsIntDelay,
          RxIntDelay: card.rxIntDelay,
          RxAbsIntDelay: card.rxAbsIntDelay,
          flow_control: emulated ? FLOW_CONTROL.none : FLOW_CONTROL[card.pause],
          watchdog: card.watchdog && !emulated,
        });
  if (card.xps.length > 0) net_model_xps(device, card.xps);
  if (card.rps.length > 0 || card.rpsFlowCnt > 0) net_model_rps(device, card.rps, card.rpsFlowCnt);
  return { hardware, device };
}
