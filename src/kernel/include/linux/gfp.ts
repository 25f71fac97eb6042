/** Mirrors include/linux/gfp.h (2.6.39): the allocation flags the network path passes on. Allocation never fails in the model. */
export const GFP_ATOMIC = 0x20;
export const GFP_KERNEL = 0xd0;
