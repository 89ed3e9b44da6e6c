/** The system calls at which a daemon is killed, in classes, and those that fail in bursts. */

const classes: Readonly<Record<string, readonly string[]>> = {
  open: ['openat', 'open', 'openat2', 'close'],
  read: ['pread64', 'read', 'readv', 'recvmsg', 'recvfrom'],
  write: ['pwrite64', 'write', 'writev', 'sendmsg', 'sendto'],
  sync: ['fsync', 'fdatasync'],
  'resize, name': [
    'ftruncate',
    'unlink',
    'unlinkat',
    'rename',
    'renameat2',
    'mkdir',
    'chmod',
    'fchmod',
    'fchown',
  ],
  lock: ['fcntl', 'flock'],
  look: ['statx', 'stat', 'lstat', 'fstat', 'newfstatat', 'access', 'faccessat2', 'getdents64', 'lseek'],
  map: ['mmap', 'munmap', 'madvise', 'mprotect', 'brk'],
  socket: [
    'socket',
    'socketpair',
    'bind',
    'listen',
    'accept4',
    'connect',
    'shutdown',
    'getsockopt',
    'setsockopt',
  ],
  process: ['clone', 'clone3', 'vfork', 'fork', 'wait4', 'waitid', 'kill', 'pipe2', 'ioctl'],
  wait: ['futex', 'epoll_pwait', 'epoll_wait', 'epoll_ctl', 'epoll_create1', 'io_uring_enter', 'eventfd2'],
};

/** Undefined for a call that is no place to be killed at, such as one that only asks who the process is. */
export const classOf = (call: string): string | undefined =>
  Object.keys(classes).find((name) => classes[name]?.includes(call));

export interface BurstKind {
  readonly name: string;
  readonly calls: readonly string[];
  readonly errors: readonly [string, ...string[]];
}

export const burstKinds: readonly [BurstKind, ...BurstKind[]] = [
  { name: 'read', calls: ['pread64', 'read'], errors: ['EIO'] },
  { name: 'write', calls: ['pwrite64', 'write'], errors: ['EIO', 'ENOSPC', 'EDQUOT'] },
  { name: 'sync', calls: ['fsync', 'fdatasync'], errors: ['EIO', 'ENOSPC'] },
  {
    name: 'write and sync',
    calls: ['pwrite64', 'fsync', 'fdatasync', 'ftruncate'],
    errors: ['EIO', 'ENOSPC'],
  },
  {
    name: 'read and write',
    calls: ['pread64', 'pwrite64', 'fsync', 'fdatasync', 'ftruncate'],
    errors: ['EIO'],
  },
  { name: 'resize', calls: ['ftruncate', 'fallocate'], errors: ['EIO', 'ENOSPC'] },
  { name: 'open', calls: ['openat'], errors: ['EIO', 'ENOSPC', 'EMFILE', 'EACCES'] },
  { name: 'map', calls: ['mmap'], errors: ['ENOMEM', 'EIO'] },
  { name: 'lock', calls: ['fcntl'], errors: ['EIO', 'ENOLCK'] },
  { name: 'name', calls: ['unlink', 'unlinkat', 'rename'], errors: ['EIO', 'EROFS'] },
  { name: 'look', calls: ['statx', 'stat', 'fstat', 'newfstatat', 'lstat'], errors: ['EIO'] },
];
