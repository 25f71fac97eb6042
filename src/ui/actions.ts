/** What more than one part of the page can ask for: buttons, keys and the palette do the same. */
import { readScenarioText } from '../scenario/text';
import { cardOfHost } from '../view/card/card';
import { hostInFocus } from '../view/stage/history';
import { linkHere } from './store/address';
import { type Theme, usePage } from './store/store';

/** Copies the link to this step and puts it into the address, so that it can be copied from there too. */
export async function copyLink(): Promise<void> {
  const { report, say } = usePage.getState();
  try {
    const link = linkHere();
    history.replaceState(null, '', link);
    await navigator.clipboard.writeText(link);
    say('Link to this step copied.');
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError) say('The link is in the address bar.');
    else report({ title: 'No link', lines: [error instanceof Error ? error.message : String(error)] });
  }
}

const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

/** System, light, dark, and round again. */
export function toggleTheme(): void {
  const { theme, setTheme, say } = usePage.getState();
  setTheme(NEXT_THEME[theme]);
  say(`Theme: ${NEXT_THEME[theme]}.`);
}

/** Opens the card of the host where things happen, or goes back to the stage. */
export function toggleCard(): void {
  const { main, cursor, step, show } = usePage.getState();
  if (cursor === null) return;
  const host = hostInFocus(cursor.trace, step);
  show(typeof main === 'number' ? 'stage' : Math.max(0, cardOfHost(cursor, host)));
}

/** Plays that way, or stops playing. */
export function playOrPause(direction: 1 | -1 = 1): void {
  const { playing, play, pause } = usePage.getState();
  if (playing) pause();
  else play(direction);
}

/**
 * Runs a scenario, or a packetdrill script, as text; what is wrong with it is shown in the editor. True when it runs. `preset` is the one it was
 * made from: links then hold only what differs. `title` is for a script.
 */
export function runText(text: string, preset: string | null = null, title?: string): boolean {
  const page = usePage.getState();
  const read = readScenarioText(text, title);
  if (!read.ok) {
    page.openEditor(text);
    return false;
  }
  page.load({ preset: read.kind === 'script' ? null : preset, unchanged: false, scenario: read.input, text });
  return true;
}

/** Opens a scenario or a script that was chosen or dropped. */
export async function openFile(file: File): Promise<void> {
  const page = usePage.getState();
  const over = page.wait();
  try {
    if (!runText(await file.text(), null, file.name)) return;
    page.openDialog(null);
    page.say(`${file.name} opened.`);
  } catch (error) {
    page.report({
      title: `${file.name} cannot be read`,
      lines: [error instanceof Error ? error.message : String(error)],
    });
  } finally {
    over();
  }
}

/** Hands the user a file. */
export function saveFile(name: string, content: string | Uint8Array<ArrayBuffer>, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
