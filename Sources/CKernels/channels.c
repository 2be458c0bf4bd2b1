#include "CKernels.h"
#include "lanes.h"
#include <math.h>

// Likelihoods with a spread of its own for each channel. Channels lie together in each pixel, so that what a lane
// belongs to repeats after as many vectors as there are channels: phase p, lane j is channel (16 p + j) % channels.
#define PHASES 3

INLINE void spread_lanes(const float *of_channel, size_t channels, lanes *of_phase) {
  for (size_t p = 0; p < PHASES; p++)
    for (size_t j = 0; j < LANES; j++) of_phase[p][j] = of_channel[(p * LANES + j) % channels];
}

INLINE void sum_lanes(const lanes *of_phase, size_t channels, double *of_channel) {
  for (size_t c = 0; c < channels; c++) of_channel[c] = 0;
  for (size_t p = 0; p < channels; p++)
    for (size_t j = 0; j < LANES; j++) of_channel[(p * LANES + j) % channels] += of_phase[p][j];
}

EXPORTED(
    double, selva_gaussian_channels,
    (const float *m, const float *x, const float *log_variances, size_t channels, float *gradient,
     uint16_t *gradient16, float scale, size_t n, double *slopes),
    (m, x, log_variances, channels, gradient, gradient16, scale, n, slopes)) {
  float precisions[PHASES] = {};
  for (size_t c = 0; c < channels; c++) precisions[c] = expf(-log_variances[c]);
  lanes precision[PHASES], squares[PHASES] = {};
  spread_lanes(precisions, channels, precision);
  size_t phase = 0;
  EACH_GROUP(
    lanes d = load_part(m + i, k) - load_part(x + i, k);
    squares[phase] += d * d;
    put(gradient ? gradient + i : NULL, gradient16 ? gradient16 + i : NULL, d * (scale * precision[phase]), k);
    phase = phase + 1 < channels ? phase + 1 : 0;)
  double square[PHASES], total = 0, pixels = (double)(n / channels);
  sum_lanes(squares, channels, square);
  for (size_t c = 0; c < channels; c++) {
    total += 0.5 * (square[c] * precisions[c] + pixels * (log_variances[c] + 1.8378770664093453));
    slopes[c] = 0.5 * (pixels - square[c] * precisions[c]);
  }
  return total;
}

// With h half a level, a = (x - m + h) / s and b = (x - m - h) / s, the probability of a level is
//   sigmoid(a) - sigmoid(b) = sigmoid(a) sigmoid(-b) (1 - e^(b - a)),
// whose logarithm has no difference of numbers that are nearly alike, however far x is from m and however small s is:
//   -log P = softplus(-a) + softplus(b) - log(1 - e^(b - a)),
// where b - a = -1 / (255 s) is the channel's own. The lowest level reaches down to minus infinity and has the first
// term alone, the highest the second. The logarithms of a lane's factors are taken together, as in `bernoulli`.
#define HALF_LEVEL (0.5f / 255)
#define PAIRS 48
#define LARGEST_INVERSE 1.1420073898156842e26f  // e^60

typedef struct {
  lanes linear, product;
  lanes slope[PHASES], inner[PHASES];
} logistic_sums;

// 1 / (1 + e^-v), and softplus(v) as a sum and a factor whose logarithm it lacks; nothing where `used` is not.
INLINE lanes logistic_term(lanes v, lanes_i used, logistic_sums *sums) {
  lanes e = exponential(-absolute(v)), factor = 1.0f + e, inverse = 1.0f / factor;
  sums->linear += choose(used & ~(v < 0.0f), v, splat(0));
  sums->product *= choose(used, factor, splat(1));
  return choose(used, choose(v < 0.0f, e * inverse, inverse), splat(0));
}

INLINE lanes logistic_step(lanes m, lanes x, lanes_i used, lanes inverse, size_t phase, logistic_sums *sums) {
  // Adding 1.5 * 2^23 rounds, as in `split_exponent`.
  lanes level = (x * 255.0f + 12582912.0f) - 12582912.0f;
  lanes d = level * (1.0f / 255) - m;
  lanes a = (d + HALF_LEVEL) * inverse, b = (d - HALF_LEVEL) * inverse;
  lanes_i below = used & (level > 0.5f), above = used & (level < 254.5f);
  lanes from_a = logistic_term(-a, above, sums), from_b = logistic_term(b, below, sums);
  sums->slope[phase] += choose(above, from_a * a, splat(0)) - choose(below, from_b * b, splat(0));
  sums->inner[phase] += choose(above & below, splat(1), splat(0));
  return (from_a - from_b) * inverse;
}

