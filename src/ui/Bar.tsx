import { useState } from 'react';
import { PRESET_GROUPS } from '../scenario/presets';
import { copyLink, toggleTheme } from './actions';
import type { Width } from './frame/layout';
import { presetSource } from './store/address';
import { type Theme, usePage } from './store/store';

const THEMES: Readonly<Record<Theme, string>> = { system: 'Auto', light: 'Light', dark: 'Dark' };

/** What runs, in the words of its scenario. */
function useScenarioWords(): { title: string; watch: string } {
  const trace = usePage((page) => page.trace);
  const scenario = (trace?.data.scenario ?? {}) as { title?: string; watch?: string };
  return { title: scenario.title ?? '', watch: scenario.watch ?? '' };
}

function PresetPicker() {
  const source = usePage((page) => page.source);
  const load = usePage((page) => page.load);
  const { title } = useScenarioWords();
  const own = source !== null && !source.unchanged;
  return (
    <>
      <label className="sr-only" htmlFor="preset">
        Scenario
      </label>
      <select
        id="preset"
        className="bar-preset"
        value={own || source === null ? '' : (source.preset ?? '')}
        onChange={(event) => {
          const chosen = presetSource(event.target.value);
          if (chosen !== null) load(chosen);
        }}
      >
        {(own || source === null) && <option value="">{source === null ? 'Opening…' : `Own: ${title}`}</option>}
        {PRESET_GROUPS.map(({ subject, presets }) => (
          <optgroup key={subject} label={subject}>
            {presets.map(({ name, title: shown }) => (
              <option key={name} value={name}>
                {shown}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
    </>
  );
}

/** What to look at, in a sentence of the scenario. What finds no room comes out when it is pressed. */
export function Watch() {
  const { watch } = useScenarioWords();
  const [whole, setWhole] = useState(false);
  if (watch === '') return <p className="watch" />;
  return (
    <button
      type="button"
      className="watch"
      aria-expanded={whole}
      aria-label={`What to look at: ${watch}`}
      title={watch}
      onClick={() => setWhole(!whole)}
    >
      <span>{watch}</span>
    </button>
  );
}

/** The top row: what is open, and what one can do with it. */
export function Bar({ width }: { width: Width }) {
  const trace = usePage((page) => page.trace);
  const run = usePage((page) => page.run);
  const theme = usePage((page) => page.theme);
  const { cancelRun, openDialog, openEditor } = usePage.getState();
  return (
    <header className="bar">
      <h1>skbscope</h1>
      <PresetPicker />
      {width === 'wide' && <Watch />}
      {run !== null && (
        <button type="button" className="button" onClick={cancelRun}>
          Running, {run.events.toLocaleString('en')} events: cancel
        </button>
      )}
      <div className="bar-buttons">
        <button type="button" className="button" title="Edit the scenario (E)" onClick={() => openEditor(null)}>
          Edit<span className="sr-only"> scenario</span>
        </button>
        <button type="button" className="button" disabled={trace === null} onClick={() => void copyLink()} title="L">
          Link<span className="sr-only"> to this step</span>
        </button>
        <button type="button" className="button" disabled={trace === null} onClick={() => openDialog('export')}>
          Export
        </button>
        <button type="button" className="button" disabled={trace === null} onClick={() => openDialog('about')}>
          About
        </button>
        <button type="button" className="button" title="Light, dark, or as the system has it (T)" onClick={toggleTheme}>
          <span className="sr-only">Theme: </span>
          {THEMES[theme]}
        </button>
        <button type="button" className="button" title="Keyboard (?)" onClick={() => openDialog('help')}>
          <span aria-hidden="true">?</span>
          <span className="sr-only">Keyboard</span>
        </button>
      </div>
      <button type="button" className="button bar-palette" title="Commands" onClick={() => openDialog('palette')}>
        <span className="sr-only">Commands</span>
        <span aria-hidden="true" className="mono bar-wide">
          Ctrl K
        </span>
        <span aria-hidden="true" className="bar-narrow">
          Menu
        </span>
      </button>
    </header>
  );
}
