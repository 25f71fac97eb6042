/** Datagrams, ICMP, netfilter, path MTU. */
import { type Preset, preset, readAll, reader, write, writer } from './parts';

const datagrams = { op: 'socket', as: 's', type: 'SOCK_DGRAM' } as const;
const receive = { op: 'recvfrom', fd: 's', bytes: 8192 } as const;
const listen = (port: number, times: number) =>
  reader(datagrams, { op: 'bind', fd: 's', port }, { op: 'loop', times, calls: [receive] });

export const IP: readonly Preset[] = [
  preset(
    'udp-fragments',
    'A datagram in three fragments',
    'The function ip_append_data cuts 4,000 bytes into three skbs on a frag_list, ip_fragment gives each a header of its own; on B they wait in ip_frag_queue until ip_frag_reasm makes one skb of them.',
    {
      connections: [],
      tasks: [
        writer(datagrams, { op: 'sendto', fd: 's', bytes: 4000, to: { host: 'B', port: 5001 } }),
        listen(5001, 1),
      ],
      captures: [{ host: 'A' }],
      limits: { maxMs: 100 },
    },
  ),
  preset(
    'netfilter-drop',
    'Rules that drop and refuse',
    'A rule at INPUT drops every second datagram to port 5001; another refuses port 5002, so that icmp_send answers and the connected sender gets ECONNREFUSED from its next send.',
    {
      hosts: {
        B: {
          netfilter: [
            { hook: 'INPUT', match: { proto: 'udp', dport: 5001, nth: 2 }, target: 'DROP' },
            { hook: 'INPUT', match: { proto: 'udp', dport: 5002 }, target: 'REJECT' },
          ],
        },
      },
      connections: [],
      tasks: [
        writer(
          datagrams,
          {
            op: 'loop',
            times: 3,
            calls: [
              { op: 'sendto', fd: 's', bytes: 100, to: { host: 'B', port: 5001 } },
              { op: 'sleep', us: 200 },
            ],
          },
          { op: 'connect', fd: 's', to: { host: 'B', port: 5002 } },
          { op: 'send', fd: 's', bytes: 100 },
          { op: 'sleep', us: 500 },
          { op: 'send', fd: 's', bytes: 100 },
        ),
        listen(5001, 2),
      ],
      limits: { maxMs: 100 },
    },
  ),
  preset(
    'pmtu',
    'A smaller MTU on the way',
    "R's second link takes 1,000 bytes: ip_forward drops what is longer and says so by ICMP, tcp_v4_err lets the route learn the MTU, and tcp_simple_retransmit sends the bytes again in segments of 948.",
    {
      hosts: {
        A: { nic: { tso: false, gso: false } },
        B: { nic: { gro: false } },
        R: { cpus: 1, eth0: { nic: { gro: false } }, eth1: { nic: { mtu: 1000, gro: false } } },
      },
      tasks: [writer(write(4000)), reader(readAll(4000))],
      captures: [{ host: 'A' }],
      limits: { maxMs: 1000 },
    },
  ),
  preset(
    'ping',
    'A ping, and one that nobody answers',
    'A raw socket sends an echo request that icmp_echo on B answers; then a datagram to a port without a socket comes back as port unreachable.',
    {
      connections: [],
      tasks: [
        writer(
          { op: 'socket', as: 'p', type: 'SOCK_RAW', protocol: 'IPPROTO_ICMP' },
          { op: 'sendto', fd: 'p', bytes: 64, echo: { id: 7, seq: 1 }, to: { host: 'B' } },
          { op: 'recvfrom', fd: 'p', bytes: 1500 },
          datagrams,
          { op: 'connect', fd: 's', to: { host: 'B', port: 9 } },
          { op: 'send', fd: 's', bytes: 100 },
          { op: 'recv', fd: 's', bytes: 1500 },
        ),
      ],
      limits: { maxMs: 100 },
    },
  ),
  preset(
    'loopback',
    'A program that talks to its own host',
    'A segment to 127.0.0.1 goes down to loopback_xmit, which hands it to netif_rx: process_backlog receives it in the softirq that runs before the send returns.',
    {
      connections: [],
      tasks: [
        {
          host: 'A',
          name: 'server',
          calls: [
            { op: 'socket', as: 'l' },
            { op: 'bind', fd: 'l', ip: '127.0.0.1', port: 5001 },
            { op: 'listen', fd: 'l' },
            { op: 'accept', fd: 'l', as: 's' },
            readAll(4000, 's'),
          ],
        },
        writer(
          { op: 'socket', as: 'c' },
          { op: 'connect', fd: 'c', to: { ip: '127.0.0.1', port: 5001 } },
          write(4000, 'c'),
        ),
      ],
      captures: [{ host: 'A', dev: 'any' }],
      limits: { maxMs: 1000 },
    },
  ),
];
