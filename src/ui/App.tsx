import { useEffect } from 'react';
import { Bar } from './Bar';
import { Capture } from './capture/Capture';
import { useKeyboard } from './keyboard';
import { Code } from './panels/Code';
import { Inspector } from './panels/Inspector';
import { Stage } from './stage/Stage';
import { openAddress } from './store/address';
import { usePage } from './store/store';
import { Timeline } from './timeline/Timeline';
import { Transport } from './transport/Transport';

/** The dark theme is an attribute of the root, so that styles name one thing whatever decides it. */
function useTheme(): void {
  const theme = usePage((page) => page.theme);
  useEffect(() => {
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const apply = (): void => {
      document.documentElement.dataset.theme = theme === 'system' ? (dark.matches ? 'dark' : 'light') : theme;
    };
    apply();
    dark.addEventListener('change', apply);
    return () => dark.removeEventListener('change', apply);
  }, [theme]);
}

function useAddress(): void {
  useEffect(() => {
    openAddress(location.hash);
    const onChange = (): void => openAddress(location.hash);
    window.addEventListener('hashchange', onChange);
    return () => window.removeEventListener('hashchange', onChange);
  }, []);
}

/** Tells tests, and anyone who scripts the page, that nothing is under way. */
function useIdleMark(): void {
  const idle = usePage((page) => page.trace !== null && page.run === null && !page.playing);
  useEffect(() => {
    document.documentElement.dataset.idle = String(idle);
  }, [idle]);
}

/** The page. */
export function App() {
  useTheme();
  useAddress();
  useKeyboard();
  useIdleMark();
  return (
    <div className="page">
      <Bar />
      <aside className="side left">
        <Code />
      </aside>
      <main className="stage-slot">
        <Stage />
      </main>
      <aside className="side right" aria-label="Inspector">
        <Inspector />
      </aside>
      <Transport />
      <div className="bottom">
        <Timeline />
        <Capture />
      </div>
      <Messages />
    </div>
  );
}

function Messages() {
  const problem = usePage((page) => page.problem);
  const notice = usePage((page) => page.notice);
  const { report, say } = usePage.getState();
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => say(null), 4000);
    return () => clearTimeout(timer);
  }, [notice, say]);
  return (
    <div className="messages" aria-live="polite">
      {notice !== null && <p className="notice">{notice}</p>}
      {problem !== null && (
        <div className="problem" role="alert">
          <strong>{problem.title}</strong>
          {problem.lines.map((line) => (
            <p key={line}>{line}</p>
          ))}
          <button type="button" className="button" onClick={() => report(null)}>
            Close
          </button>
        </div>
      )}
    </div>
  );
}
