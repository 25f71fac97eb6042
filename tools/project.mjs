// What every launcher needs, with Node's own modules only: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const cache = join(root, 'node_modules', '.cache', 'skbscope');
export const site = join(root, 'dist');

/** Ends the launcher with one clear line.
 * @param {string} message
 * @returns {never} */
export function fail(message) {
  console.error(`skbscope: ${message}`);
  process.exit(1);
}

/** @param {string} file */
const json = (file) => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** Is what stands in node_modules what package.json and the lockfile ask for? */
function isInstalled() {
  if (!existsSync(join(root, 'node_modules', '.package-lock.json'))) return false;
  const wanted = json('package-lock.json').packages;
  const present = json('node_modules/.package-lock.json').packages;
  const asked = json('package.json');
  for (const kind of ['dependencies', 'devDependencies'])
    if (JSON.stringify(asked[kind] ?? {}) !== JSON.stringify(wanted[''][kind] ?? {})) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional, link }]) => path === '' || optional || link || present[path]?.version === version,
  );
}

/** Installs what node_modules lacks; says so on stderr, so that stdout stays the program's. */
export function ensureInstalled() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19))
    fail(`Node ${process.versions.node} is too old: 20.19 or newer is needed.`);
  if (isInstalled()) return;
  console.error('skbscope: installing packages (npm install)...');
  const run = runNpm(['install', '--no-audit', '--no-fund', '--loglevel=error']);
  if (run !== 0) fail('npm install failed: see above.');
}

/** npm by the path npm itself hands down, else by name. Its output goes to stderr.
 * @param {string[]} args */
function runNpm(args) {
  const self = process.env.npm_execpath;
  const [command, all] = self?.endsWith('.js') ? [process.execPath, [self, ...args]] : ['npm', args];
  const stdio = /** @type {const} */ (['ignore', 2, 2]);
  return spawnSync(command, all, {
    cwd: root,
    stdio: [...stdio],
    shell: command === 'npm' && process.platform === 'win32',
  }).status;
}

/** A name for the present state of the sources: it changes when a file is added, removed or written. */
export function sourceStamp() {
  const hash = createHash('sha256');
  for (const top of ['index.html', 'package-lock.json', 'public', 'src', 'tools', 'vite.config.ts']) addTo(hash, top);
  return hash.digest('hex').slice(0, 16);
}

/** @param {import('node:crypto').Hash} hash
 * @param {string} path */
function addTo(hash, path) {
  const stat = statSync(join(root, path), { throwIfNoEntry: false });
  if (stat?.isDirectory()) for (const name of readdirSync(join(root, path)).sort()) addTo(hash, join(path, name));
  else if (stat && !/\.test\.tsx?$/.test(path)) hash.update(`${path} ${stat.size} ${stat.mtimeMs}\n`);
}

/** Runs a development tool of node_modules by its own entry, never through a shell.
 * @param {string} name
 * @param {string[]} args
 * @param {import('node:child_process').SpawnSyncOptions} [options] */
export function runTool(name, args, options = {}) {
  const folder = {
    biome: '@biomejs/biome',
    depcruise: 'dependency-cruiser',
    playwright: '@playwright/test',
    tsc: 'typescript',
  };
  const at = join('node_modules', folder[/** @type {keyof typeof folder} */ (name)] ?? name);
  const { bin } = json(join(at, 'package.json'));
  const entry = join(root, at, typeof bin === 'string' ? bin : bin[name]);
  const run = spawnSync(process.execPath, [entry, ...args], { cwd: root, stdio: 'inherit', ...options });
  return run.status ?? 1;
}

/** Builds the page into dist/ when its sources have changed since the last time. Vite's output goes to stderr. */
export function ensureSite() {
  const mark = join(cache, 'site');
  const stamp = sourceStamp();
  if (existsSync(join(site, 'index.html')) && existsSync(mark) && readFileSync(mark, 'utf8') === stamp) return;
  console.error('skbscope: building the page...');
  if (runTool('vite', ['build', '--logLevel', 'warn'], { stdio: ['ignore', 2, 2] }) !== 0)
    fail('the build failed: see above.');
  mkdirSync(cache, { recursive: true });
  writeFileSync(mark, stamp);
}

/** The built command line for the present sources. Each state of the sources has its own folder, put there by one
 * rename: commands that run at the same time never see half a build. */
export function ensureCli() {
  const folder = join(cache, 'cli');
  const stamp = sourceStamp();
  const done = join(folder, stamp);
  if (!existsSync(join(done, 'main.js'))) {
    const building = join(folder, `building-${process.pid}`);
    const args = ['build', '--ssr', 'src/cli/main.ts', '--outDir', building, '--logLevel', 'warn'];
    if (runTool('vite', args, { stdio: ['ignore', 2, 2] }) !== 0) {
      rmSync(building, { recursive: true, force: true });
      fail('the build of src/cli/main.ts failed: see above.');
    }
    keepNewest(folder, 3);
    try {
      renameSync(building, done);
    } catch {
      rmSync(building, { recursive: true, force: true }); // another command was first with the same sources
    }
  }
  return join(done, 'main.js');
}

/** @param {string} folder
 * @param {number} count */
function keepNewest(folder, count) {
  const builds = readdirSync(folder).filter((name) => !name.startsWith('building-'));
  const age = (/** @type {string} */ name) => statSync(join(folder, name)).mtimeMs;
  for (const name of builds.sort((a, b) => age(b) - age(a)).slice(count))
    rmSync(join(folder, name), { recursive: true, force: true });
}
