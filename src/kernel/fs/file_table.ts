/** Mirrors fs/file_table.c (2.6.39), and fd_install and its kin of fs/open.c and fs/file.c: descriptors and open files. */
import { heap } from '../../base/heap';
import type { Kgen } from '../arch/current';
import { EMFILE } from '../include/linux/errno';
import { type file, file as file_struct, type files_struct } from '../include/linux/fs';
import { put_pid } from '../kernel/pid';
import { current } from '../kernel/sched';
import { dput } from './dcache';

/** Where fget_light says whether a reference was taken; in C a pointer to int. */
export interface fput_needed_ptr {
  fput_needed: boolean;
}

/** Descriptors a table has room for. */
const NR_OPEN = 64;

/**
 * The file of a descriptor. A table that only one task uses needs no reference to the file; else one is taken.
 * @modelled fs/file_table.c
 * @cost 10
 */
export function fget_light(fd: number, fput_needed: fput_needed_ptr): file | null {
  const files = current().files as files_struct;
  fput_needed.fput_needed = false;
  if (fd < 0 || fd >= files.fd.length) {
    return null;
  }
  const file = files.fd.at(fd) as file | null;
  if (file !== null && files.count !== 1) {
    file.f_count++;
    fput_needed.fput_needed = true;
  }
  return file;
}

/**
 * Ends a use that fget_light began.
 * @modelled include/linux/file.h
 * @cost 1
 */
export function* fput_light(file: file, fput_needed: boolean): Kgen {
  if (fput_needed) {
    yield* fput(file);
  }
}

/**
 * The file of a descriptor with a reference, or null.
 * @modelled fs/file_table.c
 * @cost 10
 */
export function fget(fd: number): file | null {
  const files = current().files as files_struct;
  if (fd < 0 || fd >= files.fd.length) {
    return null;
  }
  const file = files.fd.at(fd) as file | null;
  if (file !== null) {
    file.f_count++;
  }
  return file;
}

/**
 * Drops a reference to an open file; the last one ends it.
 * @modelled fs/file_table.c
 * @cost 5
 */
export function* fput(file: file): Kgen {
  file.f_count--;
  if (file.f_count === 0) {
    yield* __fput(file);
  }
}

/**
 * Ends an open file: its kind releases what stands behind it, then the file goes.
 * @modelled fs/file_table.c
 * @omits locks_remove_flock: no file locks
 * @omits drop_file_write_access: no read-only mounts
 * @omits mntput: no mounts
 * @omits mntput_no_expire: no mounts
 * @cost 30
 */
export function* __fput(file: file): Kgen {
  const f_op = file.f_op;
  if (f_op !== null && f_op.release !== null) {
    yield* f_op.release(file);
  }
  put_pid(file.f_owner);
  file_sb_list_del(file);
  const inode = file.private_data;
  file.private_data = null;
  heap.release(file);
  dput(inode);
}

/**
 * Takes a file off the list of its file system.
 * @simplified no such list
 * @cost 8
 */
export function file_sb_list_del(_file: file): void {}

/**
 * An open file without a name.
 * @simplified no path, no credentials
 */
export function alloc_file(mode: number, fop: NonNullable<file['f_op']>): file {
  const made = new file_struct();
  made.f_mode = mode;
  made.f_op = fop;
  return made;
}

/**
 * The lowest free descriptor of a table, or -EMFILE.
 * @modelled fs/file.c
 */
export function alloc_fd(files: files_struct, start: number): number {
  for (let fd = start; fd < NR_OPEN; fd++) {
    const open = fd < files.fd.length && files.fd.at(fd) !== null;
    const reserved = fd < files.reserved.length && files.reserved.at(fd);
    if (!open && !reserved) {
      return fd;
    }
  }
  return -EMFILE;
}

/**
 * Makes a descriptor name a file.
 * @modelled fs/open.c
 */
export function fd_install(files: files_struct, fd: number, file: file): void {
  if (fd < files.reserved.length) {
    files.reserved.set(fd, false);
  }
  files.fd.set(fd, file);
}

/**
 * Takes the lowest free descriptor of a table, before there is a file for it: returns it, or -EMFILE.
 * @modelled include/linux/file.h
 * @cost 4
 */
export function get_unused_fd(files: files_struct): number {
  const fd = alloc_fd(files, 0);
  if (fd >= 0) {
    files.reserved.set(fd, true);
  }
  return fd;
}

/**
 * Gives a descriptor back that no file was installed at.
 * @modelled fs/open.c
 * @cost 4
 */
export function put_unused_fd(files: files_struct, fd: number): void {
  files.reserved.set(fd, false);
}
