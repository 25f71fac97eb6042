// A server for the built page: files below one folder, loopback only.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { site } from './project.mjs';

const types = /** @type {Record<string, string>} */ ({
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.png': 'image/png',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.wasm': 'application/wasm',
  '.webmanifest': 'application/manifest+json',
  '.woff2': 'font/woff2',
});

/** The file of a request, or undefined when there is none or it lies outside of the folder.
 * @param {string} folder
 * @param {string} path */
function fileOf(folder, path) {
  const file = normalize(join(folder, path.endsWith('/') ? `${path}index.html` : path));
  const stat = file.startsWith(folder + sep) ? statSync(file, { throwIfNoEntry: false }) : undefined;
  return stat?.isFile() ? { file, size: stat.size } : undefined;
}

/** @param {string} url */
function pathOf(url) {
  try {
    return decodeURIComponent(new URL(url, 'http://localhost').pathname).replaceAll('\0', '');
  } catch {
    return '/';
  }
}

/** Serves `folder` below `base` on the first free port from `port` up; resolves to the address.
 * @param {{ folder?: string, base?: string, port?: number, tries?: number }} options
 * @returns {Promise<string>} */
export function serve({ folder = site, base = '/', port = 4173, tries = 100 } = {}) {
  const server = createServer((request, response) => {
    const path = pathOf(request.url ?? '/');
    const found = path.startsWith(base) ? fileOf(folder, `/${path.slice(base.length)}`) : undefined;
    if (!found) return void response.writeHead(404, { 'content-type': 'text/plain' }).end('Not found\n');
    const fresh = path.includes('/assets/') ? 'max-age=31536000, immutable' : 'no-cache';
    response.writeHead(200, {
      'content-type': types[extname(found.file)] ?? 'application/octet-stream',
      'content-length': found.size,
      'cache-control': fresh,
      'x-content-type-options': 'nosniff',
    });
    if (request.method === 'HEAD') return void response.end();
    createReadStream(found.file).pipe(response);
  });
  return new Promise((resolve, reject) => {
    server.on('listening', () => resolve(`http://127.0.0.1:${port}${base}`));
    server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => {
      if (error.code !== 'EADDRINUSE' || --tries <= 0) return reject(error);
      port += 1;
      server.listen(port, '127.0.0.1');
    });
    server.listen(port, '127.0.0.1');
  });
}

// By hand, and for the end-to-end tests: node tools/serve.mjs PORT [BASE]
if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  console.log(await serve({ port: Number(process.argv[2] ?? 4173), base: process.argv[3] ?? '/', tries: 1 }));
