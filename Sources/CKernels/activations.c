#include "CKernels.h"
#include "lanes.h"
#include <math.h>

// Klambauer et al. 2017, "Self-Normalizing Neural Networks", equation 2 and appendix A1.
#define ALPHA 1.6732632423543772
#define LAMBDA 1.0507009873554805
#define LAMBDA_ALPHA 1.7580993408473766

int selva_derivative_from_output(int kind) { return kind != selva_gelu && kind != selva_silu; }

INLINE lanes sigmoid(lanes x) {
  lanes e = exponential(-absolute(x));
  lanes inverse = 1.0f / (1.0f + e);
  return choose(x < 0.0f, e * inverse, inverse);
}

// Standard normal distribution function through erf (Abramowitz & Stegun 7.1.26, absolute error under 1.5e-7).
INLINE lanes normal_cdf(lanes x, lanes *bell) {
  lanes z = absolute(x) * 0.70710678f;
  lanes t = 1.0f / (1.0f + 0.3275911f * z);
  lanes p = splat(1.061405429f);
  p = p * t - 1.453152027f;
  p = p * t + 1.421413741f;
  p = p * t - 0.284496736f;
  p = p * t + 0.254829592f;
  *bell = exponential(x * x * -0.5f);
  lanes upper = 0.5f * p * t * *bell;
  return choose(x < 0.0f, upper, 1.0f - upper);
}

INLINE lanes hyperbolic_tangent(lanes x) {
  lanes e = expm1_negative(-2.0f * absolute(x));
  lanes y = -e / (e + 2.0f);
  return (lanes)((lanes_i)y | ((lanes_i)x & (int32_t)0x80000000));
}

// Below zero through expm1; at zero and above the slope. NaN goes through expm1 and stays.
INLINE lanes exponential_unit(lanes x, float slope, float depth) {
  lanes below = depth * expm1_negative(choose(x > 0.0f, splat(0), x));
  return choose(x > 0.0f, slope * x, below);
}

INLINE lanes activate(int kind, lanes x) {
  switch (kind) {
  case selva_selu: return exponential_unit(x, (float)LAMBDA, (float)LAMBDA_ALPHA);
  case selva_elu: return exponential_unit(x, 1, 1);
  case selva_short_selu: return exponential_unit(x, 1, (float)LAMBDA);
  case selva_relu: return choose(x < 0.0f, splat(0), x);
  case selva_leaky_relu: return choose(x < 0.0f, 0.01f * x, x);
  case selva_silu: return choose(x < -100.0f, splat(0), x * sigmoid(x));
  case selva_gelu: { lanes bell; return choose(x < -20.0f, splat(0), x * normal_cdf(x, &bell)); }
  default: return hyperbolic_tangent(x);
  }
}

// The derivative from the output y, or from the input for GELU and SiLU.
INLINE lanes derivative(int kind, lanes v) {
  switch (kind) {
  case selva_selu: return choose(v > 0.0f, splat((float)LAMBDA), v + (float)LAMBDA_ALPHA);
  case selva_elu: return choose(v > 0.0f, splat(1), v + 1.0f);
  case selva_short_selu: return choose(v > 0.0f, splat(1), v + (float)LAMBDA);
  case selva_relu: return choose(v > 0.0f, splat(1), splat(0));
  case selva_leaky_relu: return choose(v > 0.0f, splat(1), splat(0.01f));
  case selva_silu: {
    lanes s = sigmoid(v);
    lanes slope = s * (1.0f + v * (1.0f - s));
    return choose(v < -100.0f, splat(0), choose(v > 100.0f, splat(1), slope));
  }
  case selva_gelu: {
    lanes bell, cdf = normal_cdf(v, &bell);
    lanes slope = cdf + v * bell * 0.39894228f;
    return choose(v < -20.0f, splat(0), choose(v > 20.0f, splat(1), slope));
  }
  default: return 1.0f - v * v;
  }
}

INLINE void forward(int kind, const float *x, float *y, uint16_t *y16, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes v = activate(kind, load(x + i));
    if (y16) store_half(y16 + i, narrow(v)); else store(y + i, v);
  }
  if (i == n) return;
  lanes v = activate(kind, load_part(x + i, n - i));
  if (y16) store_half_part(y16 + i, narrow(v), n - i); else store_part(y + i, v, n - i);
}

