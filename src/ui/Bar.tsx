import { PRESETS } from '../scenario/presets';
import { linkHere, presetSource } from './store/address';
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
    if (error instanceof DOMException) say('The link is in the address bar.');
    else report({ title: 'No link', lines: [error instanceof Error ? error.message : String(error)] });
  }
}

const THEMES: Readonly<Record<Theme, string>> = { system: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' };
const NEXT_THEME: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };

/** The top row: what is open, what to follow, the link. */
export function Bar() {
  const source = usePage((page) => page.source);
  const trace = usePage((page) => page.trace);
  const run = usePage((page) => page.run);
  const theme = usePage((page) => page.theme);
  const page = usePage.getState();
  const preset = PRESETS.find(({ name }) => name === source?.preset);
  return (
    <header className="bar">
      <h1>skbscope</h1>
      <label className="sr-only" htmlFor="preset">
        Scenario
      </label>
      <select
        id="preset"
        className="bar-preset"
        value={preset?.name ?? ''}
        onChange={(event) => {
          const chosen = presetSource(event.target.value);
          if (chosen !== null) page.load(chosen);
        }}
      >
        {preset === undefined && <option value="">{source === null ? 'Opening…' : 'A scenario of your own'}</option>}
        {PRESETS.map(({ name, title }) => (
          <option key={name} value={name}>
            {title}
          </option>
        ))}
      </select>
      <p className="bar-watch">{preset?.watch}</p>
      {run !== null && (
        <button type="button" className="button" onClick={page.cancelRun}>
          Running, {run.events.toLocaleString('en')} events: cancel
        </button>
      )}
      <button type="button" className="button" onClick={() => page.setTheme(NEXT_THEME[theme])}>
        {THEMES[theme]}
      </button>
      <button type="button" className="button" disabled={trace === null} onClick={() => void copyLink()}>
        Link to this step
      </button>
    </header>
  );
}
