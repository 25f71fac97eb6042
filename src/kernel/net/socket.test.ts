import { beforeEach, describe, expect, it } from 'vitest';
import { ops } from '../../base/dispatch';
import { Heap, heap, setHeap } from '../../base/heap';
import { type Arch, type Kgen, setCurrent } from '../arch/current';
import { sys_read, sys_write } from '../fs/read_write';
import { EBADF, EFAULT, ENOTSOCK } from '../include/linux/errno';
import { file, files_struct, O_NONBLOCK } from '../include/linux/fs';
import { MSG_DONTWAIT, type msghdr, type proto_ops, SOCK_STREAM, type socket } from '../include/linux/net';
import { task_struct } from '../include/linux/wait';
import { runqueue } from '../kernel/sched';
import { sock_alloc, sock_map_fd, sys_recvfrom, sys_sendto } from './socket';

const seen: { size: number; flags: number; first: number }[] = [];

function* sendmsg(_iocb: unknown, _sock: socket, msg: msghdr, size: number): Kgen<number> {
  seen.push({ size, flags: msg.msg_flags, first: heap.read8(msg.msg_iov[0]?.iov_base ?? 0) });
  return size - 1;
}

function* recvmsg(_iocb: unknown, _sock: socket, msg: msghdr, size: number, flags: number): Kgen<number> {
  heap.write8(msg.msg_iov[0]?.iov_base ?? 0, 0x77);
  seen.push({ size, flags, first: 0x77 });
  return 1;
}

const family = ops('proto_ops', 'test_ops', { family: 0, sendmsg, recvmsg } as Partial<proto_ops> as proto_ops);
let buffer = 0;

function run(code: Kgen<number>): number {
  for (;;) {
    const next = code.next();
    if (next.done === true) return next.value;
  }
}

function open(flags = 0): number {
  const sock = sock_alloc();
  sock.type = SOCK_STREAM;
  sock.ops = family;
  return sock_map_fd(sock, flags);
}

beforeEach(() => {
  const machine = new Heap();
  setHeap(machine);
  const kernel = { host: 0, cpus: [], globals: [], arch: {} as Arch, version: '2.6.39' as const, sysctl: {} };
  setCurrent({ id: 0, kernel, perCpu: [] }, machine);
  const task = new task_struct();
  task.files = new files_struct();
  runqueue().curr = task;
  buffer = heap.ramAlloc(100);
  heap.write8(buffer, 0x55);
  seen.length = 0;
});

describe('a socket as a file', () => {
  it('gets the bytes of write() and send() as a message, and gives those of read() and recv()', () => {
    const fd = open();
    expect([run(sys_write(fd, buffer, 100)), run(sys_sendto(fd, buffer, 50, 0))]).toEqual([99, 49]);
    expect([run(sys_read(fd, buffer + 1, 99)), run(sys_recvfrom(fd, buffer + 2, 98, 2))]).toEqual([1, 1]);
    expect(seen).toEqual([
      { size: 100, flags: 0, first: 0x55 },
      { size: 50, flags: 0, first: 0x55 },
      { size: 99, flags: 0, first: 0x77 },
      { size: 98, flags: 2, first: 0x77 },
    ]);
    expect(heap.read8(buffer + 2)).toBe(0x77);
  });

  it('does not block when opened so', () => {
    const fd = open(O_NONBLOCK);
    run(sys_write(fd, buffer, 1));
    run(sys_recvfrom(fd, buffer, 1, 0));
    expect(seen.map(({ flags }) => flags)).toEqual([MSG_DONTWAIT, MSG_DONTWAIT]);
  });

  it('is refused for a bad descriptor, a bad address and a file that is no socket', () => {
    const fd = open();
    expect(run(sys_write(fd + 1, buffer, 1))).toBe(-EBADF);
    expect(run(sys_recvfrom(99, buffer, 1, 0))).toBe(-EBADF);
    expect(run(sys_write(fd, 0, 1))).toBe(-EFAULT);
    expect(run(sys_sendto(fd, heap.ramTop - 1, 2, 0))).toBe(-EFAULT);
    runqueue().curr?.files?.fd.set(7, new file());
    expect(run(sys_sendto(7, buffer, 1, 0))).toBe(-ENOTSOCK);
  });

  it('holds the file while a shared descriptor table might lose it', () => {
    const fd = open();
    const { files } = runqueue().curr as task_struct;
    const opened = files?.fd.at(fd) as file;
    if (files !== null) files.count = 2;
    run(sys_write(fd, buffer, 1));
    expect(opened.f_count).toBe(1);
    expect([heap.isLive(opened), seen.length]).toEqual([true, 1]);
  });
});
