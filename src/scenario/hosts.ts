/** What a host is made of: CPUs, addresses, card, queueing discipline, switches of its kernel. */
import * as v from 'valibot';
import { matching, oneOf, whole, yes } from './fields';
import { Qdisc } from './qdisc';
import { SYSCTLS } from './sysctls';

function ring(which: string) {
  const expected = 'a whole number from 80 to 4096, a multiple of 8';
  return v.pipe(
    v.number(expected),
    v.minValue(80, expected),
    v.maxValue(4096, expected),
    v.multipleOf(8, expected),
    v.description(`Descriptors in the ${which} ring; one always stays unused.`),
  );
}

const ITR = '0, 1, 3 or a whole number from 100 to 100000';

const Nic = v.strictObject(
  {
    model: v.optional(oneOf(['82540EM', '82545EM'], 'The card; both are driven by e1000.'), '82540EM'),
    txRing: v.optional(ring('TX'), 256),
    rxRing: v.optional(ring('RX'), 256),
    txCsum: yes('The card fills in the TCP checksum (ethtool -K tx).'),
    rxCsum: yes('The card verifies the TCP checksum of what it receives (ethtool -K rx).'),
    sg: yes('Scatter-gather: payload in page fragments. Off without txCsum.'),
    tso: yes('The card cuts large TCP segments. Off without sg.'),
    gso: yes('Software cuts large segments just before the driver. Off without sg.'),
    gro: yes('Received segments are merged before IP.'),
    itr: v.optional(
      v.pipe(
        v.number(ITR),
        v.integer(ITR),
        v.check((n) => n === 0 || n === 1 || n === 3 || (n >= 100 && n <= 100_000), ITR),
        v.description('Interrupt throttling: 0 none, 1 dynamic, 3 dynamic conservative, else interrupts a second.'),
      ),
      3,
    ),
    mtu: v.optional(whole(576, 9000, 'Largest IP packet.', 'bytes'), 1500),
  },
  'a card, such as { "txRing": 256, "tso": false }',
);

const Sysctls: v.GenericSchema<Record<string, number>> = v.strictObject(
  Object.fromEntries(
    Object.entries(SYSCTLS).map(([name, { min, max, doc }]) => [name, v.exactOptional(whole(min, max, doc))]),
  ),
  'switches by name, such as { "ipv4.tcp_slow_start_after_idle": 0 }',
) as never;

const IP = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** `n`: 1 for host A, 2 for host B; makes the default addresses. */
export function host(n: number) {
  const ip = matching(IP, 'an IPv4 address such as "10.0.0.1"', 'Address of eth0, in a /24.');
  const mac = matching(MAC, 'a MAC address such as "02:00:00:00:00:01", lower case', 'Address of the card.');
  return v.optional(
    v.strictObject(
      {
        ip: v.optional(ip, `10.0.0.${n}`),
        mac: v.optional(mac, `02:00:00:00:00:0${n}`),
        cpus: v.optional(whole(1, 8, 'CPUs of the host.'), 2),
        qdisc: v.optional(Qdisc, { kind: 'pfifo_fast' }),
        nic: v.optional(Nic, {}),
        sysctl: v.optional(Sysctls, {}),
      },
      'a host: { ip, mac, cpus, qdisc, nic, sysctl }',
    ),
    {},
  );
}
