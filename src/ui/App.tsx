import { useEffect } from 'react';
import { usePage } from './store/store';
import { Stage } from './stage/Stage';

/** The page. */
export function App() {
  const trace = usePage((page) => page.trace);
  const run = usePage((page) => page.run);
  useEffect(() => {
    document.documentElement.dataset.idle = String(trace !== null && run === null);
  }, [trace, run]);
  return (
    <div className="page">
      <header className="bar">
        <h1>skbscope</h1>
      </header>
      <main className="stage-slot">
        <Stage />
      </main>
    </div>
  );
}
