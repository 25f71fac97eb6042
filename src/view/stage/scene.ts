/** The drawing of a stage: floors of both hosts, packed blocks, the shaft with the call path, tokens, the wire. Pure geometry. */
import { LAYERS, type Layer } from '../../trace/layers';
import { deviceBlocks, driverBlocks } from './draw/device';
import { ipBlocks } from './draw/ip';
import { nicBlocks } from './draw/nic';
import { type Block, type Detail, GAP, type Packed, pack, ROW_GAP } from './draw/pack';
import { type Box, Pen, type Place, type Point, type Shape } from './draw/shapes';
import { transportBlocks } from './draw/transport';
import { processBlocks, socketBlocks, vfsBlocks } from './draw/upper';
import type { WireStage } from './floors/hardware';
import { drawShaft, SHAFT, shaftHeight } from './shaft';
import type { HostStage, Stage } from './stage';
import { drawWire, WIRE_HEIGHT, type WireEnds } from './wire';

/** How hosts share the width: the ends in full (a router between them in brief), one in full and the others in brief, or one alone. */
export type Arrangement = 'both' | 'focus' | 'single';

export interface View {
  /** World pixels. */
  readonly width: number;
  readonly arrangement: Arrangement;
  readonly detail: Exclude<Detail, 'brief'>;
  /** Host that has the most room. */
  readonly focus: number;
}

export interface FloorBand extends Box {
  readonly layer: Layer;
  readonly host: number;
}

export interface DrawnBlock extends Box {
  readonly id: string;
  readonly host: number;
  readonly layer: Layer;
}

/** Shapes of one block, with its layer for its colour. */
export interface Group {
  readonly key: string;
  readonly layer: Layer;
  readonly shapes: readonly Shape[];
}

export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly floors: readonly FloorBand[];
  readonly blocks: readonly DrawnBlock[];
  readonly groups: readonly Group[];
  readonly places: readonly Place[];
  /** What is in action, for the camera: world pixels. */
  readonly here: Box;
}

const FLOORS = LAYERS.filter((layer) => layer !== 'wire');
const MARGIN = 6;
const BETWEEN = 12;
const FLOOR_GAP = 3;
const PAD = 6;
/** A host is wide enough to have its shaft beside the machinery. */
const BESIDE = 440;

interface HostColumn {
  readonly host: HostStage;
  readonly x: number;
  readonly w: number;
  readonly detail: Detail;
  readonly beside: boolean;
  /** Nothing is to its left: its card's bracket is. */
  readonly isLeftmost: boolean;
}

/** Widths of hosts beside the one in focus, and of a router between two in full. */
const BRIEF = { least: 168, share: 0.25, most: 230 };

function columnsOf(stage: Stage, view: View): HostColumn[] {
  const inner = view.width - 2 * MARGIN;
  const hosts = stage.way.flatMap((host) => stage.hosts[host] ?? []);
  const focused = stage.hosts[view.focus] ?? hosts[0];
  if (focused === undefined) return [];
  const column = (host: HostStage, x: number, w: number, detail: Detail, nth: number): HostColumn => {
    return { host, x, w, detail, beside: detail !== 'brief' && w >= BESIDE, isLeftmost: nth === 0 };
  };
  if (view.arrangement === 'single' || hosts.length < 2)
    return [column(focused, MARGIN, inner, view.detail, hosts.indexOf(focused))];
  const room = inner - BETWEEN * (hosts.length - 1);
  const small = Math.max(BRIEF.least, Math.min(BRIEF.most, (room * BRIEF.share) / (hosts.length - 1)));
  const isLarge = (host: HostStage, nth: number): boolean =>
    view.arrangement === 'focus' ? host === focused : nth === 0 || nth === hosts.length - 1;
  const large = hosts.filter(isLarge).length;
  const wide = (room - small * (hosts.length - large)) / large;
  let x = MARGIN;
  return hosts.map((host, nth) => {
    const w = isLarge(host, nth) ? wide : small;
    const made = column(host, x, w, isLarge(host, nth) ? view.detail : 'brief', nth);
    x += w + BETWEEN;
    return made;
  });
}

function blocksOf({ host, detail, isLeftmost }: HostColumn, layer: Layer, width: number): Block[] {
  switch (layer) {
    case 'process':
      return processBlocks(host, detail);
    case 'vfs':
      return vfsBlocks(host, detail);
    case 'socket':
      return socketBlocks(host, detail);
    case 'tcp':
      return transportBlocks(host, detail, width);
    case 'ip':
      return ipBlocks(host, detail, width);
    case 'device':
      return deviceBlocks(host, detail);
    case 'driver':
      return driverBlocks(host, detail);
    case 'nic':
      return nicBlocks(host, detail, width, isLeftmost);
    default:
      return [];
  }
}

