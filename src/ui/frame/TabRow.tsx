import type { KeyboardEvent } from 'react';

/** Tabs for panels that share a place. The arrow keys choose, as tab rows do. */
export function TabRow<Name extends string>({
  label,
  tabs,
  chosen,
  onChoose,
  panel,
}: {
  label: string;
  tabs: Readonly<Record<Name, string>>;
  chosen: Name;
  onChoose: (name: Name) => void;
  /** Id of the one panel of all tabs; each has its own, `panel-NAME`, if it is left out. */
  panel?: string;
}) {
  const names = Object.keys(tabs) as Name[];
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    const by = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
    if (by === 0) return;
    const next = names[(names.indexOf(chosen) + by + names.length) % names.length] as Name;
    onChoose(next);
    event.currentTarget.querySelector<HTMLElement>(`#tab-${next}`)?.focus();
    event.preventDefault();
  };
  return (
    <div className="tabrow" role="tablist" aria-label={label} onKeyDown={onKeyDown}>
      {names.map((name) => (
        <button
          key={name}
          id={`tab-${name}`}
          type="button"
          role="tab"
          aria-selected={name === chosen}
          aria-controls={panel ?? `panel-${name}`}
          tabIndex={name === chosen ? 0 : -1}
          onClick={(event) => {
            onChoose(name);
            // After a choice by pointer the arrow keys step through the run again.
            if (event.detail > 0) event.currentTarget.blur();
          }}
        >
          {tabs[name]}
        </button>
      ))}
    </div>
  );
}
