/** Mirrors include/linux/workqueue.h (2.6.39): work that a kernel thread does. The functions are in kernel/workqueue.ts. */
import { bool, embed, fn, ref, struct } from '../../../base/struct';
import type { Kgen } from '../../arch/current';
import { timer_list } from './timer';

export const work_struct = struct('work_struct', {
  pending: bool('it is waiting to be done'),
  func: fn<(data: never) => Kgen>('what is to be done, in a kernel thread'),
  data: ref<object>('argument of the function'),
  timer: embed(timer_list, 'when it is to be done, if later (struct delayed_work)'),
});
export interface work_struct extends InstanceType<typeof work_struct> {}
