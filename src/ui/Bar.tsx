import { PRESET_GROUPS } from '../scenario/presets';
import { copyLink, toggleTheme } from './actions';
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
  const { title, watch } = useScenarioWords();
  const own = source !== null && !source.unchanged;
  return (
    <>
      <label className="sr-only" htmlFor="preset">
        Scenario
      </label>
      <select
        id="preset"
        className="bar-preset"
        title={watch}
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
      <p className="bar-watch" title={watch}>
        {watch}
      </p>
    </>
  );
}

/** The top row: what is open, and what one can do with it. */
export function Bar() {
  const trace = usePage((page) => page.trace);
  const run = usePage((page) => page.run);
  const theme = usePage((page) => page.theme);
  const { cancelRun, openDialog, openEditor } = usePage.getState();
  return (
    <header className="bar">
      <h1>skbscope</h1>
      <PresetPicker />
      {run !== null && (
        <button type="button" className="button" onClick={cancelRun}>
          Running, {run.events.toLocaleString('en')} events: cancel
        </button>
      )}
      <div className="bar-buttons">
        <button type="button" className="button" title="Edit the scenario (E)" onClick={() => openEditor(null)}>
          Edit scenario
        </button>
        <button type="button" className="button" disabled={trace === null} onClick={() => void copyLink()} title="L">
          Link to this step
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