/** Where machinery stands in a column: beside the shaft, or below its header. */
function areaOf(column: HostColumn, layer: Layer): { x: number; w: number; dy: number } {
  if (column.beside) return { x: column.x + SHAFT + 16, w: column.w - SHAFT - 24, dy: PAD };
  return { x: column.x + 10, w: column.w - 18, dy: shaftHeight(column.host, layer, false) + 2 };
}

interface Cell {
  readonly column: HostColumn;
  readonly layer: Layer;
  readonly packed: readonly Packed[];
  readonly need: number;
}

function cellOf(column: HostColumn, layer: Layer): Cell {
  const area = areaOf(column, layer);
  const blocks = blocksOf(column, layer, area.w);
  const { packed, height } = pack(blocks, { x: area.x, y: 0, w: area.w });
  const machines = area.dy + height + PAD;
  const shaft = shaftHeight(column.host, layer, column.beside);
  return { column, layer, packed, need: column.beside ? Math.max(machines, shaft) : machines };
}

export function sceneOf(stage: Stage, view: View): Scene {
  const columns = columnsOf(stage, view);
  const floors: FloorBand[] = [];
  const blocks: DrawnBlock[] = [];
  const groups: Group[] = [];
  const places: Place[] = [];
  const jacks = new Map<string, Point>();
  let here: Box | null = null;
  let y = MARGIN;
  const under: Group[] = [];
  for (const layer of FLOORS) {
    const cells = columns.map((column) => cellOf(column, layer));
    const h = Math.max(...cells.map(({ need }) => need));
    for (const cell of cells) {
      const { host, x, w } = cell.column;
      const band: FloorBand = { x, y, w, h, layer, host: host.host };
      floors.push(band);
      const drawn = drawCell(stage, cell, band);
      under.push({ key: `floor ${host.host} ${layer}`, layer, shapes: drawn.floor });
      groups.push(...drawn.groups);
      blocks.push(...drawn.blocks);
      places.push(...drawn.places);
      drawn.jacks.forEach((jack, nth) => {
        jacks.set(jackKey(host.host, nth), jack);
      });
      if (drawn.here !== null && host.host === stage.host && (here === null || layer === stage.layer))
        here = drawn.here;
    }
    y += h + FLOOR_GAP;
  }
  for (const column of columns) {
    const pen = new Pen(`${column.host.host}.rail`, 'process');
    drawRail(pen, column.host, floors);
    groups.push({ key: pen.id, layer: 'process', shapes: pen.shapes });
  }
  if (stage.wires.length > 0) {
    const pen = new Pen('wire', 'wire');
    const strip = { x: MARGIN, y: y + 2, w: view.width - 2 * MARGIN, h: WIRE_HEIGHT };
    for (const { wire, box, ends } of wiresIn(stage, columns, jacks, strip)) drawWire(pen, stage, wire, box, ends);
    groups.push({ key: 'wire', layer: 'wire', shapes: pen.shapes });
    places.push(...pen.places);
    floors.push({ ...strip, layer: 'wire', host: -1 });
    y = strip.y + WIRE_HEIGHT;
  }
  const floor = floors.find((band) => band.layer === stage.layer && (band.host === stage.host || band.host === -1));
  return {
    width: view.width,
    height: y + MARGIN,
    floors,
    blocks,
    groups: [...under, ...groups],
    places,
    here: here ?? floor ?? { x: 0, y: 0, w: view.width, h: y },
  };
}

const jackKey = (host: number, card: number): string => `${host}.${card}`;

/** Where each cable goes: from the jack of the host to its left to that of the host to its right; only those of drawn hosts. */
function wiresIn(
  stage: Stage,
  columns: readonly HostColumn[],
  jacks: ReadonlyMap<string, Point>,
  strip: Box,
): { wire: WireStage; box: Box; ends: WireEnds }[] {
  const columnOf = (host: number): HostColumn | undefined => columns.find((column) => column.host.host === host);
  return stage.wires.flatMap((wire, nth) => {
    const [left, right] = [stage.way[nth] ?? -1, stage.way[nth + 1] ?? -1];
    const [from, to] = [columnOf(left), columnOf(right)];
    if (from === undefined && to === undefined) return [];
    const x = from === undefined || from.isLeftmost ? strip.x : from.x + from.w / 2;
    const isLast = to === undefined || right === stage.way.at(-1);
    const end = isLast ? strip.x + strip.w : to.x + to.w / 2;
    const cardOf = (host: number): number => (host === stage.way[nth] && nth > 0 ? 1 : 0);
    const jackOf = (host: number): Point | null => jacks.get(jackKey(host, cardOf(host))) ?? null;
    return [
      { wire, box: { ...strip, x, w: end - x }, ends: { hosts: [left, right], jacks: [jackOf(left), jackOf(right)] } },
    ];
  });
}

interface DrawnCell {
  readonly floor: readonly Shape[];
  readonly groups: readonly Group[];
  readonly blocks: readonly DrawnBlock[];
  readonly places: readonly Place[];
  readonly here: Box | null;
  /** Of the host's cards, in order. */
  readonly jacks: readonly Point[];
}

