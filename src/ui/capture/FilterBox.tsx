import { useId } from 'react';
import { FIELDS, PROTOCOLS } from '../../view/filter/fields';
import type { Filter } from '../../view/filter/filter';

/** A box for a display filter. What is wrong with it is said below, and the rows stay as they were without it. */
export function FilterBox({
  text,
  filter,
  onChange,
  shown,
  of,
}: {
  text: string;
  filter: Filter;
  onChange: (text: string) => void;
  shown: number;
  of: number;
}) {
  const id = useId();
  return (
    <search className="capture-filter">
      <input
        type="search"
        aria-label="Filter packets"
        className="mono"
        placeholder="tcp.port == 5001 and tcp.len > 0"
        value={text}
        list={`${id}-fields`}
        aria-invalid={!filter.ok}
        aria-describedby={`${id}-says`}
        autoComplete="off"
        spellCheck={false}
        maxLength={1000}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') onChange('');
        }}
      />
      <datalist id={`${id}-fields`}>
        {PROTOCOLS.map((name) => (
          <option key={name} value={name} />
        ))}
        {Object.entries(FIELDS).map(([name, { doc }]) => (
          <option key={name} value={name} label={doc} />
        ))}
      </datalist>
      <p id={`${id}-says`} role="status" className={filter.ok ? 'capture-count' : 'capture-problem'}>
        {filter.ok
          ? text.trim() === ''
            ? `${of} packets`
            : `${shown} of ${of}`
          : `At character ${filter.at + 1}: ${filter.message}`}
      </p>
    </search>
  );
}
