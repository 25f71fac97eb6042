/** Process, VFS and socket floors. */
import type { TaskStage } from '../floors/process';
import type { SocketLock } from '../floors/socket';
import { grouped } from '../read';
import type { HostStage } from '../stage';
import type { Block } from './pack';
import { cabinet, card, note } from './parts';
import { type Box, type Pen, widthOf } from './shapes';

const STATES: Readonly<Record<TaskStage['state'], string>> = {
  running: 'running',
  ready: 'ready to run',
  asleep: 'asleep',
  exited: 'exited',
};

function buffer(pen: Pen, task: TaskStage, box: Box): void {
  const { x, y, w, h } = box;
  if (task.buffer === null) return;
  const { len, done, fills, id } = task.buffer;
  const part = len > 0 ? Math.min(1, done / len) : 0;
  const said = `${grouped(done)} of ${grouped(len)} bytes ${fills ? 'read' : 'taken'}`;
  pen.rect({ x, y, w, h }, 'buffer', { object: id, title: said });
  pen.rect({ x, y, w: w * part, h }, fills ? 'buffer filled' : 'buffer taken', { rx: 0 });
  pen.text(x + w / 2, y + h / 2 + 3.3, said, 'n', { max: w - 6, anchor: 'middle', cls: 'ink' });
}

function taskBlock(task: TaskStage, brief: boolean): Block {
  const hasBuffer = task.buffer !== null;
  return {
    id: `process.task${task.id}`,
    min: brief ? 140 : 190,
    grow: 1,
    h: brief && !hasBuffer ? 26 : brief ? 44 : 44,
    draw(pen, box) {
      const { x, y, w } = box;
      pen.circle(x + 5, y + 7, 3.5, `dot ${task.state}`);
      pen.text(x + 13, y + 10.5, task.name, 'b', {
        max: w * 0.5,
        cls: task.current ? 'hereink' : 'ink',
        object: task.id,
      });
      const after = x + 13 + widthOf(task.name, 'b') + 7;
      const on = task.state === 'running' ? ` on CPU ${task.cpu}` : '';
      pen.text(after, y + 10.5, `${STATES[task.state]}${on}`, 't', {
        max: x + w - after,
        cls: task.state === 'asleep' ? 'blocked' : 'ink2',
      });
      const returned = task.result === null || task.result === 0 ? '' : `last call gave ${grouped(task.result)}`;
      const call = task.syscall !== '' ? task.syscall : task.state === 'exited' ? returned : `user mode  ${returned}`;
      pen.text(x + 13, y + 22.5, call, 'm', { max: w - 14, cls: task.syscall !== '' ? 'ink' : 'ink3' });
      buffer(pen, task, { x: x + 13, y: y + 28, w: w - 13, h: 14 });
    },
  };
}

export function processBlocks({ process }: HostStage, brief: boolean): Block[] {
  const shown = brief ? process.tasks.slice(0, 1) : process.tasks;
  const more = process.more + process.tasks.length - shown.length;
  return [
    ...shown.map((task) => taskBlock(task, brief)),
    ...(more > 0 ? [note('process.more', `and ${more} more`, 60, { grow: 0 })] : []),
  ];
}

function descriptors({ vfs }: HostStage): Block[] {
  if (vfs.fds.length === 0) return [];
  return [
    {
      id: 'vfs.fds',
      min: 46,
      grow: 0,
      h: 13 + vfs.fds.length * 13,
      draw(pen, { x, y, w }) {
        pen.text(x, y + 9, 'fd table', 's', { max: w + 4, cls: 'ink2' });
        vfs.fds.forEach(({ fd, file, used }, nth) => {
          const top = y + 13 + nth * 13;
          pen.rect({ x, y: top, w, h: 13 }, used ? 'slot followed' : 'slot', {
            rx: 0,
            object: file,
            title: `descriptor ${fd}`,
          });
          pen.text(x + 6, top + 9.5, String(fd), 'n', { max: 20, cls: used ? 'ink strong' : 'ink3' });
          pen.circle(x + w - 9, top + 6.5, 2, used ? 'dotsmall layerfill' : 'dotsmall');
          if (used) pen.port('fd', x + w, top + 6.5);
        });
      },
    },
  ];
}

