/** The device floor: qdisc and bypass, TX lock, tap, softnet; and the driver with its rings. */
import type { DeviceStage, QdiscStage, SoftnetStage } from '../floors/device';
import type { RingStage } from '../floors/hardware';
import { counted, grouped } from '../read';
import type { HostStage } from '../stage';
import { type Block, type Detail, pack } from './pack';
import { cabinet, cells, note, padlock } from './parts';
import { type Box, type Pen, widthOf } from './shapes';

const BAND = 13;
const LANE = 104;
/** Height of a token bucket below the bands. */
const TOKENS = 24;

function drawBands(pen: Pen, qdisc: QdiscStage, box: Box): void {
  const names = 40;
  qdisc.bands.forEach((band, nth) => {
    const y = box.y + nth * BAND;
    const line = { x: box.x + names, y, w: box.w - names, h: BAND - 2 };
    pen.text(box.x, y + 8.5, band.name, 'n', { max: names - 2, cls: band.skbs.length > 0 ? 'ink' : 'ink3' });
    pen.rect(line, band.here ? 'bin here' : 'bin', {
      rx: 1,
      object: band.id,
      title: `${band.name}: ${counted(band.skbs.length, 'packet')}`,
    });
    if (band.here) pen.here(line);
    cells(pen, { x: line.x + 1.5, y: y + 1.5, w: line.w - 3, h: BAND - 5 }, band.skbs, {
      label: (id) => `#${id}`,
      wide: 32,
    });
  });
}

/** The token bucket, in bytes that may leave at once. */
function drawTokens(pen: Pen, tokens: { bytes: number; depth: number }, { x, y, w }: Box): void {
  const names = 40;
  const part = tokens.depth > 0 ? Math.max(0, Math.min(1, tokens.bytes / tokens.depth)) : 0;
  const trough = { x: x + names, y: y + 1, w: w - names, h: 8 };
  pen.text(x, y + 8.5, 'tokens', 'n', { max: names, cls: 'ink2' });
  pen.rect(trough, 'trough', { title: `tokens for ${Math.round(tokens.bytes)} of ${Math.round(tokens.depth)} bytes` });
  pen.rect({ ...trough, w: trough.w * part }, 'level');
  const said = `${grouped(Math.max(0, tokens.bytes))} of ${grouped(tokens.depth)} bytes`;
  pen.text(x + names, y + 18.5, said, 'n', { max: w - names, cls: 'ink2' });
}

/** The lane past the queue: a rail from above, open or with a bar across it. */
function drawBypass(pen: Pen, qdisc: QdiscStage, box: Box): void {
  const { x, y, w, h } = box;
  const { bypass } = qdisc;
  const tone = bypass.here ? 'lane hereline' : bypass.open ? 'lane layerline' : 'lane mutedline';
  pen.path(`M${x + 6} ${y} V${y + h - 9} H${x + w - 4} m-5 -4 l5 4 l-5 4`, tone, { title: `bypass ${bypass.text}` });
  if (!bypass.open) pen.path(`M${x} ${y + 12} h12`, 'bar');
  const ink = bypass.here ? 'hereink strong' : bypass.open ? 'layerink' : 'ink2';
  const [verdict, reason] = bypass.text.split(': ');
  pen.text(x + 16, y + 10, `bypass ${verdict ?? ''}`, 't', { max: w - 16, cls: `${ink} strong`, title: bypass.text });
  pen.text(x + 16, y + 22, reason ?? '', 'n', { max: w - 17, cls: ink });
  if (bypass.here) pen.here(box);
}

function qdiscBlock(qdisc: QdiscStage): Block {
  const bands = qdisc.bands.length * BAND;
  const height = 15 + Math.max(38, bands + (qdisc.tokens === null ? 0 : TOKENS));
  return {
    id: 'device.qdisc',
    min: 204,
    grow: 3,
    h: height,
    draw(pen, { x, y, w, h }) {
      pen.text(x, y + 10, qdisc.name, 'k', { max: 90, cls: 'ink', object: qdisc.id });
      const used = widthOf(qdisc.name, 'k') + 8;
      const extra = [
        qdisc.state,
        qdisc.drops > 0 ? `${qdisc.drops} dropped` : '',
        qdisc.requeued > 0 ? 'one put back' : '',
        // Who runs it has its lock, but for the moments in which it hands a packet to the driver.
        qdisc.root.locked && qdisc.running < 0 ? `root lock ${qdisc.root.owner}` : '',
      ];
      const line = extra.filter((part) => part !== '').join(', ');
      pen.text(x + used, y + 10, line, 'n', {
        max: w - used,
        cls: qdisc.drops > 0 ? 'drop' : 'ink2',
        object: qdisc.root.id,
      });
      drawBands(pen, qdisc, { x, y: y + 15, w: w - LANE - 10, h: h - 15 });
      if (qdisc.tokens !== null) drawTokens(pen, qdisc.tokens, { x, y: y + 15 + bands + 4, w: w - LANE - 10, h: 18 });
      drawBypass(pen, qdisc, { x: x + w - LANE, y: y + 14, w: LANE, h: h - 14 });
    },
  };
}

