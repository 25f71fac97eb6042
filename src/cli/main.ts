/** Entry of the command line (tools/skbscope.mjs builds and starts it). */
import { cli } from './cli';

// A reader that has seen enough, such as `head`, closes the pipe: that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const { text, warning, code } = await cli(process.argv.slice(2));
process.stdout.write(text);
process.stderr.write(warning);
process.exitCode = code;
