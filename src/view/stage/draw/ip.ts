/** The IP floor. */
import type { ArpQueue, FragmentQueue, IpStage, Sieve } from '../floors/ip';
import { counted, grouped } from '../read';
import type { HostStage } from '../stage';
import type { Block, Detail } from './pack';
import { cabinet, cells, note } from './parts';
import { widthOf } from './shapes';

/** A hook as a sieve in the way of the packet; one with rules says how many. */
function sieveBlock(sieve: Sieve, brief: boolean): Block {
  const ruled = sieve.rules.length > 0;
  const label = ruled ? `${sieve.name}: ${counted(sieve.rules.length, 'rule')}` : sieve.name;
  const min = widthOf(label, 'n') + 20;
  return {
    id: `ip.${sieve.name}`,
    min: brief && !ruled ? Math.min(min, 80) : min,
    grow: 0,
    h: 19,
    draw(pen, box) {
      const { x, y, w } = box;
      const tone = sieve.here ? 'sieve here' : 'sieve';
      pen.rect({ x, y: y + 1, w, h: 17 }, tone, { rx: 8.5, title: `netfilter hook ${sieve.name}` });
      // The mesh.
      for (let at = x + 8; at < x + w - 6; at += 5)
        pen.path(`M${at} ${y + 15.5} h2`, sieve.here ? 'thin hereline' : 'thin layerline');
      pen.text(x + w / 2, y + 11.5, label, 'n', {
        max: w - 10,
        anchor: 'middle',
        cls: sieve.here ? 'hereink strong' : ruled ? 'layerink strong' : 'layerink',
      });
      if (sieve.here) pen.here(box);
    },
  };
}

/** Why no route is shown: the packet in hand has none yet, or there is no packet. */
function noRoute({ skb, cache }: IpStage): string {
  if (skb !== 0) return 'no route yet: lookup';
  return cache === null ? 'no route held' : `${counted(cache.routes, 'route')} in the cache`;
}

/** Where packets wait: for a neighbour's address, or for the rest of their fragments. */
function queueBlock(id: string, name: string, queue: ArpQueue | FragmentQueue): Block {
  return {
    id,
    min: 190,
    grow: 1,
    h: 27,
    draw(pen, { x, y, w }) {
      const count = queue.skbs.length;
      pen.text(x, y + 9, name, 't', { max: w / 2, cls: count > 0 ? 'ink strong' : 'ink2', object: queue.id });
      const used = widthOf(name, 't') + 7;
      pen.text(x + used, y + 9, queue.text, 'n', { max: w - used, cls: count > 0 ? 'ink' : 'ink2' });
      const box = { x, y: y + 12, w, h: 14 };
      pen.rect(box, queue.here ? 'bin here' : 'bin', { object: queue.id, title: `${name}: ${counted(count, 'skb')}` });
      if (queue.here) pen.here(box);
      cells(pen, { x: x + 2, y: y + 14, w: w - 4, h: 10 }, queue.skbs, { label: (skb) => `#${skb}`, wide: 34 });
    },
  };
}

const NO_FRAGMENTS = { text: 'nothing to put together', skbs: [], here: false };
/** Queues of fragments, and rules of a hook, that find room. */
const MOST_QUEUES = 2;
const MOST_RULES = 3;

function queueBlocks({ arp, reassembly }: IpStage): Block[] {
  const made = arp === null ? [] : [queueBlock('ip.arp', 'arp_queue', arp)];
  if (reassembly !== null) {
    const queues = reassembly.queues.slice(-MOST_QUEUES);
    const shown = queues.length > 0 ? queues : [{ ...NO_FRAGMENTS, id: reassembly.id }];
    made.push(...shown.map((queue, nth) => queueBlock(`ip.fragments${nth}`, 'fragments', queue)));
  }
  return made.map((block, nth) => (nth === 0 ? { ...block, breaks: true } : block));
}