INLINE void backward(
    int kind, const float *ref, const uint16_t *ref16, const float *d, float *r, uint16_t *r16, size_t n) {
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    lanes v = derivative(kind, ref16 ? widen(load_half(ref16 + i)) : load(ref + i)) * load(d + i);
    if (r16) store_half(r16 + i, narrow(v)); else store(r + i, v);
  }
  if (i == n) return;
  size_t k = n - i;
  lanes reference = ref16 ? widen(load_half_part(ref16 + i, k)) : load_part(ref + i, k);
  lanes v = derivative(kind, reference) * load_part(d + i, k);
  if (r16) store_half_part(r16 + i, narrow(v), k); else store_part(r + i, v, k);
}

// One loop per kind, so that the choice is made outside it.
#define EACH_KIND(call)                                  \
  switch (kind) {                                        \
  case selva_selu: call(selva_selu); break;              \
  case selva_relu: call(selva_relu); break;              \
  case selva_leaky_relu: call(selva_leaky_relu); break;  \
  case selva_elu: call(selva_elu); break;                \
  case selva_gelu: call(selva_gelu); break;              \
  case selva_silu: call(selva_silu); break;              \
  case selva_tanh: call(selva_tanh); break;              \
  case selva_short_selu: call(selva_short_selu); break;  \
  }

EXPORTED(void, selva_activation_forward, (int kind, const float *x, float *y, size_t n), (kind, x, y, n)) {
#define CALL(k) forward(k, x, y, NULL, n)
  EACH_KIND(CALL)
#undef CALL
}

EXPORTED(
    void, selva_activation_forward_bf16,
    (int kind, const float *x, uint16_t *y, size_t n),
    (kind, x, y, n)) {
#define CALL(k) forward(k, x, NULL, y, n)
  EACH_KIND(CALL)
#undef CALL
}

EXPORTED(
    void, selva_activation_backward,
    (int kind, const float *ref, const float *d, float *r, size_t n),
    (kind, ref, d, r, n)) {
#define CALL(k) backward(k, ref, NULL, d, r, NULL, n)
  EACH_KIND(CALL)
#undef CALL
}

EXPORTED(
    void, selva_activation_backward_bf16,
    (int kind, const float *x, const uint16_t *y, const float *d, uint16_t *r, size_t n),
    (kind, x, y, d, r, n)) {
#define CALL(k) backward(k, x, (k) == selva_gelu || (k) == selva_silu ? NULL : y, d, NULL, r, n)
  EACH_KIND(CALL)
#undef CALL
}

double selva_activation_reference(int kind, double x) {
  switch (kind) {
  case selva_selu: return x > 0 ? LAMBDA * x : LAMBDA_ALPHA * expm1(x);
  case selva_elu: return x > 0 ? x : expm1(x);
  case selva_short_selu: return x > 0 ? x : LAMBDA * expm1(x);
  case selva_relu: return x < 0 ? 0 : x;
  case selva_leaky_relu: return x < 0 ? 0.01 * x : x;
  case selva_silu: return x == -INFINITY ? 0 : x / (1 + exp(-x));
  case selva_gelu: return x == -INFINITY ? 0 : x * 0.5 * erfc(-x * M_SQRT1_2);
  default: return tanh(x);
  }
}

double selva_activation_derivative_reference(int kind, double x) {
  switch (kind) {
  case selva_selu: return x > 0 ? LAMBDA : LAMBDA_ALPHA * exp(x);
  case selva_elu: return x > 0 ? 1 : exp(x);
  case selva_short_selu: return x > 0 ? 1 : LAMBDA * exp(x);
  case selva_relu: return x > 0 ? 1 : 0;
  case selva_leaky_relu: return x > 0 ? 1 : 0.01;
  case selva_silu: {
    if (fabs(x) > 700) return x > 0;
    double s = 1 / (1 + exp(-x));
    return s * (1 + x * (1 - s));
  }
  case selva_gelu:
    if (fabs(x) > 40) return x > 0;
    return 0.5 * erfc(-x * M_SQRT1_2) + x * exp(-x * x / 2) * 0.3989422804014327;
  default: return 1 - tanh(x) * tanh(x);
  }
}
