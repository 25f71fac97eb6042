/** Mirrors include/net/inet_hashtables.h (2.6.39): ports in use. What calls an implementation is in net/ipv4/inet_hashtables.ts. */
import { int, port, ref, struct } from '../../../base/struct';
import type { sock } from './sock';

/** A port in use, and who owns it. */
export const inet_bind_bucket = struct('inet_bind_bucket', {
  port: port('the port'),
  fastreuse: int('1: all owners allow reuse; 0: not all; -1: chosen by connect(), for connect() only'),
  num_owners: int('sockets that own it'),
  node: ref<inet_bind_bucket>('next in the hash chain'),
  owners: ref<sock>('first owner'),
});
export interface inet_bind_bucket extends InstanceType<typeof inet_bind_bucket> {}
