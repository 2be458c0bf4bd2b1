// The calls of the C library that touch files, each asking `judge` first. A call that is missing here shows in
// caught.py.

#define _GNU_SOURCE
#include "judge.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define REAL(name) \
  static __typeof__(&name) real; \
  if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

// MARK: Opening and closing

static int changing(int flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC)) != 0; }

static int open_at(int directory, const char *path, int flags, mode_t mode) {
  REAL(openat);
  char full[PATH_MAX];
  const char *inside = within(directory, path, full);
  if (judge(changing(flags) ? "create" : "open", changing(flags), inside) == FAIL) return -1;
  return opened(real(directory, path, flags, mode), inside);
}

#define MODE(flags) \
  mode_t mode = 0; \
  if ((flags) & (O_CREAT | __O_TMPFILE)) { \
    va_list list; \
    va_start(list, flags); \
    mode = va_arg(list, mode_t); \
    va_end(list); \
  }

int open(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags) return open_at(AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags) return open_at(at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return open_at(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }

int close(int descriptor) {
  REAL(close);
  const char *path = open_path(descriptor);
  Verdict verdict = judge("close", 1, path);
  int code = errno;
  closed(descriptor);
  int result = real(descriptor);  // As Linux has it: closed even where it fails.
  if (verdict != FAIL) return result;
  errno = code;
  return -1;
}

FILE *fopen(const char *path, const char *mode) {
  REAL(fopen);
  char full[PATH_MAX];
  int changes = strpbrk(mode, "wa+") != NULL;
  return judge(changes ? "create" : "open", changes, within(AT_FDCWD, path, full)) == FAIL ? NULL : real(path, mode);
}
FILE *fopen64(const char *path, const char *mode) { return fopen(path, mode); }

DIR *opendir(const char *path) {
  REAL(opendir);
  char full[PATH_MAX];
  return judge("opendir", 0, within(AT_FDCWD, path, full)) == FAIL ? NULL : real(path);
}

// MARK: Reading and writing

ssize_t write(int descriptor, const void *bytes, size_t count) {
  REAL(write);
  switch (judge("write", 1, open_path(descriptor))) {
    case FAIL: return -1;
    case HALF: return real(descriptor, bytes, (count + 1) / 2);
    case TEAR: real(descriptor, bytes, (count + 1) / 2); die();
    default: return real(descriptor, bytes, count);
  }
}

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
  REAL(writev);
  return judge("write", 1, open_path(descriptor)) == FAIL ? -1 : real(descriptor, parts, count);
}

ssize_t pwrite(int descriptor, const void *bytes, size_t count, off_t offset) {
  REAL(pwrite);
  switch (judge("write", 1, open_path(descriptor))) {
    case FAIL: return -1;
    case HALF: return real(descriptor, bytes, (count + 1) / 2, offset);
    case TEAR: real(descriptor, bytes, (count + 1) / 2, offset); die();
    default: return real(descriptor, bytes, count, offset);
  }
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off_t offset) {
  return pwrite(descriptor, bytes, count, offset);
}

ssize_t read(int descriptor, void *bytes, size_t count) {
  REAL(read);
  return judge("read", 0, open_path(descriptor)) == FAIL ? -1 : real(descriptor, bytes, count);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
  REAL(pread);
  return judge("read", 0, open_path(descriptor)) == FAIL ? -1 : real(descriptor, bytes, count, offset);
}
ssize_t pread64(int descriptor, void *bytes, size_t count, off_t offset) {
  return pread(descriptor, bytes, count, offset);
}

void *mmap(void *place, size_t count, int protection, int flags, int descriptor, off_t offset) {
  REAL(mmap);
  if (judge("mmap", 0, open_path(descriptor)) == FAIL) return MAP_FAILED;
  return real(place, count, protection, flags, descriptor, offset);
}
void *mmap64(void *place, size_t count, int protection, int flags, int descriptor, off_t offset) {
  return mmap(place, count, protection, flags, descriptor, offset);
}

#define ON_DESCRIPTOR(name, label, changes, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    return judge(label, changes, open_path(descriptor)) == FAIL ? -1 : real arguments; \
  }
ON_DESCRIPTOR(fsync, "fsync", 1, (int descriptor), (descriptor))
ON_DESCRIPTOR(fdatasync, "fsync", 1, (int descriptor), (descriptor))
ON_DESCRIPTOR(ftruncate, "truncate", 1, (int descriptor, off_t length), (descriptor, length))
ON_DESCRIPTOR(ftruncate64, "truncate", 1, (int descriptor, off64_t length), (descriptor, length))
ON_DESCRIPTOR(fchmod, "chmod", 1, (int descriptor, mode_t mode), (descriptor, mode))
ON_DESCRIPTOR(flock, "flock", 0, (int descriptor, int operation), (descriptor, operation))
ON_DESCRIPTOR(fstat, "stat", 0, (int descriptor, struct stat *status), (descriptor, status))
ON_DESCRIPTOR(fstat64, "stat", 0, (int descriptor, struct stat64 *status), (descriptor, status))

