// A build plugin: a service worker that keeps the whole site, so that it opens without a network once it was opened with one.
import { createHash } from 'node:crypto';

/** Runs in the browser, as text: it can use nothing from here but its parameters.
 * @param {any} worker the service worker's global scope
 * @param {string[]} files all of the site, relative to it
 * @param {string} name of the cache: another one for each build */
function serve(worker, files, name) {
  /** @param {any} event */
  const onInstall = (event) =>
    event.waitUntil(
      caches
        .open(name)
        .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' }))))
        .then(() => worker.skipWaiting()),
    );
  /** @param {any} event */
  const onActivate = (event) =>
    event.waitUntil(
      caches
        .keys()
        .then((names) => Promise.all(names.filter((other) => other !== name).map((other) => caches.delete(other))))
        .then(() => worker.clients.claim()),
    );
  /** The page from the network as long as there is one, so that a new build is seen; files with a hash in their name from the cache.
   * @param {any} event */
  const onFetch = (event) => {
    const { request } = event;
    if (request.method !== 'GET' || !request.url.startsWith(worker.registration.scope)) return;
    const kept = () => caches.match(request.mode === 'navigate' ? worker.registration.scope : request);
    event.respondWith(
      request.mode === 'navigate'
        ? fetch(request).catch(() => kept().then((found) => found ?? Response.error()))
        : kept().then((found) => found ?? fetch(request)),
    );
  };
  worker.addEventListener('install', onInstall);
  worker.addEventListener('activate', onActivate);
  worker.addEventListener('fetch', onFetch);
}

/** @returns {import('vite').Plugin} */
export function offline() {
  return {
    name: 'skbscope:offline',
    apply: 'build',
    enforce: 'post',
    generateBundle(_options, bundle) {
      // The command line is built from the same configuration, and is no site.
      if (this.environment.config.consumer !== 'client' || this.environment.config.isWorker) return;
      const files = ['./', 'icon.svg', ...Object.keys(bundle).filter((file) => /^assets\//.test(file))].sort();
      const name = `skbscope-${createHash('sha256').update(files.join()).digest('hex').slice(0, 12)}`;
      const source = `(${serve})(self, ${JSON.stringify(files)}, ${JSON.stringify(name)});\n`;
      this.emitFile({ type: 'asset', fileName: 'sw.js', source });
    },
  };
}