/** Rules in the order in which they are asked, with how many packets each has matched. */
function ruleBlocks(sieves: readonly Sieve[]): Block[] {
  const rules = sieves.flatMap(({ rules: own }) => own);
  return rules.slice(0, MOST_RULES).map(
    (rule, nth): Block => ({
      id: `ip.rule${nth}`,
      min: 9999,
      grow: 1,
      h: 13,
      breaks: true,
      draw(pen, box) {
        const { x, y, w } = box;
        const said = rule.packets === 0 ? 'none matched' : `${counted(rule.packets, 'packet')} matched`;
        const right = widthOf(said, 'n');
        if (rule.here) pen.here(box);
        const cls = rule.here ? 'hereink strong' : 'ink';
        const target = widthOf(rule.target, 'n') + 9;
        pen.text(x, y + 9.5, rule.target, 'n', { max: target, cls: rule.here ? cls : 'ink strong', object: rule.id });
        pen.text(x + target, y + 9.5, rule.text, 'n', { max: w - target - right - 8, cls, object: rule.id });
        pen.text(x + w, y + 9.5, said, 'n', {
          max: right + 1,
          anchor: 'end',
          cls: rule.packets > 0 ? 'drop' : 'ink3',
        });
      },
    }),
  );
}

function routeBlock(ip: IpStage): Block {
  const { route, neighbour } = ip;
  return {
    id: 'ip.route',
    min: 172,
    grow: 2,
    h: 26,
    draw(pen, box) {
      const { x, y, w } = box;
      if (route === null) {
        pen.circle(x + 5, y + 7, 4, 'dot ready');
        pen.text(x + 14, y + 10.5, noRoute(ip), 't', { max: w - 14, cls: 'ink2' });
        return;
      }
      if (route.here) pen.here(box);
      pen.circle(x + 5, y + 7, 4, 'dot layerfill');
      pen.text(x + 14, y + 10.5, `route ${route.cached ? 'cached in the socket' : 'looked up'}`, 't', {
        max: w - 14,
        cls: route.here ? 'hereink strong' : 'ink',
        object: route.id,
      });
      const local = route.kind === 'local';
      const text = local ? `${route.to} is local` : `${route.to} ${route.via}, ${route.dev}, MTU ${grouped(route.mtu)}`;
      pen.text(x + 14, y + 22, text, 'n', { max: w - 14, cls: 'ink2', object: neighbour?.id ?? route.id });
    },
  };
}

function neighbourBlock(ip: IpStage): Block[] {
  const { neighbour } = ip;
  if (neighbour === null) return [];
  return [
    {
      id: 'ip.neighbour',
      min: 150,
      grow: 1,
      h: 26,
      draw(pen, box) {
        const { x, y, w } = box;
        if (neighbour.here) pen.here(box);
        const cls = neighbour.here ? 'hereink strong' : 'ink';
        pen.text(x, y + 10.5, `neighbour ${neighbour.state}`, 't', { max: w, cls, object: neighbour.id });
        const cached = neighbour.header ? ', header ready' : '';
        pen.text(x, y + 22, `${neighbour.hardware}${cached}`, 'n', { max: w, cls: 'ink2' });
      },
    },
  ];
}

/** Route in one line, for a low floor. */
function routeLine(ip: IpStage): Block {
  const { route } = ip;
  return {
    id: 'ip.route',
    min: 116,
    grow: 1,
    h: 19,
    draw(pen, box) {
      const { x, y, w } = box;
      pen.circle(x + 5, y + 9.5, 4, route === null ? 'dot ready' : 'dot layerfill');
      if (route?.here) pen.here(box);
      const said =
        route === null
          ? noRoute(ip)
          : route.kind === 'local'
            ? 'route: local'
            : route.cached
              ? 'route in the socket'
              : 'route looked up';
      pen.text(x + 14, y + 13, said, 't', {
        max: w - 14,
        cls: route?.here ? 'hereink strong' : 'ink',
        ...(route === null ? {} : { object: route.id }),
      });
    },
  };
}

/** From this width on the way is told in one line. */
const ONE_LINE = 480;

