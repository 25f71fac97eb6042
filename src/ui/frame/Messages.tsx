import { useEffect } from 'react';
import { usePage } from '../store/store';

const NOTICE_MS = 4000;

/** What was done, for a moment; what went wrong, until it is closed. */
export function Messages() {
  const problem = usePage((page) => page.problem);
  const notice = usePage((page) => page.notice);
  const { report, say } = usePage.getState();
  useEffect(() => {
    if (notice === null) return;
    const timer = setTimeout(() => say(null), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice, say]);
  return (
    <div className="messages">
      <div aria-live="polite">{notice !== null && <p className="notice">{notice}</p>}</div>
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
