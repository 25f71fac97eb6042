import { useEffect, useMemo, useRef, useState } from 'react';
import type { StructView } from '../../trace/state';
import type { Trace } from '../../trace/trace';
import { cardWidth } from '../../view/card/arrange';
import { type CardView, cableOf, cardOf, cardsIn } from '../../view/card/card';
import { cardInWords } from '../../view/card/in-words';
import { descriptorOf } from '../../view/card/rings';
import { cardScene } from '../../view/card/scene';
import { type Stage, stageOf } from '../../view/stage/stage';
import { TabRow } from '../frame/TabRow';
import { useMotion, useSize } from '../stage/canvas';
import { StageRenderer } from '../stage/renderer';
import { Toggle } from '../stage/Toggle';
import { usePage } from '../store/store';
import { DescriptorSheet } from './DescriptorSheet';
import { RegisterSheet } from './RegisterSheet';
import { SwitchSheet } from './SwitchSheet';
import '../stage/stage.css';
import './card.css';

const SHEETS = { switches: 'Switches', descriptor: 'Descriptor', registers: 'Registers', words: 'In words' };
type Sheet = keyof typeof SHEETS;
/** From this width on the sheet stands beside the drawing from the start. */
const ROOMY = 1000;

/** The network card of a host, inside, in the stage's place. */
export function Card({ index }: { index: number }) {
  const cursor = usePage((page) => page.cursor);
  const step = usePage((page) => page.step);
  const previousStep = usePage((page) => page.previousStep);
  const selection = usePage((page) => page.selection);
  const hover = usePage((page) => page.hover);
  const show = usePage((page) => page.show);
  const [slot, setSlot] = useState<HTMLDivElement | null>(null);
  const size = useSize(slot);
  const [body, setBody] = useState<HTMLDivElement | null>(null);
  const whole = useSize(body);
  const [wanted, setWanted] = useState<boolean | null>(null);
  const [sheet, setSheet] = useState<Sheet>('switches');
  const [queue, setQueue] = useState(0);
  const [free, setFree] = useState(false);
  const motion = useMotion();
  const isOpen = wanted ?? whole.w >= ROOMY;

  const stage = useMemo(
    () => (cursor === null ? null : stageOf({ trace: cursor.trace, state: cursor.state, step }, selection ?? 0)),
    [cursor, step, selection],
  );
  const card = useMemo(
    () => (cursor === null ? null : cardOf({ trace: cursor.trace, state: cursor.state, step }, index, previousStep)),
    [cursor, step, index, previousStep],
  );
  const chosen = useMemo(() => {
    const found = new Map<number, number>();
    for (const ring of card?.rings ?? []) {
      const index = cursor === null ? -1 : descriptorOf(cursor.state, ring, selection ?? 0);
      if (index >= 0) found.set(ring.id, index);
    }
    return found;
  }, [card, cursor, selection]);
  const picked = card?.rings.find(({ id }) => id === selection || chosen.has(id));
  const shownQueue = picked?.queue ?? busyQueue(card) ?? queue;
  useEffect(() => setQueue(shownQueue), [shownQueue]);

  const arranged = useRef<{ key: string; width: number } | null>(null);
  const scene = useMemo(() => {
    if (card === null || stage === null || size.w === 0) return null;
    const key = `${size.w}x${size.h} ${card.rings.length}`;
    if (arranged.current?.key !== key) arranged.current = { key, width: cardWidth(card, size) };
    return cardScene(card, cableOf(stage, card), {
      width: arranged.current.width,
      queue: shownQueue,
      chosen,
      atRings: stage.layer === 'driver' && stage.host === card.host,
    });
  }, [card, stage, size, shownQueue, chosen]);

  // A link may open the card before there is a run: the drawing begins when its element is there.
  const [svg, setSvg] = useState<SVGSVGElement | null>(null);
  const renderer = useRef<StageRenderer | null>(null);
  useEffect(() => {
    if (svg === null) return;
    const made = new StageRenderer(svg, {
      onSelect: (object) => usePage.getState().select(object),
      onAction: (action) => act(index, action),
      onHover: (object) => {
        const page = usePage.getState();
        if ((page.hover ?? 0) !== object) page.setHover(object === 0 ? null : object);
      },
      onCamera: setFree,
    });
    renderer.current = made;
    return () => {
      made.destroy();
      renderer.current = null;
    };
  }, [index, svg]);
  useEffect(() => {
    if (svg !== null) renderer.current?.resize(size.w, size.h);
  }, [size, svg]);
  useEffect(() => {
    if (svg === null || scene === null || stage === null || cursor === null) return;
    renderer.current?.update(scene, stage, {
      motion,
      selected: selection ?? 0,
      hover: hover ?? 0,
      follow: false,
      bytes: (addr, len) => cursor.state.ram(addr, len),
    });
  }, [svg, scene, stage, cursor, selection, hover, motion]);

  if (cursor === null) return null;
  return (
    <section className="stage cardpanel" aria-label="Network card">
      <div className="stagebar">
        <p className="stagenow">{card === null ? '' : caption(card, stage)}</p>
        <div className="stagetools" role="toolbar" aria-label="Card view">
          <button type="button" className="tool door" onClick={() => show('stage')} title="Back to the stage (H)">
            ← Stage
          </button>
          <fieldset className="segmented" aria-label="Card of host">
            {cardsIn(cursor).map((nic, nth) => (
              <Toggle
                key={nic.id}
                on={nth === index}
                onClick={() => show(nth)}
                label={nameOfCard(cursor.trace, nic)}
                hint={`${nic.text('name')} of host ${hostName(cursor.trace, nic)}`}
              />
            ))}
          </fieldset>
          <button
            type="button"
            className="tool"
            onClick={() => renderer.current?.zoomBy(1 / 1.4)}
            aria-label="Zoom out"
          >
            −
          </button>
          <button type="button" className="tool" onClick={() => renderer.current?.zoomBy(1.4)} aria-label="Zoom in">
            +
          </button>
          <button
            type="button"
            className="tool"
            onClick={() => renderer.current?.showAll()}
            aria-pressed={!free}
            title="The whole card"
          >
            Fit
          </button>
          <Toggle
            on={isOpen}
            onClick={() => setWanted(!isOpen)}
            label="Details"
            hint="Switches, descriptors byte by byte, registers, and everything in words"
          />
        </div>
      </div>
      <div className="cardbody" ref={setBody} data-sheet={isOpen}>
        <div className="stagecanvas" ref={setSlot}>
          <svg
            ref={setSvg}
            role="img"
            aria-label={
              card === null ? 'No card' : `The card: ${caption(card, stage)}. The details give everything in words.`
            }
            width={size.w}
            height={size.h}
          />
        </div>
        {isOpen && card !== null && (
          <aside className="cardsheet" aria-label="Details of the card">
            <TabRow label="Details" tabs={SHEETS} chosen={sheet} onChoose={setSheet} panel="card-sheet" />
            <div id="card-sheet" role="tabpanel" aria-labelledby={`tab-${sheet}`}>
              {sheet === 'switches' && <SwitchSheet card={card} />}
              {sheet === 'descriptor' && <DescriptorSheet card={card} chosen={chosen} queue={shownQueue} />}
              {sheet === 'registers' && <RegisterSheet card={card} queue={shownQueue} />}
              {sheet === 'words' && <Words card={card} />}
            </div>
          </aside>
        )}
      </div>
    </section>
  );
}

