import type { Setting, Switch } from '../../view/switches';
import { usePage } from '../store/store';

/** The switches of a card. Flipping one makes the run anew with that edit from this moment on; the link keeps it. */
export function Switches({ switches, settings = [] }: { switches: readonly Switch[]; settings?: readonly Setting[] }) {
  const edit = usePage((page) => page.edit);
  const running = usePage((page) => page.run !== null);
  return (
    <section aria-label="Switches">
      <h3 className="panel-title">Switches, from this moment on</h3>
      <p className="switches">
        {switches.map(({ name, label, on, flip }) => (
          <button
            key={name}
            type="button"
            role="switch"
            aria-checked={on}
            className="button small"
            disabled={running}
            onClick={() => edit(flip)}
          >
            {label} {name === 'cable' ? (on ? 'plugged in' : 'pulled') : on ? 'on' : 'off'}
          </button>
        ))}
      </p>
      {settings.length > 0 && (
        <div className="settings">
          {settings.map(({ name, label, value, choices }) => (
            <label key={name}>
              {label}
              <select
                value={value}
                disabled={running}
                onChange={(event) => {
                  const chosen = choices.find((one) => one.value === event.target.value);
                  if (chosen !== undefined) edit(chosen.change);
                }}
              >
                {choices.map((one) => (
                  <option key={one.value} value={one.value}>
                    {one.label}
                  </option>
                ))}
              </select>
            </label>
          ))}
        </div>
      )}
    </section>
  );
}
