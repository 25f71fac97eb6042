import { describe, expect, test } from 'vitest';
import { breakpointOf, breakpointWords, find, nextOf, scoreOf } from './palette';

const FUNCTIONS = [{ name: 'tcp_write_xmit' }, { name: 'ip_rcv' }];

describe('what fits', () => {
  test('every word must be found, starts of words count more', () => {
    expect(scoreOf('xmit', 'tcp_write_xmit')).toBe(2);
    expect(scoreOf('rite', 'tcp_write_xmit')).toBe(1);
    expect(scoreOf('tcp rcv', 'tcp_write_xmit')).toBe(0);
    expect(scoreOf('', 'anything')).toBeGreaterThan(0);
  });

  test('the best come first, and only so many', () => {
    const entries = ['sys_write', 'write', 'rewrite'].map((label) => ({ id: label, group: '', label }));
    expect(find(entries, 'write', 2).map(({ label }) => label)).toEqual(['write', 'sys_write']);
  });
});

describe('breakpoints', () => {
  test('are read with their conditions, and written the same', () => {
    const text = 'tcp_write_xmit if mss_now > 1000 and push_one == true';
    const read = breakpointOf(text, FUNCTIONS);
    expect(read).toEqual({
      fn: 'tcp_write_xmit',
      when: [
        { name: 'mss_now', op: '>', value: 1000 },
        { name: 'push_one', op: '==', value: true },
      ],
    });
    expect(read && breakpointWords(read)).toBe(text);
  });

  test('need a function of the run and whole conditions', () => {
    expect(breakpointOf('ip_rcv', FUNCTIONS)).toEqual({ fn: 'ip_rcv' });
    expect(breakpointOf('no_such', FUNCTIONS)).toBeNull();
    expect(breakpointOf('ip_rcv if len', FUNCTIONS)).toBeNull();
  });
});

test('the next call after the last is the first', () => {
  expect(nextOf([3, 9], 3)).toBe(9);
  expect(nextOf([3, 9], 9)).toBe(3);
});
