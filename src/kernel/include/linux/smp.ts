/** Mirrors include/linux/smp.h (2.6.39): function calls on another CPU. */
import { fn, int, ref, struct } from '../../../base/struct';

/** Masks of the bits in call_single_data.flags. */
export const CSD_FLAG_LOCK = 1;

/** A function that another CPU is to call from its interrupt. */
export const call_single_data = struct('call_single_data', {
  next: ref<call_single_data>('next in the queue of that CPU'),
  func: fn<(info: object) => void>('what to call'),
  info: ref<object>('its argument'),
  flags: int('1: under way'),
});
export interface call_single_data extends InstanceType<typeof call_single_data> {}
