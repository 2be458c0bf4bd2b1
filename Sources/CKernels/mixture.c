#include "CKernels.h"
#include "lanes.h"

EXPORTED(
    void, selva_mixture_distances,
    (const float *z, const float *means, size_t stride, const float *precisions, size_t components, size_t n,
     float *distances),
    (z, means, stride, precisions, components, n, distances)) {
  for (size_t k = 0; k < components; k++) {
    const float *mean = means + k * stride, *precision = precisions + k * n;
    lanes squares = {};
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
      lanes d = load(z + i) - load(mean + i);
      squares += d * d * load(precision + i);
    }
    if (i < n) {
      lanes d = load_part(z + i, n - i) - load_part(mean + i, n - i);
      squares += d * d * load_part(precision + i, n - i);
    }
    distances[k] = sum(squares);
  }
}

EXPORTED(
    void, selva_mixture_pull,
    (const float *z, const float *means, size_t stride, const float *precisions, const float *weights,
     size_t components, size_t n, float *gradient),
    (z, means, stride, precisions, weights, components, n, gradient)) {
  for (size_t i = 0; i < n; i += LANES) {
    const size_t used = n - i < LANES ? n - i : LANES;
    lanes x = load_part(z + i, used), total = load_part(gradient + i, used);
    for (size_t k = 0; k < components; k++) {
      lanes d = x - load_part(means + k * stride + i, used);
      total += weights[k] * d * load_part(precisions + k * n + i, used);
    }
    store_part(gradient + i, total, used);
  }
}

EXPORTED(
    void, selva_mixture_component,
    (const float *z, size_t z_stride, const float *weights, size_t weight_stride, size_t rows, const float *mean,
     const float *precision, size_t n, float *mean_gradient, float *log_variance_gradient),
    (z, z_stride, weights, weight_stride, rows, mean, precision, n, mean_gradient, log_variance_gradient)) {
  for (size_t i = 0; i < n; i += LANES) {
    const size_t used = n - i < LANES ? n - i : LANES;
    lanes m = load_part(mean + i, used), p = load_part(precision + i, used);
    lanes first = {}, second = {};
    for (size_t row = 0; row < rows; row++) {
      const float weight = weights[row * weight_stride];
      lanes d = load_part(z + row * z_stride + i, used) - m;
      first -= weight * d * p;
      second += 0.5f * weight * (1.0f - d * d * p);
    }
    store_part(mean_gradient + i, first, used);
    store_part(log_variance_gradient + i, second, used);
  }
}

double selva_mixture_distance_reference(const float *z, const float *mean, const float *precision, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i++) total += ((double)z[i] - mean[i]) * ((double)z[i] - mean[i]) * precision[i];
  return total;
}
