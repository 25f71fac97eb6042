/** What a capture sees, and what is on the wire. */
import { type Preset, preset, readAll, reader, write, writer } from './parts';

export const OFFLOAD: readonly Preset[] = [
  preset(
    'capture-on',
    'A packet capture is open',
    'The tap list ptype_all is no longer empty: each frame is cloned for the packet socket, on its way out and on its way in.',
    {
      captures: [{ host: 'A' }, { host: 'B' }],
      tasks: [writer(write(4000)), reader(readAll(4000))],
    },
  ),
  preset(
    'offload-off',
    'All offloads off',
    'The kernel cuts the data and sums every byte itself: what the capture sees is what stands on the wire.',
    {
      hosts: {
        A: { nic: { txCsum: false, rxCsum: false, gro: false } },
        B: { nic: { txCsum: false, rxCsum: false, gro: false } },
      },
      captures: [{ host: 'A' }],
      tasks: [writer(write(7240)), reader(readAll(7240))],
    },
  ),
  preset(
    'offload-on',
    'Checksum and segmentation in the card',
    'The capture sees one frame of 7306 bytes with a half-done checksum; on the wire are five frames with right ones.',
    { captures: [{ host: 'A' }], tasks: [writer(write(7240)), reader(readAll(7240))] },
  ),
  preset(
    'tso-cut',
    'The card cuts a packet',
    'One sk_buff, one context descriptor and its data: the segmentation engine makes ten frames of it, each with its own sequence number, IP id and checksums.',
    {
      hosts: { B: { nic: { gro: false } } },
      connections: [{ a: { sndbuf: 65_536, sndWnd: 40_000 }, b: { rcvbuf: 87_380 } }],
      captures: [{ host: 'A', filter: 'tcp[tcpflags] & tcp-push != 0 or greater 1000' }],
      tasks: [writer(write(14_480)), reader(readAll(14_480))],
    },
  ),
  preset(
    'gro-merge',
    'Received frames become one packet',
    'RDTR delays the interrupt until five frames are in the ring: dev_gro_receive holds the first and appends the others, so IP and TCP see one packet of 7240 bytes.',
    {
      hosts: { B: { nic: { rxIntDelay: 40, rxAbsIntDelay: 200 } } },
      captures: [{ host: 'B' }],
      tasks: [writer(write(7240)), reader(readAll(7240))],
    },
  ),
  preset(
    'tcpdump-lies',
    'What tcpdump shows was never on the wire',
    'Both hosts capture one frame of 7306 bytes whose TCP checksum is only half done; the wire carried five of 1514 bytes with right ones.',
    {
      hosts: { B: { nic: { rxIntDelay: 40, rxAbsIntDelay: 200 } } },
      captures: [
        { host: 'A', filter: 'tcp dst port 5001' },
        { host: 'B', filter: 'tcp dst port 5001' },
      ],
      tasks: [writer(write(7240)), reader(readAll(7240))],
    },
  ),
];
