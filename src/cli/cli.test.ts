import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cli } from './cli';

const folder = mkdtempSync(join(tmpdir(), 'skbscope-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

describe('what is wrong is named, with what was expected', () => {
  it.each([
    [[], 'expected a command'],
    [['tre'], 'COMMAND: expected tree, not "tre"'],
    [['tree'], 'tree: TARGET is missing; expected tree TARGET [--host A|B] [--context NAME]'],
    [
      ['tree', 'write-10'],
      'TARGET: expected a preset\'s name, a scenario file or a link, not "write-10"; did you mean write-100?',
    ],
    [['tree', 'write-100', 'more'], 'tree: "more" is one argument too many'],
    [['tree', 'write-100', '--hots', 'A'], "tree: Unknown option '--hots'"],
    [['pcap', 'write-100', '--out', 'x'], '--at: expected HOST:DEV:tap or HOST:DEV:wire'],
    [['pcap', 'write-100', '--at', 'A:eth0:wire'], '--out: expected a file to write'],
    [
      ['pcap', 'write-100', '--at', 'C:eth0:wire', '--out', 'x'],
      '--at: expected A or B before the first colon, not "C"',
    ],
    [
      ['pcap', 'write-100', '--at', 'A:eth1:wire', '--out', 'x'],
      '--at: expected eth0 after the first colon, not "eth1"',
    ],
    [
      ['pcap', 'write-100', '--at', 'A:eth0:air', '--out', 'x'],
      '--at: expected tap or wire after the second colon, not "air"',
    ],
    [['state', 'write-100'], 'state: expected --step N or --key KEY'],
    [['state', 'write-100', '--step', '1', '--key', 'x'], 'state: expected --step or --key, not both'],
    [['check', 'nowhere.json'], 'nowhere.json: expected a file, there is none'],
    [['run', '#s=9.p.x'], 'TARGET: this link is of version 9, newer than this skbscope'],
  ])('%j', async (args, expected) => {
    const { text, warning, code } = await cli(args);
    expect([text, code]).toEqual(['', 2]);
    expect(warning).toContain(`skbscope: ${expected}`);
  });

  it('an invalid scenario file: path, line and column, field, expected', async () => {
    const path = file(
      'bad.json',
      '{\n  "tasks": [{ "host": "A", "name": "w", "calls": [{ "op": "write", "fd": "c1", "bytes": -1 }] }]\n}',
    );
    const { warning, code } = await cli(['check', path]);
    expect(code).toBe(2);
    expect(warning).toMatch(/bad\.json:2:\d+: tasks\[0\]\.calls\[0\]\.bytes: expected a whole number/);
  });
});

describe('commands', () => {
  it('check and presets', async () => {
    const path = file(
      'good.json',
      '{ "title": "x", "tasks": [{ "host": "A", "name": "w", "calls": [{ "op": "write", "fd": "c1", "bytes": 1 }] }] }',
    );
    expect(await cli(['check', path])).toEqual({ text: `${path}: valid (x)\n`, warning: '', code: 0 });
    expect((await cli(['presets'])).text).toMatch(/^write-4000\tOne write\(\) becomes three sk_buffs/m);
  });

  it('check reads packetdrill scripts', async () => {
    const good = file('good.pkt', '0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3\n+.1 > S 0:0(0) <...>\n');
    const text = `${good}: valid packetdrill script, 2 events\n`;
    expect(await cli(['check', good])).toEqual({ text, warning: '', code: 0 });
    const bad = file('bad.pkt', '0 close(3) 0\n+0 close(3)\n');
    const { code, warning } = await cli(['check', bad]);
    expect(code).toBe(2);
    expect(warning).toBe(
      `skbscope: ${bad}: line 1, column 12: expected "=" and the result, got "0"\n` +
        `${bad}: line 3, column 1: expected "=" and the result, got the end of the script\n`,
    );
  });

  it('tree: eight columns, and the filters', async () => {
    const { text, code } = await cli(['tree', 'write-100', '--host', 'A', '--context', 'task:writer']);
    const rows = text
      .trimEnd()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(code).toBe(0);
    expect(new Set(rows.map((row) => row.length))).toEqual(new Set([8]));
    expect(new Set(rows.map((row) => `${row[1]} ${row[3]}`))).toEqual(new Set(['A task:writer']));
    expect(rows[0]?.slice(4, 8)).toEqual(['0', 'sys_write', 'direct', '-']);
    expect(rows.find((row) => row[5] === 'sock_aio_write')?.[6]).toBe('socket_file_ops.aio_write');
    expect(rows.find((row) => row[5] === 'e1000_xmit_frame')?.[6]).toBe('e1000_netdev_ops.ndo_start_xmit');
    expect(rows.find((row) => row[5] === 'e1000_xmit_frame')?.[7]).toMatch(/^\d+$/);
  });

  it('state: the same step by number and by key', async () => {
    const byStep = JSON.parse((await cli(['state', 'write-100', '--step', '500'])).text);
    const byKey = JSON.parse((await cli(['state', 'write-100', '--key', byStep.key])).text);
    expect(byKey).toEqual(byStep);
    const [first] = byStep.objects;
    const one = JSON.parse((await cli(['state', 'write-100', '--step', '500', '--object', String(first.id)])).text);
    expect(one.object).toEqual(first);
  });

  it('compare: a preset at the recorded pace and at its own, and a situation by number', async () => {
    const golden = join(import.meta.dirname, '..', 'trace', 'golden', '03-write100-tx.ctx');
    const own = ['--no-one-core', '--no-emulated-card', '--link-tick-us', '0', '--slowdown', '1'];
    for (const args of [
      ['write-100', golden],
      ['write-100', golden, ...own],
      ['03', golden],
    ]) {
      const { text, code } = await cli(['compare', ...args]);
      expect(code).toBe(0);
      expect(text).toMatch(/^reproduced: 169 of 169 recorded calls, 100\.0 %$/m);
    }
    const { warning } = await cli(['compare', '03', golden, '--slowdown', '0']);
    expect(warning).toContain('--slowdown: expected a whole number from 1 to 10000, not "0"');
  });

  it('run: a summary that says how it ended', async () => {
    const { text, code } = await cli(['run', 'write-100']);
    expect(code).toBe(0);
    expect(text).toMatch(/^end +done/m);
    expect(text).toMatch(/^connection c1 +a wrote 100 and read 0 bytes, b wrote 0 and read 100 bytes$/m);
  });

  it('run: counts what a card did not pass on', async () => {
    const file = join(folder, 'fcs.json');
    const link = { faults: [{ op: 'corrupt', from: 'A', kind: 'data', nth: [1, 2] }] };
    const tasks = [{ host: 'A', name: 'w', calls: [{ op: 'write', fd: 'c1', bytes: 100 }] }];
    writeFileSync(file, JSON.stringify({ link, tasks, limits: { maxMs: 900 } }));
    const { text } = await cli(['run', file]);
    expect(text).toMatch(/^card B +2 CRCERRS$/m);
    expect(text).not.toMatch(/^card A/m);
  });

  it('run: a limit says when there would be more', async () => {
    const file = join(folder, 'limit.json');
    const calls = [{ op: 'sleep', us: 3_000_000 }];
    writeFileSync(file, JSON.stringify({ tasks: [{ host: 'A', name: 'w', calls }] }));
    const { text } = await cli(['run', file]);
    expect(text).toMatch(
      /^end +limit: the run passed its limit of 2000 ms.*; what comes next is due at 3000\.00\d ms$/m,
    );
    // Nothing reaches B: the write returns at once, and the timer of retransmission is left.
    const lost = { faults: [{ op: 'drop', from: 'A' }] };
    const writes = [{ op: 'write', fd: 'c1', bytes: 100 }];
    const tasks = [{ host: 'A', name: 'w', calls: writes }];
    writeFileSync(file, JSON.stringify({ link: lost, tasks, limits: { maxMs: 50 } }));
    expect((await cli(['run', file])).text).toMatch(
      /^end +limit: .*; every program is over, and what is left to timers is due at \d+\.\d{3} ms$/m,
    );
  });

  it('run: every system call, with errno, what it filled in, and those that never return', async () => {
    const file = join(folder, 'calls.json');
    const calls = [
      { op: 'socket', as: 's' },
      { op: 'connect', fd: 's', to: { host: 'B', port: 9 } },
      { op: 'getsockopt', fd: 's', option: 'SO_ERROR' },
      { op: 'send', fd: 's', bytes: 10, flags: ['MSG_MORE'] },
      { op: 'close', fd: 's' },
      { op: 'close', fd: 's' },
      { op: 'close', fd: 's' },
      { op: 'socket', as: 'l' },
      { op: 'bind', fd: 'l', port: 7 },
      { op: 'listen', fd: 'l' },
      { op: 'poll', fds: [{ fd: 'l', events: ['POLLIN'] }], timeoutMs: 1 },
      { op: 'accept', fd: 'l', as: 'c' },
    ];
    writeFileSync(file, JSON.stringify({ tasks: [{ host: 'A', name: 'x', calls }] }));
    const { text } = await cli(['run', file]);
    const told = text.slice(text.indexOf('task A x')).split('\n').slice(1);
    expect(told.map((line) => line.replace(/^ *[\d.]* +/, '').replace(/ +<[\d.]+>$/, ''))).toEqual([
      'socket(PF_INET, SOCK_STREAM, 0) = 3',
      'connect(3, 10.0.0.2:9) = -1 ECONNREFUSED',
      'getsockopt(3, SO_ERROR) = 0 (0)',
      'send(3, 10 bytes, MSG_MORE) = -1 EPIPE',
      'close(3) = 0',
      'close(3) = -1 EBADF  2 times',
      'socket(PF_INET, SOCK_STREAM, 0) = 3',
      'bind(3, 0.0.0.0:7) = 0',
      'listen(3, 128) = 0',
      'poll([{3, POLLIN}], 1) = 0',
      'accept(3) has not returned',
      'was sent SIGPIPE, which programs here ignore',
      '',
    ]);
  });

  it('pcap: a whole file or none', async () => {
    const out = join(folder, 'wire.pcapng');
    expect((await cli(['pcap', 'write-100', '--at', 'A:eth0:wire', '--out', out])).code).toBe(0);
    expect([...readFileSync(out).subarray(0, 4)]).toEqual([0x0a, 0x0d, 0x0d, 0x0a]);
    const nowhere = await cli(['pcap', 'write-100', '--at', 'A:eth0:wire', '--out', join(folder, 'no', 'x')]);
    expect(nowhere.code).toBe(2);
    expect(nowhere.warning).toContain('--out: expected a file that can be written');
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).toEqual([]);
  });
});

describe('tc', () => {
  it('prints the statistics of a qdisc and of those inside it', async () => {
    const { text } = await cli(['tc', 'prio-bands']);
    const [a = ''] = text.split('\n\n');
    expect(a).toContain('qdisc prio 8001: dev eth0 root bands 3 priomap 1 2 2 2 1 2 0 0 1 1 1 1 1 1 1 1');
    expect(a).toMatch(
      /qdisc sfq 8003: dev eth0 parent 8001:2 limit 127p quantum 1514b divisor 1024\n Sent 62772 bytes 42 pkt/,
    );
    // 500 bytes of payload with 66 of headers.
    expect(a).toMatch(/qdisc pfifo 0: dev eth0 parent 8001:1 limit 1000\n Sent 566 bytes 1 pkt/);
  });
});

describe('check warns of', () => {
  const tasks = [{ host: 'A', name: 'w', calls: [{ op: 'sleep', us: 1 }] }];
  it.each([
    [{ hosts: { A: { qdisc: { kind: 'noqueue' }, nic: { tso: false } } } }, /hosts\.A\.qdisc: without a queue/],
    [{ edits: [{ op: 'hang', atUs: 1, host: 'B' }] }, /hosts\.B\.nic\.watchdog: the card hangs/],
    [{ hosts: { A: { qdisc: { kind: 'noqueue' }, nic: { gso: false } } } }, /^$/],
  ])('%j', async (rest, warned) => {
    const { code, warning } = await cli(['check', file('warned.json', JSON.stringify({ tasks, ...rest }))]);
    expect([code, warning]).toEqual([0, expect.stringMatching(warned)]);
  });
});
