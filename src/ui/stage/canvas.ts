/** What drawings need of the page around them: their size, and how fast they may move. */
import { useEffect, useMemo, useState } from 'react';
import { usePage } from '../store/store';

const MOTION_MS = 260;
/** A jump further than this is not shown as movement. */
const FAR = 4000;

function useReducedMotion(): boolean {
  const query = useMemo(() => matchMedia('(prefers-reduced-motion: reduce)'), []);
  const [reduced, setReduced] = useState(query.matches);
  useEffect(() => {
    const onChange = (): void => setReduced(query.matches);
    query.addEventListener('change', onChange);
    return () => query.removeEventListener('change', onChange);
  }, [query]);
  return reduced;
}

/** Size of an element as it changes. */
export function useSize(element: HTMLElement | null): { w: number; h: number } {
  const [size, setSize] = useState({ w: 0, h: 0 });
  useEffect(() => {
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      const { width, height } = entry?.contentRect ?? { width: 0, height: 0 };
      setSize({ w: Math.round(width), h: Math.round(height) });
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [element]);
  return size;
}

/** How long moves take: as long as a step lasts while playing, none for jumps or when the user wants none. */
export function useMotion(): number {
  const reduced = useReducedMotion();
  const playing = usePage((page) => page.playing);
  const pace = usePage((page) => page.pace);
  const distance = usePage((page) => Math.abs(page.step - page.previousStep));
  if (reduced || distance > FAR) return 0;
  const motion = playing ? Math.min(MOTION_MS, 700 / pace) : MOTION_MS;
  return motion < 40 ? 0 : motion;
}
