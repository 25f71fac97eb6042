// `npm run dev`: the page with hot reload.
import { ensureInstalled, runTool } from './project.mjs';

ensureInstalled();
process.exitCode = runTool('vite', process.argv.slice(2));
