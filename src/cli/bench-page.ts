/** Measures the built page in a real Chromium: what is loaded first, how soon a step is drawn, how fast the Worker runs. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Browser, Page } from '@playwright/test';
import { encodeLink } from '../scenario/link';
import type { Scenario } from '../scenario/schema';
import type { TraceData } from '../trace/data';
import { Kind } from '../trace/recorder';
import type { Row } from './bench';

/** What the launchers in tools/ lend; they are no part of the bundle. */
interface Tools {
  readonly site: string;
  ensureSite(): unknown;
  serve(options: { port: number }): Promise<string>;
  findChromium(): Promise<string | undefined>;
  readonly chromiumFlags: readonly string[];
}

async function tools(): Promise<Tools> {
  // The command line runs from a folder below node_modules of the project.
  const [root = '.'] = (process.argv[1] ?? '').split(`${join('/', 'node_modules')}`);
  const parts = ['project', 'serve', 'chromium'].map((name) => pathToFileURL(join(root, 'tools', `${name}.mjs`)).href);
  const modules: object[] = await Promise.all(parts.map((url) => import(/* @vite-ignore */ url)));
  return Object.assign({}, ...modules) as Tools;
}

/** Rows of the page, or one that says why there are none. `scenario` is what the Worker runs. */
export async function benchPage(scenario: Scenario): Promise<Row[]> {
  const lent = await tools();
  lent.ensureSite();
  const rows: Row[] = [['page: initial JS, gzip', `${(initialScripts(lent.site) / 1024).toFixed(1)} KiB`]];
  const executablePath = await lent.findChromium();
  if (executablePath === undefined) return [...rows, ['page: in a browser', 'no Chromium here']];
  const address = await lent.serve({ port: 4373 });
  const { chromium } = await import('@playwright/test');
  const browser = await chromium.launch({ executablePath, args: [...lent.chromiumFlags] });
  try {
    rows.push(...(await inBrowser(browser, address, lent.site, scenario)));
  } finally {
    await browser.close();
  }
  return rows;
}

/** Bytes of the scripts that index.html asks for at once, each compressed. */
function initialScripts(site: string): number {
  const html = readFileSync(join(site, 'index.html'), 'utf8');
  const scripts = [...html.matchAll(/(?:src|href)="([^"]+\.js)"/g)].map(([, path = '']) => path);
  return scripts.reduce((sum, path) => sum + gzipSync(readFileSync(join(site, path))).length, 0);
}

async function inBrowser(browser: Browser, address: string, site: string, scenario: Scenario): Promise<Row[]> {
  const times: number[] = [];
  let page: Page | null = null;
  for (let load = 0; load < 3; load++) {
    await page?.close();
    page = await browser.newPage();
    const start = performance.now();
    await page.goto(address);
    await page.locator('html[data-idle="true"]').waitFor({ state: 'attached' });
    times.push(performance.now() - start);
  }
  const rows: Row[] = [['page: time to first step drawn (of 3 loads)', `${Math.round(Math.min(...times))} ms`]];
  const file = readdirSync(join(site, 'assets')).find((name) => /^worker-.*\.js$/.test(name));
  if (page === null || file === undefined) return rows;
  for (const level of ['calls', 'lines'] as const) {
    const { events, packets, seconds } = await workerRate(
      page,
      `${dirname(`${address}x`)}/assets/${file}`,
      scenario,
      level,
    );
    const rate = Math.round(events / seconds).toLocaleString('en-US');
    const packetRate = Math.round(packets / seconds).toLocaleString('en-US');
    rows.push([
      `Worker, ${level}: events a second`,
      `${rate} (${events.toLocaleString('en-US')} in ${seconds.toFixed(2)} s)`,
    ]);
    rows.push([`Worker, ${level}: packets a second`, packetRate]);
  }
  rows.push(...(await keyTimes(page, address, scenario)));
  return rows;
}

const KEYS = ['ArrowRight', 'n', 'ArrowDown', 'End', 'ArrowLeft', 'p', 'Home'];

/** How long the page is busy with a key, in a run of a million events; the quickest of three rounds. */
async function keyTimes(page: Page, address: string, scenario: Scenario): Promise<Row[]> {
  await page.goto(`${address}${encodeLink({ scenario })}`);
  await page.locator('html[data-idle="true"]').waitFor({ state: 'attached' });
  const least = new Map<string, number>();
  for (const key of [...KEYS, ...KEYS, ...KEYS]) {
    const ms = await page.evaluate(async (pressed) => {
      const start = performance.now();
      window.dispatchEvent(new KeyboardEvent('keydown', { key: pressed, bubbles: true, cancelable: true }));
      // React draws once the handler has returned.
      await new Promise((resolve) => setTimeout(resolve));
      return performance.now() - start;
    }, key);
    least.set(key, Math.min(ms, least.get(key) ?? ms));
  }
  return [...least].map(([key, ms]) => [`page: ${key} in a million events`, `${Math.round(ms)} ms`]);
}

interface Rate {
  readonly events: number;
  readonly packets: number;
  readonly seconds: number;
}

/** Runs a scenario in a Worker of its own, on the page. */
async function workerRate(page: Page, url: string, scenario: Scenario, level: 'calls' | 'lines'): Promise<Rate> {
  return page.evaluate(
    (wanted) =>
      new Promise<Rate>((resolve, reject) => {
        const worker = new Worker(wanted.url, { type: 'module' });
        const start = performance.now();
        worker.onerror = () => reject(new Error('the Worker failed'));
        worker.onmessage = ({ data }) => {
          if (data.type === 'progress') return;
          worker.terminate();
          if (data.type !== 'done') reject(new Error(String(data.lines)));
          else {
            const seconds = (performance.now() - start) / 1000;
            const { columns, labels } = data.trace as TraceData;
            const sent = labels.indexOf('tx-start');
            const packets = columns.kind.filter((kind, at) => kind === wanted.wire && columns.fn[at] === sent).length;
            resolve({ events: columns.kind.length, packets, seconds });
          }
        };
        worker.postMessage({ type: 'run', id: 1, scenario: wanted.scenario, level: wanted.level });
      }),
    { url, scenario, level, wire: Kind.WIRE },
  );
}
