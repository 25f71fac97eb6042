// `npm run -s skbscope -- ARGS`: src/cli/main.ts, built when a source has changed. Says nothing of its own on stdout.
import { pathToFileURL } from 'node:url';
import { ensureCli, ensureInstalled } from './project.mjs';

ensureInstalled();
const main = ensureCli();
// Files that the user names are meant from where the user stands, not from the package's folder.
if (process.env.npm_command === 'run' || process.env.npm_lifecycle_event) process.chdir(process.env.INIT_CWD ?? '.');
process.argv[1] = main;
await import(pathToFileURL(main).href);
