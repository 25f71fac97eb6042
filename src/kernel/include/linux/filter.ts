/** Mirrors include/linux/filter.h (2.6.39): programs of the BSD packet filter. */
import { hex32, int, list, ref, struct, u8, u16 } from '../../../base/struct';

/** Classes of instructions: the lowest three bits of `code`. */
export const BPF_LD = 0x00;
export const BPF_LDX = 0x01;
export const BPF_ST = 0x02;
export const BPF_STX = 0x03;
export const BPF_ALU = 0x04;
export const BPF_JMP = 0x05;
export const BPF_RET = 0x06;
export const BPF_MISC = 0x07;
/** Width of a load. */
export const BPF_H = 0x08;
export const BPF_B = 0x10;
/** Where a load reads. */
export const BPF_IMM = 0x00;
export const BPF_ABS = 0x20;
export const BPF_IND = 0x40;
export const BPF_MEM = 0x60;
export const BPF_LEN = 0x80;
export const BPF_MSH = 0xa0;
export const BPF_X = 0x08;
export const BPF_A = 0x10;
export const BPF_TAX = 0x00;
export const BPF_TXA = 0x80;

/** Words of scratch memory. */
export const BPF_MEMWORDS = 16;
/** Instructions a program may have; Linux allows 4096. */
export const BPF_MAXINSNS = 256;

/** Loads from here on (as an unsigned number) read what Linux knows about the packet, not its bytes. */
export const SKF_AD_OFF = 0xfffff000;
export const SKF_AD_PROTOCOL = 0;
export const SKF_AD_PKTTYPE = 4;
export const SKF_AD_IFINDEX = 8;
export const SKF_AD_MARK = 20;
export const SKF_AD_QUEUE = 24;
export const SKF_AD_RXHASH = 32;
export const SKF_AD_CPU = 36;

export const sock_filter = struct('sock_filter', {
  code: u16('operation'),
  jt: u8('instructions to skip when the test holds'),
  jf: u8('instructions to skip when it does not'),
  k: hex32('constant, offset or address'),
});
export interface sock_filter extends InstanceType<typeof sock_filter> {}

export const sk_filter_prog = struct('sk_filter', {
  len: int('instructions'),
  insns: list(ref<sock_filter>('instruction'), BPF_MAXINSNS, 'the program'),
});
export interface sk_filter_prog extends InstanceType<typeof sk_filter_prog> {}