function drawCell(stage: Stage, cell: Cell, band: FloorBand): DrawnCell {
  const { column, layer } = cell;
  const { host } = column;
  const isHere = stage.host === host.host && stage.layer === layer;
  const id = `${host.host}.${layer}`;
  const floorPen = new Pen(`${id}.floor`, layer);
  floorPen.rect(band, isHere ? 'floor here' : 'floor', { rx: 0 });
  floorPen.rect({ x: band.x, y: band.y, w: 3, h: band.h }, isHere ? 'edge here' : 'edge', { rx: 0 });
  const groups: Group[] = [];
  const blocks: DrawnBlock[] = [];
  const places: Place[] = [];
  const ports = new Map<string, Point>();
  const top = band.y + areaOf(column, layer).dy;
  let here: { box: Box; row: number; top: number } | null = null;
  for (const { block, box, row } of cell.packed) {
    const pen = new Pen(`${host.host}.${block.id}`, layer);
    const placed = { ...box, y: box.y + top };
    block.draw(pen, placed);
    groups.push({ key: pen.id, layer, shapes: pen.shapes });
    blocks.push({ ...placed, id: block.id, host: host.host, layer });
    places.push(...pen.places);
    for (const [name, point] of pen.ports) ports.set(`${block.id}:${name}`, point);
    if (pen.hereBox !== null && here === null)
      here = { box: pen.hereBox, row: row + top, top: Math.min(placed.y, pen.hereBox.y) };
  }
  const shaftPen = new Pen(`${id}.shaft`, layer);
  const standing = drawShaft(shaftPen, stage, host, band, column.beside);
  places.push(...shaftPen.places);
  const linkPen = new Pen(`${id}.links`, layer);
  drawPointers(linkPen, ports);
  if (here !== null && isHere && column.beside) drawLead(linkPen, standing, here);
  return {
    floor: floorPen.shapes,
    groups: [
      { key: linkPen.id, layer, shapes: linkPen.shapes },
      ...groups,
      { key: shaftPen.id, layer, shapes: shaftPen.shapes },
    ],
    blocks,
    places,
    here: here?.box ?? null,
    jacks: host.nics.flatMap(({ name }) => ports.get(`nic.${name}:jack`) ?? []),
  };
}

/** The way of the call through the floors, with an arrow at the floor it has come to. */
function drawRail(pen: Pen, host: HostStage, floors: readonly FloorBand[]): void {
  const own = new Map(floors.filter((band) => band.host === host.host).map((band) => [band.layer, band]));
  const visited = host.path.flatMap(({ layer }) => own.get(layer) ?? []);
  const last = visited.at(-1);
  if (last === undefined || visited.every((band) => band === last)) return;
  const ys = visited.map((band) => band.y + 10);
  const end = last.y + 10;
  const before = visited.findLast((band) => band !== last);
  const tip =
    before !== undefined && before.y > last.y ? 'm-2.5 3.5 l2.5 -3.5 l2.5 3.5' : 'm-2.5 -3.5 l2.5 3.5 l2.5 -3.5';
  const x = last.x + 6;
  pen.path(
    `M${x} ${Math.min(...ys)} V${Math.max(...ys)} M${x} ${end} ${tip}`,
    host.current ? 'lead' : 'thin mutedline',
  );
}

/** Pointers between neighbours of a row: a descriptor to its file, a field to its table. */
const POINTERS: readonly (readonly [string, string])[] = [
  ['vfs.fds:fd', 'vfs.file:f_op'],
  ['vfs.file:f_op', 'vfs.ops:in'],
  ['socket.socket:ops', 'socket.ops:in'],
];

function drawPointers(pen: Pen, ports: ReadonlyMap<string, Point>): void {
  for (const [a, b] of POINTERS) {
    const from = ports.get(a);
    const to = ports.get(b);
    if (from === undefined || to === undefined || to.x <= from.x) continue;
    const end = b.startsWith('vfs.file') ? from.x + GAP : to.x;
    if (end - from.x > 3 * GAP) continue;
    const y = b.startsWith('vfs.file') ? from.y : to.y;
    pen.path(`M${from.x} ${from.y} L${end - 2} ${y} m-4 -2.5 l4 2.5 l-4 2.5`, 'thin layerline');
  }
}

/** The line from the function under way to the machine it works: along the row's upper gap, then down to it. */
function drawLead(pen: Pen, from: Point, to: { box: Box; row: number; top: number }): void {
  const x = Math.min(to.box.x + 12, to.box.x + to.box.w / 2);
  const lane = to.row - ROW_GAP / 2;
  pen.path(`M${from.x} ${from.y} H${from.x + 5} V${lane} H${x} V${to.top - 1} m-2.5 -3 l2.5 3 l2.5 -3`, 'lead');
}
