// `npm start`: installs and builds what is lacking or old, serves the page, and opens it where there is a display.
import { spawn } from 'node:child_process';
import { ensureInstalled, ensureSite } from './project.mjs';
import { serve } from './serve.mjs';

ensureInstalled();
ensureSite();
const address = await serve();
console.log(`skbscope is at ${address} (Ctrl-C ends it)`);
openBrowser(address);

/** @param {string} url */
function openBrowser(url) {
  const { platform, env } = process;
  const display = platform === 'darwin' || platform === 'win32' || env.DISPLAY || env.WAYLAND_DISPLAY;
  if (!display || env.CI || env.BROWSER === 'none') return;
  const [command, args] =
    platform === 'darwin'
      ? ['open', [url]]
      : platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  // The address is printed already: where no browser can be opened, that is enough.
  const opened = spawn(/** @type {string} */ (command), /** @type {string[]} */ (args), {
    stdio: 'ignore',
    detached: true,
  });
  opened.on('error', () => {}).unref();
}
