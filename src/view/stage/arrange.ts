/** Chooses how the stage is laid out in a viewport, so that it is legible and fills it. */
import { type Arrangement, sceneOf, type View } from './scene';
import type { Stage } from './stage';

export interface Viewport {
  readonly w: number;
  readonly h: number;
}

/** Which host the user wants to see: both, one, or the one where things happen. */
export type HostChoice = 'auto' | 'both' | number;

const LARGEST = 1.35;
/** Widths to try, world pixels. */
const WIDTHS: Readonly<Record<Arrangement, readonly number[]>> = {
  both: [980, 1080, 1180, 1300, 1440, 1560],
  focus: [720, 780, 840, 900, 960, 1040, 1140, 1240],
  single: [480, 560, 640, 720],
};
/** Below this no second host finds room beside the first. */
const ONE_HOST = 620;
function scaleOf(stage: Stage, view: View, port: Viewport): number {
  const scene = sceneOf(stage, view);
  return Math.min(LARGEST, port.w / scene.width, port.h / scene.height);
}

function best(stage: Stage, arrangement: Arrangement, focus: number, port: Viewport): Try {
  const tries = WIDTHS[arrangement].map((width) => {
    return (['medium', 'full'] as const).map((detail) => {
      const view = { width, arrangement, focus, detail };
      const scale = scaleOf(stage, view, port);
      return { view, scale, fill: (scale * width) / port.w };
    });
  });
  return tries.flat().reduce((one, other) => (worth(other) > worth(one) ? other : one));
}

/** From this scale on the small type is easy to read; more than that is worth less than more to see. */
const READABLE = 0.95;

interface Try {
  readonly view: View;
  readonly scale: number;
  /** Part of the viewport's width that is used. */
  readonly fill: number;
}

/** A larger drawing is better until it is easy to read; from then on more detail and a second host are. */
function worth({ view, scale, fill }: Try): number {
  const legible = Math.min(scale, READABLE) + 0.2 * Math.max(0, scale - READABLE) + 0.08 * fill;
  if (scale < 0.86) return legible;
  return legible + (view.detail === 'full' ? 0.08 : 0) + (view.arrangement === 'both' ? 0.12 : 0);
}

/** The layout for a viewport; `focus` is the host in focus when the choice leaves it open. */
export function arrange(stage: Stage, port: Viewport, choice: HostChoice, focus: number): View {
  if (stage.hosts.length < 2) return best(stage, 'single', 0, port).view;
  const narrow = port.w < ONE_HOST;
  if (typeof choice === 'number') return best(stage, narrow ? 'single' : 'focus', choice, port).view;
  if (choice === 'both') return best(stage, 'both', focus, port).view;
  if (narrow) {
    // A column as wide as the screen, at a size that can be read.
    return { width: Math.max(340, Math.min(480, port.w / 1.02)), arrangement: 'single', focus, detail: 'medium' };
  }
  const both = best(stage, 'both', focus, port);
  const one = best(stage, 'focus', focus, port);
  return worth(both) >= worth(one) ? both.view : one.view;
}
