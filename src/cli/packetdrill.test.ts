import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePacketdrill } from '../scenario/packetdrill/parse';
import { cli } from './cli';
import { verdictOf } from './packetdrill';

const FOLDER = new URL('../scenario/packetdrill/scripts/', import.meta.url);
const SCRIPTS = readdirSync(FOLDER).sort();

const play = (text: string): string => verdictOf('s.pkt', text, {}).text;

const OPEN = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 32792 <mss 1000,sackOK,TS val 700 ecr 0,nop,wscale 7>
+0 > S. 0:0(0) ack 1 <mss 1460,sackOK,TS val 100 ecr 700,nop,wscale 7>
+.1 < . 1:1(0) ack 1 win 257 <nop,nop,TS val 800 ecr 100>
+0 accept(3, ..., ...) = 4
`;

describe('the model holds what the scripts say', () => {
  it.each(SCRIPTS)('%s', (name) => {
    // 4 ms are all that they may miss a time by, whatever has passed.
    const text = `--tolerance_percent=0\n${readFileSync(new URL(name, FOLDER), 'utf8')}`;
    expect(verdictOf(name, text, {}).text).toBe(`ok ${name}`);
  });

  it('each begins with what it is about, and there are enough', () => {
    expect(SCRIPTS.length).toBeGreaterThanOrEqual(60);
    for (const name of SCRIPTS) expect(readFileSync(new URL(name, FOLDER), 'utf8')).toMatch(/^\/\/ \S/);
  });
});

describe('what does not hold is told with its line', () => {
  it.each([
    ['+0 write(4, ..., 100) = 99\n', 's.pkt:8: expected write() = 99, got 100'],
    ['+0 read(7, ..., 100) = -1 EAGAIN\n', 's.pkt:8: expected read() = -1 EAGAIN, got -1 EBADF'],
    [
      '+0 write(4, ..., 100) = 100\n+0 > . 1:101(100) ack 1 <...>\n',
      /s\.pkt:9: .*got > P\. 1:101\(100\) ack 1 <\.\.\.> .*\(flags \., not P\.\)/,
    ],
    ['+0 write(4, ..., 100) = 100\n+0 > P. 1:100(99) ack 1 <...>\n', /s\.pkt:9: .*\(99 bytes, not 100\)/],
    ['+0 write(4, ..., 100) = 100\n+0 > P. 2:102(100) ack 1 <...>\n', /\(sequence number 2, not 1\)/],
    ['+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 2 <...>\n', /\(ack 2, not 1\)/],
    ['+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1 win 5 <...>\n', /\(win 5, not 114\)/],
    ['+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1\n', /\(no option nop\)/],
    [
      '+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1 <nop,nop,TS val 9 ecr 799>\n',
      /\(option timestamp as it stands\)/,
    ],
    ['+0 write(4, ..., 100) = 100\n+0 > [ect0] P. 1:101(100) ack 1 <...>\n', /\(ECN bits 2, not 0\)/],
    [
      '+0 write(4, ..., 100) = 100\n+.1 > P. 1:101(100) ack 1 <...>\n',
      /expected > P.* at 0\.2\d* s, got > P.* at 0\.1\d* s$/,
    ],
    ['+.5 > P. 1:101(100) ack 1 <...>\n', /expected > P.* at 0\.6\d* s, got nothing until/],
    ['+0...0.1 read(4, ..., 10) = 10\n', /expected read\(\) to return at 0\.2\d* s, got nothing, it still blocks$/],
    ['+0 %{ assert tcpi_snd_cwnd == 11 }%\n', 's.pkt:8: expected tcpi_snd_cwnd == 11, got tcpi_snd_cwnd = 10'],
    ['+0 < . 1:1(0) ack 1 win 1 <nop,nop,TS val 1 ecr 5>\n', /s\.pkt:8: expected a TS ecr that the kernel has sent/],
    [
      '+0 write(4, ..., 2000) = 2000\n+0 write(4, ..., 10) = 10\n+0 > P. 2001:2011(10) ack 1 <...>\n',
      /s\.pkt:10: .*got > /,
    ],
  ])('%j', (rest, expected) => {
    const text = play(OPEN + rest);
    expect(text).toMatch(/^not ok /);
    if (typeof expected === 'string') expect(text).toBe(`not ok ${expected}`);
    else expect(text).toMatch(expected);
  });
});

describe('what the model has not is unsupported, whatever comes before', () => {
  it.each([
    ['+0 splice(4, NULL, 5, NULL, 100, 0) = 100\n', 's.pkt:8: the system call splice()'],
    ['+0 `iptables -F`\n', 's.pkt:8: the command "iptables -F"'],
    ['+0 %{ import os }%\n', 's.pkt:8: Python from "import" on'],
    [
      '+0 setsockopt(4, SOL_TCP, TCP_NOTSENT_LOWAT, [1], 4) = 0\n',
      's.pkt:8: the option TCP_NOTSENT_LOWAT, which this kernel has not',
    ],
    ['+0 %{ assert tcpi_delivered == 1 }%\n', 's.pkt:8: tcpi_delivered, a field the tcp_info of this kernel has not'],
    ['+0 > . 1:1(0) ack 1 <mp_capable v1 flags[flag_h] nokey>\n', /s\.pkt:8: the TCP option mp_capable/],
  ])('%j', (rest, expected) => {
    const text = play(OPEN + rest);
    expect(text).toMatch(/^unsupported /);
    if (typeof expected === 'string') expect(text).toBe(`unsupported ${expected}`);
    else expect(text).toMatch(expected);
  });

  it.each([
    ['--ip_version=ipv6\n', 's.pkt:1: --ip_version=ipv6'],
    ['`iptables -F`\n', 's.pkt:1: the command "iptables -F"'],
  ])('%j before the first event', (head, expected) => {
    expect(play(head + OPEN)).toBe(`unsupported ${expected}`);
  });
});

describe('set-up', () => {
  it('switches of what 2.6.39 has not are left out: a script that does not hold without one on is unsupported', () => {
    expect(play(`\`sysctl -q net.ipv4.tcp_recovery=0 net.ipv4.tcp_early_retrans=0\`\n${OPEN}`)).toBe('ok s.pkt');
    const newer = `\`sysctl -q net.ipv4.tcp_recovery=1\`\n${OPEN}`;
    expect(verdictOf('s.pkt', newer, {})).toEqual({
      kind: 'ok',
      text: 'ok s.pkt',
      warning: 's.pkt:1: left out the sysctl net.ipv4.tcp_recovery=1, which this kernel has not\n',
    });
    expect(play(`${newer}+0 close(4) = 1\n`)).toBe(
      'unsupported s.pkt:1: the sysctl net.ipv4.tcp_recovery=1, which this kernel has not (without it s.pkt:9: expected close() = 1, got 0)',
    );
  });

  it('the device has the offloads of packetdrill’s, unless the script turns them off, or holds without only', () => {
    const buffer = '+0 setsockopt(4, SOL_SOCKET, SO_SNDBUF, [100000], 4) = 0\n';
    const large = `${OPEN}${buffer}+0 write(4, ..., 14000) = 14000\n+0 > . 1:9881(9880) ack 1 <...>\n`;
    // tcp_tso_should_defer: 3 segments of a window of 11 are less than a third of it.
    const early = '+0 < . 1:1(0) ack 1977 win 257 <nop,nop,TS val 900 ecr 100>\n+0 > . 9881:12845(2964) ack 1 <...>\n';
    const late = `${early.split('\n')[0]}\n+.05 < . 1:1(0) ack 3953 win 257 <nop,nop,TS val 900 ecr 100>\n+0 > P. 9881:14001(4120) ack 1 <...>\n`;
    expect(play(large + early)).toBe('ok s.pkt');
    expect(play(large + late)).toBe('ok s.pkt');
    expect(verdictOf('s.pkt', large + late, {}).warning).toBe('');
    expect(verdictOf('s.pkt', large + early, {}).warning).toBe('s.pkt: holds only on a device without offload\n');
    const off = '`ethtool -K tun0 tso off gso off`\n';
    expect(play(off + large + early)).toBe('ok s.pkt');
    expect(play(off + large + late)).toMatch(/^not ok s\.pkt:14: /);
  });

  it('an option of a later kernel that a script knows to be missing is asked for', () => {
    const text = '+0 setsockopt(4, SOL_TCP, TCP_NOTSENT_LOWAT, [1], 4) = -1 ENOPROTOOPT (Protocol not available)\n';
    expect(play(OPEN + text)).toBe('ok s.pkt');
  });

  it('a queue that takes nothing loses everything', () => {
    const text = `${OPEN}+0 \`tc qdisc replace dev tun0 root pfifo limit 0\`\n+0 write(4, ..., 100) = 100\n`;
    expect(play(text)).toBe('ok s.pkt');
    expect(play(`${text}+0 > P. 1:101(100) ack 1 <...>\n`)).toMatch(/^not ok s\.pkt:10: .* got nothing/);
    expect(play(`${text}+.1 \`tc qdisc del dev tun0 root\`\n+.05~+.5 > P. 1:101(100) ack 1 <...>\n`)).toBe('ok s.pkt');
  });

  it("the suites' common file sets buffers: a shift of 8 for 15 MiB", () => {
    expect(play(`\`../common/defaults.sh\`\n${OPEN}`)).toMatch(/^not ok s\.pkt:6: .*wscale 7.*got .*wscale 8/);
  });

  it('a packet larger than a frame is held against the segments that make it up, or not, with --strict_segments', () => {
    const large = `${OPEN}+0 write(4, ..., 5000) = 5000\n+0 > P. 1:5001(5000) ack 1 <...>\n`;
    expect(play(large)).toBe('ok s.pkt');
    expect(play(`--strict_segments\n${large}`)).toMatch(/^not ok s\.pkt:10: .* got > \. 1:989\(988\)/);
  });

  it('the tolerance is that of the script', () => {
    const late = `${OPEN}+0 write(4, ..., 100) = 100\n+.01 > P. 1:101(100) ack 1 <...>\n`;
    expect(play(late)).toMatch(/^not ok/);
    expect(play(`--tolerance_usecs=20000\n${late}`)).toBe('ok s.pkt');
  });

  it('an eighth of the time since the event before is tolerated too, unless the script says otherwise', () => {
    const rto = `${OPEN}+0 write(4, ..., 100) = 100\n+0 > P. 1:101(100) ack 1 <...>\n`;
    // 300 ms: RTT 100, and 200 for its variation.
    expect(play(`${rto}+.33 > P. 1:101(100) ack 1 <...>\n`)).toBe('ok s.pkt');
    expect(play(`${rto}+.35 > P. 1:101(100) ack 1 <...>\n`)).toMatch(/^not ok/);
    expect(play(`--tolerance_percent=0\n${rto}+.33 > P. 1:101(100) ack 1 <...>\n`)).toMatch(/^not ok/);
  });
});

