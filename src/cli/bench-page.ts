/** Measures the built page in a Chromium, where there is one: the Worker, the first load, the first step drawn. */
import type { Row } from './bench';

export async function benchPage(): Promise<Row[]> {
  return [['page', 'not built']];
}
