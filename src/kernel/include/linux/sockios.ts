/** Mirrors include/asm-generic/sockios.h and include/linux/sockios.h (2.6.39): ioctl requests of sockets. */

/** Bytes to read. */
export const SIOCINQ = 0x541b;
/** Bytes written that are not acknowledged. */
export const SIOCOUTQ = 0x5411;
/** What is read next is the urgent byte. */
export const SIOCATMARK = 0x8905;
/** Bytes written that were not sent. */
export const SIOCOUTQNSD = 0x894b;
