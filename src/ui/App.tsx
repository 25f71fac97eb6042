import { Activity, type CSSProperties, type ReactNode, useEffect, useState } from 'react';
import { Bar, Watch } from './Bar';
import { Capture } from './capture/Capture';
import { PacketView } from './capture/PacketView';
import { Card } from './card/Card';
import { Dialogs } from './dialogs/Dialogs';
import { Boundary } from './frame/Boundary';
import { FileDrop } from './frame/FileDrop';
import { useShares, useWidth, type Width } from './frame/layout';
import { Messages } from './frame/Messages';
import { Splitter } from './frame/Splitter';
import { TabRow } from './frame/TabRow';
import { useKeyboard } from './keyboard';
import { Code } from './panels/Code';
import { Inspector } from './panels/Inspector';
import { Stage } from './stage/Stage';
import { keepAddress, openAddress } from './store/address';
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
    return keepAddress();
  }, []);
}

/** Tells tests, and anyone who scripts the page, that nothing is under way. */
function useIdleMark(): void {
  const idle = usePage((page) => page.trace !== null && page.run === null && !page.playing && page.pending === 0);
  useEffect(() => {
    document.documentElement.dataset.idle = String(idle);
  }, [idle]);
}

const PANELS = { stage: 'Stage', code: 'Code', inspector: 'Inspector', timeline: 'Timeline', capture: 'Capture' };
type Panel = keyof typeof PANELS;
const SIDES = { code: PANELS.code, inspector: PANELS.inspector };

/** Whether a panel has a place on the page at this width, with the chosen one in front. */
function isShown(panel: Panel, width: Width, chosen: Panel, side: 'code' | 'inspector'): boolean {
  if (width === 'wide') return true;
  if (width === 'narrow') return panel === chosen;
  return panel === side || !(panel in SIDES);
}

/** The page. */
export function App() {
  useTheme();
  useAddress();
  useKeyboard();
  useIdleMark();
  const width = useWidth();
  const main = usePage((page) => page.main);
  const [shares, setShares] = useShares();
  const [chosen, setChosen] = useState<Panel>('stage');
  const [side, setSide] = useState<'code' | 'inspector'>('code');
  const style = {
    '--left': `${shares.left}%`,
    '--right': `${shares.right}%`,
    '--bottom': `${shares.bottom}dvh`,
  } as CSSProperties;
  const panel = (name: Panel, content: ReactNode): ReactNode => (
    <Activity mode={isShown(name, width, chosen, side) ? 'visible' : 'hidden'}>
      <Boundary name={PANELS[name]}>{content}</Boundary>
    </Activity>
  );
  return (
    <div className="page" data-width={width} style={style}>
      <Bar width={width} />
      {width !== 'wide' && <Watch />}
      {width === 'narrow' && <TabRow label="Panels" tabs={PANELS} chosen={chosen} onChoose={setChosen} />}
      {width === 'medium' && <TabRow label="Side panels" tabs={SIDES} chosen={side} onChoose={setSide} />}
      {panel(
        'code',
        <aside className="side left" id="panel-code" aria-label="Code">
          <Code />
        </aside>,
      )}
      {panel(
        'stage',
        <main className="stage-slot" id="panel-stage">
          {main === 'stage' && <Stage />}
          {main === 'packet' && <PacketView />}
          {typeof main === 'number' && <Card key={main} index={main} />}
        </main>,
      )}
      {panel(
        'inspector',
        <aside className="side right" id="panel-inspector" aria-label="Inspector">
          <Inspector />
        </aside>,
      )}
      <Transport />
      <div className="bottom">
        {panel(
          'timeline',
          <div className="bottom-slot" id="panel-timeline">
            <Timeline />
          </div>,
        )}
        {panel(
          'capture',
          <div className="bottom-slot" id="panel-capture">
            <Capture />
          </div>,
        )}
      </div>
      {width !== 'narrow' && (
        <Splitter
          label="Width of the left column"
          className="splitter-left"
          orientation="vertical"
          sign={1}
          value={shares.left}
          min={10}
          max={45}
          onChange={(left) => setShares({ left })}
        />
      )}
      {width === 'wide' && (
        <Splitter
          label="Width of the right column"
          className="splitter-right"
          orientation="vertical"
          sign={-1}
          value={shares.right}
          min={10}
          max={45}
          onChange={(right) => setShares({ right })}
        />
      )}
      {width !== 'narrow' && (
        <Splitter
          label="Height of the timeline"
          className="splitter-bottom"
          orientation="horizontal"
          sign={-1}
          value={shares.bottom}
          min={10}
          max={60}
          onChange={(bottom) => setShares({ bottom })}
        />
      )}
      <Messages />
      <Dialogs />
      <FileDrop />
    </div>
  );
}
