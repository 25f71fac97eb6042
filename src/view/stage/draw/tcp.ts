/** TCP machinery: ribbons in sequence space, gates, dials, bins. */
import type { Bin, Congestion, Dial, Gate, Ribbon, Segment, TcpStage } from '../floors/tcp';
import { counted, grouped } from '../read';
import type { Block, Detail } from './pack';
import { cells, gauge, note, paragraph } from './parts';
import { type Box, type Pen, widthOf } from './shapes';

/** Wider than any floor: takes a row of its own. */
const ROW = 9999;
/** From this width on the verdict stands beside the title of the ribbon. */
const ASIDE = 480;
/** Width of the column of names before a ribbon. */
const NAMES = 48;
const BRACKET = 12;
const BAND = 19;
const TICKS = 15;
/** A segment narrower than this is drawn together with its neighbours. */
const NARROWEST = 4;

interface Scale {
  readonly x0: number;
  readonly x1: number;
  at(byte: number): number;
}

function scaleOf(ribbon: Ribbon, x0: number, x1: number): Scale {
  const [from, to] = ribbon.domain;
  const unit = (x1 - x0) / Math.max(1, to - from);
  return { x0, x1, at: (byte) => Math.max(x0, Math.min(x1, x0 + (byte - from) * unit)) };
}

function drawBracket(
  pen: Pen,
  bracket: Ribbon['brackets'][number],
  y: number,
  x: number,
  scale: Scale,
  ribbon: Ribbon,
): void {
  const from = scale.at(bracket.from);
  const to = scale.at(bracket.to);
  const beyond = bracket.to > ribbon.domain[1];
  const tone = bracket.shut ? 'blockedline' : 'layerline';
  pen.text(x, y + 9, bracket.name, 't', { max: NAMES - 4, cls: 'ink2' });
  const line = y + 10;
  const end = beyond ? to : Math.max(to, from + 1);
  pen.path(`M${from} ${line + 3} V${line} H${end}${beyond ? '' : ` V${line + 3}`}`, `thin ${tone}`, {
    title: `${bracket.name} ${bracket.text}`,
  });
  // It goes on beyond the axis: a break mark.
  if (beyond) pen.path(`M${end - 9} ${line + 3} l3 -6 M${end - 5} ${line + 3} l3 -6`, `thin ${tone}`);
  const room = widthOf(bracket.text, 'n');
  const right = Math.max(Math.min(scale.x1, end - (beyond ? 12 : 2)), Math.min(scale.x1, from + room + 4));
  pen.text(right, y + 8, bracket.text, 'n', {
    max: scale.x1 - scale.x0,
    anchor: 'end',
    cls: bracket.shut ? 'blocked strong' : 'ink2',
  });
}

/** Segments narrower than a few pixels are joined with neighbours of their kind. */
function joined(segments: readonly Segment[], scale: Scale): { segment: Segment; count: number }[] {
  const found: { segment: Segment; count: number }[] = [];
  for (const segment of segments) {
    const before = found.at(-1);
    const narrow = scale.at(segment.to) - scale.at(segment.from) < NARROWEST;
    if (
      narrow &&
      before !== undefined &&
      before.segment.state === segment.state &&
      !segment.inHand &&
      before.segment.to === segment.from
    ) {
      found[found.length - 1] = { segment: { ...before.segment, to: segment.to }, count: before.count + 1 };
    } else found.push({ segment, count: 1 });
  }
  return found;
}

const SAYS: Readonly<Record<Segment['state'], string>> = {
  flight: 'in flight',
  waiting: 'not yet sent',
  acked: 'done',
  sacked: 'SACKed',
  lost: 'thought lost',
  queued: 'to be read',
  beyond: 'beyond a hole',
};

/** A GSO skb shows the segments it stands for, where they are wide enough to be seen. */
function cutsOf({ gsoSegs, mss, from, to }: Segment, w: number): number[] {
  const unit = (mss / Math.max(1, to - from)) * w;
  return unit < 4 ? [] : Array.from({ length: gsoSegs - 1 }, (_, nth) => (nth + 1) * unit).filter((x) => x < w - 1);
}