EXPORTED(
    double, selva_discretized_logistic,
    (const float *m, const float *x, const float *log_scales, size_t channels, float *gradient,
     uint16_t *gradient16, float scale, size_t n, double *slopes),
    (m, x, log_scales, channels, gradient, gradient16, scale, n, slopes)) {
  float inverses[PHASES] = {};
  for (size_t c = 0; c < channels; c++) {
    float inverse = expf(-log_scales[c]);
    inverses[c] = inverse > LARGEST_INVERSE ? LARGEST_INVERSE : inverse;
  }
  lanes inverse[PHASES];
  spread_lanes(inverses, channels, inverse);
  logistic_sums sums = {{}, splat(1), {}, {}};
  const lanes_i lane = LANE_NUMBERS;
  double total = 0;
  size_t phase = 0, pairs = 0;
  EACH_GROUP(
    lanes d = logistic_step(
        load_part(m + i, k), load_part(x + i, k), lane < (int32_t)k, inverse[phase], phase, &sums);
    put(gradient ? gradient + i : NULL, gradient16 ? gradient16 + i : NULL, d * scale, k);
    phase = phase + 1 < channels ? phase + 1 : 0;
    if (++pairs % PAIRS == 0 || i + LANES >= n) {
      total += (double)sum(sums.linear) + sum(logarithm(sums.product));
      sums.linear = splat(0);
      sums.product = splat(1);
    })
  double inner[PHASES];
  sum_lanes(sums.slope, channels, slopes);
  sum_lanes(sums.inner, channels, inner);
  for (size_t c = 0; c < channels; c++) {
    double width = inverses[c] / 255.0;
    total -= inner[c] * log(-expm1(-width));
    // Past 700 the quotient is nothing, and e^width no number.
    slopes[c] += width > 700 ? 0 : inner[c] * width / expm1(width);
  }
  return total;
}

double selva_gaussian_channels_reference(
    const float *m, const float *x, const float *log_variances, size_t channels, double *gradient, size_t n,
    double *slopes) {
  double total = 0;
  for (size_t c = 0; c < channels; c++) slopes[c] = 0;
  for (size_t i = 0; i < n; i++) {
    double d = (double)x[i] - m[i], log_variance = log_variances[i % channels], variance = exp(log_variance);
    total += 0.5 * (log(2 * M_PI) + log_variance + d * d / variance);
    if (gradient) gradient[i] = -d / variance;
    slopes[i % channels] += 0.5 * (1 - d * d / variance);
  }
  return total;
}

// The paper's own difference of two sigmoids, of the smaller of either tail, so for pixels that are not too far away.
double selva_discretized_logistic_reference(
    const float *m, const float *x, const float *log_scales, size_t channels, double *gradient, size_t n,
    double *slopes) {
  double total = 0;
  for (size_t c = 0; c < channels; c++) slopes[c] = 0;
  for (size_t i = 0; i < n; i++) {
    double s = exp(log_scales[i % channels]), level = rint(x[i] * 255.0), d = level / 255 - m[i];
    double sign = d > 0 ? -1 : 1, a = (d + 0.5 / 255) / s, b = (d - 0.5 / 255) / s;
    double upper = level == 255 ? INFINITY : a, lower = level == 0 ? -INFINITY : b;
    double at_upper = 1 / (1 + exp(-sign * upper)), at_lower = 1 / (1 + exp(-sign * lower));
    double p = sign * (at_upper - at_lower);
    double upper_slope = level == 255 ? 0 : at_upper * (1 - at_upper);
    double lower_slope = level == 0 ? 0 : at_lower * (1 - at_lower);
    total -= log(p);
    if (gradient) gradient[i] = (upper_slope - lower_slope) / (s * p);
    slopes[i % channels] += (upper_slope * a - lower_slope * b) / p;
  }
  return total;
}
