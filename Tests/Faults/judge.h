// What becomes of a call: counted, and let pass or not.

#include <fcntl.h>
#include <limits.h>

// Nothing of this may take the place of a name in the program.
#pragma GCC visibility push(hidden)

typedef enum { PASS, FAIL, HALF, TEAR } Verdict;

// Counts a call and says what becomes of it. `path` is NULL for what lies outside the folder. Sets errno for FAIL;
// does not come back where the process is to be killed.
Verdict judge(const char *name, int changes, const char *path);

// The path made absolute in `full` when it lies in the folder; NULL otherwise.
const char *within(int directory, const char *path, char full[PATH_MAX]);

// Which file in the folder a descriptor has open; NULL for any other.
const char *open_path(int descriptor);
int opened(int descriptor, const char *path);
void closed(int descriptor);

__attribute__((noreturn)) void die(void);

// A file in the folder has got its name.
void renamed(const char *path);
// How far the clock is moved.
long seconds_ahead(void);

#pragma GCC visibility pop