function wayBlock({ text, object }: { text: string; object: number }, width: number): Block {
  const words = text.split(/(?<=,) | {2}/);
  const lines = [''];
  for (const word of words) {
    const last = lines.at(-1) ?? '';
    const next = last === '' ? word : `${last} ${word}`;
    if (last === '' || widthOf(next, 'n') <= width) lines[lines.length - 1] = next;
    else lines.push(word);
  }
  const room = width < ONE_LINE ? 2 : 1;
  const shown = [...lines.slice(0, room - 1), lines.slice(room - 1).join(' ')];
  return {
    id: 'ip.way',
    min: 9999,
    grow: 1,
    h: room * 12 + 1,
    breaks: true,
    draw(pen, { x, y, w }) {
      shown.forEach((line, nth) => {
        pen.text(x, y + 9.5 + nth * 12, line, 'n', { max: w, cls: 'ink2', object });
      });
    },
  };
}

/** The header in hand, or where the route leads. */
function wayText({ header, skb, route, neighbour }: IpStage): { text: string; object: number } {
  if (header !== '') return { text: `#${skb}  ${header}`, object: skb };
  if (route === null) return { text: '', object: 0 };
  const next = neighbour === null ? '' : `, neighbour ${neighbour.hardware} ${neighbour.state}`;
  return {
    text: `${route.to} ${route.via}, ${route.dev}, MTU ${grouped(route.mtu)}${next}`,
    object: neighbour?.id ?? route.id,
  };
}

export function ipBlocks(host: HostStage, detail: Detail, width: number): Block[] {
  const { ip4 } = host;
  const sends = host.path.some(({ fn }) => fn === 'ip_queue_xmit' || fn === 'ip_local_out');
  const receives = host.path.some(({ fn }) => fn === 'ip_rcv');
  const named = (...names: readonly Sieve['name'][]): Sieve[] => {
    return names.flatMap((name) => ip4.sieves.filter((sieve) => sieve.name === name));
  };
  const forwards = host.nics.length > 1;
  const out = named('LOCAL_OUT', 'POST_ROUTING');
  const inward = named('PRE_ROUTING', 'LOCAL_IN');
  const outFirst = sends || (!receives && host.role !== 'receive');
  const way = forwards ? named('PRE_ROUTING', 'FORWARD', 'POST_ROUTING') : outFirst ? out : inward;
  const ruled = ip4.sieves.filter(({ name, rules }) => rules.length > 0 && !way.some((sieve) => sieve.name === name));
  const hooks = [...way, ...ruled];
  const queues = queueBlocks(ip4);
  const rules = ruleBlocks(ip4.sieves);
  if (detail === 'brief') return [...hooks.map((sieve) => sieveBlock(sieve, true)), ...queues];
  const fragment: Block = {
    id: 'ip.fragment',
    min: 128,
    grow: 1,
    h: 19,
    draw(pen, box) {
      if (ip4.fragmentHere) pen.here(box);
      pen.text(box.x, box.y + 13, ip4.fragment, 't', { max: box.w, cls: ip4.fragmentHere ? 'hereink strong' : 'ink2' });
    },
  };
  const fragments = ip4.fragment === '' ? [] : [fragment];
  if (detail === 'medium') {
    return [
      routeLine(ip4),
      ...hooks.map((sieve) => sieveBlock(sieve, false)),
      ...fragments,
      wayBlock(wayText(ip4), width),
      ...queues,
      ...rules,
    ];
  }
  const passing = forwards
    ? [...way, ...named('LOCAL_IN', 'LOCAL_OUT')]
    : outFirst
      ? [...out, ...inward]
      : [...inward, ...out];
  const sieves = passing.map((sieve) => sieveBlock(sieve, false));
  const header = ip4.header === '' ? 'no IP header in hand' : `#${ip4.skb}  ${ip4.header}`;
  return [
    routeBlock(ip4),
    ...neighbourBlock(ip4),
    ...cabinet('ip.ops', receives || host.role === 'receive' ? ip4.protocols : ip4.table, 150),
    ...sieves.map((sieve, nth) => (nth === 0 ? { ...sieve, breaks: true } : sieve)),
    ...fragments,
    note('ip.header', header, 9999, { grow: 4, style: 'n', cls: ip4.header === '' ? 'ink3' : 'ink', object: ip4.skb }),
    ...queues,
    ...rules,
  ];
}