const QUEUE_ROW = 13;
const MOST_QUEUES = 8;

/** All TX queues of a device side by side: what waits in each, and who has its lock. */
function queuesBlock(device: DeviceStage): Block {
  const queues = device.queues.slice(0, MOST_QUEUES);
  return {
    id: 'device.queues',
    min: 250,
    grow: 3,
    h: 14 + queues.length * QUEUE_ROW,
    draw(pen, { x, y, w }) {
      pen.text(x, y + 10, device.root, 'k', { max: 70, cls: 'ink' });
      const used = widthOf(device.root, 'k') + 8;
      const more = device.queues.length - queues.length;
      const says = `a qdisc and a TX lock for each queue${more > 0 ? `, and ${more} more` : ''}`;
      pen.text(x + used, y + 10, says, 'n', { max: w - used, cls: 'ink2' });
      const names = 18;
      const locks = 104;
      queues.forEach(({ index, id, skbs, stopped, lock, chosen }, nth) => {
        const top = y + 14 + nth * QUEUE_ROW;
        const here = chosen && device.qdisc?.bypass.here === true;
        const line = { x: x + names, y: top, w: w - names - locks - 6, h: QUEUE_ROW - 2 };
        pen.text(x, top + 8.5, `q${index}`, 'n', { max: names, cls: chosen ? 'layerink strong' : 'ink2', object: id });
        pen.rect(line, here ? 'bin here' : 'bin', {
          rx: 1,
          object: id,
          title: `queue ${index}: ${counted(skbs.length, 'packet')}${stopped ? ', stopped' : ''}`,
        });
        if (here) pen.here(line);
        cells(pen, { x: line.x + 1.5, y: top + 1.5, w: line.w - 3, h: QUEUE_ROW - 5 }, skbs, {
          label: (skb) => `#${skb}`,
          wide: 32,
        });
        if (skbs.length === 0)
          pen.text(line.x + 4, top + 8.5, here ? 'bypass' : stopped ? 'stopped' : '', 'n', {
            max: line.w - 8,
            cls: here ? 'hereink strong' : 'blocked',
          });
        const waits = lock.waiters.length > 0;
        const said = waits
          ? `${lock.owner}, ${lock.waiters.join(' ')} spins`
          : lock.locked
            ? `lock: ${lock.owner}`
            : 'lock free';
        pen.text(x + w - locks, top + 8.5, said, 'n', {
          max: locks,
          cls: waits ? 'blocked strong' : lock.locked ? 'ink strong' : 'ink3',
          object: lock.id,
        });
      });
    },
  };
}

function tapBlock(device: DeviceStage): Block {
  const packets = device.taps.reduce((sum, tap) => sum + tap.packets, 0);
  const on = device.taps.length > 0;
  return {
    id: 'device.tap',
    min: 124,
    grow: 2,
    h: 34,
    draw(pen, box) {
      const { x, y, w } = box;
      if (device.tapHere) pen.here(box);
      pen.path(`M${x} ${y + 17} h8`, on ? 'thin layerline' : 'thin mutedline dashed');
      const pane = { x: x + 8, y, w: w - 8, h: 34 };
      pen.rect(pane, `${on ? 'capture' : 'capture off'}${device.tapHere ? ' here' : ''}`, {
        rx: 3,
        title: on ? `ptype_all: ${counted(packets, 'packet')} captured` : 'ptype_all is empty: nobody captures',
        object: device.taps[0]?.id ?? 0,
      });
      pen.text(x + 14, y + 12, on ? 'tcpdump' : 'ptype_all', 'n', {
        max: w - 20,
        cls: on ? 'captureink strong' : 'ink3',
      });
      pen.text(x + w - 6, y + 12, on ? counted(packets, 'packet') : 'empty', 'n', {
        max: w - 70,
        anchor: 'end',
        cls: on ? 'captureink' : 'ink3',
      });
      const skbs = device.taps.flatMap((tap) => tap.skbs).reverse();
      cells(pen, { x: x + 14, y: y + 18, w: w - 20, h: 11 }, skbs, {
        label: (id) => `#${id}`,
        wide: 32,
        cls: () => 'clone',
      });
    },
  };
}

