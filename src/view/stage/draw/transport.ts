/** The transport floor without a TCP stream: a listener's queues, a datagram socket; and connections in TIME_WAIT beside any of them. */
import type { DatagramStage, ListenStage, RequestQueue, TimeWait } from '../floors/transport';
import type { HostStage } from '../stage';
import type { Block, Detail } from './pack';
import { gauge, note } from './parts';
import type { Pen } from './shapes';
import { binBlock, tcpBlocks } from './tcp';

const ROW = 13;

function requestQueue(queue: RequestQueue, nth: number, shown: number): Block {
  const rows = Math.min(shown, Math.max(1, queue.requests.length));
  return {
    id: `tcp.requests${nth}`,
    min: 150,
    grow: 1,
    h: 16 + rows * ROW + 3,
    draw(pen: Pen, box) {
      const { x, y, w } = box;
      const full = queue.count >= queue.most;
      pen.text(x, y + 10, queue.name, 'b', { max: w * 0.55, cls: queue.here ? 'hereink' : 'layerink' });
      pen.text(x + w, y + 10, `${queue.count} of ${queue.most}`, 'n', {
        max: w * 0.42,
        anchor: 'end',
        cls: full ? 'blocked strong' : 'ink2',
      });
      const frame = { x, y: y + 14, w, h: rows * ROW + 4 };
      pen.rect(frame, queue.here ? 'bin here' : 'bin', { title: `${queue.name}: ${queue.count} of ${queue.most}` });
      if (queue.here) pen.here(frame);
      queue.requests.slice(0, rows).forEach((request, row) => {
        const line = y + 14 + row * ROW + 11;
        const more =
          row === rows - 1 && queue.requests.length > rows ? ` and ${queue.requests.length - rows} more` : '';
        pen.text(x + 5, line, `${request.peer} ${more === '' ? request.text : more}`, 'n', {
          max: w - 9,
          cls: 'ink',
          object: request.id,
          title: `${request.peer}: ${request.text}`,
        });
      });
      if (queue.requests.length === 0) pen.text(x + 5, y + 25, 'empty', 'n', { max: w - 9, cls: 'ink3' });
    },
  };
}

function listenBlocks({ id, port, queues, sentence }: ListenStage, detail: Detail): Block[] {
  const shown = detail === 'full' ? 4 : detail === 'medium' ? 3 : 1;
  return [
    note('tcp.listens', `listens on port ${port}`, 120, { cls: 'layerink', object: id }),
    ...(detail === 'brief' ? [] : [note('tcp.sentence', sentence, 200, { cls: 'ink2' })]),
    ...queues.map((queue, nth) => ({ ...requestQueue(queue, nth, shown), ...(nth === 0 ? { breaks: true } : {}) })),
  ];
}

function datagramBlocks({ id, ends, bins, gauge: memory, sentence }: DatagramStage, detail: Detail): Block[] {
  const shown = detail === 'brief' ? bins.slice(0, 1) : bins;
  return [
    note('tcp.kind', ends, 150, { cls: 'layerink', object: id }),
    ...(detail === 'brief' ? [] : [note('tcp.sentence', sentence, 180, { cls: 'ink2' })]),
    ...shown.map((bin, nth) => ({ ...binBlock(bin, nth), ...(nth === 0 ? { breaks: true } : {}) })),
    ...(detail === 'brief' ? [] : [gauge('tcp.gauge', memory.name, memory.used, memory.limit, 104)]),
  ];
}

function timeWaitBlock(waits: readonly TimeWait[], detail: Detail): Block[] {
  if (waits.length === 0) return [];
  const shown = detail === 'brief' ? 1 : 3;
  return waits.slice(0, shown).map((wait, nth) => ({
    ...note(
      `tcp.timewait${nth}`,
      nth === shown - 1 && waits.length > shown
        ? `${wait.ends} ${wait.text}, and ${waits.length - shown} more`
        : `${wait.ends} ${wait.text}`,
      220,
      { cls: 'ink2', object: wait.id },
    ),
    ...(nth === 0 ? { breaks: true } : {}),
  }));
}

/** What stands on the transport floor. */
export function transportBlocks(host: HostStage, detail: Detail, width: number): Block[] {
  const { tcp, listen, datagram, timeWaits } = host;
  const waits = timeWaitBlock(timeWaits, detail);
  if (listen !== null) return [...listenBlocks(listen, detail), ...waits];
  if (datagram !== null) return datagramBlocks(datagram, detail);
  if (tcp === null && waits.length > 0) return waits;
  return [...tcpBlocks(tcp, host.role === 'receive' ? 'receive' : 'send', detail, width), ...waits];
}
