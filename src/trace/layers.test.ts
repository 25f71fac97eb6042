import { functions } from 'virtual:kernel-functions';
import { expect, it } from 'vitest';
import { layerOf } from './layers';

it.each([
  ['fs/read_write.ts', 'vfs'],
  ['net/socket.c', 'socket'],
  ['net/ipv4/tcp_output.ts', 'tcp'],
  ['net/ipv4/ip_output.ts', 'ip'],
  ['net/core/dev.ts', 'device'],
  ['net/sched/sch_generic.ts', 'device'],
  ['drivers/net/e1000/e1000_main.ts', 'driver'],
  ['include/net/tcp.ts', 'tcp'],
  ['net/core/skbuff.ts', null],
  ['kernel/softirq.ts', null],
])('%s is of layer %s', (file, layer) => expect(layerOf(file)).toBe(layer));

it('files of net, fs and drivers have a layer, or are helpers by name', () => {
  const helpers = ['net/core/skbuff.ts', 'net/core/iovec.ts', 'net/core/utils.ts', 'drivers/char/random.ts'];
  const files = new Set(functions.map(({ file }) => file).filter((file) => /^(net|fs|drivers)\//.test(file)));
  expect([...files].filter((file) => layerOf(file) === null && !helpers.includes(file))).toEqual([]);
});
