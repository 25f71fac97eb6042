/** The inside of a card in words, in reading order: for those who do not see the drawing, and for searching. */
import { counted, span } from '../stage/read';
import type { CardView, Countdown, Transfer } from './card';
import { PAGE } from './draw/ring';
import { type RingView, stateWords } from './rings';

export interface CardItem {
  readonly text: string;
  /** Object to select, 0: none. */
  readonly object: number;
}

export interface CardSection {
  readonly title: string;
  readonly items: readonly CardItem[];
}

function item(text: string, object = 0): CardItem {
  return { text, object };
}

function ringItems(ring: RingView): CardItem[] {
  if (ring.count === 0) return [item('not set up', ring.id)];
  const { head, tail, use, clean } = ring;
  const pointers = [head, tail, clean, use].map(({ name, at }) => `${name} ${at}`).join(', ');
  const stretches = ring.stretches.map(({ from, to, state }) => {
    const which = to - from === 1 ? `${from}` : `${from} to ${to - 1}`;
    return `${which} ${stateWords(ring.direction, state)}`;
  });
  const page = Math.floor(ring.focus / PAGE) * PAGE;
  const rows = Array.from({ length: Math.min(PAGE, ring.count - page) }, (_, nth) => ring.row(page + nth));
  return [
    item(`${counted(ring.count, 'descriptor')}; ${pointers}`, ring.id),
    item(stretches.join('; ')),
    ...rows
      .filter(({ state }) => state !== 'free')
      .map(({ index, state, descriptor, skb, object }) => {
        const buffer = descriptor.buffer === 0 ? '' : ` at 0x${descriptor.buffer.toString(16)}`;
        const size = descriptor.length > 0 ? `, ${descriptor.length} bytes${buffer}` : buffer;
        const bits = descriptor.bits.length > 0 ? `, ${descriptor.bits.join(' ')}` : '';
        const whose = skb === 0 ? '' : `, sk_buff #${skb}`;
        const words = stateWords(ring.direction, state);
        return item(`descriptor ${index}, ${descriptor.kind}, ${words}${size}${bits}${whose}`, object);
      }),
  ];
}

function transferText({ channel, busy, what, toHost, address, bytes, part, left }: Transfer): string {
  if (!busy) return `${channel}: idle`;
  const where = `${toHost ? 'to' : 'from'} 0x${address.toString(16)}`;
  return `${channel}: ${what}, ${bytes} bytes ${where}, ${Math.round(part * 100)} % done, ${left} to go`;
}

function countdownText({ name, of, left }: Countdown): string {
  if (of === 0) return `${name}: off`;
  return left > 0 ? `${name}: ${span(left)} of ${span(of)} to go` : `${name}: ${span(of)}, not running`;
}

function steeringSection({ steering }: CardView): CardSection[] {
  if (steering === null) return [];
  const { on, fields, key, table, last, vectors } = steering;
  const vector = (number: number | null): string => (number === null ? 'no vector' : `vector ${number}`);
  const used = [...new Set(table)].sort((a, b) => a - b);
  return [
    {
      title: 'Receive side scaling',
      items: [
        item(on ? `hashes ${fields.join(', ')}` : 'off: every frame goes to queue 0'),
        ...(last === null || last.entry < 0
          ? []
          : [
              item(
                `hash 0x${last.hash.toString(16).padStart(8, '0')} of ${last.flow || 'the frame before'}: entry ${last.entry}, queue ${last.queue}`,
                last.frame,
              ),
            ]),
        item(`key (RSSRK): ${key.map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`),
        item(`redirection table (RETA): ${counted(table.length, 'entry', 'entries')}, queues ${used.join(', ')}`),
        ...vectors.map(({ queue, rx, tx }) => item(`queue ${queue}: received to ${vector(rx)}, sent to ${vector(tx)}`)),
      ],
    },
  ];
}

