#define KERNEL
#define VARIANT default
#include "sources.h"

const selva_kernels selva_kernels_default = SELVA_TABLE("default");
