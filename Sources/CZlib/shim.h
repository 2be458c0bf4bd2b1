#ifndef SELVA_ZLIB_SHIM_H
#define SELVA_ZLIB_SHIM_H
#include <zlib.h>
#endif
