/** setsockopt() and getsockopt() of a script: options by level and number, values as the script writes them. */
import { type OptionName, type OptionValue, SOCKET_OPTIONS, type TcpInfo } from '../../scenario/options';
import type { Expression } from '../../scenario/packetdrill/ast';
import { printExpression } from '../../scenario/packetdrill/print';
import { NEWER_OPTIONS, numberOf } from '../../scenario/packetdrill/values';
import type { Arguments, Problem, Translated } from './arguments';
import { CannotMap } from './endpoint';

/**
 * By its name, or by numbers for one the machine has no name for: what becomes of that is for the kernel to say. Throws for one of a later kernel
 * that the script expects to be there.
 */
function optionOf(args: Arguments): { readonly option: OptionName | number; readonly level: number } {
  const symbol = args.at(2);
  if (symbol?.kind === 'symbol' && NEWER_OPTIONS.has(symbol.name) && args.given >= 0) {
    throw new CannotMap(`the option ${symbol.name}, which this kernel has not`);
  }
  const [level, number] = [args.number(1), args.number(2)];
  const named = Object.entries(SOCKET_OPTIONS).find(([, known]) => known.level === level && known.number === number);
  return { option: (named?.[0] as OptionName | undefined) ?? number, level };
}

const int32 = (value: number): number => value | 0;

/** `[1]`, `1`, `"reno"`, `{onoff=1, linger=0}`, `{tv_sec=1, tv_usec=0}`; null: none of these. */
function optionValue(of: Expression | undefined): OptionValue | null {
  if (of === undefined) return null;
  if (of.kind === 'list') return of.items.length === 1 ? optionValue(of.items[0]) : null;
  if (of.kind === 'string') return of.parts.join('');
  if (of.kind !== 'struct') {
    const number = numberOf(of);
    return number === null ? null : int32(number);
  }
  const fields = new Map(
    of.items.flatMap((item) => {
      const value = item.kind === 'field' ? numberOf(item.value) : null;
      return item.kind === 'field' && value !== null ? [[item.name, value] as const] : [];
    }),
  );
  const [onoff, linger] = [
    fields.get('onoff') ?? fields.get('l_onoff'),
    fields.get('linger') ?? fields.get('l_linger'),
  ];
  if (onoff !== undefined && linger !== undefined) return { onoff, linger };
  const [sec, usec] = [fields.get('tv_sec'), fields.get('tv_usec')];
  return sec === undefined || usec === undefined ? null : { sec, usec };
}

/** Bytes of the value as the machine lays it out. */
function sizeOf(value: OptionValue): number {
  if (typeof value === 'string') return value.length;
  if (typeof value === 'number') return 4;
  return 'onoff' in value ? 8 : 16;
}

export function setting(args: Arguments): Translated {
  args.counted(5);
  const value = optionValue(args.at(3));
  if (value === null) return args.beyond(3);
  const length = args.number(4);
  return {
    call: {
      op: 'setsockopt',
      fd: args.fd(),
      ...optionOf(args),
      value,
      ...(length === sizeOf(value) ? {} : { length }),
    },
    check: args.returning(),
  };
}

export function getting(args: Arguments): Translated {
  args.counted(5);
  const expected = args.at(3);
  const length = args.at(4);
  const size = numberOf(length?.kind === 'list' ? length.items[0] : length);
  return {
    call: {
      op: 'getsockopt',
      fd: args.fd(),
      ...optionOf(args),
      ...(size === null ? {} : { length: Math.min(256, size) }),
    },
    check: args.returning(({ value, info, length: got }) => {
      if (size !== null && got !== undefined && got !== size)
        return { expected: `a length of ${size}`, got: String(got) };
      if (info !== undefined) return infoProblem(expected, info);
      const wanted = expected?.kind === 'ellipsis' ? null : optionValue(expected);
      if (wanted === null || JSON.stringify(wanted) === JSON.stringify(value)) return null;
      return { expected: printExpression(expected as Expression), got: JSON.stringify(value) };
    }),
  };
}

/** `{tcpi_state=1, ...}`: the fields that stand there. */
function infoProblem(expected: Expression | undefined, info: TcpInfo): Problem | null {
  if (expected?.kind !== 'struct') return null;
  for (const item of expected.items) {
    if (item.kind !== 'field') continue;
    const wanted = numberOf(item.value);
    const got = info[item.name.replace(/^tcpi_/, '') as keyof TcpInfo];
    if (wanted !== null && wanted !== got) return { expected: `${item.name} = ${wanted}`, got: String(got) };
  }
  return null;
}
