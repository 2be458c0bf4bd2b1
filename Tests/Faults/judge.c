// Stands between a program and its C library (LD_PRELOAD): counts the calls that touch files in one folder, and at
// the n-th ends the process or makes the call fail. What it is to do stands in the environment:
//
//   FAULTS_FOLDER  the folder, absolute and without symbolic links
//   FAULTS_AT      n, from 1; 0: none
//   FAULTS_KIND    kill (before the call), torn (half a write, then kill), short (half a write is reported as
//                  such), fill (half a write, then ENOSPC for all that takes room), or the number of an error
//   FAULTS_LASTING also every later call that changes anything fails (not unlink and close)
//   FAULTS_LOG     a file that gets a line for each call: number, C (changes) or R (reads), name, path
//   FAULTS_KEEP    a folder that gets a copy of every file that is renamed, under the number of the call
//   FAULTS_CLOCK   seconds by which every rename moves the clock, so that what is done "every few seconds" is done

#define _GNU_SOURCE
#include "judge.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

static char folder[PATH_MAX];
static size_t folderLength;
static long at;
static const char *kind = "";
static const char *keep;
static int lasting, error, logFile = -1;
static long clockStep;
static atomic_long calls, renames;
static char *paths[DESCRIPTORS];

__attribute__((constructor)) static void start(void) {
  const char *text = getenv("FAULTS_FOLDER");
  if (!text) return;
  folderLength = strlen(text);
  if (folderLength >= PATH_MAX) abort();
  memcpy(folder, text, folderLength + 1);
  if ((text = getenv("FAULTS_AT"))) at = atol(text);
  if ((text = getenv("FAULTS_KIND"))) kind = text;
  error = atoi(kind);
  lasting = getenv("FAULTS_LASTING") != NULL;
  if (!strcmp(kind, "fill")) lasting = 1, error = ENOSPC;
  if ((text = getenv("FAULTS_CLOCK"))) clockStep = atol(text);
  keep = getenv("FAULTS_KEEP");
  if ((text = getenv("FAULTS_LOG"))) {
    int low = (int)syscall(SYS_openat, AT_FDCWD, text, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    // Out of the way, so that the program's own descriptors have the numbers that they always have.
    logFile = (int)syscall(SYS_fcntl, low, F_DUPFD_CLOEXEC, DESCRIPTORS - 1);
    syscall(SYS_close, low);
  }
}

const char *within(int directory, const char *path, char full[PATH_MAX]) {
  if (!folderLength || !path) return NULL;
  if (path[0] == '/') {
    snprintf(full, PATH_MAX, "%s", path);
  } else if (directory == AT_FDCWD) {
    if (syscall(SYS_getcwd, full, PATH_MAX) < 0) return NULL;
    size_t length = strlen(full);
    snprintf(full + length, PATH_MAX - length, "/%s", path);
  } else {
    if (directory < 0 || directory >= DESCRIPTORS || !paths[directory]) return NULL;
    snprintf(full, PATH_MAX, "%s/%s", paths[directory], path);
  }
  if (strncmp(full, folder, folderLength) || (full[folderLength] && full[folderLength] != '/')) return NULL;
  return full;
}

const char *open_path(int descriptor) {
  return descriptor >= 0 && descriptor < DESCRIPTORS ? paths[descriptor] : NULL;
}

int opened(int descriptor, const char *path) {
  if (path && descriptor >= 0 && descriptor < DESCRIPTORS) {
    free(paths[descriptor]);
    paths[descriptor] = strdup(path);
  }
  return descriptor;
}

void closed(int descriptor) {
  if (!open_path(descriptor)) return;
  free(paths[descriptor]);
  paths[descriptor] = NULL;
}

void die(void) {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

Verdict judge(const char *name, int changes, const char *path) {
  if (!path) return PASS;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (logFile >= 0) {
    char line[PATH_MAX + 64];
    const char *rest = path[folderLength] ? path + folderLength + 1 : ".";
    int length = snprintf(line, sizeof line, "%ld %c %s %s\n", number, changes ? 'C' : 'R', name, rest);
    syscall(SYS_write, logFile, line, length);
  }
  if (!at || number < at) return PASS;
  if (number > at) {
    int spared = !changes || !strcmp(name, "unlink") || !strcmp(name, "rmdir") || !strcmp(name, "close");
    // A full disk still renames.
    if (!lasting || spared || (error == ENOSPC && !strcmp(name, "rename"))) return PASS;
    errno = error;
    return FAIL;
  }
  if (!strcmp(kind, "kill")) die();
  int writes = !strcmp(name, "write");
  if (!strcmp(kind, "torn")) return writes ? TEAR : PASS;
  if (!strcmp(kind, "short") || !strcmp(kind, "fill")) return writes ? HALF : PASS;
  errno = error;
  return FAIL;
}

static void copy_to_keep(const char *path) {
  char name[PATH_MAX], part[1 << 16];
  snprintf(name, sizeof name, "%s/%ld", keep, atomic_load(&calls));
  int from = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
  int to = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CREAT | O_TRUNC, 0666);
  ssize_t count;
  while ((count = syscall(SYS_read, from, part, sizeof part)) > 0) syscall(SYS_write, to, part, count);
  syscall(SYS_close, from);
  syscall(SYS_close, to);
}

void renamed(const char *path) {
  atomic_fetch_add(&renames, 1);
  if (keep) copy_to_keep(path);
}

long seconds_ahead(void) { return clockStep * atomic_load(&renames); }
