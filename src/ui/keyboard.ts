import { useEffect } from 'react';
import { copyLink, playOrPause, toggleCard, toggleTheme } from './actions';
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
  ' ': { does: 'Play or pause', run: () => playOrPause() },
  'Shift+ ': { does: 'Play backwards, or pause', run: () => playOrPause(-1) },
  h: { does: 'The network card inside, or the stage again', run: toggleCard },
  l: { does: 'Copy the link to this step', run: () => void copyLink() },
  e: { does: 'Edit the scenario', run: () => usePage.getState().openEditor(null) },
  x: { does: 'Export', run: () => usePage.getState().openDialog('export') },
  d: { does: 'Dropped packets, and why', run: () => usePage.getState().openDialog('drops') },
  t: { does: 'Theme: system, light, dark', run: toggleTheme },
  '/': { does: 'Commands', run: () => usePage.getState().openDialog('palette') },
  '?': { does: 'What the keys do', run: () => usePage.getState().openDialog('help') },
};

/** Where keys belong to what has the focus. */
const OWN_KEYS =
  'input, select, textarea, [contenteditable="true"], [role="dialog"], [role="tablist"], [role="separator"]';

function hasOwnKeys(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest(OWN_KEYS) !== null;
}

function onKey(event: KeyboardEvent): void {
  const page = usePage.getState();
  if (event.defaultPrevented || event.altKey) return;
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
    event.preventDefault();
    page.openDialog(page.dialog === 'palette' ? null : 'palette');
    return;
  }
  if (event.ctrlKey || event.metaKey || page.dialog !== null || hasOwnKeys(event.target)) return;
  // A focused button takes the space bar itself.
  if (event.key === ' ' && event.target instanceof HTMLButtonElement) return;
  const binding = KEYS[(event.shiftKey && /^Arrow|^ $/.test(event.key) ? 'Shift+' : '') + event.key];
  if (binding === undefined) return;
  event.preventDefault();
  binding.run();
}

/** Lets the keys work anywhere on the page but where they have a meaning of their own. */
export function useKeyboard(): void {
  useEffect(() => {
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
}
