/** Mirrors include/linux/gfp.h (2.6.39): the allocation flags the network path passes on. Allocation never fails in the model. */
export const GFP_ATOMIC = 0x20;
export const GFP_KERNEL = 0xd0;
export const __GFP_WAIT = 0x10;
export const __GFP_COMP = 0x4000;
