#include "CKernels.h"
#include "lanes.h"
#include <math.h>

// How many of `count` rows, `stride` apart and `n` long, have sixteen values from value `i` on without an end of memory:
// the last ones of a row go on into the next.
INLINE size_t rows_to_read(size_t count, size_t stride, size_t n, size_t i) {
  if (i + LANES <= n) return count;
  const size_t beyond = i + LANES - n;
  const size_t last = stride == 0 ? count : (beyond + stride - 1) / stride;
  return count > last ? count - last : 0;
}

INLINE lanes square(lanes z, lanes mean, lanes precision) {
  lanes d = z - mean;
  return d * d * precision;
}

EXPORTED(
    void, selva_mixture_distances,
    (const float *z, const float *means, size_t stride, const float *precisions, size_t components, size_t n,
     float *distances),
    (z, means, stride, precisions, components, n, distances)) {
  const size_t whole = n / LANES * LANES, rest = n - whole;
  const size_t safe = rows_to_read(components, stride < n ? stride : n, n, whole);
  const lanes_i lane = LANE_NUMBERS;
  const lanes last = load_part(z + whole, rest);
  for (size_t k = 0; k < components; k++) {
    const float *mean = means + k * stride, *precision = precisions + k * n;
    lanes squares = {};
    for (size_t i = 0; i < whole; i += LANES) squares += square(load(z + i), load(mean + i), load(precision + i));
    if (rest > 0 && k < safe) {
      lanes more = square(last, load(mean + whole), load(precision + whole));
      squares += choose(lane < (int32_t)rest, more, splat(0));
    } else if (rest > 0) {
      squares += square(last, load_part(mean + whole, rest), load_part(precision + whole, rest));
    }
    distances[k] = sum(squares);
  }
}

INLINE lanes pull(lanes total, float weight, lanes z, lanes mean, lanes precision) {
  return total + weight * (z - mean) * precision;
}

EXPORTED(
    void, selva_mixture_pull,
    (const float *z, const float *means, size_t stride, const float *precisions, const float *weights,
     size_t components, size_t n, float *gradient),
    (z, means, stride, precisions, weights, components, n, gradient)) {
  for (size_t i = 0; i < n; i += LANES) {
    const size_t used = n - i < LANES ? n - i : LANES, safe = rows_to_read(components, stride < n ? stride : n, n, i);
    lanes x = load_part(z + i, used), total = load_part(gradient + i, used);
    // Lanes that are not in use are not stored, whatever they come to.
    for (size_t k = 0; k < safe; k++)
      total = pull(total, weights[k], x, load(means + k * stride + i), load(precisions + k * n + i));
    for (size_t k = safe; k < components; k++)
      total = pull(
          total, weights[k], x, load_part(means + k * stride + i, used), load_part(precisions + k * n + i, used));
    store_part(gradient + i, total, used);
  }
}

INLINE void component(lanes z, float weight, lanes mean, lanes precision, lanes *first, lanes *second) {
  lanes d = z - mean;
  *first -= weight * d * precision;
  *second += 0.5f * weight * (1.0f - d * d * precision);
}

EXPORTED(
    void, selva_mixture_component,
    (const float *z, size_t z_stride, const float *weights, size_t weight_stride, size_t rows, const float *mean,
     const float *precision, size_t n, float *mean_gradient, float *log_variance_gradient),
    (z, z_stride, weights, weight_stride, rows, mean, precision, n, mean_gradient, log_variance_gradient)) {
  for (size_t i = 0; i < n; i += LANES) {
    const size_t used = n - i < LANES ? n - i : LANES, safe = rows_to_read(rows, z_stride, n, i);
    lanes m = load_part(mean + i, used), p = load_part(precision + i, used);
    lanes first = {}, second = {};
    for (size_t row = 0; row < safe; row++)
      component(load(z + row * z_stride + i), weights[row * weight_stride], m, p, &first, &second);
    for (size_t row = safe; row < rows; row++)
      component(load_part(z + row * z_stride + i, used), weights[row * weight_stride], m, p, &first, &second);
    store_part(mean_gradient + i, first, used);
    store_part(log_variance_gradient + i, second, used);
  }
}

INLINE float largest(const float *x, size_t n) {
  lanes most = splat(-__builtin_inff());
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes v = load(x + i);
    most = choose(v > most, v, most);
  }
  float value = -__builtin_inff();
  for (size_t j = 0; j < LANES; j++) value = most[j] > value ? most[j] : value;
  for (; i < n; i++) value = x[i] > value ? x[i] : value;
  return value;
}

// Groups that are added up in float32 before they come to the sum.
#define GROUPS 64

EXPORTED(double, selva_mixture_shares, (const float *constants, float *x, size_t n), (constants, x, n)) {
  EACH_GROUP(store_part(x + i, load_part(constants + i, k) - 0.5f * load_part(x + i, k), k);)
  const float most = largest(x, n);
  const lanes_i lane = LANE_NUMBERS;
  lanes part = {};
  double total = 0;
  size_t groups = 0;
  EACH_GROUP(
    lanes e = exponential(load_part(x + i, k) - most);
    store_part(x + i, e, k);
    part += choose(lane < (int32_t)k, e, splat(0));
    if (++groups % GROUPS == 0 || i + LANES >= n) {
      total += sum(part);
      part = splat(0);
    })
  const float scale = (float)(1 / total);
  EACH_GROUP(store_part(x + i, scale * load_part(x + i, k), k);)
  return (double)most + log(total);
}

double selva_mixture_distance_reference(const float *z, const float *mean, const float *precision, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i++) total += ((double)z[i] - mean[i]) * ((double)z[i] - mean[i]) * precision[i];
  return total;
}
