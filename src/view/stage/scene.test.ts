import { describe, expect, it } from 'vitest';
import { run } from '../../machine/run';
import { presetNamed, scenarioOf } from '../../scenario/presets';
import { Cursor } from '../../trace/cursor';
import { Trace } from '../../trace/trace';
import { arrange } from './arrange';
import type { Box, Shape, TextShape } from './draw/shapes';
import { inWords } from './in-words';
import { type Scene, sceneOf, type View } from './scene';
import { type Stage, stageOf } from './stage';

const PRESETS = ['write-4000', 'write-64k-cwnd', 'two-writers', 'qdisc-backlog', 'capture-on', 'read-wakes'];
const VIEWS: readonly View[] = [
  { width: 960, arrangement: 'focus', focus: 0, detail: 'medium' },
  { width: 960, arrangement: 'focus', focus: 1, detail: 'medium' },
  { width: 1300, arrangement: 'both', focus: 0, detail: 'full' },
  { width: 360, arrangement: 'single', focus: 0, detail: 'medium' },
  { width: 360, arrangement: 'single', focus: 1, detail: 'full' },
];
const SAMPLES = 24;

const cursors = new Map<string, Cursor>();

function cursorOf(name: string): Cursor {
  let known = cursors.get(name);
  if (known === undefined) {
    const preset = presetNamed(name);
    if (preset === null) throw new Error(`no preset ${name}`);
    known = new Cursor(new Trace(run(scenarioOf(preset), { level: 'calls' }).trace));
    cursors.set(name, known);
  }
  return known;
}

function* stages(name: string): Generator<Stage> {
  const cursor = cursorOf(name);
  for (let nth = 0; nth < SAMPLES; nth++) {
    const step = Math.floor(((nth + 0.5) / SAMPLES) * cursor.trace.steps);
    cursor.seek(step);
    yield stageOf(cursor);
  }
}

function overlap(a: Box, b: Box): boolean {
  const slack = 0.5;
  return a.x + a.w > b.x + slack && b.x + b.w > a.x + slack && a.y + a.h > b.y + slack && b.y + b.h > a.y + slack;
}

function inside(a: Box, b: Box, slack = 1): boolean {
  return a.x >= b.x - slack && a.x + a.w <= b.x + b.w + slack && a.y >= b.y - slack && a.y + a.h <= b.y + b.h + slack;
}

function boxOf(text: TextShape): Box {
  const x = text.anchor === 'start' ? text.x : text.anchor === 'end' ? text.x - text.width : text.x - text.width / 2;
  return { x, y: text.y - 7.5, w: text.width, h: 9 };
}

function texts(shapes: readonly Shape[]): TextShape[] {
  return shapes.filter((shape) => shape.kind === 'text');
}

/** What is wrong with a drawing, in words. */
function faults(scene: Scene): string[] {
  const found: string[] = [];
  const floorAt = (box: { host: number; layer: string }): Box =>
    scene.floors.find((floor) => floor.host === box.host && floor.layer === box.layer) ?? { x: 0, y: 0, w: 0, h: 0 };
  for (const block of scene.blocks) {
    if (!inside(block, floorAt(block))) found.push(`${block.id} of host ${block.host} leaves its floor`);
    for (const other of scene.blocks) {
      if (block !== other && block.id < other.id && block.host === other.host && overlap(block, other))
        found.push(`${block.id} and ${other.id} of host ${block.host} overlap`);
    }
  }
  const world = { x: 0, y: 0, w: scene.width, h: scene.height };
  for (const place of scene.places)
    if (!inside(place, world)) found.push(`#${place.object} in ${place.block} leaves the stage`);
  for (const floor of scene.floors) {
    const tokens = scene.places.filter(
      ({ mode, block }) => mode === 'token' && block === `${floor.host}.${floor.layer}.shaft`,
    );
    for (const token of tokens)
      if (!inside(token, floor)) found.push(`token #${token.object} leaves its floor ${token.block}`);
  }
  for (const group of scene.groups) {
    const all = texts(group.shapes).map((text) => ({ text: text.text, box: boxOf(text) }));
    for (const one of all) if (!inside(one.box, world)) found.push(`"${one.text}" in ${group.key} leaves the stage`);
    all.forEach((one, nth) => {
      for (const other of all.slice(nth + 1))
        if (overlap(one.box, other.box)) found.push(`"${one.text}" and "${other.text}" in ${group.key} overlap`);
    });
  }
  for (const block of scene.blocks) {
    const group = scene.groups.find(({ key }) => key === `${block.host}.${block.id}`);
    for (const text of texts(group?.shapes ?? [])) {
      const box = boxOf(text);
      if (box.x < block.x - 1 || box.x + box.w > block.x + block.w + 3) found.push(`"${text.text}" leaves ${block.id}`);
    }
  }
  return [...new Set(found)];
}

describe.each(PRESETS)('the stage of %s', (name) => {
  it.each(VIEWS)('has nothing cut and nothing over another at %o', (view) => {
    for (const stage of stages(name)) expect(faults(sceneOf(stage, view)), `step ${stage.step}`).toEqual([]);
  });

  it('gives every shape of a group its own key', () => {
    for (const stage of stages(name)) {
      for (const group of sceneOf(stage, VIEWS[0] as View).groups) {
        const keys = group.shapes.map(({ kind, key }) => `${kind} ${key}`);
        expect(new Set(keys).size, group.key).toBe(keys.length);
      }
    }
  });

  it('is drawn alike from either side', () => {
    const cursor = cursorOf(name);
    const step = Math.floor(cursor.trace.steps / 3);
    cursor.seek(step);
    const before = JSON.stringify(sceneOf(stageOf(cursor), VIEWS[0] as View));
    cursor.seek(cursor.trace.steps - 1);
    cursor.seek(step);
    expect(JSON.stringify(sceneOf(stageOf(cursor), VIEWS[0] as View))).toBe(before);
  });

  it('can be said in words', () => {
    for (const stage of stages(name)) {
      const sections = inWords(stage);
      expect(sections.length).toBeGreaterThan(4);
      for (const { text } of sections.flatMap(({ items }) => items)) expect(text).not.toMatch(/undefined|NaN|\[object/);
    }
  });
});

describe('arranging', () => {
  it('shows one host on a phone and keeps desktop type legible', () => {
    const cursor = cursorOf('write-4000');
    cursor.seek(Math.floor(cursor.trace.steps / 4));
    const stage = stageOf(cursor);
    expect(arrange(stage, { w: 390, h: 500 }, 'auto', 1)).toMatchObject({ arrangement: 'single', focus: 1 });
    const desktop = arrange(stage, { w: 806, h: 510 }, 'auto', 0);
    expect(desktop.arrangement).toBe('focus');
    const scene = sceneOf(stage, desktop);
    expect(Math.min(806 / scene.width, 510 / scene.height)).toBeGreaterThan(0.75);
  });
});
