// The sources of CKernels once more, for one kind of processor: KERNEL says which, VARIANT names the functions.
#define SELVA_JOIN_NOW(a, b) a##_##b
#define SELVA_JOIN(a, b) SELVA_JOIN_NOW(a, b)
#define selva_activation_forward SELVA_JOIN(selva_activation_forward, VARIANT)
#define selva_activation_forward_bf16 SELVA_JOIN(selva_activation_forward_bf16, VARIANT)
#define selva_activation_backward SELVA_JOIN(selva_activation_backward, VARIANT)
#define selva_activation_backward_bf16 SELVA_JOIN(selva_activation_backward_bf16, VARIANT)
#define selva_bernoulli SELVA_JOIN(selva_bernoulli, VARIANT)
#define selva_continuous_bernoulli SELVA_JOIN(selva_continuous_bernoulli, VARIANT)
#define selva_gaussian SELVA_JOIN(selva_gaussian, VARIANT)
#define selva_gaussian_channels SELVA_JOIN(selva_gaussian_channels, VARIANT)
#define selva_discretized_logistic SELVA_JOIN(selva_discretized_logistic, VARIANT)
#define selva_sigmoid SELVA_JOIN(selva_sigmoid, VARIANT)
#define selva_exp SELVA_JOIN(selva_exp, VARIANT)
#define selva_scale SELVA_JOIN(selva_scale, VARIANT)
#define selva_scale_bf16 SELVA_JOIN(selva_scale_bf16, VARIANT)
#define selva_to_bf16 SELVA_JOIN(selva_to_bf16, VARIANT)
#define selva_from_bf16 SELVA_JOIN(selva_from_bf16, VARIANT)
#define selva_add SELVA_JOIN(selva_add, VARIANT)
#define selva_add_bf16 SELVA_JOIN(selva_add_bf16, VARIANT)
#define selva_gather_patches SELVA_JOIN(selva_gather_patches, VARIANT)
#define selva_scatter_patches SELVA_JOIN(selva_scatter_patches, VARIANT)
#define selva_sum_of_squares SELVA_JOIN(selva_sum_of_squares, VARIANT)
#define selva_finite_prefix SELVA_JOIN(selva_finite_prefix, VARIANT)
#define selva_column_sums SELVA_JOIN(selva_column_sums, VARIANT)
#define selva_column_sums_bf16 SELVA_JOIN(selva_column_sums_bf16, VARIANT)
#define selva_scale_bytes SELVA_JOIN(selva_scale_bytes, VARIANT)
#define selva_standardize SELVA_JOIN(selva_standardize, VARIANT)
#define selva_standardize_bf16 SELVA_JOIN(selva_standardize_bf16, VARIANT)
#define selva_adam SELVA_JOIN(selva_adam, VARIANT)
#define selva_random_bits SELVA_JOIN(selva_random_bits, VARIANT)
#define selva_normals SELVA_JOIN(selva_normals, VARIANT)
#define selva_binarize SELVA_JOIN(selva_binarize, VARIANT)
#define selva_mixture_distances SELVA_JOIN(selva_mixture_distances, VARIANT)
#define selva_mixture_shares SELVA_JOIN(selva_mixture_shares, VARIANT)
#define selva_mixture_pull SELVA_JOIN(selva_mixture_pull, VARIANT)
#define selva_mixture_component SELVA_JOIN(selva_mixture_component, VARIANT)
#define selva_derivative_from_output SELVA_JOIN(selva_derivative_from_output, VARIANT)
#define selva_activation_reference SELVA_JOIN(selva_activation_reference, VARIANT)
#define selva_activation_derivative_reference SELVA_JOIN(selva_activation_derivative_reference, VARIANT)
#define selva_bernoulli_reference SELVA_JOIN(selva_bernoulli_reference, VARIANT)
#define selva_continuous_bernoulli_reference SELVA_JOIN(selva_continuous_bernoulli_reference, VARIANT)
#define selva_gaussian_channels_reference SELVA_JOIN(selva_gaussian_channels_reference, VARIANT)
#define selva_discretized_logistic_reference SELVA_JOIN(selva_discretized_logistic_reference, VARIANT)
#define selva_adam_reference SELVA_JOIN(selva_adam_reference, VARIANT)
#define selva_normals_reference SELVA_JOIN(selva_normals_reference, VARIANT)
#define selva_mixture_distance_reference SELVA_JOIN(selva_mixture_distance_reference, VARIANT)
#define selva_sparse_row SELVA_JOIN(selva_sparse_row, VARIANT)
#define selva_sparse_by_column SELVA_JOIN(selva_sparse_by_column, VARIANT)
#define selva_panel SELVA_JOIN(selva_panel, VARIANT)
#define selva_panel_transposed SELVA_JOIN(selva_panel_transposed, VARIANT)
#define selva_sparse_product SELVA_JOIN(selva_sparse_product, VARIANT)
#define selva_sparse_gradient SELVA_JOIN(selva_sparse_gradient, VARIANT)
#define selva_philox SELVA_JOIN(selva_philox, VARIANT)

#include "../../Sources/CKernels/activations.c"
#include "../../Sources/CKernels/adam.c"
#include "../../Sources/CKernels/channels.c"
#include "../../Sources/CKernels/likelihoods.c"
#include "../../Sources/CKernels/mixture.c"
#include "../../Sources/CKernels/patches.c"
#include "../../Sources/CKernels/random.c"
#include "../../Sources/CKernels/sparse.c"
#include "../../Sources/CKernels/vectors.c"

#include "CKernelVariants.h"
#include "table.h"
