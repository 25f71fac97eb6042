/** Draws scenes into an SVG: create, update, destroy. d3 lives here; what to draw comes from the view. */
import { type Selection, select } from 'd3-selection';
import 'd3-transition';
import { type ZoomBehavior, type ZoomTransform, zoom, zoomIdentity } from 'd3-zoom';
import type { HandShape, Place, RectShape, Shape } from '../../view/stage/draw/shapes';
import { byteShapes, tokenShapes } from '../../view/stage/draw/token';
import type { Group, Scene } from '../../view/stage/scene';
import type { Stage } from '../../view/stage/stage';

/** What is drawn: the stage, or the inside of a card. */
export type Drawing = Pick<Scene, 'width' | 'height' | 'groups' | 'places' | 'here'>;
/** What is known of the packets in a drawing. */
export type Packets = Pick<Stage, 'packet' | 'root'>;

export interface StageEvents {
  onSelect(object: number): void;
  /** A part with an action of its own was pressed. */
  onAction?(action: string): void;
  onHover(object: number): void;
  /** The user moved the camera, or it is back to showing everything. */
  onCamera(free: boolean): void;
}

export interface Look {
  /** ms that moves take; 0: none. */
  readonly motion: number;
  readonly selected: number;
  readonly hover: number;
  /** The camera follows what is in action when it is nearer than the whole. */
  readonly follow: boolean;
  bytes(addr: number, len: number): Uint8Array;
}

type G = Selection<SVGGElement, unknown, null, undefined>;

interface Spot {
  readonly x: number;
  readonly y: number;
}

/** From this scale on, tokens show the bytes of their headers. */
const BYTES_FROM = 3.2;
const NEAREST = 14;
/** A drawing that leaves more than the rest of the height empty is drawn larger. */
const SPARE = 0.86;
/** A wide drawing is not made smaller than this to be seen whole. */
const SMALLEST = 0.66;
/** Drawings narrower than this are for a phone: they fill its width. */
const NARROW = 620;

const TAGS: Readonly<Record<Shape['kind'], string>> = {
  rect: 'rect',
  text: 'text',
  path: 'path',
  circle: 'circle',
  hand: 'path',
};

function signature(shape: Shape): string {
  const extras = `${shape.object ?? ''},${shape.action ?? ''},${shape.title ?? ''}`;
  switch (shape.kind) {
    case 'rect':
      return `${shape.x},${shape.y},${shape.w},${shape.h},${shape.rx},${shape.cls},${extras}`;
    case 'text':
      return `${shape.x},${shape.y},${shape.text},${shape.anchor},${shape.cls},${extras}`;
    case 'path':
      return `${shape.d},${shape.cls},${extras}`;
    case 'circle':
      return `${shape.x},${shape.y},${shape.r},${shape.cls},${extras}`;
    case 'hand':
      return `${shape.x},${shape.y},${shape.turn},${shape.d},${shape.cls},${extras}`;
  }
}

/** Turns a hand from where it stands, the short way round. */
function turnHand(element: Element, { x, y, turn }: HandShape, motion: number): void {
  const known = element.getAttribute('data-turn');
  const at = (turns: number): string => `translate(${x},${y}) rotate(${turns * 360})`;
  element.setAttribute('data-turn', String(turn));
  const hand = select(element).interrupt();
  const by = known === null ? 0 : ((((turn - Number(known) + 0.5) % 1) + 1) % 1) - 0.5;
  if (motion === 0 || by === 0) hand.attr('transform', at(turn));
  else
    hand
      .transition()
      .duration(motion)
      .attrTween('transform', () => (part) => at(turn - by * (1 - part)));
}

function setWidth(element: Element, { w, glides }: RectShape, motion: number): void {
  const bar = select(element).interrupt();
  if (glides && motion > 0 && element.hasAttribute('width')) bar.transition().duration(motion).attr('width', w);
  else bar.attr('width', w);
}

function apply(element: Element, shape: Shape, motion: number): void {
  const set = (name: string, value: string | number): void => element.setAttribute(name, String(value));
  set('class', shape.cls);
  switch (shape.kind) {
    case 'rect':
      set('x', shape.x);
      set('y', shape.y);
      setWidth(element, shape, motion);
      set('height', shape.h);
      set('rx', shape.rx);
      break;
    case 'text':
      set('x', shape.x);
      set('y', shape.y);
      set('text-anchor', shape.anchor);
      element.textContent = shape.text;
      break;
    case 'path':
      set('d', shape.d);
      break;
    case 'circle':
      set('cx', shape.x);
      set('cy', shape.y);
      set('r', shape.r);
      break;
    case 'hand':
      set('d', shape.d);
      turnHand(element, shape, motion);
  }
  if (shape.object) set('data-object', shape.object);
  else element.removeAttribute('data-object');
  if (shape.action === undefined) element.removeAttribute('data-action');
  else set('data-action', shape.action);
  if (shape.title !== undefined) {
    const title = document.createElementNS('http://www.w3.org/2000/svg', 'title');
    title.textContent = shape.title;
    element.append(title);
  }
}

