import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { clock } from '../../../base/clock';
import { Heap, setHeap } from '../../../base/heap';
import { Rng } from '../../../base/rng';
import { type Cpu, type Kernel, setCurrent } from '../../arch/current';
import { idleArch } from '../../arch/testing';
import { tcp_no_options, tcp_request_sock } from '../../include/linux/tcp';
import { NSEC_PER_JIFFY } from '../../include/linux/timer';
import {
  check_tcp_syn_cookie,
  cookie_check_timestamp,
  cookie_init_timestamp,
  secure_tcp_syn_cookie,
} from './syncookies';

/** A cookie is good while its minute is one of the last four. */
const MINUTES = 4;
/** Places in the table of MSS values. */
const MSS_VALUES = 8;

beforeEach(() => {
  const heap = new Heap();
  setHeap(heap);
  clock.ns = 0;
  const random = new Rng(7);
  const cpus: Cpu[] = [];
  const arch = { ...idleArch, random32: () => random.next() };
  const kernel: Kernel = { host: 0, cpus, globals: [], arch, version: '2.6.39', sysctl: {} };
  cpus.push({ id: 0, kernel, perCpu: [] });
  setCurrent(cpus[0] as Cpu, heap);
});

const word = fc.integer({ min: 0, max: 0xffffffff });
const port = fc.integer({ min: 0, max: 0xffff });
const connection = fc.tuple(word, word, port, port, word);
const minute = fc.integer({ min: 0, max: 1 << 20 });

describe('a SYN cookie', () => {
  it('brings its MSS back for four minutes, and no longer', () => {
    fc.assert(
      fc.property(connection, minute, fc.integer({ min: 0, max: MSS_VALUES - 1 }), (ends, made, mss) => {
        const cookie = secure_tcp_syn_cookie(...ends, made, mss);
        for (let later = 0; later < MINUTES; later++) {
          expect(check_tcp_syn_cookie(cookie, ...ends, made + later, MINUTES)).toBe(mss);
        }
        expect(check_tcp_syn_cookie(cookie, ...ends, made + MINUTES, MINUTES)).toBe(0xffffffff);
      }),
    );
  });

  it('is of no use to another connection', () => {
    // 8 of 2^24 values pass by chance: none of the few tried here. The peer's sequence number is only added, so it is not among them.
    const ends: [number, number, number, number, number] = [0x0a000001, 0x0a000002, 40_000, 5001, 1_000_000];
    const cookie = secure_tcp_syn_cookie(...ends, 5, 3);
    for (let at = 0; at < 4; at++) {
      for (let by = 1; by <= 200; by++) {
        const other: typeof ends = [...ends];
        other[at] = (other[at] ?? 0) + by;
        expect(check_tcp_syn_cookie(cookie, ...other, 5, MINUTES)).toBeGreaterThanOrEqual(MSS_VALUES);
      }
    }
  });

  it('cannot be guessed: of all that differ from it by little none is one', () => {
    const ends: [number, number, number, number, number] = [0x0a000001, 0x0a000002, 40_000, 5001, 1_000_000];
    const cookie = secure_tcp_syn_cookie(...ends, 5, 0);
    for (let by = MSS_VALUES; by < 5000; by++) {
      expect(check_tcp_syn_cookie(cookie + by, ...ends, 5, MINUTES)).toBeGreaterThanOrEqual(MSS_VALUES);
    }
  });
});

describe('the timestamp of a SYN-ACK with a cookie', () => {
  it('carries window scale, SACK and ECN, and is not of the future', () => {
    const scale = fc.option(fc.integer({ min: 0, max: 14 }), { nil: null });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), scale, fc.boolean(), fc.boolean(), (ms, wscale, sack, ecn) => {
        clock.ns = ms * NSEC_PER_JIFFY;
        const req = new tcp_request_sock();
        req.wscale_ok = wscale !== null;
        req.snd_wscale = wscale ?? 0;
        req.sack_ok = sack;
        req.ecn_ok = ecn;
        const ts = cookie_init_timestamp(req);
        const now = 300_000 + ms;
        expect(ts).toBeLessThanOrEqual(now);
        expect(ts).toBeGreaterThan(now - 128);

        const options = { ...tcp_no_options(), saw_tstamp: true, rcv_tsecr: ts };
        const out = { ecn_ok: false };
        expect(cookie_check_timestamp(options, out)).toBe(true);
        expect(options.wscale_ok).toBe(wscale !== null);
        expect(options.snd_wscale).toBe(wscale ?? 0);
        expect(options.sack_ok).toBe(sack ? 1 : 0);
        expect(out.ecn_ok).toBe(ecn);
      }),
    );
  });
});
