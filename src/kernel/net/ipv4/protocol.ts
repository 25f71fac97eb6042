/** Mirrors net/ipv4/protocol.c (2.6.39): registration of transport protocols. Left out: locking, IPv6. */
import type { OpsTable } from '../../../base/dispatch';
import { kernel_global } from '../../arch/current';
import { inet_protocol_table, type net_protocol } from '../../include/net/protocol';

/** The array inet_protos[] of this host. */
export const inet_protos = kernel_global(() => new inet_protocol_table());

/**
 * Registers a transport protocol; −1 when the number is taken.
 * @modelled net/ipv4/protocol.c
 */
export function inet_add_protocol(prot: net_protocol & OpsTable, protocol: number): number {
  const table = inet_protos().inet_protos;
  if (inet_protocol(protocol) !== null) {
    return -1;
  }
  table.set(protocol, prot);
  return 0;
}

/**
 * The protocol registered for a number, or null.
 * @model reads inet_protos[protocol], an array access in C
 * @cost 2
 */
export function inet_protocol(protocol: number): (net_protocol & OpsTable) | null {
  const table = inet_protos().inet_protos;
  return protocol < table.length ? (table.at(protocol) as (net_protocol & OpsTable) | null) : null;
}