function softnetBlock(softnet: SoftnetStage, queue = ''): Block {
  return {
    id: `device.softnet${softnet.cpu}`,
    min: 132,
    grow: 1,
    h: 24,
    draw(pen, box) {
      const { x, y, w } = box;
      if (softnet.here) pen.here({ x: x - 3, y, w: w + 3, h: 24 });
      const busy = softnet.polls.length > 0 || softnet.pending.length > 0;
      pen.text(x, y + 10, queue === '' ? `CPU ${softnet.cpu} softnet` : queue, 't', {
        max: w,
        cls: softnet.here ? 'hereink strong' : busy ? 'ink' : 'ink2',
        object: softnet.id,
      });
      const polls = softnet.polls.length === 0 ? 'poll list empty' : `poll: ${softnet.polls.join(', ')}`;
      const pending = softnet.pending.length === 0 ? '' : ` · pending ${softnet.pending.join(' ')}`;
      const backlog = softnet.backlog > 0 ? ` · backlog ${softnet.backlog}` : '';
      pen.text(x, y + 21, `${polls}${pending}${backlog}`, 'n', { max: w, cls: busy ? 'ink strong' : 'ink3' });
    },
  };
}

function handlerBlock(device: DeviceStage): Block[] {
  const rows = device.handlers.filter(({ type, here }) => here || type === '0x0800').slice(0, 2);
  if (rows.length === 0) return [];
  return cabinet(
    'device.ptype',
    {
      name: 'ptype_base',
      type: 'packet_type',
      rows: rows.map(({ type, func, followed, here }) => ({ slot: type, target: func, followed, here })),
    },
    100,
  );
}

/** What CPUs have to do; those with the same are named together. */
function busyText(busy: readonly SoftnetStage[]): string {
  const cpus = new Map<string, number[]>();
  for (const { cpu, polls, pending } of busy) {
    const does = [polls.length > 0 ? `polls ${polls.join(' ')}` : '', ...pending]
      .filter((part) => part !== '')
      .join(' ');
    cpus.set(does, [...(cpus.get(does) ?? []), cpu]);
  }
  return [...cpus].map(([does, list]) => `CPU ${list.join(' ')} ${does}`).join(', ');
}

/** Lock and tap side by side, and below them who is to be polled: as high as the qdisc beside them. */
function dockBlock(device: DeviceStage): Block {
  const parts: Block[] = [
    ...padlock('device.lock', device.queues.length > 0 ? null : device.lock, 100),
    tapBlock(device),
  ];
  return {
    id: 'device.dock',
    min: 232,
    grow: 2,
    h: 54,
    draw(pen, { x, y, w }) {
      for (const { block, box } of pack(parts, { x, y, w }).packed) block.draw(pen, box);
      const busy = device.softnets.filter((one) => one.polls.length + one.pending.length + one.backlog > 0 || one.here);
      const text = device.stopped || (busy.length === 0 ? 'softnet: no CPU has anything to poll' : busyText(busy));
      const here = busy.some((one) => one.here);
      if (here) pen.here({ x, y: y + 40, w, h: 14 });
      const cls = device.stopped !== '' ? 'blocked strong' : here ? 'hereink strong' : busy.length > 0 ? 'ink' : 'ink3';
      pen.text(x, y + 50, text, 'n', { max: w, cls, object: busy[0]?.id ?? device.id });
    },
  };
}

/** The qdisc of a host that only receives: a name, and that nothing is in it. */
function idleQdisc(qdisc: QdiscStage): Block {
  return {
    id: 'device.qdisc',
    min: 88,
    grow: 1,
    h: 36,
    draw(pen, { x, y, w }) {
      pen.text(x, y + 10, qdisc.name, 'k', { max: w, cls: 'ink', object: qdisc.id });
      pen.text(x, y + 21.5, `empty, ${qdisc.state}`, 'n', { max: w, cls: 'ink2' });
      const bypass = `bypass ${qdisc.bypass.open ? 'open' : 'shut'}`;
      pen.text(x, y + 33, bypass, 'n', { max: w, cls: 'ink2', title: qdisc.bypass.text });
    },
  };
}

