/** The stage in words: what stands on it, floor by floor, for lists and for assistive technology. */

import type { Layer } from '../../trace/layers';
import { anatomyText } from './draw/token';
import type { NicStage, WireStage } from './floors/hardware';
import { inUserMode } from './floors/process';
import { counted, grouped } from './read';
import { floorName } from './shaft';
import type { HostStage, Stage } from './stage';

export interface Item {
  readonly text: string;
  /** Object to select, 0: none. */
  readonly object: number;
}

export interface Section {
  readonly title: string;
  readonly items: readonly Item[];
}

function item(text: string, object = 0): Item {
  return { text, object };
}

function processItems({ process }: HostStage): Item[] {
  return process.tasks.map((task) => {
    const now = task.syscall !== '' ? task.syscall : inUserMode(task);
    const call = now === '' ? '' : `, ${now}`;
    const bytes =
      task.buffer === null ? '' : `, ${grouped(task.buffer.done)} of ${grouped(task.buffer.len)} bytes passed`;
    return item(`task ${task.name}: ${task.state}${call}${bytes}`, task.id);
  });
}

function cabinetItems(name: string, rows: readonly { slot: string; target: string; followed: boolean }[]): Item[] {
  return rows
    .filter(({ followed }) => followed)
    .map(({ slot, target }) => item(`${name}.${slot} was followed to ${target}`));
}

function transportItems(host: HostStage): Item[] {
  const { listen, datagram, timeWaits } = host;
  return [
    ...tcpItems(host),
    ...(listen === null
      ? []
      : [
          item(`listener on port ${listen.port}: ${listen.sentence}`, listen.id),
          ...listen.queues.flatMap(({ name, count, most, requests }) => [
            item(`${name}: ${count} of ${most}`, listen.id),
            ...requests.map((request) => item(`${name}: ${request.peer}, ${request.text}`, request.id)),
          ]),
        ]),
    ...(datagram === null
      ? []
      : [
          item(`${datagram.kind} socket, ${datagram.ends}: ${datagram.sentence}`, datagram.id),
          ...datagram.bins.map((bin) => item(`${bin.name}: ${counted(bin.skbs.length, 'skb')}`, bin.id)),
        ]),
    ...timeWaits.map((wait) => item(`${wait.ends}: ${wait.text}`, wait.id)),
  ];
}

function tcpItems({ tcp }: HostStage): Item[] {
  if (tcp === null) return [];
  return [
    item(`connection ${tcp.ends}, ${tcp.state}, ${tcp.congestion.sentence}`, tcp.id),
    item(
      `send queue: ${tcp.send.sentence}; ${tcp.send.marks.map(({ name, at }) => `${name} ${at + 1}`).join(', ')}`,
      tcp.id,
    ),
    ...tcp.gates.map((gate) => item(`gate ${gate.name}, ${gate.verdict}: ${gate.sentence}`)),
    item(
      `receive queue: ${tcp.receive.sentence}; ${tcp.receive.marks.map(({ name, at }) => `${name} ${at + 1}`).join(', ')}`,
      tcp.id,
    ),
    ...tcp.bins
      .filter(({ skbs }) => skbs.length > 0)
      .map((bin) => item(`${bin.name}: ${counted(bin.skbs.length, 'skb')}`, bin.id)),
    ...tcp.dials.map((dial) => item(`${dial.name} timer: ${dial.text}`, dial.id)),
  ];
}

function deviceItems({ device }: HostStage): Item[] {
  if (device === null) return [];
  const { qdisc, lock } = device;
  const items: Item[] = [];
  if (qdisc !== null) {
    const waiting = qdisc.bands.map(({ name, skbs }) => `${name} ${skbs.length}`).join(', ');
    items.push(item(`${qdisc.name}, ${qdisc.state}: ${waiting}; bypass ${qdisc.bypass.text}`, qdisc.id));
  }
  for (const queue of device.queues)
    items.push(
      item(
        `TX queue ${queue.index}${queue.stopped ? ', stopped' : ''}: ${counted(queue.skbs.length, 'packet')}; lock ${queue.lock.owner}`,
        queue.id,
      ),
    );
  if (device.stopped !== '') items.push(item(device.stopped, device.id));
  if (lock !== null)
    items.push(
      item(`TX lock: ${lock.owner}${lock.waiters.length > 0 ? `, ${lock.waiters.join(' and ')} spins` : ''}`, lock.id),
    );
  for (const tap of device.taps) items.push(item(`capture: ${counted(tap.packets, 'packet')}`, tap.id));
  for (const softnet of device.softnets) {
    if (softnet.polls.length + softnet.pending.length > 0)
      items.push(
        item(
          `CPU ${softnet.cpu}: polls ${softnet.polls.join(', ') || 'nothing'}; pending ${softnet.pending.join(', ') || 'nothing'}`,
          softnet.id,
        ),
      );
  }
  return items;
}

