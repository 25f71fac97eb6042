declare module 'virtual:kernel-functions' {
  export const functions: readonly import('./plugin').FunctionFact[];
}
declare module 'virtual:kernel-sources' {
  /** Text of each file of src/kernel by its path below it. */
  export const sources: Readonly<Record<string, string>>;
}
