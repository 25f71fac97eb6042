/** The arguments of a call as a script writes them, read with words for what is wrong; and the checks of its result. */

import { lookUp } from '../../base/look-up';
import { LARGEST_CALL } from '../../scenario/calls';
import type { Expression, SystemCall as Written } from '../../scenario/packetdrill/ast';
import { printExpression } from '../../scenario/packetdrill/print';
import type { Settings } from '../../scenario/packetdrill/settings';
import { ERRNO, errnoName, numberOf } from '../../scenario/packetdrill/values';
import type { SystemCall } from '../../scenario/schema';
import type { CallResult } from '../syscalls/enter';
import { CannotMap } from './endpoint';

/** What a line expects, and what came instead. */
export interface Problem {
  readonly expected: string;
  readonly got: string;
}

/** What calls change in the script's picture: which sockets there are and which is under test. `fd` is the script's number. */
export interface Sockets {
  readonly settings: Settings;
  opened(fd: number, protocol: 'tcp' | 'udp'): void;
  bound(fd: number, port: number): void;
  listens(fd: number): void;
  connects(fd: number, ip: number, port: number): void;
  accepted(fd: number): void;
  /** sendto() with an address. */
  sends(fd: number, ip: number, port: number): void;
  /** Own and the script's address, dotted. */
  readonly localIp: string;
  readonly remoteIp: string;
}

export interface Translated {
  readonly call: SystemCall;
  /** Before the kernel is entered, and after it has returned. */
  readonly before?: () => void;
  readonly after?: (result: number) => void;
  /** What is wrong with the result, null: nothing. */
  check(result: CallResult): Problem | null;
}

/** The name of the script's descriptor `n` among the process's. */
export function fdName(n: number): string {
  return n < 0 ? 'none' : `fd${n}`;
}

/** The arguments of a call, read with words for what is wrong. */
export class Arguments {
  constructor(
    readonly written: Written,
    readonly sockets: Sockets,
  ) {}

  at(n: number): Expression | undefined {
    return this.written.args[n];
  }

  beyond(n: number): never {
    const arg = this.at(n);
    throw new CannotMap(
      `argument ${n + 1} of ${this.written.name}(): ${arg === undefined ? 'none' : printExpression(arg)}`,
    );
  }

  /** Throws for more or fewer arguments. */
  counted(least: number, most = least): void {
    const { args, name } = this.written;
    if (args.length < least || args.length > most) throw new CannotMap(`${name}() with ${args.length} arguments`);
  }

  number(n: number): number {
    return numberOf(this.at(n)) ?? this.beyond(n);
  }

  /** A number of bytes that a program of the machine may have a buffer of. */
  size(n: number): number {
    const bytes = this.number(n);
    return isSize(bytes) ? bytes : this.beyond(n);
  }

  fd(n = 0): string {
    return fdName(this.number(n));
  }

  isAny(n: number): boolean {
    return this.at(n)?.kind === 'ellipsis';
  }

  /** The number the script gives the descriptor that comes of the call; -1: it expects an error. */
  get given(): number {
    return numberOf(this.written.result) ?? -1;
  }

  /** A struct sockaddr_in, or `...` for what packetdrill puts there. */
  address(n: number, ip: string, port: number): { readonly ip: string; readonly port: number } {
    const struct = this.at(n);
    if (struct?.kind === 'ellipsis') return { ip, port };
    if (struct?.kind !== 'struct') return this.beyond(n);
    const field = (name: string): Expression | undefined =>
      struct.items.flatMap((item) => (item.kind === 'field' && item.name === name ? [item.value] : []))[0];
    const family = numberOf(field('sa_family'));
    const address = numberOf(field('sin_addr'));
    const number = numberOf(field('sin_port'));
    if (family !== 2 || address === null || number === null) return this.beyond(n);
    return { ip: dotted(address), port: number };
  }

  /** Checks the returned number and errno; `own`: what else there is to check of a call that has not failed. */
  returning(own: (result: CallResult) => Problem | null = () => null): (result: CallResult) => Problem | null {
    const { name, result: wanted, errno } = this.written;
    return (result) => {
      const got = result.result < 0 ? `-1 ${errnoName(-result.result)}` : String(result.result);
      if (wanted.kind === 'ellipsis') return null;
      const returned = result.result < 0 ? -1 : result.result;
      const fails = numberOf(wanted) !== returned || (errno !== null && lookUp(ERRNO, errno.name) !== -result.result);
      if (!fails) return result.result < 0 ? null : own(result);
      const expected = `${name}() = ${printExpression(wanted)}${errno === null ? '' : ` ${errno.name}`}`;
      return { expected, got };
    };
  }

  /** The result of a call that gives a descriptor: which number the kernel gave is its own business. */
  givingFd(): (result: CallResult) => Problem | null {
    const plain = this.returning();
    return (result) => (result.result >= 0 && this.given >= 0 ? null : plain(result));
  }
}

export const isSize = (bytes: number): boolean => Number.isInteger(bytes) && bytes >= 0 && bytes <= LARGEST_CALL;

export function dotted(ip: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(ip / 2 ** shift) % 256).join('.');
}

/** By the names of flags the machine's calls know; throws for others. */
export function flagNames(args: Arguments, n: number, known: Readonly<Record<string, number>>): string[] {
  let rest = args.number(n);
  const names = Object.entries(known).filter(([, bit]) => {
    const has = (rest & bit) !== 0;
    if (has) rest &= ~bit;
    return has;
  });
  if (rest !== 0) args.beyond(n);
  return names.map(([name]) => name);
}
