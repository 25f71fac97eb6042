/** Who is connected to whom: hosts, their interfaces and cables, as they follow from a settled scenario. */
import type { Cable } from './cable';
import type { Port } from './hosts';
import { HOST_NAMES, type HostName, type Scenario } from './shape';

export type DeviceName = 'eth0' | 'eth1';

/** A card with its address, at an end of a cable. */
export interface Interface extends Port {
  readonly host: HostName;
  readonly dev: DeviceName;
  /** Number among the host's cards, from 0. */
  readonly port: number;
  /** Index in `cablesOf`. */
  readonly cable: number;
  readonly side: 0 | 1;
}

/** Hosts in order of their numbers. A script stands for B: that is only an address then. */
export function hostNames({ hosts, script }: Scenario): HostName[] {
  return HOST_NAMES.filter((name) => hosts[name] !== undefined && !(script !== null && name === 'B'));
}

/** The cables: A's and, where a router stands between, B's. */
export function cablesOf({ hosts, link, linkB }: Scenario): Cable[] {
  return hosts.R === undefined ? [link] : [link, linkB];
}

/** All interfaces, in order of hosts and ports. */
export function interfacesOf({ hosts: { A, B, R } }: Scenario): Interface[] {
  const eth0 = { dev: 'eth0', port: 0 } as const;
  if (R === undefined) {
    return [
      { ...portOf(A), ...eth0, host: 'A', cable: 0, side: 0 },
      { ...portOf(B), ...eth0, host: 'B', cable: 0, side: 1 },
    ];
  }
  return [
    { ...portOf(A), ...eth0, host: 'A', cable: 0, side: 0 },
    { ...portOf(B), ...eth0, host: 'B', cable: 1, side: 1 },
    { ...R.eth0, ...eth0, host: 'R', cable: 0, side: 1 },
    { ...R.eth1, dev: 'eth1', port: 1, host: 'R', cable: 1, side: 0 },
  ];
}

/** The interface at the other end of the cable. */
export function peerOf(all: readonly Interface[], { cable, side }: Interface): Interface {
  const found = all.find((other) => other.cable === cable && other.side !== side);
  if (found === undefined) throw new Error(`nothing at the other end of cable ${cable}`);
  return found;
}

function portOf({ ip, mac, nic, qdisc }: Port): Port {
  return { ip, mac, nic, qdisc };
}

/** Index of the cable that a host is at, with the side; `of` says whose it is where there are two. Null: it is not at that one. */
export function cableOf(
  scenario: Scenario,
  host: HostName,
  of: HostName = host === 'R' ? 'A' : host,
): { readonly cable: number; readonly side: 0 | 1 } | null {
  const interfaces = interfacesOf(scenario);
  const cable = interfaces.find((one) => one.host === of)?.cable;
  return interfaces.find((one) => one.host === host && one.cable === cable) ?? null;
}
