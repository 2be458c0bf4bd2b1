// The system's calls are no part of standard C, nor of what Swift sees of it.
#define _GNU_SOURCE
#include "CKernels.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/resource.h>

_Static_assert(sizeof(selva_processors) == sizeof(cpu_set_t), "as many processors as the system has");

int selva_processors_get(selva_processors *processors) {
  return sched_getaffinity(0, sizeof *processors, (cpu_set_t *)processors) == 0;
}

int selva_processors_set(const selva_processors *processors) {
  return sched_setaffinity(0, sizeof *processors, (const cpu_set_t *)processors) == 0;
}

int selva_processor(void) { return sched_getcpu(); }

long selva_times_put_off(void) {
  struct rusage usage;
  return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}
#else
int selva_processors_get(selva_processors *processors) { return 0; }
int selva_processors_set(const selva_processors *processors) { return 0; }
int selva_processor(void) { return -1; }
long selva_times_put_off(void) { return 0; }
#endif

int selva_processors_remove(selva_processors *processors, int processor) {
  if (processor >= 0 && processor < SELVA_PROCESSORS) processors->words[processor / 64] &= ~(UINT64_C(1) << processor % 64);
  uint64_t any = 0;
  for (int i = 0; i < SELVA_PROCESSORS / 64; i++) any |= processors->words[i];
  return any != 0;
}
