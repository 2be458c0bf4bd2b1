#ifndef SELVA_PNG_SHIM_H
#define SELVA_PNG_SHIM_H
#include <png.h>
#endif
