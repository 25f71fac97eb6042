/** The card as hardware: a board with chips, switches, FIFOs, registers, an interrupt line, a port with its LEDs. */
import type { EngineStage, FifoStage, NicStage } from '../floors/hardware';
import { grouped } from '../read';
import type { HostStage } from '../stage';
import { type Block, type Detail, pack } from './pack';
import { cells } from './parts';
import type { Box, Pen } from './shapes';

const BRACKET = 16;
const PORT = 24;
const FINGERS = 7;

function chip(engine: EngineStage, nth: number): Block {
  const min = engine.isSwitch ? 58 : 88;
  return {
    id: `chip${nth}`,
    min,
    grow: engine.isSwitch ? 1 : 2,
    h: 25,
    draw(pen, box) {
      const { x, y, w } = box;
      pen.rect(box, engine.busy ? 'chip busy' : 'chip', { rx: 2, title: `${engine.name}: ${engine.state}` });
      pen.text(x + 5, y + 10.5, engine.name, 'n', { max: w - 8, cls: 'boardink strong' });
      if (engine.isSwitch) {
        // A slide switch: to the right is on.
        pen.rect({ x: x + 5, y: y + 15, w: 16, h: 6 }, engine.on ? 'switch on' : 'switch', { rx: 3 });
        pen.circle(engine.on ? x + 18 : x + 8, y + 18, 3, 'knob');
        pen.text(x + 25, y + 21, engine.state, 'n', { max: w - 28, cls: engine.on ? 'boardink' : 'boardink dim' });
      } else pen.text(x + 5, y + 21, engine.state, 'n', { max: w - 8, cls: engine.busy ? 'boardink' : 'boardink dim' });
    },
  };
}

function fifo(what: FifoStage, engaged: readonly number[], nth: number, detail: Detail): Block {
  return {
    id: `fifo${nth}`,
    min: detail === 'full' ? 100 : detail === 'medium' ? 74 : 60,
    grow: 3,
    h: 25,
    draw(pen, box) {
      const { x, y, w } = box;
      pen.rect(box, 'chip', { rx: 2, object: what.id, title: `${what.name}: ${what.bytes} of ${what.size} bytes` });
      const narrow = w < 92;
      pen.text(x + 5, y + 10.5, what.name, 'n', { max: narrow ? w - 8 : w * 0.5, cls: 'boardink strong' });
      if (!narrow)
        pen.text(x + w - 5, y + 10.5, `${grouped(what.bytes)} B`, 'n', {
          max: w * 0.5 - 6,
          anchor: 'end',
          cls: 'boardink dim',
        });
      pen.rect({ x: x + 5, y: y + 13.5, w: w - 10, h: 8.5 }, 'fifo', { rx: 1 });
      const frames = [...what.frames, ...engaged.filter((id) => !what.frames.includes(id))];
      cells(pen, { x: x + 6, y: y + 14.5, w: w - 12, h: 6.5 }, frames, {
        label: () => '',
        wide: 20,
        cls: () => 'frame',
        counts: false,
      });
    },
  };
}

function registers(nic: NicStage): Block {
  return {
    id: 'registers',
    min: 150,
    grow: 1,
    breaks: true,
    h: 13,
    draw(pen, { x, y, w }) {
      let at = x;
      for (const register of nic.registers) {
        const text = `${register.name} ${register.value}`;
        const width = text.length * 5.7 + 4;
        if (at + width > x + w) break;
        if (register.changed) pen.rect({ x: at - 1, y: y + 1, w: width, h: 12 }, 'registerchanged', { rx: 2 });
        pen.text(at + 1, y + 10, text, 'n', {
          max: width,
          cls: register.changed ? 'ink strong' : 'boardink',
          object: nic.id,
        });
        at += width + 5;
      }
    },
  };
}

function interrupt(nic: NicStage, detail: Detail): Block {
  const { irq } = nic;
  return {
    id: 'irq',
    min: detail === 'brief' ? 78 : 84,
    grow: 2,
    h: 25,
    draw(pen, box) {
      const { x, y, w } = box;
      pen.rect(box, irq.line ? 'chip alarm' : 'chip', {
        rx: 2,
        object: irq.id,
        title: `interrupt line ${irq.line ? 'raised' : 'low'}; causes ${irq.causes}`,
      });
      pen.path(
        irq.line ? `M${x + 6} ${y + 10} h4 v-6 h7 v6 h3` : `M${x + 6} ${y + 10} h14`,
        irq.line ? 'thin alarmline' : 'thin boardline',
      );
      pen.text(x + 25, y + 10.5, irq.line ? 'IRQ raised' : 'IRQ low', 'n', {
        max: w - 28,
        cls: irq.line ? 'boardink strong' : 'boardink',
      });
      const cause = irq.line && /[A-Z]/.test(irq.causes) ? irq.causes : irq.throttle;
      pen.text(x + 5, y + 21, cause, 'n', { max: w - 8, cls: 'boardink dim' });
    },
  };
}

