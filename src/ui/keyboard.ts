import { useEffect } from 'react';
import { copyLink } from './Bar';
import { usePage } from './store/store';

/** Keys by `KeyboardEvent.key`, with `Shift+` in front where it matters; what they do, and the words for the help. */
export const KEYS: Readonly<Record<string, { readonly does: string; readonly run: () => void }>> = {
  ArrowRight: { does: 'One step forward', run: () => usePage.getState().forward() },
  ArrowLeft: { does: 'One step back', run: () => usePage.getState().back() },
  ArrowDown: { does: 'Into the call', run: () => usePage.getState().move('into') },
  ArrowUp: { does: 'Out of the function', run: () => usePage.getState().move('out') },
  'Shift+ArrowRight': { does: 'Over the call', run: () => usePage.getState().move('over') },
  'Shift+ArrowLeft': { does: 'Back over the call', run: () => usePage.getState().move('overBack') },
  'Shift+ArrowDown': { does: 'Back into the call', run: () => usePage.getState().move('intoBack') },
  'Shift+ArrowUp': { does: 'Back out of the function', run: () => usePage.getState().move('outBack') },
  n: { does: 'To the next packet', run: () => usePage.getState().toPacket(1) },
  p: { does: 'To the packet before', run: () => usePage.getState().toPacket(-1) },
  ']': { does: 'To the next breakpoint, or the end', run: () => usePage.getState().proceed(1) },
  '[': { does: 'To the breakpoint before, or the start', run: () => usePage.getState().proceed(-1) },
  Home: { does: 'To the start', run: () => usePage.getState().seek(0) },
  End: { does: 'To the end', run: () => usePage.getState().seek(Number.MAX_SAFE_INTEGER) },
  ' ': {
    does: 'Play or pause',
    run: () => {
      const { playing, play, pause } = usePage.getState();
      if (playing) pause();
      else play();
    },
  },
  l: { does: 'Copy the link to this step', run: () => void copyLink() },
};

/** True where keys belong to what has the focus. */
function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, select, textarea, [contenteditable="true"], [role="dialog"], [role="tablist"]') !== null;
}

/** Lets the keys work anywhere on the page but where text is typed. */
export function useKeyboard(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      // A focused button takes the space bar itself.
      if (event.key === ' ' && event.target instanceof HTMLButtonElement) return;
      const binding = KEYS[(event.shiftKey && event.key.startsWith('Arrow') ? 'Shift+' : '') + event.key];
      if (binding === undefined) return;
      event.preventDefault();
      binding.run();
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
