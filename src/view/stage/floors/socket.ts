/** VFS and socket floors: descriptor -> file -> socket -> protocol, through three cabinets. */
import { num, ref, text } from '../read';
import { type Cabinet, cabinetOf, type HostContext, inCallHere } from './context';
import { waitersOf } from './process';

export interface VfsStage {
  readonly fds: readonly { readonly fd: number; readonly file: number; readonly used: boolean }[];
  readonly file: { readonly id: number; readonly table: string; readonly count: number; readonly flags: string } | null;
  readonly cabinet: Cabinet | null;
}

export interface SocketStage {
  readonly socket: {
    readonly id: number;
    readonly state: string;
    readonly flags: string;
    readonly table: string;
    readonly sk: number;
  } | null;
  readonly cabinet: Cabinet | null;
  /** The protocol's own table, which the socket's calls go on to. */
  readonly protocol: Cabinet | null;
  readonly lock: SocketLock | null;
  /** Names of tasks asleep on the socket. */
  readonly waiters: readonly string[];
  readonly wq: number;
}

export interface SocketLock {
  readonly id: number;
  /** Task that owns the socket, empty: none. */
  readonly owner: string;
  readonly owned: boolean;
  /** CPU in the spinlock, -1: none. */
  readonly cpu: number;
  readonly here: boolean;
}

const READ_WRITE = ['aio_read', 'aio_write', 'read', 'write'];
const MESSAGES = ['sendmsg', 'recvmsg', 'backlog_rcv'];

export function vfsStage(c: HostContext): VfsStage {
  const socket = ref(c.sock, 'sk_socket');
  const file = ref(socket, 'file');
  const fds = new Map<number, number>();
  for (const table of c.state.objects('files_struct', c.host)) {
    table.items('fd').forEach((id, fd) => {
      if (id !== 0 && !fds.has(fd)) fds.set(fd, id);
    });
  }
  return {
    fds: [...fds]
      .sort(([a], [b]) => a - b)
      .slice(0, 4)
      .map(([fd, id]) => ({ fd, file: id, used: id === file?.id })),
    file:
      file === null
        ? null
        : {
            id: file.id,
            table: file.tableName('f_op') ?? 'none',
            count: num(file, 'f_count'),
            flags: text(file, 'f_flags'),
          },
    cabinet: cabinetOf(c, file?.tableName('f_op') ?? null, READ_WRITE, 3),
  };
}

export function socketStage(c: HostContext): SocketStage {
  const socket = ref(c.sock, 'sk_socket');
  const wq = ref(ref(c.sock, 'sk_wq') ?? ref(socket, 'wq'), 'wait');
  const lock = ref(c.sock, 'sk_lock');
  return {
    socket:
      socket === null
        ? null
        : {
            id: socket.id,
            state: text(socket, 'state'),
            flags: text(socket, 'flags'),
            table: socket.tableName('ops') ?? 'none',
            sk: c.sock?.id ?? 0,
          },
    cabinet: cabinetOf(c, socket?.tableName('ops') ?? null, MESSAGES, 3),
    protocol: cabinetOf(c, c.sock?.tableName('skc_prot') ?? null, MESSAGES, 3),
    lock:
      lock === null
        ? null
        : {
            id: lock.id,
            owned: num(lock, 'owned') !== 0,
            owner: text(ref(lock, 'owner'), 'comm'),
            cpu: num(ref(lock, 'slock'), 'owner', -1),
            here: inCallHere(c, 'lock_sock_nested', 'lock_sock', 'release_sock', '__lock_sock', '__release_sock'),
          },
    waiters: wq === null ? [] : waitersOf(c, wq.id),
    wq: wq?.id ?? 0,
  };
}
