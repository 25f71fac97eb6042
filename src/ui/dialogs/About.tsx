import { Kind } from '../../trace/recorder';
import type { Trace } from '../../trace/trace';
import { usePage } from '../store/store';
import { timeText } from '../timeline/draw';
import { Modal } from './Modal';

const ENDS = {
  done: 'nothing was left to do',
  limit: "the scenario's limit of time or events was reached",
  error: 'the model failed',
} as const;

/** Functions the run entered, by how close to the source they say they are. */
function closeness(trace: Trace): { modelled: number; simplified: number } {
  const entered = new Set<number>();
  for (let n = 0; n < trace.steps; n++) if (trace.kind(n) === Kind.ENTER) entered.add(trace.fn(n));
  const facts = [...entered].flatMap((id) => trace.data.schema.functions[id] ?? []);
  return {
    modelled: facts.filter(({ tags }) => 'modelled' in tags).length,
    simplified: facts.filter(({ tags }) => 'simplified' in tags).length,
  };
}

/** What ran: enough to say whether two people look at the same run. */
export default function About() {
  const trace = usePage((page) => page.trace);
  const source = usePage((page) => page.source);
  if (trace === null) return null;
  const { data } = trace;
  const scenario = data.scenario as { title?: string; watch?: string; kernel?: string };
  const { modelled, simplified } = closeness(trace);
  return (
    <Modal title="About this run">
      <dl className="facts modal-body">
        <dt>Scenario</dt>
        <dd>
          {scenario.title}
          {source?.preset != null && ` (preset ${source.preset}${source.unchanged ? '' : ', changed'})`}
        </dd>
        <dt>Watch</dt>
        <dd>{scenario.watch || '–'}</dd>
        <dt>Kernel</dt>
        <dd>
          {scenario.kernel === 'article' ? "Linux 2.6.39, with the article's socket hop of 2.6.35" : 'Linux 2.6.39'}
        </dd>
        <dt>Ended because</dt>
        <dd>
          {ENDS[data.end.reason]}
          {data.end.message === undefined || data.end.reason === 'done' ? '' : `: ${data.end.message}`}
        </dd>
        <dt>Virtual time</dt>
        <dd>{timeText(trace.steps === 0 ? 0 : trace.time(trace.steps - 1))}</dd>
        <dt>Steps</dt>
        <dd>{trace.steps.toLocaleString('en')}</dd>
        <dt>Changes of state</dt>
        <dd>{data.journal.addr.length.toLocaleString('en')}</dd>
        <dt>Functions entered</dt>
        <dd>
          {modelled} modelled, {simplified} simplified. The code panel says how for each.
        </dd>
        <dt>Trace hash</dt>
        <dd className="mono" data-hash={data.hash}>
          {data.hash}
        </dd>
      </dl>
      <p className="inspector-note">
        The same scenario gives the same hash here and on the command line (<code>npm run -s skbscope -- run</code>).
      </p>
    </Modal>
  );
}
