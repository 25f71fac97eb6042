/** Mirrors include/linux/in.h and socket.h (2.6.39): addresses of sockets. */
import { heap } from '../../../base/heap';

export const AF_UNSPEC = 0;
export const AF_INET = 2;
export const INADDR_ANY = 0;
/** Ports below this are for root. */
export const PROT_SOCK = 1024;
/** sizeof(struct sockaddr_in) and of struct sockaddr_storage, bytes. */
export const SIZEOF_SOCKADDR_IN = 16;
export const SIZEOF_SOCKADDR_STORAGE = 128;

/** A socket address on the kernel stack; of the families only IPv4 has a port and an address. Numbers in host order. */
export interface sockaddr {
  sa_family: number;
  sin_port: number;
  sin_addr: number;
}

/** Reads a struct sockaddr_in of user memory: 16 bits of family in the machine's order, port and address in the network's. */
export const sockaddr_at = (addr: number): sockaddr => ({
  sa_family: heap.readLe16(addr),
  sin_port: heap.readBe16(addr + 2),
  sin_addr: heap.readBe32(addr + 4),
});