function drawPort(pen: Pen, nic: NicStage, box: Box, left: boolean): void {
  const { x, y, h } = box;
  pen.rect({ x, y: y - 4, w: BRACKET, h: h + 8 }, 'bracket', { rx: 1 });
  const inside = left ? x + 2 : x - PORT + BRACKET - 2;
  const top = y + h / 2 - 11;
  pen.rect({ x: inside, y: top, w: PORT, h: 22 }, 'jack', {
    rx: 1.5,
    title: `link ${nic.linkLed ? 'up' : 'down'}, ${nic.speed} Mb/s`,
  });
  for (let pin = 0; pin < 5; pin++) pen.path(`M${inside + 5 + pin * 3.5} ${top + 4} v5`, 'pin');
  pen.circle(x + BRACKET / 2, y + 5, 3, nic.linkLed ? 'led link' : 'led', {
    title: nic.linkLed ? 'link LED on' : 'link LED off',
  });
  pen.circle(x + BRACKET / 2, y + h - 5, 3, nic.activityLed ? 'led activity' : 'led', { title: 'activity LED' });
  pen.port('jack', x + BRACKET / 2, y + h / 2);
}

/**
 * The cards of a host, each with its bracket on the side its cable goes to: the first of two to the left, the second to the right, a single one
 * to the outer side.
 */
export function nicBlocks(host: HostStage, detail: Detail, width: number, isLeftmost: boolean): Block[] {
  return host.nics.map((nic, nth) =>
    cardBlock(nic, host, detail, width, host.nics.length > 1 ? nth === 0 : isLeftmost),
  );
}

function cardBlock(nic: NicStage, host: HostStage, detail: Detail, width: number, left: boolean): Block {
  const inner = width - BRACKET - PORT - 12;
  const chips = partsOf(nic, host, detail);
  const height = pack(chips, { x: 0, y: 0, w: inner }).height + 14;
  return {
    id: `nic.${nic.name}`,
    min: width,
    grow: 1,
    h: height + FINGERS,
    draw(pen, { x, y, w }) {
      const board = { x: left ? x + BRACKET - 4 : x, y, w: w - BRACKET + 4, h: height };
      pen.rect(board, 'board', { rx: 2, object: nic.id, title: `${nic.name}: network card` });
      const fingers = Math.floor((board.w - 60) / 9);
      for (let nth = 0; nth < fingers; nth++)
        pen.rect({ x: board.x + 30 + nth * 9, y: y + height, w: 5.5, h: FINGERS - 1 }, 'finger', { rx: 0.5 });
      const start = left ? x + BRACKET + PORT + 2 : x + 8;
      for (const { block, box } of pack(chips, { x: start, y: y + 7, w: inner }).packed) block.draw(pen, box);
      drawPort(pen, nic, { x: left ? x : x + w - BRACKET, y: y + 2, w: BRACKET, h: height - 4 }, left);
    },
  };
}

function partsOf(nic: NicStage, host: HostStage, detail: Detail): Block[] {
  const inTx = nic.inEngine.filter(({ engine }) => engine === 'TX DMA').map(({ frame }) => frame);
  const inRx = nic.inEngine.filter(({ engine }) => engine === 'RX DMA').map(({ frame }) => frame);
  const find = (name: string): Block[] => {
    const nth = nic.engines.findIndex((engine) => engine.name === name);
    return nth < 0 ? [] : [chip(nic.engines[nth] as EngineStage, nth)];
  };
  const tx = fifo(nic.txFifo, inTx, 0, detail);
  const rx = fifo(nic.rxFifo, inRx, 1, detail);
  const irq = interrupt(nic, detail);
  const receiver = host.role === 'receive';
  if (detail === 'brief') return receiver ? [rx, irq] : [tx, irq];
  if (detail === 'medium')
    return receiver
      ? [...find('RX DMA'), ...find('RX sum'), rx, tx, irq]
      : [...find('TX DMA'), ...find('checksum'), ...find('TSO'), tx, rx, irq];
  const transmit = [...find('TX DMA'), ...find('SG'), ...find('checksum'), ...find('TSO'), tx];
  const receive = [...find('RX DMA'), ...find('RX sum'), rx];
  return [...(receiver ? [...receive, ...transmit] : [...transmit, ...receive]), irq, registers(nic)];
}
