/** What a table has under a name that a user wrote; undefined: nothing, as for `constructor`, which every object inherits. */
export function lookUp<T>(table: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
