/** The width at which the drawing of a card is largest and easiest to read in a viewport. */
import type { CardView } from './card';
import { cardScene } from './scene';

const WIDTHS = [640, 700, 760, 820, 880, 960, 1060] as const;
/** Below this the drawing is as wide as its viewport, and one scrolls. */
const NARROW = 560;
/** From this scale on the small type is easy to read: then a wider drawing, which shows more, is better than a larger one. */
const READABLE = 1;

export function cardWidth(card: CardView, port: { readonly w: number; readonly h: number }): number {
  if (port.w < NARROW) return Math.max(340, port.w);
  const worth = (width: number): number => {
    const look = { width, queue: 0, chosen: new Map<number, number>(), atRings: false };
    const { height } = cardScene(card, null, look);
    const scale = Math.min(port.w / width, port.h / height);
    return Math.min(scale, READABLE) + 0.25 * Math.max(0, scale - READABLE) + 0.3 * ((scale * width) / port.w);
  };
  return WIDTHS.reduce<number>((best, width) => (worth(width) > worth(best) ? width : best), WIDTHS[0]);
}
