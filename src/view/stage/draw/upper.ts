/** Process, VFS and socket floors. */
import { inUserMode, type TaskStage } from '../floors/process';
import type { SocketLock, SocketStage } from '../floors/socket';
import { grouped } from '../read';
import type { HostStage } from '../stage';
import type { Block, Detail } from './pack';
import { cabinet, card, type FieldRow, note } from './parts';
import { type Box, type Pen, widthOf } from './shapes';

const STATES: Readonly<Record<TaskStage['state'], string>> = {
  running: 'running',
  ready: 'ready to run',
  asleep: 'asleep',
  exited: 'exited',
};

function buffer(pen: Pen, task: TaskStage, box: Box): void {
  if (task.buffer === null) return;
  const { x, y, w, h } = box;
  const { len, done, fills, id } = task.buffer;
  const part = len > 0 ? Math.min(1, done / len) : 0;
  const said = `${grouped(done)} of ${grouped(len)} bytes ${fills ? 'read' : 'taken'}`;
  pen.rect({ x, y, w, h }, 'buffer', { object: id, title: said });
  pen.rect({ x, y, w: w * part, h }, fills ? 'buffer filled' : 'buffer taken', { rx: 0 });
  pen.text(x + w / 2, y + h / 2 + 3.3, said, 'n', { max: w - 6, anchor: 'middle', cls: 'ink' });
}

/** A task: what it is doing, its system call, and the memory of that call beside or below. */
function taskBlock(task: TaskStage, brief: boolean): Block {
  return {
    id: `process.task${task.id}`,
    min: brief ? 140 : 210,
    grow: 1,
    h: brief ? 24 : 26,
    draw(pen, { x, y, w }) {
      const words = brief ? w : Math.max(130, w * 0.5);
      pen.circle(x + 5, y + 7, 3.5, `dot ${task.state}`);
      pen.text(x + 13, y + 10.5, task.name, 'b', {
        max: words * 0.5,
        cls: task.current ? 'hereink' : 'ink',
        object: task.id,
      });
      const after = x + 13 + widthOf(task.name, 'b') + 7;
      const doing =
        task.state === 'running' ? `${words < 170 ? '' : 'running '}on CPU ${task.cpu}` : STATES[task.state];
      pen.text(after, y + 10.5, doing, 't', {
        max: x + words - after,
        cls: task.state === 'asleep' ? 'blocked' : 'ink2',
      });
      const passed = brief && task.buffer !== null ? `, ${grouped(task.buffer.done)} so far` : '';
      const call = task.syscall !== '' ? `${task.syscall}${passed}` : inUserMode(task);
      pen.text(x + 13, y + 22.5, call, 'n', { max: words - 14, cls: task.syscall !== '' ? 'ink' : 'ink3' });
      if (!brief) buffer(pen, task, { x: x + words + 8, y: y + 6, w: w - words - 10, h: 14 });
    },
  };
}

export function processBlocks({ process }: HostStage, detail: Detail): Block[] {
  const brief = detail === 'brief';
  const shown = brief ? process.tasks.slice(0, 1) : process.tasks;
  const more = process.more + process.tasks.length - shown.length;
  return [
    ...shown.map((task) => taskBlock(task, brief)),
    ...(more > 0 ? [note('process.more', `and ${more} more`, 64, { grow: 0 })] : []),
  ];
}

const DESCRIPTORS = 2;

function descriptors({ vfs }: HostStage): Block[] {
  const used = vfs.fds.filter((one) => one.used);
  const shown = [...used, ...vfs.fds.filter((one) => !one.used)].slice(0, DESCRIPTORS).sort((a, b) => a.fd - b.fd);
  if (shown.length === 0) return [];
  return [
    {
      id: 'vfs.fds',
      min: 48,
      grow: 0,
      h: 13 + shown.length * 13,
      draw(pen, { x, y, w }) {
        pen.text(x, y + 9, 'fd table', 's', { max: w, cls: 'ink2' });
        shown.forEach(({ fd, file, used: hot }, nth) => {
          const top = y + 13 + nth * 13;
          pen.rect({ x, y: top, w, h: 13 }, hot ? 'slot followed' : 'slot', {
            rx: 0,
            object: file,
            title: `descriptor ${fd}`,
          });
          pen.text(x + 6, top + 9.5, String(fd), 'n', { max: 20, cls: hot ? 'ink strong' : 'ink3' });
          pen.circle(x + w - 9, top + 6.5, 2, hot ? 'dotsmall layerfill' : 'dotsmall');
          if (hot) pen.port('fd', x + w, top + 6.5);
        });
      },
    },
  ];
}

/** In a small drawing only what is followed, else the first row. */
function followedOr<T extends { readonly followed: boolean }>(rows: readonly T[]): readonly T[] {
  const followed = rows.filter((row) => row.followed);
  return followed.length > 0 ? followed : rows.slice(0, 1);
}

