import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { usePage } from '../store/store';
import { type Command, entriesFor } from './entries';
import { Modal } from './Modal';
import './palette.css';

/** Finds and does anything by name: type, choose with the arrow keys, Enter. */
export default function Palette() {
  const openDialog = usePage((page) => page.openDialog);
  // A command may open the palette again with the start of another.
  const initial = usePage((page) => page.query);
  const [query, setQuery] = useState(initial);
  const [active, setActive] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    setQuery(initial);
    setActive(0);
    input.current?.focus();
  }, [initial]);
  const entries = useMemo(() => entriesFor(query), [query]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another list has another row there
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [active, entries]);
  const run = (entry: Command | undefined): void => {
    if (entry === undefined) return;
    openDialog(null);
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = entries.length - 1;
    if (event.key === 'ArrowDown') setActive(active >= last ? 0 : active + 1);
    else if (event.key === 'ArrowUp') setActive(active <= 0 ? Math.max(0, last) : active - 1);
    else if (event.key === 'Enter') run(entries[active]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal title="Commands" initialFocus={input}>
      <input
        ref={input}
        className="palette-input"
        role="combobox"
        aria-label="Command, scenario, function, object or step"
        aria-expanded="true"
        aria-controls="palette-list"
        aria-activedescendant={entries.length > 0 ? `palette-${active}` : undefined}
        placeholder="A command, scenario, function, object, step number, or: break tcp_write_xmit if mss_now > 1000"
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div className="palette-list" id="palette-list" role="listbox" aria-label="What fits" ref={list}>
        {entries.map((entry, at) => (
          <div key={entry.id} role="presentation">
            {entry.group !== entries[at - 1]?.group && <p className="panel-title palette-group">{entry.group}</p>}
            <button
              type="button"
              role="option"
              id={`palette-${at}`}
              tabIndex={-1}
              aria-selected={at === active}
              onClick={() => run(entry)}
            >
              <span>{entry.label}</span>
              <span className="palette-hint">{entry.hint}</span>
            </button>
          </div>
        ))}
        {entries.length === 0 && <p className="inspector-note">Nothing of that name in this run.</p>}
      </div>
    </Modal>
  );
}
