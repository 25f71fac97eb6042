import react from '@vitejs/plugin-react';
import type { BuildOptions, Plugin } from 'vite';
import { defineConfig } from 'vitest/config';
import { probes } from './src/probes/plugin.ts';
import { offline } from './tools/offline.mjs';

/** React's refresh needs an inline script and a web socket: the policy in index.html yields to them in `npm run dev` only. */
function policyForDevelopment(): Plugin {
  return {
    name: 'skbscope:policy-for-development',
    apply: 'serve',
    transformIndexHtml: (html) =>
      html
        .replace("script-src 'self'", "script-src 'self' 'unsafe-inline'")
        .replace("connect-src 'self'", "connect-src 'self' ws:"),
  };
}

// No inlined assets: the policy allows fonts from the site only.
const page: BuildOptions = {
  target: 'es2023',
  assetsInlineLimit: 0,
  reportCompressedSize: false,
  // The largest chunk is the Worker with the model; it loads beside the page.
  chunkSizeWarningLimit: 2000,
  rolldownOptions: { checks: { pluginTimings: false } },
};

/** The command line: one file that Node runs as it is. */
const commandLine: BuildOptions = {
  target: 'node20',
  minify: false,
  sourcemap: 'inline',
  copyPublicDir: false,
  rolldownOptions: { checks: { pluginTimings: false }, output: { codeSplitting: false, entryFileNames: '[name].js' } },
};

/** One file for the page, its Worker, the unit tests, and the command line (tools/skbscope.mjs builds it from here). */
export default defineConfig(({ isSsrBuild }) => ({
  base: './',
  plugins: [react(), probes(), policyForDevelopment(), offline()],
  worker: { format: 'es', plugins: () => [probes()] },
  build: isSsrBuild ? commandLine : page,
  ssr: { noExternal: isSsrBuild ? true : [], external: ['@playwright/test', 'playwright-core', 'vite'] },
  server: { host: '127.0.0.1' },
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
}));