export function vfsBlocks(host: HostStage, detail: Detail): Block[] {
  const { file, cabinet: table } = host.vfs;
  if (detail === 'brief')
    return cabinet('vfs.ops', table === null ? null : { ...table, rows: followedOr(table.rows) }, 140);
  const fields: FieldRow[] =
    file === null
      ? []
      : [
          { name: 'f_op', value: '', port: 'f_op' },
          { name: 'f_count', value: String(file.count) },
        ];
  const rows = table === null ? [] : detail === 'full' ? table.rows : table.rows.slice(0, 2);
  return [
    ...descriptors(host),
    ...(file === null ? [] : [card('vfs.file', file.id, 'struct file', fields, 96)]),
    ...cabinet('vfs.ops', table === null ? null : { ...table, rows }),
  ];
}

function lockText(lock: SocketLock): string {
  return lock.owned ? `owned by ${lock.owner || 'a task'}` : lock.cpu >= 0 ? `spinlock, CPU ${lock.cpu}` : 'free';
}

/** The socket's own lock, as a padlock with its owner, and who sleeps on the socket. */
function lockBlock(lock: SocketLock, socket: SocketStage): Block {
  return {
    id: 'socket.lock',
    min: 118,
    grow: 1,
    h: 39,
    draw(pen, box) {
      const { x, y, w } = box;
      const held = lock.owned || lock.cpu >= 0;
      if (lock.here) pen.here(box);
      pen.rect(box, lock.here ? 'card here' : 'card', {
        object: lock.id,
        title: 'the socket lock: owned by a task, or a spinlock for softirqs',
      });
      const shackle = held ? 'v-4 a3.5 3.5 0 0 1 7 0 v4' : 'v-5 a3.5 3.5 0 0 1 7 0';
      pen.path(`M${x + 8} ${y + 12} ${shackle}`, `thin ${held ? 'strongline' : 'mutedline'}`);
      pen.rect({ x: x + 6, y: y + 12, w: 11, h: 9 }, held ? 'lockbody locked' : 'lockbody', { rx: 1.5 });
      pen.text(x + 22, y + 11, 'socket lock', 't', { max: w - 26, cls: 'ink' });
      pen.text(x + 22, y + 22, lockText(lock), 'n', { max: w - 26, cls: held ? 'ink strong' : 'ink3' });
      const asleep = socket.waiters.length > 0 ? `asleep: ${socket.waiters.join(', ')}` : 'nobody asleep on it';
      pen.text(x + 22, y + 33.5, asleep, 'n', {
        max: w - 26,
        cls: socket.waiters.length > 0 ? 'blocked strong' : 'ink3',
        object: socket.wq,
      });
    },
  };
}

/** The struct socket, and in a low floor also its lock and who sleeps on it. */
function socketCard(socket: SocketStage, withLock: boolean): Block[] {
  const { socket: struct, lock } = socket;
  if (struct === null) return [];
  const asleep = socket.waiters.length > 0 ? socket.waiters.join(', ') : 'nobody';
  const fields: FieldRow[] =
    withLock && lock !== null
      ? [
          {
            name: 'lock',
            value: lockText(lock),
            object: lock.id,
            ...(lock.owned || lock.cpu >= 0 ? { cls: 'ink strong' } : {}),
          },
          {
            name: 'asleep',
            value: asleep,
            object: socket.wq,
            ...(socket.waiters.length > 0 ? { cls: 'blocked strong' } : {}),
          },
        ]
      : [
          { name: 'ops', value: '' },
          { name: 'sk', value: `#${struct.sk}` },
        ];
  return [{ ...card('socket.socket', struct.id, 'struct socket', fields, withLock ? 128 : 94, 1, 'ops') }];
}

export function socketBlocks({ socket }: HostStage, detail: Detail): Block[] {
  const lock = socket.lock === null ? [] : [lockBlock(socket.lock, socket)];
  if (detail === 'brief') {
    const asleep = socket.waiters.length > 0;
    const held =
      socket.lock === null
        ? ''
        : socket.lock.owned || socket.lock.cpu >= 0
          ? `lock ${lockText(socket.lock)}`
          : 'lock free';
    const text = asleep ? `${held}, asleep: ${socket.waiters.join(', ')}` : held;
    return [
      note('socket.lock', text, 120, {
        cls: asleep ? 'blocked' : 'ink2',
        object: asleep ? socket.wq : (socket.lock?.id ?? 0),
      }),
    ];
  }
  const rows = detail === 'full' ? 3 : 2;
  const cut = (table: SocketStage['cabinet']): SocketStage['cabinet'] =>
    table === null
      ? null
      : { ...table, rows: table.rows.filter((row, nth) => row.followed || nth < rows).slice(0, rows) };
  const least = detail === 'full' ? 146 : 130;
  return [
    ...socketCard(socket, detail === 'medium'),
    ...cabinet('socket.ops', cut(socket.cabinet), least),
    ...cabinet('socket.proto', cut(socket.protocol), least),
    ...(detail === 'full' ? lock : []),
  ];
}