/** Brings the children of `parent` to `shapes`, leaving alone what is the same. */
function reconcile(parent: Element, shapes: readonly Shape[], motion = 0): void {
  const known = new Map<string, Element>();
  for (const child of parent.children) known.set(child.getAttribute('data-key') ?? '', child);
  let before: Element | null = null;
  for (const shape of shapes) {
    const key = `${shape.kind} ${shape.key}`;
    const mark = signature(shape);
    let element = known.get(key);
    if (element === undefined) {
      element = document.createElementNS('http://www.w3.org/2000/svg', TAGS[shape.kind]);
      element.setAttribute('data-key', key);
    } else known.delete(key);
    if (marks.get(element) !== mark) {
      element.replaceChildren();
      apply(element, shape, motion);
      marks.set(element, mark);
    }
    const follows: Element | null = before === null ? parent.firstElementChild : before.nextElementSibling;
    if (follows !== element) parent.insertBefore(element, follows);
    before = element;
  }
  for (const gone of known.values()) gone.remove();
}

const marks = new WeakMap<Element, string>();

interface KeyedPlace extends Place {
  readonly key: string;
}

/** An object may stand in several places: in a queue and in a hand. Its most telling one keeps its plain key and so moves. */
function keyed(places: readonly Place[]): KeyedPlace[] {
  const rank = { token: 0, wire: 1, segment: 2, cell: 3 } as const;
  const seen = new Set<number>();
  return [...places]
    .sort((a, b) => rank[a.mode] - rank[b.mode])
    .map((place) => {
      const first = !seen.has(place.object);
      seen.add(place.object);
      return { ...place, key: first ? `${place.object}` : `${place.object} ${place.block}` };
    });
}

function placeShapes(place: Place, stage: Packets): Shape[] {
  const { w, h } = place;
  if (place.mode === 'token') {
    const packet = stage.packet(place.object);
    if (packet !== null) return tokenShapes(packet, w, h, place.cls);
  }
  const shapes: Shape[] = [
    {
      kind: 'rect',
      key: 'case',
      x: 0,
      y: 0,
      w,
      h,
      rx: place.mode === 'wire' ? h / 2 : 1,
      cls: `${place.mode} ${place.cls}`,
      object: place.object,
      title: place.title,
    },
  ];
  const { cuts = [] } = place;
  if (cuts.length > 0)
    shapes.push({
      kind: 'path',
      key: 'cuts',
      d: cuts.map((x) => `M${x.toFixed(1)} 2 V${h - 2}`).join(' '),
      cls: 'cuts',
    });
  if (place.label !== '')
    shapes.push({
      kind: 'text',
      key: 'name',
      x: w / 2,
      y: h / 2 + 3.2,
      text: place.label,
      anchor: 'middle',
      width: 0,
      cls: 'n ink plain',
      object: place.object,
    });
  return shapes;
}

export class StageRenderer {
  private readonly svg: Selection<SVGSVGElement, unknown, null, undefined>;
  private readonly world: G;
  private readonly groups: SVGGElement;
  private readonly places: SVGGElement;
  private readonly camera: ZoomBehavior<SVGSVGElement, unknown>;
  private readonly groupElements = new Map<string, SVGGElement>();
  private readonly placeElements = new Map<string, SVGGElement>();
  private readonly spots = new Map<string, Spot>();
  private readonly rootSpots = new Map<number, Spot>();
  private scene: Drawing | null = null;
  private stage: Packets | null = null;
  private look: Look | null = null;
  private size = { w: 1, h: 1 };
  private transform: ZoomTransform = zoomIdentity;
  /** False while the camera shows everything. */
  private free = false;
  private bytesShown = false;

  constructor(
    root: SVGSVGElement,
    private readonly events: StageEvents,
  ) {
    this.svg = select(root);
    this.world = this.svg.append('g').attr('class', 'world');
    this.groups = this.world.append('g').node() as SVGGElement;
    this.places = this.world.append('g').attr('class', 'places').node() as SVGGElement;
    this.camera = zoom<SVGSVGElement, unknown>()
      .scaleExtent([0.2, NEAREST])
      .on('zoom', (event: { transform: ZoomTransform; sourceEvent: Event | null }) => {
        this.transform = event.transform;
        this.world.attr('transform', event.transform.toString());
        if (event.sourceEvent !== null && !this.free) {
          this.free = true;
          this.events.onCamera(true);
        }
        this.showBytes();
      });
    this.svg.call(this.camera).on('dblclick.zoom', null);
    root.addEventListener('click', this.onClick);
    root.addEventListener('pointerover', this.onOver);
    root.addEventListener('pointerleave', this.onLeave);
  }