// These two return the error instead of setting it.
int posix_fallocate(int descriptor, off_t offset, off_t length) {
  REAL(posix_fallocate);
  return judge("allocate", 1, open_path(descriptor)) == FAIL ? errno : real(descriptor, offset, length);
}
int posix_fallocate64(int descriptor, off64_t offset, off64_t length) {
  return posix_fallocate(descriptor, offset, length);
}

// MARK: Names

#define ON_PATH(name, label, changes, parameters, arguments) \
  int name parameters { \
    REAL(name); \
    char full[PATH_MAX]; \
    return judge(label, changes, within(AT_FDCWD, path, full)) == FAIL ? -1 : real arguments; \
  }
ON_PATH(mkdir, "mkdir", 1, (const char *path, mode_t mode), (path, mode))
ON_PATH(rmdir, "rmdir", 1, (const char *path), (path))
ON_PATH(unlink, "unlink", 1, (const char *path), (path))
ON_PATH(remove, "unlink", 1, (const char *path), (path))
ON_PATH(truncate, "truncate", 1, (const char *path, off_t length), (path, length))
ON_PATH(chmod, "chmod", 1, (const char *path, mode_t mode), (path, mode))
ON_PATH(stat, "stat", 0, (const char *path, struct stat *status), (path, status))
ON_PATH(stat64, "stat", 0, (const char *path, struct stat64 *status), (path, status))
ON_PATH(lstat, "stat", 0, (const char *path, struct stat *status), (path, status))
ON_PATH(lstat64, "stat", 0, (const char *path, struct stat64 *status), (path, status))
ON_PATH(access, "access", 0, (const char *path, int mode), (path, mode))

int unlinkat(int directory, const char *path, int flags) {
  REAL(unlinkat);
  char full[PATH_MAX];
  return judge("unlink", 1, within(directory, path, full)) == FAIL ? -1 : real(directory, path, flags);
}
int mkdirat(int directory, const char *path, mode_t mode) {
  REAL(mkdirat);
  char full[PATH_MAX];
  return judge("mkdir", 1, within(directory, path, full)) == FAIL ? -1 : real(directory, path, mode);
}
int fstatat(int directory, const char *path, struct stat *status, int flags) {
  REAL(fstatat);
  char full[PATH_MAX];
  return judge("stat", 0, within(directory, path, full)) == FAIL ? -1 : real(directory, path, status, flags);
}
ssize_t readlink(const char *path, char *bytes, size_t count) {
  REAL(readlink);
  char full[PATH_MAX];
  return judge("readlink", 0, within(AT_FDCWD, path, full)) == FAIL ? -1 : real(path, bytes, count);
}
char *realpath(const char *path, char *result) {
  REAL(realpath);
  char full[PATH_MAX];
  return judge("realpath", 0, within(AT_FDCWD, path, full)) == FAIL ? NULL : real(path, result);
}

// Named in the log by its target: a temporary name says nothing.
static int rename_at(int from, const char *old, int to, const char *new, unsigned flags) {
  char full[PATH_MAX];
  const char *inside = within(to, new, full);
  if (judge("rename", 1, inside) == FAIL) return -1;
  int result = (int)syscall(SYS_renameat2, from, old, to, new, flags);
  if (result == 0 && inside) renamed(inside);
  return result;
}
int rename(const char *old, const char *new) { return rename_at(AT_FDCWD, old, AT_FDCWD, new, 0); }
int renameat(int from, const char *old, int to, const char *new) { return rename_at(from, old, to, new, 0); }
int renameat2(int from, const char *old, int to, const char *new, unsigned flags) {
  return rename_at(from, old, to, new, flags);
}

int linkat(int from, const char *old, int to, const char *new, int flags) {
  char full[PATH_MAX];
  if (judge("link", 1, within(to, new, full)) == FAIL) return -1;
  return (int)syscall(SYS_linkat, from, old, to, new, flags);
}
int link(const char *old, const char *new) { return linkat(AT_FDCWD, old, AT_FDCWD, new, 0); }
int symlink(const char *old, const char *path) {
  REAL(symlink);
  char full[PATH_MAX];
  return judge("link", 1, within(AT_FDCWD, path, full)) == FAIL ? -1 : real(old, path);
}

// MARK: Time

int clock_gettime(clockid_t clock, struct timespec *time) {
  REAL(clock_gettime);
  int result = real(clock, time);
  if (result == 0) time->tv_sec += seconds_ahead();
  return result;
}
