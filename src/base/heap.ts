/**
 * The state of one run: struct fields live in `words` (one float64 a word), byte memory in `ram`.
 * Every write is journalled with its old and new value, so that a cursor can move over it in both directions.
 */

/** Any object made by a class from `struct()`. */
export interface StructObject {
  /** Object id in this run; 0 is the null pointer. */
  readonly $id: number;
  /** Index of the object's first word in `Heap.words`. */
  readonly $base: number;
  readonly $type: StructInfo;
}

/** What the heap needs to know of a struct type. */
export interface StructInfo {
  readonly name: string;
  readonly words: number;
  readonly index: number;
}

/** How a byte range came to be written; only for readers of the trace. */
const NULL_PAGE = 64;

/** Word 0 of each object: 1 while allocated, 0 once freed. */
export const LIVE_WORD = 0;

function grown<T extends Float64Array | Uint32Array | Uint8Array | Uint16Array>(column: T, need: number): T {
  let size = column.length;
  while (size < need) size *= 2;
  const bigger = new (column.constructor as new (n: number) => T)(size);
  bigger.set(column as never);
  return bigger;
}

export class Heap {
  words = new Float64Array(1 << 15);
  wordTop = 1;
  ram = new Uint8Array(1 << 20);
  /** Addresses below NULL_PAGE are never handed out: 0 is the null address. */
  ramTop = NULL_PAGE;

  /** Objects by id; entry 0 is the null pointer. */
  readonly objects: (StructObject | null)[] = [null];
  objType = new Uint16Array(1 << 10);
  objBase = new Uint32Array(1 << 10);
  /** Owner of an embedded object (0: none). */
  objParent = new Uint32Array(1 << 10);
  /** Host (0-based) that allocated the object, 255: none (wire, machine). */
  objHost = new Uint8Array(1 << 10);
  currentHost = 255;

  /** Word journal: address, value before, value after. */
  journalAddr = new Uint32Array(1 << 14);
  journalOld = new Float64Array(1 << 14);
  journalNew = new Float64Array(1 << 14);
  journalTop = 0;

  /** Byte journal: address, length, and where in `byteLog` old then new bytes stand. */
  byteAddr = new Uint32Array(1 << 10);
  byteLen = new Uint32Array(1 << 10);
  byteAt = new Float64Array(1 << 10);
  byteTop = 0;
  byteLog = new Uint8Array(1 << 18);
  byteLogTop = 0;

  /** Interned strings; a `str` field holds an index. */
  readonly strings: string[] = [''];
  private readonly stringIds = new Map<string, number>([['', 0]]);
  private readonly freeLists = new Map<number, number[]>();
  /** When false nothing is journalled: for bulk runs that nobody will look at. */
  journalling = true;

  /** Reserves words for an object and gives it an id. Words are zero except the live word. */
  allocate(object: StructObject, type: StructInfo, parent: number): { id: number; base: number } {
    const id = this.objects.length;
    const base = this.wordTop;
    this.wordTop += type.words;
    if (this.wordTop > this.words.length) this.words = grown(this.words, this.wordTop);
    if (id >= this.objType.length) {
      this.objType = grown(this.objType, id + 1);
      this.objBase = grown(this.objBase, id + 1);
      this.objParent = grown(this.objParent, id + 1);
      this.objHost = grown(this.objHost, id + 1);
    }
    this.objects.push(object);
    this.objType[id] = type.index;
    this.objBase[id] = base;
    this.objParent[id] = parent;
    this.objHost[id] = this.currentHost;
    this.set(base + LIVE_WORD, 1);
    return { id, base };
  }

  set(addr: number, value: number): void {
    const words = this.words;
    const old = words[addr] as number;
    if (old === value) return;
    words[addr] = value;
    if (!this.journalling) return;
    const at = this.journalTop++;
    if (at >= this.journalAddr.length) {
      this.journalAddr = grown(this.journalAddr, at + 1);
      this.journalOld = grown(this.journalOld, at + 1);
      this.journalNew = grown(this.journalNew, at + 1);
    }
    this.journalAddr[at] = addr;
    this.journalOld[at] = old;
    this.journalNew[at] = value;
  }

  isLive(object: StructObject): boolean {
    return this.words[object.$base + LIVE_WORD] === 1;
  }

  /** Marks an object freed. Throws on a double free: that is a bug of the model. */
  release(object: StructObject): void {
    if (!this.isLive(object)) throw new Error(`double free of ${object.$type.name} #${object.$id}`);
    this.set(object.$base + LIVE_WORD, 0);
  }

  /** Copies all fields of a struct without embedded ones to another of the same type. */
  assign(to: StructObject, from: StructObject): void {
    for (let i = LIVE_WORD + 1; i < from.$type.words; i++) this.set(to.$base + i, this.words[from.$base + i] as number);
  }

  internString(text: string): number {
    let id = this.stringIds.get(text);
    if (id === undefined) {
      id = this.strings.length;
      this.strings.push(text);
      this.stringIds.set(text, id);
    }
    return id;
  }