/** The queue an engine works for; null: both are idle. */
function busyQueue(card: CardView | null): number | null {
  if (card === null) return null;
  if (card.tx.phase !== 'idle') return card.tx.queue;
  return card.rx.phase === 'idle' ? null : card.rx.queue;
}

/** What the card does, or else what somebody does meanwhile. */
function caption(card: CardView, stage: Stage | null): string {
  const name = `card of host ${card.hostName}`;
  if (card.event !== '') return `${name}: ${card.event}`;
  if (stage === null) return name;
  const whose = stage.hosts[stage.host];
  return whose === undefined ? `${name}; ${stage.now}` : `${name}; ${whose.name}: ${stage.now}`;
}

function hostName(trace: Trace, nic: StructView): string {
  return trace.data.hosts[nic.num('host')]?.name ?? '';
}

/** `A`, or `R eth1` for the second of a host. */
function nameOfCard(trace: Trace, nic: StructView): string {
  const name = nic.text('name');
  return name === 'eth0' ? hostName(trace, nic) : `${hostName(trace, nic)} ${name}`;
}

/** Does what a part of the drawing stands for. */
function act(index: number, action: string): void {
  const { cursor, step, edit, run } = usePage.getState();
  if (cursor === null || run !== null) return;
  const card = cardOf({ trace: cursor.trace, state: cursor.state, step }, index, step);
  const found = card?.switches.find(({ name }) => action === `switch ${name}`);
  if (found !== undefined) edit(found.flip);
}

function Words({ card }: { card: CardView }) {
  const select = usePage((page) => page.select);
  return (
    <div className="cardwords">
      {cardInWords(card).map(({ title, items }) => (
        <section key={title}>
          <h3 className="panel-title">{title}</h3>
          <ul>
            {items.map(({ text, object }) => (
              <li key={text}>
                {object === 0 ? (
                  text
                ) : (
                  <button type="button" className="link" onClick={() => select(object)}>
                    {text}
                  </button>
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}
