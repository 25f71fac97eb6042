/** `10.0.0.1` as a number in host order. */
export function ipNumber(dotted: string): number {
  return dotted.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** A number in host order as `10.0.0.1`. */
export function ipText(ip: number): string {
  return [24, 16, 8, 0].map((shift) => (ip >>> shift) & 0xff).join('.');
}

/** `02:00:00:00:00:01` as a 48-bit number. */
export function macNumber(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 256 + Number.parseInt(part, 16), 0);
}
