import { useEffect, useMemo, useRef, useState } from 'react';
import { arrange, type HostChoice } from '../../view/stage/arrange';
import { hostInFocus } from '../../view/stage/history';
import { sceneOf, type View } from '../../view/stage/scene';
import { stageOf } from '../../view/stage/stage';
import { toggleCard } from '../actions';
import { usePage } from '../store/store';
import { useMotion, useSize } from './canvas';
import { StageRenderer } from './renderer';
import { StageList } from './StageList';
import { Toggle } from './Toggle';
import './stage.css';

export function Stage() {
  const cursor = usePage((page) => page.cursor);
  const step = usePage((page) => page.step);
  const selection = usePage((page) => page.selection);
  const hover = usePage((page) => page.hover);
  const [slot, setSlot] = useState<HTMLDivElement | null>(null);
  const size = useSize(slot);
  const [choice, setChoice] = useState<HostChoice>('auto');
  const [follow, setFollow] = useState(true);
  const [free, setFree] = useState(false);
  const [listed, setListed] = useState(false);
  const motion = useMotion();

  const stage = useMemo(
    () => (cursor === null ? null : stageOf({ trace: cursor.trace, state: cursor.state, step }, selection ?? 0)),
    [cursor, step, selection],
  );
  const trace = cursor?.trace ?? null;
  const focus = typeof choice === 'number' ? choice : trace === null ? 0 : hostInFocus(trace, step);

  // The arrangement is chosen once for a trace and a size: it must not jump from step to step.
  const arranged = useRef<{ key: string; view: View } | null>(null);
  const view = useMemo(() => {
    if (stage === null || trace === null || size.w === 0) return null;
    const key = `${trace.data.hash} ${size.w}x${size.h} ${choice}`;
    if (arranged.current?.key !== key) arranged.current = { key, view: arrange(stage, size, choice, focus) };
    return { ...arranged.current.view, focus };
  }, [stage, trace, size, choice, focus]);
  const scene = useMemo(() => (stage === null || view === null ? null : sceneOf(stage, view)), [stage, view]);

  const svg = useRef<SVGSVGElement>(null);
  const renderer = useRef<StageRenderer | null>(null);
  useEffect(() => {
    if (svg.current === null) return;
    const { select, setHover } = usePage.getState();
    const made = new StageRenderer(svg.current, {
      onSelect: (object) => select(object),
      onHover: (object) => {
        if ((usePage.getState().hover ?? 0) !== object) setHover(object === 0 ? null : object);
      },
      onCamera: setFree,
    });
    renderer.current = made;
    return () => {
      made.destroy();
      renderer.current = null;
    };
  }, []);
  useEffect(() => renderer.current?.resize(size.w, size.h), [size]);
  useEffect(() => {
    if (scene === null || stage === null || cursor === null) return;
    renderer.current?.update(scene, stage, {
      motion,
      selected: selection ?? 0,
      hover: hover ?? 0,
      follow,
      bytes: (addr, len) => cursor.state.ram(addr, len),
    });
  }, [scene, stage, cursor, selection, hover, follow, motion]);

  const hosts = trace?.data.hosts ?? [];
  const single = view?.arrangement === 'single';
  return (
    <section className="stage" aria-label="Stage">
      <div className="stagebar">
        <p className="stagenow">{stage === null ? '' : caption(stage)}</p>
        <button type="button" className="tool door" onClick={toggleCard} title="Look into the network card (H)">
          Card
        </button>
        <div className="stagetools" role="toolbar" aria-label="Stage view">
          <fieldset className="segmented" aria-label="Hosts">
            <Toggle
              on={choice === 'auto'}
              onClick={() => setChoice('auto')}
              label="Auto"
              hint="The host where things happen has the room"
            />
            {hosts.map((host, number) => (
              <Toggle
                key={host.name}
                on={choice === number}
                onClick={() => setChoice(number)}
                label={host.name}
                hint={`Host ${host.name} ${single ? 'alone' : 'in full'}`}
              />
            ))}
            {!single && (
              <Toggle on={choice === 'both'} onClick={() => setChoice('both')} label="A+B" hint="Both hosts in full" />
            )}
          </fieldset>
          <Toggle
            on={follow}
            onClick={() => setFollow(!follow)}
            label="Follow"
            hint="The view follows what is in action"
          />
          <button
            type="button"
            className="tool"
            onClick={() => renderer.current?.zoomToHere()}
            title="Near to what is in action, down to the bytes"
          >
            Near
          </button>
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
            title="The whole stage"
          >
            Fit
          </button>
          <Toggle on={listed} onClick={() => setListed(!listed)} label="List" hint="What is on the stage, as a list" />
        </div>
      </div>
      <div className="stagecanvas" ref={setSlot}>
        <svg
          ref={svg}
          role="img"
          aria-label={stage === null ? 'The stage' : `The stage: ${caption(stage)}. The list button gives it in words.`}
          width={size.w}
          height={size.h}
        />
        {stage !== null && listed && <StageList stage={stage} />}
      </div>
    </section>
  );
}

function caption(stage: ReturnType<typeof stageOf>): string {
  const host = stage.hosts[stage.host];
  const who =
    host === undefined ? 'wire' : `host ${host.name}${host.context === '' || !host.current ? '' : `, ${host.context}`}`;
  return `${who}: ${stage.now}`;
}
