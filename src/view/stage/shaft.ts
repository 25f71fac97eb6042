/**
 * The shaft of a host: a strip through all its floors in which the call path goes down (or up), and the packets that are in the
 * hands of functions stand on the floor of that function.
 */
import type { Layer } from '../../trace/layers';
import { type Box, type Pen, type Point, widthOf } from './draw/shapes';
import { anatomyText } from './draw/token';
import type { HostStage, Stage } from './stage';

export const SHAFT = 140;
export const TOKEN = { w: 128, h: 20 } as const;
const HEAD = 14;
const LINE = 11.5;
/** Functions of a path that a low floor shows. */
const LEAST_LINES = 1;

const NAMES: Readonly<Record<Layer, string>> = {
  process: 'process',
  vfs: 'VFS',
  socket: 'socket',
  tcp: 'TCP',
  ip: 'IP',
  device: 'device',
  driver: 'driver',
  nic: 'NIC',
  wire: 'wire',
};

function heldOn(host: HostStage, layer: Layer): HostStage['held'] {
  const direct = host.held.filter((one) => one.layer === layer);
  return direct
    .sort((a, b) => Number(b.current && b.direct) - Number(a.current && a.direct) || b.skb - a.skb)
    .slice(0, 2);
}

/** Floors that packets pass through in the hands of functions keep room for a token, so that nothing jumps when one comes. */
function keepsRoom(layer: Layer): boolean {
  return layer !== 'process' && layer !== 'vfs' && layer !== 'nic';
}

export function shaftHeight(host: HostStage, layer: Layer, beside: boolean): number {
  const tokens = Math.max(keepsRoom(layer) ? 1 : 0, heldOn(host, layer).length);
  if (!beside) return tokens === 0 ? HEAD + 3 : HEAD + 12;
  return HEAD + LEAST_LINES * LINE + 3 + tokens * (TOKEN.h + 1);
}

/** Draws a floor's part of the shaft; returns where the line to the machine in action begins. */
export function drawShaft(pen: Pen, stage: Stage, host: HostStage, band: Box, beside: boolean): Point {
  const layer = pen.layer;
  const { x, y } = band;
  const w = beside ? SHAFT : band.w - 12;
  const isHere = stage.host === host.host && stage.layer === layer;
  const name = nameOf(host, layer);
  pen.text(x + 12, y + 12, name, 'b', {
    max: w - 12,
    cls: isHere ? 'hereink' : layer === 'process' ? 'ink' : 'layerink',
  });
  const after = x + 12 + widthOf(name, 'b') + 8;
  const path = host.path.filter((step) => step.layer === layer);
  const held = heldOn(host, layer);
  const tokens = held.length * (TOKEN.h + 2);
  if (layer === 'tcp') {
    const trouble = host.tcp !== null && host.tcp.congestion.state !== 'Open' ? host.tcp.congestion.state : '';
    const state = host.listen !== null ? 'LISTEN' : (host.tcp?.state ?? '');
    // Beside the shaft the machinery says what is wrong; where there is no room for it, it stands here.
    const shown = !beside && state === 'ESTABLISHED' && trouble !== '' ? trouble : state;
    pen.text(after, y + 12, shown, 'n', { max: x + w - after, cls: shown === trouble ? 'drop' : 'ink2' });
  }
  let lead: Point = { x: x + w, y: y + 9 };
  if (layer === 'process') {
    const who = beside ? host.ip : `${host.ip}  ${host.context}`;
    pen.text(after, y + 12, who, 'n', { max: x + w - after, cls: 'ink3' });
    if (beside) pen.text(x + 12, y + 25, host.context, 'n', { max: w - 10, cls: host.current ? 'hereink' : 'ink3' });
  } else if (!beside) {
    // Name and function at the left; a token at the right.
    const last = path.at(-1);
    const text = held.length > 0 ? w / 2 - 6 : w - 8;
    const cls = last?.here ? 'hereink strong' : 'ink2';
    if (keepsRoom(layer)) pen.text(x + 12, y + 23, last?.fn ?? '', 'n', { max: text, cls });
    else pen.text(after, y + 12, last?.fn ?? '', 'n', { max: x + w - after, cls });
  } else {
    const room = Math.max(LEAST_LINES, Math.floor((band.h - HEAD - tokens - 6) / LINE));
    const shown = path.slice(-room);
    shown.forEach((step, nth) => {
      const line = y + HEAD + 9 + nth * LINE;
      const arrow = step.via === '' ? '' : '→ ';
      const more = nth === 0 && path.length > shown.length ? '… ' : '';
      pen.text(x + 12, line, `${more}${arrow}${step.fn}`, 'n', {
        max: w - 8,
        cls: step.here ? 'hereink strong' : 'ink2',
        title: step.via === '' ? step.fn : `${step.fn}, called through ${step.via}`,
      });
      if (step.here) lead = { x: x + 16 + Math.min(w - 8, widthOf(`${more}${arrow}${step.fn}`, 'n')), y: line - 3 };
    });
  }
  const bottom = band.y + band.h - 3;
  held.forEach((one, nth) => {
    const packet = stage.packet(one.skb);
    const box = beside
      ? { x: x + 9, y: bottom - (nth + 1) * (TOKEN.h + 2) + 2, w: TOKEN.w, h: TOKEN.h }
      : { x: x + 10 + w / 2 + nth * 6, y: y + 4 + nth * 3, w: Math.min(TOKEN.w, w / 2 - 8), h: TOKEN.h };
    const inAction = one.current && one.direct;
    pen.place({
      ...box,
      object: one.skb,
      mode: 'token',
      cls: inAction ? 'here' : one.direct ? 'held' : 'kept',
      label: '',
      title: packet === null ? `sk_buff #${one.skb}` : `${anatomyText(packet)}; in ${one.fn}`,
    });
  });
  return lead;
}

/** What a floor of a host is called: that of the process after the host, that of the transport after its socket. */
function nameOf(host: HostStage, layer: Layer): string {
  if (layer === 'process') return `Host ${host.name}`;
  return layer === 'tcp' && host.datagram !== null ? host.datagram.kind : NAMES[layer];
}

export function floorName(layer: Layer): string {
  return NAMES[layer];
}
