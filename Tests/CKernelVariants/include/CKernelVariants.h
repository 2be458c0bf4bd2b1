// Every version of the kernels that the compiler makes, each callable by itself: a processor runs one of them in the
// library, and tests should not depend on which.
#ifndef SELVA_KERNEL_VARIANTS_H
#define SELVA_KERNEL_VARIANTS_H

#include "CKernels.h"

typedef struct {
  const char *name;
  void (*activation_forward)(int, const float *, float *, size_t);
  void (*activation_forward_bf16)(int, const float *, uint16_t *, size_t);
  void (*activation_backward)(int, const float *, const float *, float *, size_t);
  void (*activation_backward_bf16)(int, const float *, const uint16_t *, const float *, uint16_t *, size_t);
  double (*bernoulli)(const float *, const float *, float *, uint16_t *, float, size_t);
  double (*continuous_bernoulli)(const float *, const float *, float *, uint16_t *, float, size_t);
  double (*gaussian)(const float *, const float *, float, float *, uint16_t *, float, size_t, double *);
  double (*gaussian_channels)(
      const float *, const float *, const float *, size_t, float *, uint16_t *, float, size_t, double *);
  double (*discretized_logistic)(
      const float *, const float *, const float *, size_t, float *, uint16_t *, float, size_t, double *);
  void (*sigmoid)(const float *, float *, size_t);
  void (*exp)(const float *, float, float *, size_t);
  void (*scale)(float *, float, size_t);
  void (*scale_bf16)(uint16_t *, float, size_t);
  void (*to_bf16)(const float *, uint16_t *, size_t);
  void (*from_bf16)(const uint16_t *, float *, size_t);
  double (*sum_of_squares)(const float *, size_t);
  size_t (*finite_prefix)(const float *, size_t);
  void (*column_sums)(const float *, size_t, size_t, size_t, float *);
  void (*column_sums_bf16)(const uint16_t *, size_t, size_t, size_t, float *);
  void (*scale_bytes)(const uint8_t *, float *, size_t);
  void (*standardize)(const float *, const float *, const float *, float *, size_t);
  void (*standardize_bf16)(const float *, const float *, const float *, uint16_t *, size_t);
  void (*adam)(const selva_adam_step *, float *, float *, float *, const float *, size_t, uint16_t *, float *);
  void (*random_bits)(const selva_stream *, uint32_t *, size_t);
  void (*normals)(const selva_stream *, float *, size_t);
  void (*binarize)(const selva_stream *, const float *, float *, size_t);
  void (*mixture_distances)(const float *, const float *, size_t, const float *, size_t, size_t, float *);
  double (*mixture_shares)(const float *, float *, size_t);
  void (*mixture_pull)(
      const float *, const float *, size_t, const float *, const float *, size_t, size_t, float *);
  void (*mixture_component)(
      const float *, size_t, const float *, size_t, size_t, const float *, const float *, size_t, float *, float *);
  void (*add)(const float *, float *, size_t);
  void (*add_bf16)(const uint16_t *, float *, uint16_t *, size_t);
  void (*gather_patches)(const selva_patches *, const void *, size_t, size_t, size_t, size_t, void *);
  void (*scatter_patches)(const selva_patches *, const float *, size_t, float *);
  void (*sparse_row)(const float *, const float *, const selva_sparse *, size_t);
  void (*panel)(const float *, size_t, size_t, size_t, float *);
  void (*panel_transposed)(const float *, size_t, size_t, size_t, float *);
  void (*sparse_product)(
      const selva_sparse *, size_t, size_t, const float *, const float *, float *, size_t, size_t, const void *, size_t);
  void (*sparse_gradient)(
      const selva_sparse_columns *, size_t, const float *, const float *, const float *, float *, size_t, size_t);
} selva_kernels;

// The versions that this processor runs, the library's own choice first; NULL past the last.
const selva_kernels *selva_kernel_variant(int index);

#endif
