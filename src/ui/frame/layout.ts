import { useEffect, useState } from 'react';

/** `wide`: all panels at once; `medium`: code and inspector share a column; `narrow`: one panel at a time. */
export type Width = 'wide' | 'medium' | 'narrow';

const NARROW = '(max-width: 820px)';
const MEDIUM = '(max-width: 1180px)';

function widthNow(): Width {
  if (matchMedia(NARROW).matches) return 'narrow';
  return matchMedia(MEDIUM).matches ? 'medium' : 'wide';
}

/** How much room there is, as it changes. */
export function useWidth(): Width {
  const [width, setWidth] = useState(widthNow);
  useEffect(() => {
    const queries = [matchMedia(NARROW), matchMedia(MEDIUM)];
    const onChange = (): void => setWidth(widthNow());
    for (const query of queries) query.addEventListener('change', onChange);
    return () => {
      for (const query of queries) query.removeEventListener('change', onChange);
    };
  }, []);
  return width;
}

/** Shares of the window, percent. */
export interface Shares {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
}

const SHARES: Shares = { left: 20, right: 20, bottom: 26 };
const STORED = 'skbscope.shares';

function stored(): Shares {
  try {
    const found = JSON.parse(localStorage.getItem(STORED) ?? '{}') as Partial<Shares>;
    const share = (name: keyof Shares): number => {
      const value = found[name];
      return typeof value === 'number' && value >= 5 && value <= 70 ? value : SHARES[name];
    };
    return { left: share('left'), right: share('right'), bottom: share('bottom') };
  } catch {
    // No storage, or not ours.
    return SHARES;
  }
}

/** The sizes of the panels, kept for the next visit where the browser allows it. */
export function useShares(): [Shares, (change: Partial<Shares>) => void] {
  const [shares, setShares] = useState(stored);
  const change = (part: Partial<Shares>): void => {
    const next = { ...shares, ...part };
    setShares(next);
    try {
      localStorage.setItem(STORED, JSON.stringify(next));
    } catch {
      // Kept for this visit only.
    }
  };
  return [shares, change];
}
