/** The IP floor. */
import type { IpStage, Sieve } from '../floors/ip';
import { grouped } from '../read';
import type { HostStage } from '../stage';
import type { Block, Detail } from './pack';
import { cabinet, note } from './parts';
import { widthOf } from './shapes';

/** A hook as a sieve in the way of the packet. */
function sieveBlock(sieve: Sieve, brief: boolean): Block {
  const min = widthOf(sieve.name, 'n') + 20;
  return {
    id: `ip.${sieve.name}`,
    min: brief ? Math.min(min, 80) : min,
    grow: 0,
    h: 19,
    draw(pen, box) {
      const { x, y, w } = box;
      const tone = sieve.here ? 'sieve here' : 'sieve';
      pen.rect({ x, y: y + 1, w, h: 17 }, tone, { rx: 8.5, title: `netfilter hook ${sieve.name}` });
      // The mesh.
      for (let at = x + 8; at < x + w - 6; at += 5)
        pen.path(`M${at} ${y + 15.5} h2`, sieve.here ? 'thin hereline' : 'thin layerline');
      pen.text(x + w / 2, y + 11.5, sieve.name, 'n', {
        max: w - 10,
        anchor: 'middle',
        cls: sieve.here ? 'hereink strong' : 'layerink',
      });
      if (sieve.here) pen.here(box);
    },
  };
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
        pen.text(x + 14, y + 10.5, 'no route yet: lookup', 't', { max: w - 14, cls: 'ink2' });
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
          ? 'no route yet: lookup'
          : route.kind === 'local'
            ? 'route: local'
            : route.cached
              ? 'route cached, valid'
              : 'route looked up';
      pen.text(x + 14, y + 13, said, 't', {
        max: w - 14,
        cls: route?.here ? 'hereink strong' : 'ink',
        ...(route === null ? {} : { object: route.id }),
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

export function ipBlocks(host: HostStage, detail: Detail): Block[] {
  const { ip4 } = host;
  const sends = host.path.some(({ fn }) => fn === 'ip_queue_xmit' || fn === 'ip_local_out');
  const receives = host.path.some(({ fn }) => fn === 'ip_rcv');
  const out = ip4.sieves.filter(({ name }) => /^(LOCAL_OUT|POST)/.test(name));
  const inward = ip4.sieves.filter(({ name }) => /^(PRE|LOCAL_IN)/.test(name));
  const outFirst = sends || (!receives && host.role !== 'receive');
  if (detail === 'brief') return (outFirst ? out : inward).map((sieve) => sieveBlock(sieve, true));
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
    const way = wayText(ip4);
    return [
      routeLine(ip4),
      ...(outFirst ? out : inward).map((sieve) => sieveBlock(sieve, false)),
      ...fragments,
      { ...note('ip.way', way.text, 9999, { style: 'n', object: way.object }), breaks: true },
    ];
  }
  const sieves = (outFirst ? [...out, ...inward] : [...inward, ...out]).map((sieve) => sieveBlock(sieve, false));
  const header = ip4.header === '' ? 'no IP header in hand' : `#${ip4.skb}  ${ip4.header}`;
  return [
    routeBlock(ip4),
    ...neighbourBlock(ip4),
    ...cabinet('ip.ops', receives || host.role === 'receive' ? ip4.protocols : ip4.table, 150),
    ...sieves.map((sieve, nth) => (nth === 0 ? { ...sieve, breaks: true } : sieve)),
    ...fragments,
    note('ip.header', header, 9999, { grow: 4, style: 'n', cls: ip4.header === '' ? 'ink3' : 'ink', object: ip4.skb }),
  ];
}
