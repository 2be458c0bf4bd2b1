#ifndef SELVA_ONEDNN_SHIM_H
#define SELVA_ONEDNN_SHIM_H
#include <oneapi/dnnl/dnnl.h>
#endif
