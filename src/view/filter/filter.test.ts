import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dissect } from '../dissect/dissect';
import { ALIASES, FIELDS, type Filterable, PROTOCOLS } from './fields';
import { parseFilter } from './filter';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replace(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

/** 10.0.0.1:40000 to 10.0.0.2:5001, PSH ACK, seq 1, four bytes of payload. */
const DATA = bytes(`
  02 00 00 00 00 02 02 00 00 00 00 01 08 00
  45 00 00 2c 00 01 40 00 40 06 26 c9 0a 00 00 01 0a 00 00 02
  9c 40 13 89 00 00 00 01 00 00 00 01 50 18 00 e5 00 00 00 00 41 42 43 44`);
/** SYN with MSS 1460, SACK permitted, timestamps 7 and 0, no operation, window scale 6. */
const SYN = bytes(`
  02 00 00 00 00 02 02 00 00 00 00 01 08 00
  45 00 00 3c 00 01 40 00 40 06 26 b9 0a 00 00 01 0a 00 00 02
  9c 40 00 50 00 00 00 00 00 00 00 00 a0 02 39 08 00 00 00 00
  02 04 05 b4 04 02 08 0a 00 00 00 07 00 00 00 00 01 03 03 06`);
const ARP = bytes(`
  ff ff ff ff ff ff 02 00 00 00 00 01 08 06
  00 01 08 00 06 04 00 01 02 00 00 00 00 01 0a 00 00 01 00 00 00 00 00 00 0a 00 00 02`);
const UDP = bytes(`
  02 00 00 00 00 02 02 00 00 00 00 01 08 00
  45 00 00 20 00 02 00 00 01 11 66 c9 0a 00 00 01 0a 00 00 02
  00 35 13 89 00 0c 00 00 41 42 43 44`);
/** Fragmentation needed, MTU 1400, for a TCP segment of 10.0.0.1:40000. */
const TOO_BIG = bytes(`
  02 00 00 00 00 01 02 00 00 00 00 02 08 00
  45 00 00 38 00 03 00 00 40 01 66 c1 0a 00 00 02 0a 00 00 01
  03 04 00 00 00 00 05 78
  45 00 05 dc 00 01 40 00 40 06 21 19 0a 00 00 01 0a 00 00 02 9c 40 13 89 00 00 00 01`);

const PACKETS = { data: DATA, syn: SYN, arp: ARP, udp: UDP, toobig: TOO_BIG };

function row(packet: Uint8Array, number = 1): Filterable {
  return { bytes: packet, number, out: packet !== TOO_BIG, differs: packet === DATA };
}

/** Names of the packets that a filter lets through. */
function through(text: string): string {
  const filter = parseFilter(text);
  if (!filter.ok) throw new Error(filter.message);
  const names = Object.entries(PACKETS).filter(([, packet], nth) => filter.test(row(packet, nth + 1)));
  return names.map(([name]) => name).join(' ');
}

function problem(text: string): string {
  const filter = parseFilter(text);
  return filter.ok ? 'none' : `${filter.at}: ${filter.message}`;
}

describe('a filter', () => {
  it.each([
    ['', 'data syn arp udp toobig'],
    ['tcp', 'data syn'],
    ['udp', 'udp'],
    ['arp', 'arp'],
    ['icmp', 'toobig'],
    ['not tcp', 'arp udp toobig'],
    ['!tcp && !arp', 'udp toobig'],
    ['tcp or udp', 'data syn udp'],
    ['ip.addr == 10.0.0.1', 'data syn udp toobig'],
    ['ip.src == 10.0.0.2', 'toobig'],
    ['ip.addr == 10.0.0.0/30', 'data syn udp toobig'],
    ['ip.dst == 10.0.1.0/24', ''],
    ['ip.addr != 10.0.0.1', ''],
    ['ip.src != 10.0.0.1', 'toobig'],
    ['tcp.port == 80', 'syn'],
    ['tcp.port eq 0x50', 'syn'],
    ['tcp.flags.syn', 'syn'],
    ['tcp.flags.syn == 0', 'data'],
    ['tcp.flags.push == true', 'data'],
    ['tcp.flags == 0x18', 'data'],
    ['tcp.len > 0', 'data'],
    ['tcp.len', 'data syn'],
    ['tcp.options.mss_val == 1460 and tcp.options.wscale.shift ge 6', 'syn'],
    ['tcp.options.sack_perm', 'syn'],
    ['tcp.options.timestamp.tsval < 8', 'syn'],
    ['ip.ttl <= 1', 'udp'],
    ['ip.flags.df', 'data syn'],
    ['icmp.type == 3 && icmp.mtu == 1400', 'toobig'],
    ['eth.dst == ff:ff:ff:ff:ff:ff', 'arp'],
    ['arp.opcode == 1', 'arp'],
    ['frame.len > 60', 'syn toobig'],
    ['frame.number == 2', 'syn'],
    ['differs', 'data'],
    ['not out', 'toobig'],
    ['tcp and not (tcp.port == 80 or udp)', 'data'],
    ['tcp and udp or arp', 'arp'],
    ['TCP.Port == 80', 'syn'],
  ])('%s', (text, wanted) => {
    expect(through(text)).toBe(wanted);
  });

  it.each([
    ['tpc', '0: there is no field "tpc"; is tcp meant?'],
    ['tcp.prot == 80', '0: there is no field "tcp.prot"; is tcp.port meant?'],
    ['tcp and ip.adr == 1.2.3.4', '8: there is no field "ip.adr"; is ip.addr meant?'],
    ['tcp.port = 80', '9: write == to compare'],
    ['tcp.port ==', '11: a value is wanted after =='],
    ['tcp.port == http', '12: tcp.port wants a number such as 80 or 0x50, not "http"'],
    ['ip.addr == 10.0.0', '11: ip.addr wants an IPv4 address such as 10.0.0.1 or 10.0.0.0/24, not "10.0.0"'],
    ['ip.addr > 10.0.0.0/24', '8: a network can only be compared with == and !='],
    ['eth.src == 1', '11: eth.src wants a MAC address such as 02:00:00:00:00:01, not "1"'],
    ['(tcp', '4: a ) is missing'],
    ['tcp)', '3: there is no ( for this )'],
    ['tcp udp', '4: "and" or "or" is wanted before "udp"'],
    ['tcp & udp', '4: write && instead of &'],
    ['tcp and', '7: a field or a protocol is wanted here, such as tcp.port'],
    ['tcp == 6', '4: tcp is a protocol: it has no value'],
    ['tcp # udp', '4: "#" has no meaning here'],
    [
      'constructor',
      '0: there is no field or protocol "constructor"; there are eth, arp, macc, ip, icmp, udp, tcp and fields such as tcp.port',
    ],
  ])('%s is refused with a reason', (text, wanted) => {
    expect(problem(text)).toBe(wanted);
  });

  it('says something of any text, and never breaks', () => {
    const word = fc.constantFrom(...PROTOCOLS, ...Object.keys(FIELDS), ...Object.keys(ALIASES), '(', ')', 'not', 'and');
    const more = fc.constantFrom('or', '==', '!=', '<', '80', '10.0.0.1', '!', '&&', 'x', '"', '\u00e4');
    fc.assert(
      fc.property(fc.array(fc.oneof(word, more, fc.string({ maxLength: 4 })), { maxLength: 30 }), (words) => {
        const filter = parseFilter(words.join(' '));
        if (filter.ok) for (const packet of Object.values(PACKETS)) filter.test(row(packet));
        else {
          expect(filter.message.length).toBeGreaterThan(5);
          expect(filter.at).toBeGreaterThanOrEqual(0);
        }
      }),
    );
    expect(problem('('.repeat(500))).toMatch(/too many parentheses/);
    expect(problem('tcp '.repeat(600))).toMatch(/at most 1000/);
  });

  it('knows every field that the dissection names', () => {
    for (const packet of Object.values(PACKETS)) {
      for (const { key } of dissect(packet).sections.flatMap(({ fields }) => fields)) {
        if (key !== '') expect(Object.keys(FIELDS)).toContain(key);
      }
    }
  });

  it('says the opposite of what it says behind not', () => {
    const known = Object.entries(FIELDS).filter(([, { type }]) => type !== 'ip' && type !== 'mac');
    fc.assert(
      fc.property(fc.constantFrom(...known.map(([name]) => name)), fc.nat(100), (name, value) => {
        for (const packet of Object.values(PACKETS)) {
          const test = (text: string): boolean => {
            const filter = parseFilter(text);
            return filter.ok && filter.test(row(packet));
          };
          expect(test(`not ${name} == ${value}`)).toBe(!test(`${name} == ${value}`));
          // Packets that have the field are on one side or the other.
          if (test(`${name} == ${value}`)) expect(test(`${name} != ${value}`)).toBe(false);
        }
      }),
    );
  });
});
