import { useEffect } from 'react';
import { usePage } from '../store/store';

/** Most steps made in one frame: when drawing is slow, playing is slow too. */
const MOST_A_FRAME = 1;

/** Steps while playing, `pace` a second; never more than what can be drawn. */
export function usePlaying(): void {
  const playing = usePage((page) => page.playing);
  const pace = usePage((page) => page.pace);
  const direction = usePage((page) => page.direction);
  const { forward, back } = usePage.getState();
  useEffect(() => {
    if (!playing) return;
    const every = 1000 / pace;
    let due = performance.now() + every;
    let frame = 0;
    const onFrame = (now: number): void => {
      frame = requestAnimationFrame(onFrame);
      if (now < due) return;
      for (let made = 0; made < MOST_A_FRAME && now >= due; made++) {
        due += every;
        if (direction === 1) forward();
        else back();
      }
      // Time lost is not caught up with.
      if (due < now) due = now;
    };
    frame = requestAnimationFrame(onFrame);
    return () => cancelAnimationFrame(frame);
  }, [playing, pace, direction, forward, back]);
}
