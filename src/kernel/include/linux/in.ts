/** Mirrors include/linux/in.h and socket.h (2.6.39): socket addresses of IPv4. They live on the kernel stack. */

export const AF_UNSPEC = 0;
export const AF_INET = 2;
/** sizeof(struct sockaddr_in), bytes. */
export const SIZEOF_SOCKADDR_IN = 16;
/** sizeof(struct sockaddr_storage): the longest address of any family, bytes. */
export const SIZEOF_SOCKADDR_STORAGE = 128;

/** A socket address as the kernel has copied it; port and address in host order. */
export interface sockaddr_in {
  sin_family: number;
  sin_port: number;
  sin_addr: number;
}

/** An address that nothing has been copied to yet. */
export const no_sockaddr = (): sockaddr_in => ({ sin_family: AF_UNSPEC, sin_port: 0, sin_addr: 0 });