export function vfsBlocks(host: HostStage, brief: boolean): Block[] {
  const { file, cabinet: table } = host.vfs;
  if (brief) return cabinet('vfs.ops', table === null ? null : { ...table, rows: followedOr(table.rows) }, 140);
  const fields =
    file === null
      ? []
      : [
          { name: 'f_op', value: '', port: 'f_op' },
          { name: 'f_count', value: String(file.count) },
        ];
  return [
    ...descriptors(host),
    ...(file === null ? [] : [card('vfs.file', file.id, 'struct file', fields, 96)]),
    ...cabinet('vfs.ops', table),
  ];
}

/** In a small drawing only what is followed, else the first row. */
function followedOr<T extends { readonly followed: boolean }>(rows: readonly T[]): readonly T[] {
  const followed = rows.filter((row) => row.followed);
  return followed.length > 0 ? followed : rows.slice(0, 1);
}

function lockBlock(lock: SocketLock): Block {
  return {
    id: 'socket.lock',
    min: 110,
    grow: 1,
    h: 26,
    draw(pen, box) {
      const { x, y, w } = box;
      const held = lock.owned || lock.cpu >= 0;
      if (lock.here) pen.here(box);
      pen.rect(box, lock.here ? 'card here' : 'card', {
        object: lock.id,
        title: 'the socket lock: owned by a task, or a spinlock for softirqs',
      });
      pen.path(
        held ? `M${x + 8} ${y + 11} v-3 a3.5 3.5 0 0 1 7 0 v3` : `M${x + 8} ${y + 11} v-4 a3.5 3.5 0 0 1 7 0`,
        `thin ${held ? 'strongline' : 'mutedline'}`,
      );
      pen.rect({ x: x + 6, y: y + 11, w: 11, h: 9 }, held ? 'lockbody locked' : 'lockbody', { rx: 1.5 });
      pen.text(x + 22, y + 11, 'socket lock', 't', { max: w - 26, cls: 'ink' });
      const owner = lock.owned
        ? `owned by ${lock.owner || 'a task'}`
        : lock.cpu >= 0
          ? `spinlock, CPU ${lock.cpu}`
          : 'free';
      pen.text(x + 22, y + 22, owner, 'n', { max: w - 26, cls: held ? 'ink strong' : 'ink3' });
    },
  };
}

export function socketBlocks({ socket }: HostStage, brief: boolean): Block[] {
  const asleep = socket.waiters.length > 0 ? `asleep here: ${socket.waiters.join(', ')}` : '';
  const lock = socket.lock === null ? [] : [lockBlock(socket.lock)];
  if (brief) {
    return [
      ...lock,
      ...(asleep === '' ? [] : [note('socket.wait', asleep, 110, { cls: 'blocked', object: socket.wq })]),
    ];
  }
  const struct = socket.socket;
  const fields = [
    { name: 'ops', value: '', port: 'ops' },
    { name: 'sk', value: struct === null ? '' : `#${struct.sk}` },
  ];
  const wait: Block = {
    id: 'socket.wait',
    min: 110,
    grow: 1,
    h: 26,
    draw(pen, { x, y, w }) {
      pen.text(x, y + 11, 'wait queue', 't', { max: w, cls: 'ink', object: socket.wq });
      pen.text(x, y + 22, asleep === '' ? 'nobody asleep' : socket.waiters.join(', '), 'n', {
        max: w,
        cls: asleep === '' ? 'ink3' : 'blocked strong',
      });
    },
  };
  return [
    ...(struct === null ? [] : [card('socket.socket', struct.id, 'struct socket', fields, 96)]),
    ...cabinet(
      'socket.ops',
      socket.cabinet === null ? null : { ...socket.cabinet, rows: socket.cabinet.rows.slice(0, 2) },
    ),
    ...cabinet('socket.proto', socket.protocol),
    ...lock,
    wait,
  ];
}
