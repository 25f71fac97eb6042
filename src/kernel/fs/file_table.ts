/** Mirrors fs/file_table.c (2.6.39), and fd_install and its kin of fs/open.c and fs/file.c: descriptors and open files. */
import { heap } from '../../base/heap';
import { EMFILE } from '../include/linux/errno';
import { type file, file as file_struct, type files_struct } from '../include/linux/fs';
import { current } from '../kernel/sched';

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
export function fput_light(file: file, fput_needed: boolean): void {
  if (fput_needed) {
    fput(file);
  }
}

/**
 * Drops a reference to an open file.
 * @modelled fs/file_table.c
 * @omits __fput: close() comes with the end of connections
 * @cost 5
 */
export function fput(file: file): void {
  file.f_count--;
  if (file.f_count === 0) {
    heap.release(file);
  }
}

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
    if (fd >= files.fd.length || files.fd.at(fd) === null) {
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
  files.fd.set(fd, file);
}
