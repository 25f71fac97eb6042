import { useMemo, useState } from 'react';
import { fieldReference, matchesField } from '../../scenario/reference';

/** Every field a scenario may have, to be looked up while one writes. */
export function FieldHelp() {
  const all = useMemo(fieldReference, []);
  const [query, setQuery] = useState('');
  const found = all.filter((one) => matchesField(one, query));
  return (
    <section className="fieldhelp" aria-label="Fields">
      <input
        type="search"
        className="fieldhelp-query"
        aria-label="Find a field"
        placeholder={`Find one of ${all.length} fields`}
        value={query}
        onChange={(event) => setQuery(event.target.value)}
      />
      <dl>
        {found.map(({ path, expected, initial, required, doc }) => (
          <div key={path}>
            <dt className="mono">{path}</dt>
            <dd>
              {doc} <span className="fieldhelp-range">{expected}</span>
              {required && <b> required</b>}
              {initial !== null && <span className="mono"> default {initial}</span>}
            </dd>
          </div>
        ))}
      </dl>
      {found.length === 0 && <p>No field has these words.</p>}
    </section>
  );
}
