import { json } from '@codemirror/lang-json';
import { type Diagnostic, linter, lintGutter } from '@codemirror/lint';
import { EditorView } from '@codemirror/view';
import { basicSetup } from 'codemirror';
import { type RefObject, useEffect, useMemo, useRef, useState } from 'react';
import { compact, isInputOf } from '../../scenario/compact';
import type { Issue } from '../../scenario/issues';
import { scenarioOfScript } from '../../scenario/packetdrill/scenario';
import { parseScenario, type Scenario } from '../../scenario/schema';
import { isScriptText, readScenarioText } from '../../scenario/text';
import { runText, saveFile } from '../actions';
import { type Source, usePage } from '../store/store';
import { FieldHelp } from './FieldHelp';
import { Modal } from './Modal';

const CHECK_MS = 150;

/** The scenario as someone would write it: without what is the default anyway. */
function textOf(source: Source | null): string {
  if (source === null) return '{}';
  if (source.text !== null) return source.text;
  if (source.unchanged) return `${JSON.stringify(source.scenario, null, 2)}\n`;
  const parsed = parseScenario(source.scenario);
  const script = parsed.ok ? scriptAlone(parsed.scenario) : null;
  if (script !== null) return script;
  return `${JSON.stringify(parsed.ok ? compact(parsed.scenario) : source.scenario, null, 2)}\n`;
}

/** The script of a scenario that is one and nothing more. */
function scriptAlone(scenario: Scenario): string | null {
  const { script, title } = scenario;
  return script !== null && isInputOf(scenarioOfScript(script, { title }), scenario) ? script : null;
}

/** What is wrong with a text, and what a right one may run into. */
function findingsOf(text: string): { readonly issues: readonly Issue[]; readonly warnings: readonly Issue[] } {
  const read = readScenarioText(text);
  return read.ok ? { issues: [], warnings: read.warnings } : { issues: read.issues, warnings: [] };
}

/** Where an issue stands in the text; its whole line where only that is known. */
function offsetOf(view: EditorView, { line = 1, column = 1 }: Issue): number {
  const { doc } = view.state;
  const row = doc.line(Math.max(1, Math.min(doc.lines, line)));
  return Math.min(row.to, row.from + column - 1);
}

/** Marks each finding where it stands, while one types. */
const checker = linter(
  (view) => {
    const { issues, warnings } = findingsOf(view.state.doc.toString());
    const mark = (found: Issue, severity: 'error' | 'warning'): Diagnostic => {
      const from = offsetOf(view, found);
      const rest = /^("(?:[^"\\]|\\.)*"|[\w.+-]+|.)/.exec(view.state.doc.sliceString(from, from + 80))?.[0] ?? '';
      return { from, to: from + rest.length, severity, message: found.message };
    };
    return [...issues.map((found) => mark(found, 'error')), ...warnings.map((found) => mark(found, 'warning'))];
  },
  { delay: CHECK_MS },
);

/** The editor itself. It stands inside the window's portal, so its box is there when the effect runs. */
function Sheet({
  text,
  view,
  onText,
}: {
  text: string;
  view: RefObject<EditorView | null>;
  onText: (text: string) => void;
}) {
  const box = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; the text it began with is not what it holds
  useEffect(() => {
    if (box.current === null) return;
    let timer = 0;
    const made = new EditorView({
      doc: text,
      parent: box.current,
      extensions: [
        basicSetup,
        json(),
        lintGutter(),
        checker,
        EditorView.theme({}, { dark: document.documentElement.dataset.theme === 'dark' }),
        EditorView.contentAttributes.of({ 'aria-label': 'Scenario as JSON' }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          clearTimeout(timer);
          timer = window.setTimeout(() => onText(made.state.doc.toString()), CHECK_MS);
        }),
      ],
    });
    view.current = made;
    const focus = requestAnimationFrame(() => made.focus());
    return () => {
      cancelAnimationFrame(focus);
      clearTimeout(timer);
      made.destroy();
      view.current = null;
    };
  }, []);
  return <div className="editor" ref={box} />;
}

/** The scenario as text: checked while one types, run, opened from and saved to files. */
export default function Editor() {
  const source = usePage((page) => page.source);
  const draft = usePage((page) => page.draft);
  const openDialog = usePage((page) => page.openDialog);
  const [helps, setHelps] = useState(false);
  const [text] = useState(() => draft ?? textOf(source));
  const [checked, setChecked] = useState(text);
  const { issues, warnings } = useMemo(() => findingsOf(checked), [checked]);
  const isScript = isScriptText(checked);
  const view = useRef<EditorView | null>(null);
  const textNow = (): string => view.current?.state.doc.toString() ?? '';
  const run = (): void => {
    if (runText(textNow(), source?.preset ?? null)) openDialog(null);
  };
  const show = (found: Issue): void => {
    const { current } = view;
    if (current === null) return;
    current.dispatch({ selection: { anchor: offsetOf(current, found) }, scrollIntoView: true });
    current.focus();
  };
  const save = (now: string): void => {
    if (isScriptText(now)) saveFile('script.pkt', now, 'text/plain');
    else saveFile('scenario.json', now, 'application/json');
  };
  const replace = async (file: File | undefined): Promise<void> => {
    const { current } = view;
    if (current === null || file === undefined) return;
    const insert = await file.text();
    current.dispatch({ changes: { from: 0, to: current.state.doc.length, insert } });
  };
  return (
    <Modal title="Scenario" wide>
      <div className="editor-body">
        <Sheet text={text} view={view} onText={setChecked} />
        {helps && <FieldHelp />}
      </div>
      <ul className="editor-issues" aria-live="polite" aria-label="What is wrong">
        {[...issues, ...warnings].map((found) => (
          <li key={`${found.line} ${found.message}`} className={issues.length === 0 ? 'editor-warning' : undefined}>
            <button type="button" className="link" onClick={() => show(found)}>
              {found.line === undefined ? 'whole' : `line ${found.line}`}
            </button>{' '}
            {found.message}
          </li>
        ))}
        {issues.length === 0 && (
          <li className="editor-fine">This is a valid {isScript ? 'packetdrill script' : 'scenario'}.</li>
        )}
      </ul>
      <div className="editor-buttons">
        <button type="button" className="button primary" disabled={issues.length > 0} onClick={run}>
          Run
        </button>
        <label className="button">
          Open file
          <input
            type="file"
            className="sr-only"
            accept=".json,.pkt,application/json"
            onChange={(event) => void replace(event.target.files?.[0])}
          />
        </label>
        <button type="button" className="button" onClick={() => save(textNow())}>
          Save file
        </button>
        <button type="button" className="button" aria-pressed={helps} onClick={() => setHelps(!helps)}>
          Fields
        </button>
        <span className="grow" />
        <span className="inspector-note">A scenario, of which only "tasks" is needed, or a packetdrill script.</span>
      </div>
    </Modal>
  );
}