  /** Hands out `size` bytes of RAM (aligned to 64), reusing freed blocks of the same rounded size. */
  ramAlloc(size: number): number {
    const rounded = (Math.max(size, 1) + 63) & ~63;
    const free = this.freeLists.get(rounded);
    if (free !== undefined && free.length > 0) return free.pop() as number;
    const addr = this.ramTop;
    this.ramTop += rounded;
    if (this.ramTop > this.ram.length) this.ram = grown(this.ram, this.ramTop);
    return addr;
  }

  /** Gives back a block from `ramAlloc`; `size` must be the size it was asked with. */
  ramFree(addr: number, size: number): void {
    const rounded = (Math.max(size, 1) + 63) & ~63;
    let free = this.freeLists.get(rounded);
    if (free === undefined) {
      free = [];
      this.freeLists.set(rounded, free);
    }
    free.push(addr);
  }

  /** Journals the range about to be written, returns the offset in `byteLog` for its new bytes (-1: not journalling). */
  private openWrite(addr: number, len: number): number {
    if (addr < NULL_PAGE || addr + len > this.ramTop) {
      throw new Error(`write of ${len} bytes outside memory at address ${addr}`);
    }
    if (!this.journalling) return -1;
    const at = this.byteTop++;
    if (at >= this.byteAddr.length) {
      this.byteAddr = grown(this.byteAddr, at + 1);
      this.byteLen = grown(this.byteLen, at + 1);
      this.byteAt = grown(this.byteAt, at + 1);
    }
    const log = this.byteLogTop;
    this.byteLogTop += 2 * len;
    if (this.byteLogTop > this.byteLog.length) this.byteLog = grown(this.byteLog, this.byteLogTop);
    this.byteAddr[at] = addr;
    this.byteLen[at] = len;
    this.byteAt[at] = log;
    const { ram, byteLog } = this;
    if (len <= 16) for (let i = 0; i < len; i++) byteLog[log + i] = ram[addr + i] as number;
    else byteLog.set(ram.subarray(addr, addr + len), log);
    return log + len;
  }

  write8(addr: number, value: number): void {
    const log = this.openWrite(addr, 1);
    this.ram[addr] = value;
    if (log >= 0) this.byteLog[log] = value;
  }

  private writeNumber(addr: number, value: number, len: number, bigEndian: boolean): void {
    const log = this.openWrite(addr, len);
    for (let i = 0; i < len; i++) {
      const byte = Math.floor(value / 2 ** (8 * (bigEndian ? len - 1 - i : i))) & 0xff;
      this.ram[addr + i] = byte;
      if (log >= 0) this.byteLog[log + i] = byte;
    }
  }

  writeBe16(addr: number, value: number): void {
    this.writeNumber(addr, value, 2, true);
  }
  writeBe32(addr: number, value: number): void {
    this.writeNumber(addr, value >>> 0, 4, true);
  }
  writeLe16(addr: number, value: number): void {
    this.writeNumber(addr, value, 2, false);
  }
  writeLe32(addr: number, value: number): void {
    this.writeNumber(addr, value >>> 0, 4, false);
  }
  /** `value` up to 2^53. */
  writeLe64(addr: number, value: number): void {
    this.writeNumber(addr, value, 8, false);
  }

  read8(addr: number): number {
    return this.ram[addr] as number;
  }
  readBe16(addr: number): number {
    return ((this.ram[addr] as number) << 8) | (this.ram[addr + 1] as number);
  }
  readBe32(addr: number): number {
    return ((this.readBe16(addr) << 16) | this.readBe16(addr + 2)) >>> 0;
  }
  readLe16(addr: number): number {
    return (this.ram[addr] as number) | ((this.ram[addr + 1] as number) << 8);
  }
  readLe32(addr: number): number {
    return (this.readLe16(addr) | (this.readLe16(addr + 2) << 16)) >>> 0;
  }
  readLe64(addr: number): number {
    return this.readLe32(addr) + this.readLe32(addr + 4) * 2 ** 32;
  }

  /** memcpy inside RAM. */
  copy(to: number, from: number, len: number): void {
    if (len === 0) return;
    const log = this.openWrite(to, len);
    this.ram.copyWithin(to, from, from + len);
    if (log >= 0) this.byteLog.set(this.ram.subarray(to, to + len), log);
  }

  fill(to: number, value: number, len: number): void {
    if (len === 0) return;
    const log = this.openWrite(to, len);
    this.ram.fill(value, to, to + len);
    if (log >= 0) this.byteLog.fill(value, log, log + len);
  }

  writeBytes(to: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const log = this.openWrite(to, bytes.length);
    this.ram.set(bytes, to);
    if (log >= 0) this.byteLog.set(bytes, log);
  }

  /** A view of RAM; valid until the next allocation or write. */
  bytes(addr: number, len: number): Uint8Array {
    return this.ram.subarray(addr, addr + len);
  }
}

/** The heap of the run under way. One run at a time in a thread; `setHeap` switches. */
export let heap = new Heap();

export function setHeap(next: Heap): void {
  heap = next;
}