  destroy(): void {
    const root = this.svg.node();
    root?.removeEventListener('click', this.onClick);
    root?.removeEventListener('pointerover', this.onOver);
    root?.removeEventListener('pointerleave', this.onLeave);
    this.svg.on('.zoom', null);
    this.svg.interrupt();
    this.world.remove();
  }

  private objectAt(event: Event): number {
    const target = event.target instanceof Element ? event.target.closest('[data-object]') : null;
    return Number(target?.getAttribute('data-object') ?? 0);
  }
  private readonly onClick = (event: Event): void => {
    const part = event.target instanceof Element ? event.target.closest('[data-action]') : null;
    const action = part?.getAttribute('data-action') ?? null;
    if (action !== null) {
      this.events.onAction?.(action);
      return;
    }
    const object = this.objectAt(event);
    if (object !== 0) this.events.onSelect(object);
  };
  private readonly onOver = (event: Event): void => this.events.onHover(this.objectAt(event));
  private readonly onLeave = (): void => this.events.onHover(0);

  resize(w: number, h: number): void {
    this.size = { w, h };
    if (!this.free) this.showAll(0);
  }

  update(scene: Drawing, stage: Packets, look: Look): void {
    const taller = scene.height * this.transform.k;
    // A floor that grows or shrinks a little is no reason to move the camera.
    const resized =
      this.scene === null ||
      this.scene.width !== scene.width ||
      (taller > this.size.h + 1 && this.scene.height !== scene.height) ||
      taller < this.size.h * SPARE;
    this.scene = scene;
    this.stage = stage;
    this.look = look;
    this.drawGroups(scene.groups, look.motion);
    this.drawPlaces(keyed(scene.places), stage, look);
    this.markObjects(look);
    if (resized && !this.free) this.showAll(look.motion);
    else if (look.follow) this.followHere(look.motion);
    this.bytesShown = false;
    this.showBytes();
  }

  private drawGroups(groups: readonly Group[], motion: number): void {
    const gone = new Set(this.groupElements.keys());
    let before: Element | null = null;
    for (const group of groups) {
      gone.delete(group.key);
      let element = this.groupElements.get(group.key);
      if (element === undefined) {
        element = document.createElementNS('http://www.w3.org/2000/svg', 'g');
        element.setAttribute('class', `layer-${group.layer}`);
        this.groupElements.set(group.key, element);
      }
      const follows: Element | null = before === null ? this.groups.firstElementChild : before.nextElementSibling;
      if (follows !== element) this.groups.insertBefore(element, follows);
      before = element;
      reconcile(element, group.shapes, motion);
    }
    for (const key of gone) {
      this.groupElements.get(key)?.remove();
      this.groupElements.delete(key);
    }
  }

  private drawPlaces(places: readonly KeyedPlace[], stage: Packets, look: Look): void {
    const gone = new Set(this.placeElements.keys());
    const before = new Map(this.rootSpots);
    const known = new Map(this.spots);
    this.spots.clear();
    this.rootSpots.clear();
    for (const place of places) {
      gone.delete(place.key);
      const root = stage.root(place.object);
      const from = known.get(place.key) ?? known.get(String(place.object)) ?? before.get(root) ?? null;
      let element = this.placeElements.get(place.key);
      const isNew = element === undefined;
      if (element === undefined) {
        element = document.createElementNS('http://www.w3.org/2000/svg', 'g');
        this.placeElements.set(place.key, element);
      }
      const order = `place layer-${place.layer} ${place.mode}place`;
      if (element.getAttribute('class') !== order) element.setAttribute('class', order);
      element.setAttribute('data-object', String(place.object));
      reconcile(element, placeShapes(place, stage));
      this.places.append(element);
      this.move(element, from, place, isNew, look.motion);
      const spot = { x: place.x, y: place.y };
      this.spots.set(place.key, spot);
      if (!this.rootSpots.has(root)) this.rootSpots.set(root, spot);
    }
    for (const key of gone) {
      const element = this.placeElements.get(key);
      this.placeElements.delete(key);
      if (element === undefined) continue;
      const leaving = select(element).interrupt();
      if (look.motion > 0)
        leaving
          .transition()
          .duration(look.motion / 2)
          .style('opacity', 0)
          .remove();
      else leaving.remove();
    }
  }

  private move(element: SVGGElement, from: Spot | null, to: Spot, isNew: boolean, motion: number): void {
    const target = `translate(${to.x},${to.y})`;
    const token = select(element);
    if (isNew) token.attr('transform', from === null ? target : `translate(${from.x},${from.y})`);
    const stays = from !== null && from.x === to.x && from.y === to.y;
    if (motion === 0 || (isNew && from === null) || stays) {
      token.interrupt().attr('transform', target).style('opacity', null);
      return;
    }
    token.transition().duration(motion).attr('transform', target).style('opacity', 1);
  }