function drawSegments(pen: Pen, ribbon: Ribbon, y: number, scale: Scale): void {
  for (const { segment, count } of joined(ribbon.segments, scale)) {
    const from = scale.at(segment.from);
    const w = Math.max(1.5, scale.at(segment.to) - from - 1);
    if (segment.id === 0) {
      pen.rect({ x: from, y, w, h: BAND }, 'segment acked', {
        rx: 0,
        title: `${grouped(segment.to)} bytes ${SAYS.acked}`,
      });
      if (w > 60)
        pen.text(from + w / 2, y + 13, `${grouped(segment.to - segment.from)}`, 'n', {
          max: w - 6,
          anchor: 'middle',
          cls: 'ink3',
        });
      continue;
    }
    const bytes = `${grouped(segment.from + 1)}:${grouped(segment.to + 1)}`;
    const many = count > 1 ? `${count} skbs` : `#${segment.id}`;
    const long = `${many} ${grouped(segment.to - segment.from)}`;
    pen.place({
      object: segment.id,
      mode: 'segment',
      cls: `${segment.state}${segment.inHand ? ' here' : ''}${segment.cloned ? ' cloned' : ''}${segment.retransmitted ? ' again' : ''}`,
      label: w >= widthOf(long, 'n') + 8 ? long : w >= widthOf(many, 'n') + 4 ? many : '',
      title: `${many}, bytes ${bytes}, ${SAYS[segment.state]}${segment.gsoSegs > 1 ? `, ${segment.gsoSegs} segments` : ''}`,
      x: from,
      y,
      w,
      h: BAND,
      ...(segment.gsoSegs > 1 && count === 1 ? { cuts: cutsOf(segment, w) } : {}),
    });
  }
}

/** Names of positions below the ribbon; those at one place share a label, those too near move apart. */
function drawMarks(pen: Pen, ribbon: Ribbon, y: number, scale: Scale): void {
  const merged: { names: string[]; at: number }[] = [];
  for (const mark of [...ribbon.marks].sort((a, b) => a.at - b.at)) {
    const same = merged.find((one) => one.at === mark.at);
    if (same === undefined) merged.push({ names: [mark.name], at: mark.at });
    else same.names.push(mark.name);
  }
  // Where not all names of a position find room, the last say most: how far it has got.
  const labels = merged.map(({ names, at }) => {
    const said = (from: number): string => `${names.slice(from).join(' = ')} ${grouped(at + 1)}`;
    const fits = names.findIndex((_, from) => widthOf(said(from), 'n') <= scale.x1 - scale.x0);
    return said(fits < 0 ? names.length - 1 : fits);
  });
  const widths = labels.map((label) => Math.min(widthOf(label, 'n'), scale.x1 - scale.x0));
  const lefts: number[] = [];
  merged.forEach(({ at }, nth) => {
    const before = nth === 0 ? scale.x0 : (lefts[nth - 1] as number) + (widths[nth - 1] as number) + 9;
    lefts.push(Math.max(before, scale.at(at) - 2));
  });
  let limit = scale.x1;
  for (let nth = lefts.length - 1; nth >= 0; nth--) {
    lefts[nth] = Math.min(lefts[nth] as number, limit - (widths[nth] as number));
    limit = (lefts[nth] as number) - 9;
  }
  merged.forEach(({ at }, nth) => {
    const x = scale.at(at);
    const left = lefts[nth] as number;
    // In a narrow ribbon the first names give way.
    if (left < scale.x0 - 1) return;
    const foot = Math.max(left + 1, Math.min(x, left + (widths[nth] as number)));
    pen.path(`M${x} ${y - 3} V${y} L${foot} ${y + 3.5}`, 'thin mutedline');
    pen.text(left, y + 11.5, labels[nth] as string, 'n', { max: (widths[nth] as number) + 1, cls: 'ink2' });
  });
}

function ribbon(id: string, title: string, object: number, what: Ribbon, sentence: string, min: number): Block {
  const height = 14 + what.brackets.length * BRACKET + 3 + BAND + TICKS;
  return {
    id,
    min,
    grow: 4,
    breaks: true,
    h: height,
    draw(pen, { x, y, w }) {
      const scale = scaleOf(what, x + NAMES, x + w);
      pen.text(x, y + 10, title, 'b', { max: w, cls: 'layerink', object });
      const used = widthOf(title, 'b') + 8;
      pen.text(x + used, y + 10, sentence, 't', { max: w - used, cls: 'ink2' });
      let top = y + 14;
      for (const bracket of what.brackets) {
        drawBracket(pen, bracket, top, x, scale, what);
        top += BRACKET;
      }
      top += 3;
      pen.rect({ x: scale.x0, y: top, w: scale.x1 - scale.x0, h: BAND }, 'axis', { rx: 0 });
      drawSegments(pen, what, top, scale);
      drawMarks(pen, what, top + BAND + 3, scale);
      pen.port('band', scale.x0, top + BAND / 2);
    },
  };
}

