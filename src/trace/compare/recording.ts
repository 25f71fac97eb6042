/** Reads a `.ctx` recording of a real kernel; src/trace/golden/README.md tells the format. */
import type { Block, Call } from './forest';

const HEADER = /^## (syscall|hardirq|softirq|task) ?(.*?)\s*@[\d.]+$/;

/** Throws an Error with the line and what was expected there. */
export function parseRecording(text: string): Block[] {
  const blocks: Block[] = [];
  let open: Call[] = [];
  text.split('\n').forEach((line, nth) => {
    if (line.trim() === '') return;
    if (line.startsWith('##')) {
      const [, kind, detail = ''] = HEADER.exec(line) ?? [];
      if (kind === undefined) {
        throw new Error(
          `line ${nth + 1}: expected "## syscall|hardirq|softirq|task NAME @SECONDS", not "${line.slice(0, 60)}"`,
        );
      }
      const device = /^eth(\d+)$/.exec(detail);
      open = [{ name: '', children: [] }];
      blocks.push({
        kind: kind as Block['kind'],
        host: device === null ? null : Number(device[1]),
        calls: (open[0] as Call).children,
      });
      return;
    }
    const indent = line.length - line.trimStart().length;
    const name = line.trim();
    const caller = open[indent / 2];
    if (caller === undefined || !/^[A-Za-z_][\w.]*$/.test(name)) {
      throw new Error(
        `line ${nth + 1}: expected a function name, two spaces deeper than its caller at most, not "${line.slice(0, 60)}"`,
      );
    }
    const call: Call = { name: name.replace(/\..*$/, ''), children: [] };
    caller.children.push(call);
    open.length = indent / 2 + 1;
    open.push(call);
  });
  if (blocks.length === 0) throw new Error('line 1: expected a block, "## syscall NAME @SECONDS"');
  return blocks;
}