  private markObjects({ selected, hover }: Look): void {
    for (const element of this.world.node()?.querySelectorAll('.selected, .hovered') ?? [])
      element.classList.remove('selected', 'hovered');
    this.mark(selected, 'selected');
    this.mark(hover, 'hovered');
  }

  private mark(object: number, name: string): void {
    if (object === 0) return;
    for (const element of this.world
      .node()
      ?.querySelectorAll(`rect[data-object="${object}"], circle[data-object="${object}"]`) ?? [])
      element.classList.add(name);
  }

  /** Bytes in the tokens, only from near: they are many small texts. */
  private showBytes(): void {
    const near = this.transform.k >= BYTES_FROM;
    if (near === this.bytesShown || this.look === null || this.stage === null) return;
    this.bytesShown = near;
    this.svg.classed('near', near);
    for (const old of this.places.querySelectorAll('.bytelayer')) old.remove();
    if (!near) return;
    for (const place of keyed(this.scene?.places ?? [])) {
      const packet = place.mode === 'token' ? this.stage.packet(place.object) : null;
      const element = this.placeElements.get(place.key);
      if (packet === null || element === undefined) continue;
      const layer = document.createElementNS('http://www.w3.org/2000/svg', 'g');
      layer.setAttribute('class', 'bytelayer');
      layer.setAttribute('data-key', 'bytes');
      element.append(layer);
      reconcile(layer, byteShapes(packet, place.w, place.h, this.look.bytes));
    }
  }

  private wholeView(): ZoomTransform {
    const { width, height } = this.scene ?? { width: 1, height: 1 };
    const { w, h } = this.size;
    const fit = Math.min(w / width, h / height);
    // Rather fill the width and let the camera follow than draw too small to read.
    const k = Math.max(fit, Math.min(w / width, width < NARROW ? 1.1 : SMALLEST));
    const x = (w - width * k) / 2;
    const y = height * k <= h ? Math.max(0, (h - height * k) / 2) : this.verticalFor(k);
    return zoomIdentity.translate(x, y).scale(k);
  }

  /** Vertical place of the camera at which what is in action is in the middle, as far as the edges allow. */
  private verticalFor(k: number): number {
    const { height, here } = this.scene ?? { height: 1, here: { y: 0, h: 0 } };
    const wanted = this.size.h / 2 - (here.y + here.h / 2) * k;
    return Math.min(0, Math.max(this.size.h - height * k, wanted));
  }

  showAll(motion = this.look?.motion ?? 0): void {
    if (this.scene === null) return;
    const was = this.free;
    this.free = false;
    this.goTo(this.wholeView(), motion);
    if (was) this.events.onCamera(false);
  }

  zoomBy(factor: number): void {
    this.free = true;
    this.events.onCamera(true);
    this.camera.scaleBy(this.svg, factor);
  }

  /** To what is in action, near enough to read the bytes of a packet. */
  zoomToHere(): void {
    if (this.scene === null) return;
    const tokens = this.scene.places.filter(({ mode }) => mode === 'token');
    const here =
      tokens.find(({ cls }) => cls.includes('here')) ??
      tokens.find(({ cls }) => cls.includes('held')) ??
      this.scene.here;
    const { w, h } = this.size;
    const k = Math.min(6.2, 0.8 * Math.min(w / Math.max(1, here.w), h / Math.max(1, here.h)));
    this.free = true;
    this.events.onCamera(true);
    this.goTo(
      zoomIdentity
        .translate(w / 2, h / 2)
        .scale(k)
        .translate(-here.x - here.w / 2, -here.y - here.h / 2),
      this.look?.motion ?? 0,
    );
  }

  private followHere(motion: number): void {
    const { scene, transform, size } = this;
    if (scene === null) return;
    if (!this.free) {
      // Also back from where it was, when what was too high for the view has become lower.
      if (scene.height * transform.k > size.h + 1 || transform.y < -0.5) this.goTo(this.wholeView(), motion);
      return;
    }
    const cx = transform.applyX(scene.here.x + scene.here.w / 2);
    const cy = transform.applyY(scene.here.y + scene.here.h / 2);
    const inside = cx > size.w * 0.12 && cx < size.w * 0.88 && cy > size.h * 0.12 && cy < size.h * 0.88;
    if (!inside)
      this.goTo(
        zoomIdentity.translate(transform.x + size.w / 2 - cx, transform.y + size.h / 2 - cy).scale(transform.k),
        motion,
      );
  }

  private goTo(target: ZoomTransform, motion: number): void {
    this.svg.interrupt();
    if (motion === 0) this.camera.transform(this.svg, target);
    else this.camera.transform(this.svg.transition().duration(motion) as never, target);
  }
}
