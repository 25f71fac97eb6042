/** Chooses how the stage is laid out in a viewport, so that it is legible and fills it. */
import { type Arrangement, sceneOf, type View } from './scene';
import type { Stage } from './stage';

export interface Viewport {
  readonly w: number;
  readonly h: number;
}

/** Which host the user wants to see: both, one, or the one where things happen. */
export type HostChoice = 'auto' | 'both' | number;

const LARGEST = 1.7;
/** Widths to try, world pixels. */
const WIDTHS: Readonly<Record<Arrangement, readonly number[]>> = {
  both: [1080, 1180, 1300],
  focus: [760, 820, 900, 1000],
  single: [350, 480, 560, 640],
};
/** Below this no second host finds room beside the first. */
const ONE_HOST = 620;
/** Seeing both hosts in full is worth this much smaller a drawing. */
const BOTH_WORTH = 0.84;

function scaleOf(stage: Stage, view: View, port: Viewport): number {
  const scene = sceneOf(stage, view);
  return Math.min(LARGEST, port.w / scene.width, Math.max(port.h / scene.height, (port.w / scene.width) * 0.8));
}

function best(stage: Stage, arrangement: Arrangement, focus: number, port: Viewport): { view: View; scale: number } {
  const tries = WIDTHS[arrangement].map((width) => {
    const view = { width, arrangement, focus };
    return { view, scale: scaleOf(stage, view, port) };
  });
  return tries.reduce((one, other) => (other.scale > one.scale ? other : one));
}

/** The layout for a viewport; `focus` is the host in focus when the choice leaves it open. */
export function arrange(stage: Stage, port: Viewport, choice: HostChoice, focus: number): View {
  if (stage.hosts.length < 2) return best(stage, 'single', 0, port).view;
  const narrow = port.w < ONE_HOST;
  if (typeof choice === 'number') return best(stage, narrow ? 'single' : 'focus', choice, port).view;
  if (choice === 'both') return best(stage, 'both', focus, port).view;
  if (narrow) {
    // A column as wide as the screen, at a size that can be read.
    return { width: Math.max(340, Math.min(480, port.w / 1.02)), arrangement: 'single', focus };
  }
  const both = best(stage, 'both', focus, port);
  const one = best(stage, 'focus', focus, port);
  return both.scale >= one.scale * BOTH_WORTH ? both.view : one.view;
}
