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
];
