// The table of the kernels under the names that are in force where this is included.
#define SELVA_TABLE(title)                                                                         \
  {                                                                                                \
    title, selva_activation_forward, selva_activation_forward_bf16, selva_activation_backward,     \
        selva_activation_backward_bf16, selva_bernoulli, selva_continuous_bernoulli,               \
        selva_gaussian, selva_gaussian_channels, selva_discretized_logistic, selva_sigmoid,        \
        selva_exp, selva_scale, selva_scale_bf16, selva_to_bf16,                                   \
        selva_from_bf16, selva_sum_of_squares, selva_finite_prefix, selva_column_sums,             \
        selva_column_sums_bf16,                                                                    \
        selva_scale_bytes, selva_standardize, selva_standardize_bf16, selva_adam,                  \
        selva_random_bits, selva_normals, selva_binarize, selva_mixture_distances,                 \
        selva_mixture_shares, selva_mixture_pull, selva_mixture_component, selva_add, selva_add_bf16,                    \
        selva_gather_patches, selva_scatter_patches, selva_sparse_row, selva_panel,                \
        selva_panel_transposed, selva_sparse_product, selva_sparse_gradient                        \
  }
