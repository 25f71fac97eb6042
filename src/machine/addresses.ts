/** `10.0.0.1` as a number in host order. */
export function ipNumber(dotted: string): number {
  return dotted.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** `02:00:00:00:00:01` as a 48-bit number. */
export function macNumber(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 256 + Number.parseInt(part, 16), 0);
}