function hardwareItems({ nics, driver }: HostStage): Item[] {
  const rings = [driver?.tx, driver?.rx].flatMap((ring) =>
    ring
      ? [
          item(
            `${ring.name} ring of ${ring.count}: head ${ring.head}, tail ${ring.tail}, next to clean ${ring.clean}`,
            ring.id,
          ),
        ]
      : [],
  );
  return [...rings, ...nics.flatMap(cardItems)];
}

function cardItems({ id, name, engines, txFifo, rxFifo, irq }: NicStage): Item[] {
  const states = engines.map((engine) => `${engine.name} ${engine.state}`).join(', ');
  const fifos = [txFifo, rxFifo].map((fifo) => `${fifo.name} ${counted(fifo.frames.length, 'frame')}`).join(', ');
  return [
    item(`card ${name}: ${states}; ${fifos}`, id),
    item(`interrupt line ${irq.line ? `raised: ${irq.causes}` : 'low'}, ${irq.throttle}`, irq.id),
  ];
}

function hostSections(stage: Stage, host: HostStage): Section[] {
  const path = host.path.map(({ fn }) => fn).join(' → ');
  const held = host.held.flatMap((one) => {
    const packet = stage.packet(one.skb);
    return packet === null ? [] : [item(`${anatomyText(packet)}; held by ${one.fn}`, one.skb)];
  });
  const name = `Host ${host.name}`;
  const section = (layer: Layer, items: readonly Item[]): Section => ({ title: `${name}, ${floorName(layer)}`, items });
  const ip = host.ip4;
  return [
    {
      title: `${name}, ${host.context === '' ? 'quiet' : host.context}`,
      items: [...(path === '' ? [] : [item(path)]), ...held],
    },
    section('process', processItems(host)),
    section('vfs', cabinetItems(host.vfs.cabinet?.name ?? '', host.vfs.cabinet?.rows ?? [])),
    section('socket', cabinetItems(host.socket.cabinet?.name ?? '', host.socket.cabinet?.rows ?? [])),
    section('tcp', transportItems(host)),
    section('ip', [
      ...(ip.route === null
        ? []
        : [item(`route to ${ip.route.to} by ${ip.route.dev}, MTU ${ip.route.mtu}`, ip.route.id)]),
      ...(ip.header === '' ? [] : [item(`IP header: ${ip.header}`, ip.skb)]),
      ...(ip.arp === null
        ? []
        : [item(`arp_queue: ${counted(ip.arp.skbs.length, 'packet')}; neighbour ${ip.arp.text}`, ip.arp.id)]),
      ...(ip.reassembly?.queues ?? []).map(({ id, text, skbs }) =>
        item(`${counted(skbs.length, 'fragment')} of ${text}`, id),
      ),
      ...ip.sieves.flatMap(({ name, rules }) =>
        rules.map((rule) =>
          item(`${name}: ${rule.target} ${rule.text}, ${counted(rule.packets, 'packet')} matched`, rule.id),
        ),
      ),
    ]),
    section('device', deviceItems(host)),
    section('driver', hardwareItems(host)),
  ].filter(({ items }) => items.length > 0);
}

function wireSection(stage: Stage, nth: number): Section {
  const { way } = stage;
  const wire = stage.wires[nth] as WireStage;
  const nameOf = (side: number): string => {
    const host = stage.hosts[way[nth + side] ?? -1];
    return host === undefined ? 'the script' : `host ${host.name}`;
  };
  return {
    title: stage.wires.length > 1 ? `Wire from ${nameOf(0)} to ${nameOf(1)}` : 'Wire',
    items: [
      item(wire.text, wire.id),
      ...wire.frames.map(({ id, from, text }) => item(`frame #${id} from ${nameOf(from)}: ${text}`, id)),
    ],
  };
}

/** Everything on the stage, in reading order. */
export function inWords(stage: Stage): Section[] {
  const hosts = stage.way.flatMap((host) => stage.hosts[host] ?? []);
  return [
    ...hosts.flatMap((host) => hostSections(stage, host)),
    ...stage.wires.map((_, nth) => wireSection(stage, nth)),
  ];
}
