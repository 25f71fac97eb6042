/**
 * Mirrors fs/dcache.c and fs/inode.c (2.6.39) for the one thing that matters to sockets: closing a socket's file frees the inode, and struct
 * socket with it. Simplified: there are no directory entries and no list of inodes; struct socket stands for its inode.
 */
import { socket } from '../include/linux/net';

/**
 * Gives back the last reference to a file's directory entry.
 * @simplified an entry is used by one file
 * @omits dentry_lru_del: no directory entries
 * @omits __d_drop: no directory entries
 * @cost 20
 */
export function dput(inode: object | null): void {
  if (inode !== null) {
    d_kill(inode);
  }
}

/**
 * Frees a directory entry.
 * @simplified only the inode is let go
 * @omits d_free: no directory entries
 * @omits __d_free: no directory entries
 * @cost 10
 */
export function d_kill(inode: object): void {
  dentry_iput(inode);
}

/**
 * Takes the inode from a directory entry.
 * @simplified only the inode is let go
 * @cost 10
 */
export function dentry_iput(inode: object): void {
  iput(inode);
}

/**
 * Gives back a reference to an inode: it was the last.
 * @simplified an inode is used by one file
 * @cost 8
 */
export function iput(inode: object): void {
  iput_final(inode);
}

/**
 * The last user of an inode is gone.
 * @simplified inodes of sockets are always dropped at once
 * @omits generic_drop_inode: the answer is known
 * @omits inode_lru_list_del: no list of inodes
 * @cost 8
 */
export function iput_final(inode: object): void {
  evict(inode);
}

/**
 * Removes an inode from memory.
 * @simplified no pages, no lists
 * @omits inode_wb_list_del: no list of inodes
 * @omits end_writeback: no pages
 * @omits remove_inode_hash: no hash of inodes
 * @cost 10
 */
export function evict(inode: object): void {
  destroy_inode(inode);
}

/**
 * Frees an inode by the operation of its file system.
 * @simplified sockets only
 * @omits __destroy_inode: nothing more hangs on it
 * @omits inode_has_buffers: no buffers
 * @cost 8
 */
export function destroy_inode(inode: object): void {
  if (socket.isInstance(inode)) {
    inode.s_op?.destroy_inode(inode);
  }
}
