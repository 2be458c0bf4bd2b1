#include "CKernels.h"
#include "lanes.h"
#include <math.h>

// softplus(l) - x l = max(l, 0) - x l + log(1 + e^-|l|). The logarithms of a lane's factors are taken together:
// each factor is in [1, 2], so a product of 96 stays below 2^96 and needs a single logarithm.
#define FACTORS 96

typedef struct {
  lanes linear, product, logs;
} bernoulli_sums;

INLINE lanes bernoulli_step(lanes l, lanes x, bernoulli_sums *sums) {
  lanes e = exponential(-absolute(l));
  lanes factor = 1.0f + e;
  lanes inverse = 1.0f / factor;
  sums->linear += choose(l < 0.0f, splat(0), l) - x * l;
  sums->product *= factor;
  return choose(l < 0.0f, e * inverse, inverse) - x;
}

INLINE double bernoulli(
    const float *l, const float *x, float *gradient, uint16_t *gradient16, float scale, size_t n) {
  bernoulli_sums sums = {{}, splat(1), {}};
  double linear = 0;
  size_t i = 0;
  while (i + LANES <= n) {
    size_t end = i + LANES * FACTORS < n ? i + LANES * FACTORS : n;
    for (; i + LANES <= end; i += LANES) {
      lanes d = bernoulli_step(load(l + i), load(x + i), &sums) * scale;
      put(gradient ? gradient + i : NULL, gradient16 ? gradient16 + i : NULL, d, LANES);
    }
    sums.logs += logarithm(sums.product);
    sums.product = splat(1);
    linear += sum(sums.linear);
    sums.linear = splat(0);
  }
  double total = linear + sum(sums.logs);
  if (i < n) {
    size_t k = n - i;
    // Lanes past the end see a logit of 0 and would add log 2 each.
    bernoulli_sums rest = {{}, splat(1), {}};
    lanes d = bernoulli_step(load_part(l + i, k), load_part(x + i, k), &rest) * scale;
    put(gradient ? gradient + i : NULL, gradient16 ? gradient16 + i : NULL, d, k);
    lanes logs = logarithm(rest.product);
    for (size_t j = 0; j < k; j++) total += rest.linear[j] + logs[j];
  }
  return total;
}

EXPORTED(
    double, selva_bernoulli,
    (const float *l, const float *x, float *gradient, uint16_t *gradient16, float scale, size_t n),
    (l, x, gradient, gradient16, scale, n)) {
  // A constant NULL in each call lets the compiler drop the branch from the loop.
  if (gradient16) return bernoulli(l, x, NULL, gradient16, scale, n);
  if (gradient) return bernoulli(l, x, gradient, NULL, scale, n);
  return bernoulli(l, x, NULL, NULL, scale, n);
}

// The normalizing constant of the continuous Bernoulli (Loaiza-Ganem & Cunningham 2019, equation 7) on the logit
// l: C = l / tanh(l / 2), hence log C and its derivative 1/l - 1/sinh(l), by Taylor where both are 0/0.
static double log_constant(double l, double *slope) {
  double a = fabs(l);
  if (a < 1e-2) {
    *slope = l / 6 - 7 * l * l * l / 360;
    return M_LN2 + l * l / 12 - l * l * l * l * 7 / 1440;
  }
  *slope = 1 / l - (a > 700 ? 0 : 1 / sinh(l));
  return log(a) - log(tanh(a / 2));
}

double selva_continuous_bernoulli(
    const float *l, const float *x, float *gradient, uint16_t *gradient16, float scale, size_t n) {
  double total = selva_bernoulli(l, x, gradient, gradient16, scale, n);
  for (size_t i = 0; i < n; i++) {
    double slope;
    total -= log_constant(l[i], &slope);
    if (gradient) gradient[i] -= scale * (float)slope;
    if (gradient16) {
      float v;
      selva_from_bf16(gradient16 + i, &v, 1);
      v -= scale * (float)slope;
      selva_to_bf16(&v, gradient16 + i, 1);
    }
  }
  return total;
}

EXPORTED(
    double, selva_gaussian,
    (const float *m, const float *x, float log_variance, float *gradient, uint16_t *gradient16, float scale, size_t n, double *square_error),
    (m, x, log_variance, gradient, gradient16, scale, n, square_error)) {
  float precision = expf(-log_variance);
  lanes squares = {};
  EACH_GROUP(
    lanes d = load_part(m + i, k) - load_part(x + i, k);
    squares += d * d;
    put(gradient ? gradient + i : NULL, gradient16 ? gradient16 + i : NULL, d * (scale * precision), k);)
  *square_error = sum(squares);
  return 0.5 * (*square_error * precision + (double)n * (log_variance + 1.8378770664093453));
}

EXPORTED(void, selva_sigmoid, (const float *x, float *y, size_t n), (x, y, n)) {
  EACH_GROUP(
    lanes v = load_part(x + i, k), e = exponential(-absolute(v)), inverse = 1.0f / (1.0f + e);
    store_part(y + i, choose(v < 0.0f, e * inverse, inverse), k);)
}

double selva_bernoulli_reference(const float *l, const float *x, double *gradient, size_t n) {
  double total = 0;
  for (size_t i = 0; i < n; i++) {
    double v = l[i];
    total += (v > 0 ? v : 0) + log1p(exp(-fabs(v))) - x[i] * v;
    if (gradient) gradient[i] = (v < 0 ? exp(v) / (1 + exp(v)) : 1 / (1 + exp(-v))) - x[i];
  }
  return total;
}

double selva_continuous_bernoulli_reference(const float *l, const float *x, double *gradient, size_t n) {
  double total = selva_bernoulli_reference(l, x, gradient, n);
  for (size_t i = 0; i < n; i++) {
    double v = l[i];
    // The paper's own form in lambda, away from 1/2 where it can be computed.
    double lambda = 1 / (1 + exp(-v)), a = 1 - 2 * lambda;
    total -= fabs(a) < 1e-6 ? M_LN2 : log(2 * atanh(a) / a);
    if (gradient) gradient[i] -= fabs(v) < 1e-4 ? v / 6 : 1 / v - 1 / sinh(v);
  }
  return total;
}
