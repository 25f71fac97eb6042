import { describe, expect, it } from 'vitest';
import {
  advancedReceiveDescriptor,
  advancedTransmitDescriptor,
  type Descriptor,
  receiveDescriptor,
  transmitDescriptor,
} from './descriptor';

const bytes = (hex: string): Uint8Array =>
  Uint8Array.from(hex.split(/\s+/).filter(Boolean), (pair) => Number.parseInt(pair, 16));

function texts({ fields }: Descriptor): Record<string, string> {
  return Object.fromEntries(fields.map(({ name, text }) => [name, text]));
}

describe('descriptors of the 8254x', () => {
  it('legacy: 1514 bytes at 0x12340, end of packet, FCS and report wanted', () => {
    const found = transmitDescriptor(bytes('40 23 01 00 00 00 00 00  ea 05 00 0b 00 00 00 00'));
    expect(found).toMatchObject({ kind: 'legacy', buffer: 0x12340, length: 1514, done: false, wantsReport: true });
    expect(found.bits).toEqual(['EOP', 'IFCS', 'RS']);
  });

  it('context: a TCP packet of 7240 bytes to cut at 1448, headers of 66', () => {
    // IPCSS 14, IPCSO 24, IPCSE 33; TUCSS 34, TUCSO 50; PAYLEN 7240 = 0x1c48; TUCMD TCP IP TSE DEXT; HDRLEN 66, MSS 1448.
    const found = transmitDescriptor(bytes('0e 18 21 00 22 32 00 00  48 1c 00 27 00 42 a8 05'));
    expect(found.kind).toBe('context');
    expect(texts(found)).toMatchObject({
      IPCSS: '14',
      IPCSE: '33',
      TUCSO: '50',
      PAYLEN: '7240 bytes',
      HDRLEN: '66 bytes',
      MSS: '1448 bytes',
      TUCMD: 'TCP IP TSE DEXT',
    });
  });

  it('data: 20 bits of length, and the checksums to insert', () => {
    const found = transmitDescriptor(bytes('00 10 00 00 00 00 00 00  00 10 10 25 01 03 00 00'));
    expect(found).toMatchObject({ kind: 'data', buffer: 0x1000, length: 4096, done: true });
    expect(texts(found).POPTS).toBe('IXSM TXSM');
    expect(found.bits).toEqual(['EOP', 'TSE', 'DEXT']);
  });

  it('receive: written back with both checksums looked at and the TCP one wrong', () => {
    const found = receiveDescriptor(bytes('80 21 00 00 00 00 00 00  ea 05 34 12 63 20 00 00'));
    expect(found).toMatchObject({ buffer: 0x2180, length: 1514, done: true });
    expect(found.bits).toEqual(['DD', 'EOP', 'TCPCS', 'IPCS']);
    expect(texts(found)).toMatchObject({ errors: 'TCPE', checksum: '0x1234' });
  });
});

describe('descriptors of the 82576', () => {
  it('data: segmentation is bit 7, and the payload of the packet is above the options', () => {
    // PAYLEN 4000 << 14 | POPTS 3 << 8 = 0x03e80300.
    const found = advancedTransmitDescriptor(bytes('40 23 01 00 00 00 00 00  42 00 30 ab 00 03 e8 03'));
    expect(found).toMatchObject({ kind: 'data', buffer: 0x12340, length: 66 });
    expect(found.bits).toEqual(['EOP', 'IFCS', 'RS', 'DEXT', 'TSE']);
    expect(texts(found)).toMatchObject({ POPTS: 'IXSM TXSM', PAYLEN: '4000 bytes' });
  });

  it('context: lengths of the headers and the MSS', () => {
    // IPLEN 20 | MACLEN 14 << 9 = 0x1c14; TUCMD IPV4 TCP = 0xc00; DTYP 2; L4LEN 32, MSS 1448.
    const found = advancedTransmitDescriptor(bytes('14 1c 00 00 00 00 00 00  00 0c 20 20 00 20 a8 05'));
    expect(found.kind).toBe('context');
    expect(texts(found)).toMatchObject({
      IPLEN: '20 bytes',
      MACLEN: '14 bytes',
      TUCMD: 'IPV4 TCP',
      L4LEN: '32 bytes',
      MSS: '1448 bytes',
    });
  });

  it('receive: two addresses before, the verdict and the RSS hash after', () => {
    const before = advancedReceiveDescriptor(bytes('80 21 00 00 00 00 00 00  00 40 00 00 00 00 00 00'));
    expect(before).toMatchObject({ buffer: 0x2180, done: false });
    expect(texts(before)['header address']).toBe('0x4000');
    const after = advancedReceiveDescriptor(bytes('11 01 00 00 78 56 34 12  63 00 00 00 ea 05 00 00'));
    expect(after).toMatchObject({ length: 1514, done: true });
    expect(texts(after)).toMatchObject({
      'RSS type': 'addresses and TCP ports',
      'RSS hash': '0x12345678',
      'packet type': 'IPv4 TCP',
    });
    expect(after.bits).toEqual(['DD', 'EOP', 'TCPCS', 'IPCS']);
  });

  it('names bytes within the sixteen only', () => {
    for (const decode of [
      transmitDescriptor,
      receiveDescriptor,
      advancedTransmitDescriptor,
      advancedReceiveDescriptor,
    ]) {
      for (const fill of [0, 0x21, 0x3f, 0xff]) {
        for (const { at, length } of decode(new Uint8Array(16).fill(fill)).fields) {
          expect(at).toBeGreaterThanOrEqual(0);
          expect(at + length).toBeLessThanOrEqual(16);
        }
      }
    }
  });
});