function drawGate(pen: Pen, gate: Gate, box: Box): void {
  const { x, y, w } = box;
  if (gate.here) {
    pen.rect({ x: x - 3, y: y - 2, w: w + 3, h: box.h + 3 }, 'frame here', { rx: 3 });
    pen.here({ x: x - 3, y: y - 2, w: w + 3, h: box.h + 3 });
  }
  const post = gate.here ? 'post hereline' : 'post';
  pen.path(`M${x + 1} ${y + 2} V${y + 28} M${x + 27} ${y + 2} V${y + 28}`, post, { title: gate.sentence });
  const leaf = gate.verdict === 'shut' ? 'leaf shut' : gate.verdict === 'open' ? 'leaf open' : 'leaf none';
  pen.path(
    gate.verdict === 'shut'
      ? `M${x + 2} ${y + 15} H${x + 26}`
      : `M${x + 2} ${y + 15} L${x + 10} ${y + 4} M${x + 26} ${y + 15} L${x + 18} ${y + 4}`,
    leaf,
    { title: gate.sentence },
  );
  pen.text(x + 33, y + 12, gate.name, 'b', { max: w - 34, cls: gate.here ? 'hereink' : 'ink', title: gate.sentence });
  pen.text(x + 33, y + 24.5, gate.numbers, 'n', {
    max: w - 34,
    cls: gate.verdict === 'shut' ? 'blocked strong' : 'ink2',
    title: gate.sentence,
  });
}

/** Least widths of the gates, by what their numbers take. */
const GATES: Readonly<Record<Gate['name'], number>> = { cwnd: 100, window: 134, Nagle: 116, 'TSO defer': 106 };

function gateBlocks(tcp: TcpStage): Block[] {
  return tcp.gates.map((gate, nth) => ({
    id: `tcp.gate${nth}`,
    min: GATES[gate.name],
    grow: 1,
    h: 30,
    ...(nth === 0 ? { breaks: true } : {}),
    draw: (pen: Pen, box: Box) => drawGate(pen, gate, box),
  }));
}

function dialBlock(dial: Dial, nth: number): Block {
  return {
    id: `tcp.dial${nth}`,
    min: 112,
    grow: 1,
    h: 24,
    draw(pen, box) {
      const { x, y, w } = box;
      const cx = x + 11;
      const cy = y + 12;
      if (dial.here) pen.here(box);
      pen.circle(cx, cy, 9, dial.here ? 'dial here' : 'dial', {
        object: dial.id,
        title: `${dial.name} timer: ${dial.text}`,
      });
      if (dial.running) {
        const angle = Math.min(0.9999, dial.left) * 2 * Math.PI;
        const end = `${(cx + 9 * Math.sin(angle)).toFixed(2)} ${(cy - 9 * Math.cos(angle)).toFixed(2)}`;
        pen.path(`M${cx} ${cy} V${cy - 9} A9 9 0 ${dial.left > 0.5 ? 1 : 0} 1 ${end} Z`, 'dialpart');
      }
      pen.path(`M${cx} ${cy} v-6`, 'thin mutedline');
      pen.text(x + 25, y + 10, dial.name, 't', { max: w - 26, cls: 'ink' });
      pen.text(x + 25, y + 21, dial.text, 'n', { max: w - 26, cls: dial.running ? 'ink' : 'ink3' });
    },
  };
}

/** The state of the congestion machine with its threshold, and the scoreboard in the colours of the ribbon. */
function congestionBlock(what: Congestion, id: number): Block {
  return {
    id: 'tcp.congestion',
    min: 128,
    grow: 1,
    h: 24,
    draw(pen, box) {
      const { x, y, w } = box;
      if (what.here) pen.here(box);
      const calm = what.state === 'Open';
      pen.text(x, y + 10, what.state, 'b', {
        max: w / 2,
        cls: what.here ? 'hereink' : calm ? 'ink' : 'drop',
        title: `icsk_ca_state: ${what.sentence}`,
        object: id,
      });
      const from = x + widthOf(what.state, 'b') + 7;
      const limit = `ssthresh ${what.ssthresh === null ? '∞' : grouped(what.ssthresh)}`;
      pen.text(from, y + 10, limit, 'n', { max: x + w - from, cls: 'ink2' });
      let at = x;
      const tell = (count: number, word: string, cls: string): void => {
        if (count === 0 || at >= x + w - 20) return;
        const said = `${count} ${word}`;
        pen.text(at, y + 21, said, 'n', { max: x + w - at, cls });
        at += widthOf(said, 'n') + 8;
      };
      tell(what.lost, 'lost', 'drop');
      tell(what.sacked, 'SACKed', 'good');
      tell(what.again, 'again', 'blocked');
      if (at === x) pen.text(x, y + 21, 'nothing SACKed or lost', 'n', { max: w, cls: 'ink3' });
    },
  };
}