describe('packetdrill FILE...', () => {
  const folder = mkdtempSync(join(tmpdir(), 'skbscope-'));
  const file = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  it('says a line a file, and fails if one is not ok', async () => {
    const good = file('good.pkt', OPEN);
    const bad = file('bad.pkt', `${OPEN}+0 close(4) = 1\n`);
    const broken = file('broken.pkt', '0 f(\n');
    expect(await cli(['packetdrill', good])).toMatchObject({ code: 0, text: `ok ${good}\n`, warning: '' });
    const { code, text } = await cli(['packetdrill', good, bad, broken]);
    expect(code).toBe(1);
    expect(text.split('\n')).toEqual([
      `ok ${good}`,
      `not ok ${bad}:8: expected close() = 1, got 0`,
      expect.stringMatching(/^not ok .*broken\.pkt:2:1: expected /),
      '',
    ]);
  });

  it('takes switches and the first window from the command line', async () => {
    const path = file(
      'window.pkt',
      `${OPEN}+0 %{ assert tcpi_snd_cwnd == 4 and not tcpi_options & TCPI_OPT_SACK }%\n`.replace(
        '1460,sackOK,TS',
        '1460,nop,nop,TS',
      ),
    );
    expect((await cli(['packetdrill', path, '--initcwnd', '4', '--sysctl', 'net.ipv4.tcp_sack=0'])).text).toBe(
      `ok ${path}\n`,
    );
    const newer = ['--sysctl', 'net.ipv4.tcp_early_retrans=0', '--sysctl', 'net.ipv4.tcp_sack=0'];
    expect((await cli(['packetdrill', path, '--initcwnd', '4', ...newer])).text).toBe(`ok ${path}\n`);
    expect(await cli(['packetdrill', path, '--sysctl', 'net.ipv4.tcp_sock=0'])).toMatchObject({ code: 2 });
    expect(await cli(['packetdrill', path, '--initcwnd', '0'])).toMatchObject({ code: 2 });
  });
});

describe('ICMP', () => {
  // Without a word of what it is about, a message quotes the first sequence number, as packetdrill's does: a SYN on the way is told of it.
  const CONNECT = `0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0...0.1 connect(3, ..., ...) = -1 EHOSTUNREACH (No route to host)
+0 > S 0:0(0) <...>
`;

  it.each(['unreachable host_unreachable', 'unreachable code_1', 'type_3 code_1'])('%s', (message) => {
    expect(play(`${CONNECT}+.1 < icmp ${message}\n`)).toBe('ok s.pkt');
  });

  it('a number that is no type is said', () => {
    expect(play(`${CONNECT}+.1 < icmp type_256\n`)).toMatch(/^not ok s\.pkt:4: expected an ICMP type out of /);
  });
});

it('no script hangs or throws, however it is cut off', () => {
  const text = readFileSync(new URL('rate-halving.pkt', FOLDER), 'utf8');
  const lines = text.split('\n');
  for (let n = 1; n < lines.length; n += 3) {
    const part = lines.slice(0, n).join('\n');
    expect(verdictOf('s.pkt', part, {}).text).toMatch(parsePacketdrill(part).ok ? /^ok/ : /^not ok s\.pkt:\d+:\d+: /);
  }
});
