#if defined(__x86_64__)
#define KERNEL __attribute__((target("arch=x86-64-v3"), min_vector_width(512)))
#define VARIANT v3
#include "sources.h"

const selva_kernels selva_kernels_v3 = SELVA_TABLE("x86-64-v3");
#endif
