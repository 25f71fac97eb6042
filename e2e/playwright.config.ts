import { defineConfig } from '@playwright/test';
import { chromiumFlags, findChromium } from '../tools/chromium.mjs';

const port = 4271;
// Below a path of its own: the site must work from any.
const base = '/some/path/';
const executablePath = await findChromium();

export default defineConfig({
  testDir: '.',
  outputDir: '../node_modules/.cache/skbscope/e2e',
  fullyParallel: true,
  forbidOnly: Boolean(process.env.CI),
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: 'list',
  use: {
    baseURL: `http://127.0.0.1:${port}${base}`,
    viewport: { width: 1440, height: 900 },
    trace: 'retain-on-failure',
    // Each test has a browser of its own: it would fetch the whole site anew. offline.spec.ts lets it.
    serviceWorkers: 'block',
    launchOptions: { ...(executablePath ? { executablePath } : {}), args: chromiumFlags },
  },
  webServer: {
    command: `node tools/serve.mjs ${port} ${base}`,
    cwd: '..',
    url: `http://127.0.0.1:${port}${base}`,
    reuseExistingServer: false,
  },
});
