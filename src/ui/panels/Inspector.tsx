import { useMemo, useState } from 'react';
import { packetBytes } from '../../export/capture';
import type { State, StructView } from '../../trace/state';
import type { Trace } from '../../trace/trace';
import {
  type AnatomyPart,
  anatomyOf,
  changeRows,
  defaultObject,
  familyOf,
  fieldRows,
} from '../../view/panels/inspector';
import { switchesOf } from '../../view/switches';
import { whyHere } from '../../view/why';
import { TabRow } from '../frame/TabRow';
import { usePage } from '../store/store';
import { Bytes } from './Bytes';
import { Switches } from './Switches';
import './inspector.css';

const MOST_CHANGES = 80;
/** After a jump further than this, steps, only what the last step changed is shown: all else would be marked too. */
const FAR = 20_000;

const TABS = { object: 'Object', bytes: 'Bytes', changes: 'Changes', objects: 'Find' };

/** The right column: the object looked at, and what the step changed. */
export function Inspector() {
  const trace = usePage((page) => page.trace);
  const cursor = usePage((page) => page.cursor);
  const step = usePage((page) => page.step);
  const previousStep = usePage((page) => page.previousStep);
  const selection = usePage((page) => page.selection);
  const select = usePage((page) => page.select);
  const [tab, setTab] = useState<keyof typeof TABS>('object');
  if (trace === null || cursor === null) return null;
  const { state } = cursor;
  const id = selection ?? defaultObject(trace, state, step);
  const view = state.find(id);
  const isNear = Math.abs(step - previousStep) <= FAR;
  const changes = state.changes(isNear ? previousStep : Math.max(0, step - 1), step);
  return (
    <div className="inspector">
      <TabRow label="Inspector" tabs={TABS} chosen={tab} onChoose={setTab} panel="inspector-sheet" />
      <div id="inspector-sheet" role="tabpanel" aria-labelledby={`tab-${tab}`}>
        {tab === 'object' && view !== null && (
          <>
            <div className="inspector-title">
              <h2 className="mono">
                {view.type} #{view.id}
              </h2>
              {!view.live && <span className="inspector-freed">freed</span>}
              {selection !== null && (
                <button type="button" className="button small" onClick={() => select(null)}>
                  Follow the step
                </button>
              )}
            </div>
            {CARDS.some((type) => view.is(type)) && <CardOf trace={trace} state={state} view={view} />}
            {view.is('sk_buff') && <SkBuff trace={trace} state={state} view={view} step={step} />}
            <Fields state={state} view={view} changes={changes} />
          </>
        )}
        {tab === 'bytes' &&
          (view?.is('sk_buff') ? (
            <Bytes bytes={packetBytes(state, view)} linkHeader={view.num('mac_header') !== 0} />
          ) : (
            <p className="inspector-note">Choose an sk_buff to see its bytes.</p>
          ))}
        {tab === 'changes' && <Changes state={state} changes={changes} />}
        {tab === 'objects' && <Finder trace={trace} state={state} />}
      </div>
    </div>
  );
}

/** The card that an object is a part of: its struct, and its number among all cards. */
function cardWith(state: State, view: StructView): { nic: StructView; index: number } | null {
  const cards = state.objects('nic');
  const own = cards.filter((nic) => nic.num('host') === view.host);
  const isPart = (nic: StructView): boolean =>
    nic.id === view.id ||
    nic.ref('registers')?.id === view.id ||
    (view.has('name') && view.text('name') === nic.text('name'));
  const nic = own.find(isPart) ?? own[0];
  return nic === undefined ? null : { nic, index: cards.indexOf(nic) };
}

/** A card's switches, and the way into it. */
function CardOf({ trace, state, view }: { trace: Trace; state: State; view: StructView }) {
  const show = usePage((page) => page.show);
  const found = cardWith(state, view);
  if (found === null) return null;
  const hosts = trace.data.hosts.map(({ name }) => name);
  return (
    <>
      <p>
        <button type="button" className="button small" onClick={() => show(found.index)}>
          Open the card
        </button>
      </p>
      <Switches switches={switchesOf(state, found.nic, hosts)} />
    </>
  );
}

/** Structs that stand for a card: looking at one shows its switches. */
const CARDS = ['nic', 'nic_registers', 'nic_82576_registers', 'net_device', 'e1000_adapter', 'igb_adapter'];

function SkBuff({ trace, state, view, step }: { trace: Trace; state: State; view: StructView; step: number }) {
  const seek = usePage((page) => page.seek);
  const select = usePage((page) => page.select);
  const why = useMemo(() => whyHere(trace, state, view.id, step), [trace, state, view, step]);
  const family = familyOf(trace, state, view.id);
  return (
    <>
      <SkBuffPicture view={view} state={state} />
      <section className="why" aria-label="Why">
        <h3 className="panel-title">Why is it here?</h3>
        {why.map((reason) => (
          <p key={reason.text}>
            {reason.text}{' '}
            {reason.step !== step && (
              <button type="button" className="link" onClick={() => seek(reason.step)}>
                step {(reason.step + 1).toLocaleString('en')}
              </button>
            )}
          </p>
        ))}
        {why.length === 0 && <p>It is in the hands of the function that runs.</p>}
      </section>
      {family.length > 1 && (
        <section aria-label="Family">
          <h3 className="panel-title">Family</h3>
          <ul className="family mono">
            {family.slice(0, 40).map((member) => (
              <li
                key={member.id}
                style={{ paddingLeft: 4 + member.depth * 14 }}
                data-self={member.isSelf}
                data-live={member.live}
              >
                <button type="button" className="link" onClick={() => select(member.id)}>
                  {member.title}
                </button>
                {member.live ? '' : ' freed'}
              </li>
            ))}
          </ul>
          {family.length > 40 && <p className="inspector-note">and {family.length - 40} more</p>}
        </section>
      )}
    </>
  );
}