export function deviceBlocks({ device, role, path }: HostStage, detail: Detail): Block[] {
  if (device === null) return [];
  const waiting = device.qdisc?.bands.reduce((sum, band) => sum + band.skbs.length, 0) ?? 0;
  const tx = path.some(({ fn }) => fn === 'dev_queue_xmit' || fn === '__qdisc_run');
  if (detail === 'brief') {
    const active = device.softnets.find((one) => one.polls.length > 0 || one.pending.length > 0) ?? device.softnets[0];
    const queue =
      waiting > 0 ? `${counted(waiting, 'packet')} in the qdisc` : `${device.qdisc?.name ?? 'no qdisc'}: empty`;
    return active === undefined ? [] : [softnetBlock(active, queue)];
  }
  const several = device.queues.length > 0;
  const qdisc = several ? [queuesBlock(device)] : device.qdisc === null ? [] : [qdiscBlock(device.qdisc)];
  const receiver = role === 'receive' && !tx;
  if (detail === 'medium') {
    const idle = device.qdisc !== null && waiting === 0 && !several ? [idleQdisc(device.qdisc)] : qdisc;
    return receiver ? [...handlerBlock(device), dockBlock(device), ...idle] : [...qdisc, dockBlock(device)];
  }
  const softnets = device.softnets.map((one) => softnetBlock(one));
  const stopped = device.stopped === '' ? [] : [note('device.stopped', device.stopped, 150, { cls: 'blocked strong' })];
  const gro =
    device.gro !== null && device.gro.count > 0
      ? [
          note('device.gro', `GRO holds ${counted(device.gro.count, 'flow')}`, 110, {
            object: device.gro.id,
            cls: device.gro.here ? 'hereink strong' : 'ink2',
          }),
        ]
      : [];
  const transmit = [...qdisc, ...padlock('device.lock', several ? null : device.lock, 104), tapBlock(device)];
  const receive = [...handlerBlock(device), ...softnets, ...gro];
  return receiver ? [...receive, ...transmit, ...stopped] : [...transmit, ...stopped, ...receive];
}

/** A descriptor ring laid out as a strip: filled descriptors, the driver's indices above, the card's below. */
function ringBlock(ring: RingStage, detail: Detail): Block {
  const brief = detail === 'brief';
  return {
    id: `driver.${ring.name}`,
    min: brief ? 140 : 148,
    grow: 1,
    h: detail === 'full' ? 38 : detail === 'brief' ? 16 : 26,
    draw(pen, { x, y, w: room }) {
      const w = room - 6;
      const posted = (ring.use - ring.clean + ring.count) % Math.max(1, ring.count);
      const owned = (ring.tail - ring.head + ring.count) % Math.max(1, ring.count);
      const name = `${ring.name} ring${ring.which}`;
      if (ring.here) pen.here({ x: x - 2, y: y + (brief ? 2 : 12), w: w + 4, h: 14 });
      drawStrip(pen, ring, { x, y: y + (brief ? 4 : 15), w, h: 8 });
      if (brief) return;
      pen.text(x, y + 8.5, name, 'b', {
        max: ring.which === '' ? 60 : 90,
        cls: ring.here ? 'hereink' : 'ink',
        object: ring.id,
      });
      const [head, tail] = ring.name === 'TX' ? ['TDH', 'TDT'] : ['RDH', 'RDT'];
      const registers = `${head} ${ring.head} ${tail} ${ring.tail}`;
      const says = ring.name === 'TX' ? `${posted} of ${ring.count} filled` : `${owned} of ${ring.count} posted`;
      const said = x + widthOf(name, 'b') + 7;
      const first = detail === 'full' ? says : registers;
      pen.text(said, y + 8.5, first, 'n', { max: x + w - said, cls: 'ink2', title: `${says}; the card: ${registers}` });
      if (detail !== 'full') return;
      const driver = `use ${ring.use}, clean ${ring.clean}`;
      pen.text(x, y + 35, driver, 'n', {
        max: w / 2 - 4,
        cls: 'ink3',
        title: 'the driver: next_to_use, next_to_clean',
      });
      pen.text(x + w, y + 35, registers, 'n', {
        max: w / 2,
        anchor: 'end',
        cls: 'ink2',
        title: 'the card: head and tail registers',
      });
    },
  };
}

const STRIP = 12;
const MOST_RINGS = 8;

