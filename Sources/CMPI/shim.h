#ifndef SELVA_MPI_SHIM_H
#define SELVA_MPI_SHIM_H
#include <mpi.h>
#include <stddef.h>
#include <time.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

// Handles are pointers in Open MPI and integers in MPICH, and constants are macros, which Swift does not see: all of them
// stay in here. Functions return 0, or the library's code of what went wrong.

typedef struct selva_mpi_request {
  MPI_Request request;
} selva_mpi_request;

typedef struct selva_mpi_world {
  // For exchanges, and for the signs of life that go round beside them.
  MPI_Comm exchanges, signs;
  int rank, count;
} selva_mpi_world;

// What follows is called by one thread at a time.
static inline int selva_mpi_start(selva_mpi_world *world) {
  int provided = 0, failed = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
  if (!failed && provided < MPI_THREAD_SERIALIZED) failed = MPI_ERR_UNSUPPORTED_OPERATION;
  if (!failed) failed = MPI_Comm_dup(MPI_COMM_WORLD, &world->exchanges);
  if (!failed) failed = MPI_Comm_dup(MPI_COMM_WORLD, &world->signs);
  if (!failed) failed = MPI_Comm_rank(world->exchanges, &world->rank);
  if (!failed) failed = MPI_Comm_size(world->exchanges, &world->count);
  if (failed) return failed;
  MPI_Comm_set_errhandler(world->exchanges, MPI_ERRORS_RETURN);
  MPI_Comm_set_errhandler(world->signs, MPI_ERRORS_RETURN);
  return 0;
}

// Part j of `sent` goes to rank j; what rank i sends goes to part i of `received`. Counts and places in floats. Where both
// are one buffer, each rank's part of it goes to the others.
static inline int selva_mpi_exchange(
    const selva_mpi_world *world, const float *sent, const int *sent_counts, const int *sent_places, float *received,
    const int *received_counts, const int *received_places, selva_mpi_request *request) {
  if (sent == received)
    return MPI_Iallgatherv(
        MPI_IN_PLACE, 0, MPI_FLOAT, received, received_counts, received_places, MPI_FLOAT, world->exchanges,
        &request->request);
  return MPI_Ialltoallv(
      sent, sent_counts, sent_places, MPI_FLOAT, received, received_counts, received_places, MPI_FLOAT,
      world->exchanges, &request->request);
}

static inline int selva_mpi_test(selva_mpi_request *request, int *is_done) {
  return MPI_Test(&request->request, is_done, MPI_STATUS_IGNORE);
}

static inline int selva_mpi_send_sign(const selva_mpi_world *world, const int *sign, selva_mpi_request *request) {
  return MPI_Isend(sign, 1, MPI_INT, (world->rank + 1) % world->count, 0, world->signs, &request->request);
}

static inline int selva_mpi_await_sign(const selva_mpi_world *world, int *sign, selva_mpi_request *request) {
  int before = (world->rank + world->count - 1) % world->count;
  return MPI_Irecv(sign, 1, MPI_INT, before, 0, world->signs, &request->request);
}

static inline void selva_mpi_forget(selva_mpi_request *request) {
  MPI_Cancel(&request->request);
  MPI_Request_free(&request->request);
}

static inline void selva_mpi_end(void) { MPI_Finalize(); }

// Ends all ranks.
static inline void selva_mpi_abort(int status) { MPI_Abort(MPI_COMM_WORLD, status); }

// The calling thread's short sleeps are some 50 microseconds longer otherwise.
static inline void selva_sleep_precisely(void) {
#ifdef __linux__
  prctl(PR_SET_TIMERSLACK, 1000UL);
#endif
}

static inline void selva_sleep(long microseconds) {
  struct timespec pause = {0, microseconds * 1000};
  nanosleep(&pause, NULL);
}

#endif