export function cardInWords(card: CardView): CardSection[] {
  const { tx, rx, interrupts, link, work } = card;
  const causes = interrupts.causes.filter(({ pending }) => pending).map(({ name }) => name);
  const enabled = interrupts.causes.filter((cause) => cause.enabled).map(({ name }) => name);
  return [
    {
      title: `${card.name} of host ${card.hostName}`,
      items: [
        item(`Intel ${card.model}, ${card.mac.address}, on ${card.bus}`, card.id),
        item(
          link.up
            ? `link up, ${link.speed} Mb/s, full duplex`
            : link.negotiates
              ? 'negotiates a speed: no link yet'
              : 'link down',
        ),
        item(`activity LED ${link.activityLed ? 'lit' : 'dark'}`),
        ...(card.event === '' ? [] : [item(`now: ${card.event}`)]),
      ],
    },
    ...card.rings.map((ring) => ({
      title: `${ring.direction} ring ${ring.queue}`,
      items: ringItems(ring),
    })),
    { title: 'Bus', items: card.transfers.map((transfer) => item(transferText(transfer), transfer.id)) },
    {
      title: 'Transmit side',
      items: [
        item(`DMA: ${tx.hung ? 'hangs' : tx.phase}, ${counted(tx.cached, 'descriptor')} prefetched`, tx.id),
        item(tx.cuts ? `segmenter: cuts into segments of ${tx.mss} bytes` : 'segmenter: whole packets'),
        item(tx.sums === '' ? 'checksum engine: nothing asked' : `checksum engine: inserts ${tx.sums}`),
        item(`FIFO: ${tx.fifo.bytes} of ${tx.fifo.size} bytes, ${counted(tx.fifo.frames.length, 'frame')}`, tx.fifo.id),
        item(
          tx.sending === 0 ? 'MAC: sends nothing' : `MAC: frame #${tx.sending}, ${Math.round(tx.sent * 100)} % out`,
          tx.sending,
        ),
      ],
    },
    {
      title: 'Pause frames',
      items: [
        item(
          card.pause.held > 0 ? `the peer keeps this card quiet for ${span(card.pause.held)}` : 'sending is not paused',
        ),
        item(
          `${counted(card.pause.sent, 'pause frame')} made so far${card.pause.asks ? '; the peer is asked to be quiet' : ''}`,
        ),
      ],
    },
    ...(work === null
      ? []
      : [
          {
            title: `Headers of frame #${work.frame}`,
            items: work.changes.map(({ name, before, after }) => item(`${name}: ${before} became ${after}`)),
          },
        ]),
    {
      title: 'Receive side',
      items: [
        item(`filter lets in: ${card.mac.filter}`),
        item(`FIFO: ${rx.fifo.bytes} of ${rx.fifo.size} bytes, ${counted(rx.fifo.frames.length, 'frame')}`, rx.fifo.id),
        ...rx.fifo.marks.map(({ doc }) => item(doc)),
        item(rx.sums ? 'checksum verifier: on' : 'checksum verifier: off'),
        ...(card.verdict === null
          ? []
          : card.verdict.checks.map(({ name, value, found }) =>
              item(`${name} ${value} of frame #${card.verdict?.frame}: ${found}`),
            )),
        item(`DMA: ${rx.phase}, ${counted(rx.cached, 'descriptor')} prefetched`, rx.id),
      ],
    },
    ...steeringSection(card),
    {
      title: 'Interrupts',
      items: [
        item(
          `line ${interrupts.line ? 'asserted' : 'quiet'}, ${counted(interrupts.count, 'time')} so far`,
          interrupts.id,
        ),
        ...interrupts.vectors
          .filter(({ enabled, count }) => enabled || count > 0)
          .map(({ id, index, name, pending, enabled, count, throttle }) =>
            item(
              `vector ${index} (${name || 'nothing'}): ${pending ? 'pending' : 'nothing pending'}, ${enabled ? 'enabled' : 'masked'}, ${counted(count, 'message')} sent; ${countdownText(throttle)}`,
              id,
            ),
          ),
        item(`causes that have come (ICR): ${causes.join(', ') || 'none'}`),
        item(`causes that may interrupt (IMS): ${enabled.join(', ') || 'none'}`),
        item(countdownText(interrupts.throttle)),
        ...interrupts.delays.filter(({ of }) => of > 0).map((delay) => item(countdownText(delay))),
      ],
    },
  ];
}
