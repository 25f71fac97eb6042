import { useMemo } from 'react';
import { inWords } from '../../view/stage/in-words';
import type { Stage } from '../../view/stage/stage';
import { usePage } from '../store/store';

/** The stage in words; what can be looked at is a button. */
export function StageList({ stage }: { stage: Stage }) {
  const sections = useMemo(() => inWords(stage), [stage]);
  const select = usePage((page) => page.select);
  return (
    <section className="stagelist" aria-label="On the stage, in words">
      {sections.map(({ title, items }) => (
        <section key={title}>
          <h3>{title}</h3>
          <ul>
            {items.map(({ text, object }) => (
              <li key={`${object} ${text}`}>
                {object === 0 ? (
                  text
                ) : (
                  <button type="button" onClick={() => select(object)}>
                    {text}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </section>
  );
}