/** head, data, tail, end, drawn from the addresses; short parts get a least width so that they can be seen. */
function SkBuffPicture({ view, state }: { view: StructView; state: State }) {
  const { parts, data, tail, end, fragments, dataref } = anatomyOf(state, view);
  const share = (part: AnatomyPart): number => 14 + Math.sqrt(part.bytes) * 3;
  return (
    <figure className="skb-picture">
      <div
        className="skb-block"
        role="img"
        aria-label={parts.map((part) => `${part.label} ${part.bytes} bytes`).join(', ')}
      >
        {parts.map((part) => (
          <div
            key={`${part.kind}${part.at}`}
            className={`skb-part skb-${part.kind}`}
            style={{ flexGrow: share(part) }}
            title={`${part.label}, ${part.bytes} bytes`}
          >
            <span>{part.label}</span>
            <span className="mono">{part.bytes}</span>
          </div>
        ))}
      </div>
      {fragments.length > 0 && (
        <div className="skb-block skb-fragments">
          {fragments.map((part) => (
            <div
              key={part.at}
              className="skb-part skb-fragment"
              style={{ flexGrow: share(part) }}
              title={`${part.label}, ${part.bytes} bytes`}
            >
              <span>{part.label}</span>
              <span className="mono">{part.bytes}</span>
            </div>
          ))}
        </div>
      )}
      <figcaption className="mono">
        head 0 · data {data} · tail {tail} · end {end} · {dataref} holding the data
      </figcaption>
    </figure>
  );
}

function Fields({ state, view, changes }: { state: State; view: StructView; changes: ReturnType<State['changes']> }) {
  const [all, setAll] = useState(false);
  const select = usePage((page) => page.select);
  const rows = fieldRows(state, view, changes).filter((row) => all || !row.empty || row.changed);
  return (
    <section aria-label="Fields">
      <dl className="fields mono">
        {rows.map((row) => (
          <div key={row.name} data-changed={row.changed} title={row.doc}>
            <dt>{row.name}</dt>
            <dd>
              {row.object === 0 ? (
                row.text
              ) : (
                <button type="button" className="link" onClick={() => select(row.object)}>
                  {row.text}
                </button>
              )}
            </dd>
          </div>
        ))}
      </dl>
      <button type="button" className="button small" aria-pressed={all} onClick={() => setAll(!all)}>
        {all ? 'Leave out what is zero' : 'Show what is zero too'}
      </button>
    </section>
  );
}

function Changes({ state, changes }: { state: State; changes: ReturnType<State['changes']> }) {
  const select = usePage((page) => page.select);
  const { rows, more } = changeRows(state, changes, MOST_CHANGES);
  if (rows.length === 0) return <p className="inspector-note">The last step changed nothing.</p>;
  return (
    <>
      <ul className="changes mono">
        {rows.map((row) => (
          <li key={`${row.object}.${row.field}`} title={row.doc}>
            <button type="button" className="link" onClick={() => select(row.object)}>
              {row.title}
            </button>
            <span>
              {row.field}: {row.from} → <mark>{row.to}</mark>
            </span>
          </li>
        ))}
      </ul>
      {more > 0 && <p className="inspector-note">and {more.toLocaleString('en')} more</p>}
    </>
  );
}

/** What one may want to look at, by struct. */
const KINDS = [
  'task_struct',
  'file',
  'socket',
  'tcp_sock',
  'packet_sock',
  'rtable',
  'neighbour',
  'Qdisc',
  'net_device',
  'netdev_queue',
  'softnet_data',
  'napi_struct',
  'e1000_adapter',
  'igb_adapter',
  'igb_q_vector',
  'nic',
  'nic_registers',
  'nic_82576_registers',
  'link',
  'sk_buff',
];

function Finder({ trace, state }: { trace: Trace; state: State }) {
  const select = usePage((page) => page.select);
  return (
    <div className="finder">
      {KINDS.map((kind) => {
        const found = trace.structIndex(kind) < 0 ? [] : state.objects(kind);
        // Receive buffers that wait in the ring are no packets.
        const shown = kind === 'sk_buff' ? found.filter((view) => view.num('len') > 0).slice(-60) : found;
        if (shown.length === 0) return null;
        return (
          <section key={kind}>
            <h3 className="panel-title mono">{kind}</h3>
            <p>
              {shown.map((view) => (
                <button key={view.id} type="button" className="button small" onClick={() => select(view.id)}>
                  {view.host < 0 ? '' : `${trace.data.hosts[view.host]?.name} `}
                  {view.has('name') ? view.text('name') : view.has('comm') ? view.text('comm') : `#${view.id}`}
                </button>
              ))}
            </p>
          </section>
        );
      })}
    </div>
  );
}
