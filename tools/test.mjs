// `npm test`: every check of the project in one go, stopping at the first that fails.
// `npm test -- unit imports` runs only the named ones. CI runs this and nothing else.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cache, ensureInstalled, ensureSite, runTool } from './project.mjs';

const vitestReport = join(cache, 'vitest.json');
const playwrightReport = join(cache, 'playwright.json');
const tests = { passed: 0, failed: 0, skipped: 0 };

/** @type {{ name: string, title: string, run: () => number | Promise<number> }[]} */
const stages = [
  { name: 'types', title: 'types (tsc)', run: () => runTool('tsc', ['--noEmit']) },
  {
    name: 'lint',
    title: 'lint and format (biome)',
    run: () => runTool('biome', ['check', '--error-on-warnings', '.']),
  },
  {
    name: 'imports',
    title: 'import law (dependency-cruiser)',
    run: () => runTool('depcruise', ['--config', '.dependency-cruiser.mjs', 'src']),
  },
  { name: 'unused', title: 'unused code and packages (knip)', run: () => runTool('knip', []) },
  { name: 'unit', title: 'unit and property tests (vitest)', run: unit },
  { name: 'build', title: 'build of the page (vite)', run: build },
  { name: 'e2e', title: 'end-to-end tests in Chromium (playwright)', run: e2e },
];

async function unit() {
  // Captures are read by tshark where there is one; CI must not pass for want of it.
  if (process.env.CI) (await import('./chromium.mjs')).installPackage('tshark');
  rmSync(vitestReport, { force: true });
  const code = runTool('vitest', ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${vitestReport}`]);
  if (existsSync(vitestReport)) {
    const report = JSON.parse(readFileSync(vitestReport, 'utf8'));
    count(report.numPassedTests, report.numFailedTests, report.numPendingTests + report.numTodoTests);
  }
  return code;
}

function build() {
  rmSync(join(cache, 'site'), { force: true });
  ensureSite();
  return 0;
}

async function e2e() {
  const { ensureChromium } = await import('./chromium.mjs');
  const env = { ...process.env, CHROME_BIN: await ensureChromium(), PLAYWRIGHT_JSON_OUTPUT_FILE: playwrightReport };
  rmSync(playwrightReport, { force: true });
  const code = runTool('playwright', ['test', '--config', 'e2e/playwright.config.ts', '--reporter=list,json'], { env });
  if (existsSync(playwrightReport)) {
    const { stats } = JSON.parse(readFileSync(playwrightReport, 'utf8'));
    count(stats.expected + stats.flaky, stats.unexpected, stats.skipped);
  }
  return code;
}

/** @param {number} passed
 * @param {number} failed
 * @param {number} skipped */
function count(passed, failed, skipped) {
  tests.passed += passed;
  tests.failed += failed;
  tests.skipped += skipped;
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !stages.some((stage) => stage.name === name));
if (unknown.length > 0) {
  console.error(`npm test: no stage ${unknown.join(', ')}; there are ${stages.map((stage) => stage.name).join(', ')}.`);
  process.exit(2);
}

ensureInstalled();
mkdirSync(cache, { recursive: true });
/** @type {string[]} */
const times = [];
let failedStage = '';
process.on('exit', closing);
for (const { name, title, run } of stages) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n=== ${title}`);
  const start = performance.now();
  failedStage = title; // stays when the stage ends the process
  const code = await run();
  times.push(`${((performance.now() - start) / 1000).toFixed(1).padStart(7)} s  ${title}`);
  if (code !== 0) process.exit(1);
  failedStage = '';
}

function closing() {
  console.log(`\n${times.join('\n')}`);
  if (failedStage !== '') {
    console.log(`\nFAILED: ${failedStage}`);
    tests.failed = Math.max(tests.failed, 1); // a stage that is no test has failed all the same
  }
  const skipped = tests.skipped > 0 ? `, ${tests.skipped} skipped` : '';
  console.log(`${tests.passed} passed, ${tests.failed} failed${skipped}`);
}