/** The rings of all queues, one below the other; in words the one that is worked on. */
function ringsBlock(rings: readonly RingStage[], chosen: RingStage): Block {
  const shown = rings.slice(0, MOST_RINGS);
  return {
    id: `driver.${chosen.name}`,
    min: 148,
    grow: 1,
    h: 15 + shown.length * STRIP + 3,
    draw(pen, { x, y, w }) {
      const [head, tail] = chosen.name === 'TX' ? ['TDH', 'TDT'] : ['RDH', 'RDT'];
      const name = `${chosen.name} ring${chosen.which}`;
      pen.text(x, y + 8.5, name, 'b', { max: 90, cls: chosen.here ? 'hereink' : 'ink', object: chosen.id });
      const said = x + widthOf(name, 'b') + 7;
      pen.text(said, y + 8.5, `${head} ${chosen.head} ${tail} ${chosen.tail}`, 'n', { max: x + w - said, cls: 'ink2' });
      shown.forEach((ring, nth) => {
        const box = { x: x + 12, y: y + 15 + nth * STRIP, w: w - 18, h: 5 };
        pen.text(x, box.y + 5.5, String(nth), 'n', {
          max: 11,
          cls: ring.here ? 'hereink strong' : 'ink3',
          object: ring.id,
        });
        if (ring.here) pen.here({ x: box.x - 2, y: box.y - 2, w: box.w + 4, h: 9 });
        drawStrip(pen, ring, box);
      });
    },
  };
}

function drawStrip(pen: Pen, ring: RingStage, box: Box): void {
  const { x, y, w, h } = box;
  const { count } = ring;
  if (count === 0) return;
  const unit = w / count;
  pen.rect(box, ring.here ? 'ring here' : 'ring', { rx: 1, title: `${ring.name} ring of ${count} descriptors` });
  const stretch = (from: number, to: number, cls: string): void => {
    if (from === to) return;
    const parts =
      from < to
        ? [[from, to]]
        : [
            [from, count],
            [0, to],
          ];
    for (const [a, b] of parts as [number, number][])
      pen.rect({ x: x + a * unit, y, w: Math.max(2.5, (b - a) * unit), h }, cls, { rx: 0 });
  };
  if (ring.name === 'TX') {
    // Done by the card but not cleaned, then given to the card.
    stretch(ring.clean, ring.head, 'descriptor done');
    stretch(ring.head, ring.tail, 'descriptor given');
    stretch(ring.tail, ring.use, 'descriptor filled');
  } else {
    stretch(ring.head, ring.tail, 'descriptor posted');
    stretch(ring.clean, ring.head, 'descriptor given');
  }
  // A grid, as fine as it can be seen.
  const every = Math.max(1, Math.ceil(7 / unit / 8) * 8);
  for (let at = every; at < count; at += every) pen.path(`M${(x + at * unit).toFixed(1)} ${y} v${h}`, 'grid');
  const tick = (at: number, cls: string, up: boolean): void => {
    const cx = x + ((at % count) + 0.0) * unit;
    pen.path(up ? `M${cx} ${y} l-2.5 -3.5 h5 z` : `M${cx} ${y + h} l-2.5 3.5 h5 z`, cls);
  };
  tick(ring.use, 'tickmark driver', true);
  tick(ring.tail, 'tickmark card', false);
  tick(ring.head, 'tickmark card hollow', false);
}

export function driverBlocks({ driver, role }: HostStage, detail: Detail): Block[] {
  if (driver === null) return [];
  const brief = detail === 'brief';
  const rings = [driver.tx, driver.rx].filter((ring) => ring !== null);
  const draw = (ring: RingStage): Block => {
    const all = ring.name === 'TX' ? driver.txRings : driver.rxRings;
    return all.length > 1 ? ringsBlock(all, ring) : ringBlock(ring, detail);
  };
  const ordered = role === 'receive' ? [...rings].reverse() : rings;
  if (brief) return ordered.slice(0, 1).map((ring) => ringBlock(ring, 'brief'));
  const row = driver.table?.rows[0];
  const entry: Block = {
    id: 'driver.ops',
    min: 132,
    grow: 0,
    h: 36,
    draw(pen, { x, y, w }) {
      if (row !== undefined) {
        const cls = row.here ? 'hereink strong' : row.followed ? 'ink strong' : 'ink2';
        if (row.here) pen.here({ x: x - 3, y, w: w + 3, h: 24 });
        pen.text(x, y + 9.5, row.slot, 'n', { max: w, cls });
        pen.text(x, y + 21, `→ ${row.target}`, 'n', { max: w, cls });
      }
      const napi = `NAPI ${driver.napi}${driver.polled ? ', polled' : ''}`;
      const cls = driver.pollHere ? 'hereink strong' : driver.napi === 'scheduled' ? 'ink strong' : 'ink3';
      pen.text(x, y + 34, napi, 'n', { max: w, cls, object: driver.napiId, title: `${napi}; poll is ${driver.poll}` });
    },
  };
  return [...ordered.map(draw), entry];
}
