#include "CKernelVariants.h"
#include "table.h"

#if defined(__x86_64__)
extern const selva_kernels selva_kernels_v4, selva_kernels_v3;
#endif
extern const selva_kernels selva_kernels_default;
static const selva_kernels library = SELVA_TABLE("library");

const selva_kernels *selva_kernel_variant(int index) {
  const selva_kernels *found[4] = {&library, &selva_kernels_default};
  int count = 2;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("x86-64-v3")) found[count++] = &selva_kernels_v3;
  if (__builtin_cpu_supports("x86-64-v4")) found[count++] = &selva_kernels_v4;
#endif
  return index < count ? found[index] : NULL;
}