export function binBlock(bin: Bin, nth: number): Block {
  return {
    id: `tcp.bin${nth}`,
    min: 86,
    grow: 1,
    h: 27,
    draw(pen, { x, y, w }) {
      const count = bin.skbs.length;
      pen.text(x, y + 9, bin.name, 't', { max: w - 16, cls: count > 0 ? 'ink' : 'ink2' });
      pen.text(x + w, y + 9, String(count), 'n', { max: 24, anchor: 'end', cls: count > 0 ? 'ink strong' : 'ink3' });
      const box = { x, y: y + 12, w, h: 14 };
      pen.rect(box, bin.here ? 'bin here' : 'bin', { object: bin.id, title: `${bin.name}: ${counted(count, 'skb')}` });
      if (bin.here) pen.here(box);
      cells(pen, { x: x + 2, y: y + 14, w: w - 4, h: 10 }, bin.skbs, { label: (id) => `#${id}`, wide: 34 });
    },
  };
}

function short(ribbon: Ribbon): string {
  return ribbon.sentence.split(', ')[0] ?? '';
}

/** What stands on the TCP floor; the side that the host uses comes first and largest. */
export function tcpBlocks(tcp: TcpStage | null, first: 'send' | 'receive', detail: Detail, width: number): Block[] {
  if (tcp === null) return [note('tcp.none', 'no connection', 80, { cls: 'ink3' })];
  const bins = tcp.bins.map(binBlock);
  const filled = bins.filter((_, nth) => (tcp.bins[nth]?.skbs.length ?? 0) > 0 || tcp.bins[nth]?.here === true);
  if (detail === 'brief') {
    if (first === 'receive')
      return [
        ribbon('tcp.receive', 'receive queue', tcp.id, tcp.receive, short(tcp.receive), 150),
        ...bins.slice(0, 2),
      ];
    const narrow = gateBlocks(tcp).slice(0, 2);
    return [
      ribbon('tcp.send', 'send queue', tcp.id, tcp.send, short(tcp.send), 150),
      ...narrow.map((gate) => ({ ...gate, min: 76 })),
    ];
  }
  const gates = gateBlocks(tcp);
  const aside = detail === 'medium' && width >= ASIDE;
  const dials = tcp.dials
    .map(dialBlock)
    .map((one, nth) => (nth === 0 && first === 'send' ? { ...one, breaks: true } : one));
  const [sendMemory, receiveMemory] = tcp.gauges.map((one, nth) =>
    gauge(`tcp.gauge${nth}`, one.name, one.used, one.limit, 104),
  );
  const sending = ribbon('tcp.send', 'send queue', tcp.id, tcp.send, aside ? tcp.verdict : tcp.send.sentence, ROW);
  const receiving = ribbon('tcp.receive', 'receive queue', tcp.id, tcp.receive, tcp.receive.sentence, ROW);
  // Where the title has no room for it, the sentence gets lines of its own.
  const verdict = aside ? [] : [paragraph('tcp.verdict', tcp.verdict, width)];
  const receives = tcp.receive.segments.length > 0;
  const sends = tcp.send.segments.some((one) => one.id !== 0);
  const score = congestionBlock(tcp.congestion, tcp.id);
  if (first === 'send') {
    const memory = sendMemory === undefined ? [] : [sendMemory];
    const [timer, ...others] = dials;
    return [
      sending,
      ...gates,
      ...verdict,
      ...(timer === undefined ? [] : [timer]),
      score,
      ...others,
      ...memory,
      ...(receives ? [receiving, ...bins] : filled),
    ];
  }
  const memory = receiveMemory === undefined ? [] : [receiveMemory];
  const timers = dials.map((one, nth) => (nth === 0 ? { ...one, breaks: true } : one));
  return [receiving, ...bins, ...memory, ...timers, ...(sends ? [sending, ...gates, score, ...verdict] : [])];
}
