// Finds a real Chromium for the end-to-end tests and the bench; installs one when the machine has none.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fail, runTool } from './project.mjs';

/** Without these a Chromium calls home at each start, or wants a sandbox that containers lack. */
export const chromiumFlags = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const places = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** @param {string} file */
function canRun(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** @param {string[]} programs */
function onPath(programs) {
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return programs.flatMap((name) => folders.map((folder) => join(folder, name))).find(canRun);
}

/** A Chromium that is here already: CHROME_BIN's, the machine's, Playwright's; else undefined.
 * @returns {Promise<string | undefined>} */
export async function findChromium() {
  const named = process.env.CHROME_BIN;
  if (named) return canRun(named) ? named : fail(`CHROME_BIN names ${named}, which is no program.`);
  const machine = onPath(names) ?? places.find(canRun);
  if (machine) return machine;
  const { chromium } = await import('@playwright/test');
  return existsSync(chromium.executablePath()) ? chromium.executablePath() : undefined;
}

/** A Chromium, installed when there is none: Playwright's own build, else the distribution's package.
 * @returns {Promise<string>} */
export async function ensureChromium() {
  const found = await findChromium();
  if (found) return found;
  console.error('skbscope: no Chromium here; asking Playwright for its own...');
  const playwright = runTool('playwright', ['install', 'chromium'], { stdio: ['ignore', 2, 2], timeout: 600_000 });
  if (playwright !== 0) installPackage('chromium');
  return (
    (await findChromium()) ??
    fail(
      'the end-to-end tests need a Chromium. Install one, or let CHROME_BIN name it, or run: npx playwright install chromium',
    )
  );
}

/** Installs a package of the distribution, where that can be done: true when the program is there afterwards.
 * @param {string} name */
export function installPackage(name) {
  if (onPath([name])) return true;
  if (process.getuid?.() !== 0 || !onPath(['apt-get'])) return false;
  console.error(`skbscope: installing ${name} (apt-get)...`);
  const options = /** @type {const} */ ({
    stdio: ['ignore', 'ignore', 2],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  spawnSync('apt-get', ['update', '-qq'], { ...options, stdio: [...options.stdio] });
  spawnSync('apt-get', ['install', '-y', '-qq', name], { ...options, stdio: [...options.stdio] });
  return onPath([name]) !== undefined;
}
