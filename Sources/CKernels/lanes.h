// Sixteen floats at a time, in plain C: clang turns these into whatever the processor has.
//
// Every function is branch-free and keeps NaN: where a comparison picks a side, NaN takes the side that
// computes with it.
#ifndef SELVA_LANES_H
#define SELVA_LANES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define LANES 16
typedef float lanes __attribute__((vector_size(64)));
typedef int32_t lanes_i __attribute__((vector_size(64)));
typedef uint32_t lanes_u __attribute__((vector_size(64)));
typedef uint16_t lanes_h __attribute__((vector_size(32)));
typedef uint8_t lanes_b __attribute__((vector_size(16)));

// Vectors only pass between functions that are inlined, so no calling convention is at stake.
#pragma clang diagnostic ignored "-Wpsabi"

#define INLINE static inline __attribute__((always_inline))

// Swift cannot choose code by processor and builds for the oldest x86-64; glibc's loader can. Tests that hold each
// of the versions by itself define KERNEL before.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// The loader asks for the processor before ThreadSanitizer, which looks at that function too, is there.
#define ONE_VERSION
#endif
#endif
#if defined(KERNEL)
#elif defined(__x86_64__) && defined(__gnu_linux__) && !defined(ONE_VERSION)
#define KERNEL __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default"), min_vector_width(512)))
#else
#define KERNEL
#endif

// Defines an exported kernel whose body follows. The body is an inline function of its own, since a function
// that is compiled for several processors may not itself call one that passes vectors.
#define EXPORTED(type, name, parameters, arguments)           \
  INLINE type name##_body parameters;                         \
  KERNEL type name parameters { return name##_body arguments; } \
  INLINE type name##_body parameters

// The number of each lane.
#define LANE_NUMBERS {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

INLINE lanes splat(float x) { return (lanes){} + x; }
INLINE lanes load(const float *p) { lanes v; memcpy(&v, p, sizeof v); return v; }
INLINE void store(float *p, lanes v) { memcpy(p, &v, sizeof v); }
INLINE lanes load_part(const float *p, size_t n) { lanes v = {}; memcpy(&v, p, n * sizeof *p); return v; }
INLINE void store_part(float *p, lanes v, size_t n) { memcpy(p, &v, n * sizeof *p); }
INLINE lanes choose(lanes_i mask, lanes yes, lanes no) {
  return (lanes)((mask & (lanes_i)yes) | (~mask & (lanes_i)no));
}
INLINE lanes absolute(lanes x) { return (lanes)((lanes_i)x & 0x7fffffff); }
// By halves, in one order on every processor.
INLINE float sum(lanes v) {
  v += __builtin_shufflevector(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  v += __builtin_shufflevector(v, v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
  v += __builtin_shufflevector(v, v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
  return v[0] + v[1];
}

// Runs its statements for every full group of lanes and once for the rest, with `k` lanes in use from value `i` of `n`.
// Parts are copied by calls, which leave nothing in registers: within one loop for both, every value would be stored
// and loaded anew for each group.
#define EACH_GROUP(...)                                                        \
  {                                                                            \
    size_t i = 0;                                                              \
    for (; i + LANES <= n; i += LANES) { const size_t k = LANES; __VA_ARGS__ } \
    if (i < n) { const size_t k = n - i; __VA_ARGS__ }                         \
  }

// Asks for a cache line that is going to be written, wherever it is. A processor gives up its copy of a line only when it is
// asked to; where another core has one, in a cache that is not shared, every store would wait for that in turn.
INLINE void will_write(const void *p) {
#if defined(__x86_64__)
  // The builtin takes this instruction only where it builds for processors that are sure to have it, and fetches the line for
  // reading elsewhere. Processors without it pass over it.
  __asm__ volatile("prefetchw %0" : : "m"(*(const char *)p));
#else
  __builtin_prefetch(p, 1);
#endif
}

// So many floats or halves before.
enum { AHEAD = 32 * LANES };

// bfloat16: the upper half of a float, rounded to nearest even.
INLINE lanes_h narrow(lanes v) {
  lanes_u bits = (lanes_u)v;
  bits += 0x7fff + ((bits >> 16) & 1);
  return __builtin_convertvector(bits >> 16, lanes_h);
}
INLINE lanes widen(lanes_h h) { return (lanes)(__builtin_convertvector(h, lanes_u) << 16); }
INLINE lanes_h load_half(const uint16_t *p) { lanes_h v; memcpy(&v, p, sizeof v); return v; }
INLINE lanes_h load_half_part(const uint16_t *p, size_t n) { lanes_h v = {}; memcpy(&v, p, n * 2); return v; }
INLINE void store_half(uint16_t *p, lanes_h v) { memcpy(p, &v, sizeof v); }
INLINE void store_half_part(uint16_t *p, lanes_h v, size_t n) { memcpy(p, &v, n * 2); }

// A gradient in float32, bfloat16 or both, as many values as `n`.
INLINE void put(float *gradient, uint16_t *gradient16, lanes v, size_t n) {
  // Whoever makes the parameters' gradient reads it.
  if (gradient) will_write(gradient + AHEAD);
  if (gradient16) will_write(gradient16 + AHEAD);
  if (gradient) { if (n == LANES) store(gradient, v); else store_part(gradient, v, n); }
  if (gradient16) {
    if (n == LANES) store_half(gradient16, narrow(v)); else store_half_part(gradient16, narrow(v), n);
  }
}

// e^x = 2^n e^r with |r| <= ln2/2: adding 1.5 * 2^23 rounds to the nearest integer in every rounding mode that
// clang assumes, and leaves n in the low bits.
INLINE lanes split_exponent(lanes x, lanes_i *power) {
  lanes shifted = x * 1.44269504088896341f + 12582912.0f;
  lanes n = shifted - 12582912.0f;
  *power = (lanes_i)shifted << 23;
  lanes r = x - n * 0.693359375f;
  return r + n * 2.12194440e-4f;
}

// e^r - 1 for |r| <= ln2/2 (Taylor to degree 7, relative error under 1e-7).
INLINE lanes small_expm1(lanes r) {
  lanes p = splat(1.0f / 5040);
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  return r + r * r * p;
}

// e^x - 1 for x <= 0; below -87 it is -1.
INLINE lanes expm1_negative(lanes x) {
  x = choose(x < -87.0f, splat(-87.0f), x);
  lanes_i power;
  lanes p = small_expm1(split_exponent(x, &power));
  lanes scale = (lanes)(power + 0x3f800000);
  return scale * p + (scale - 1.0f);
}

// e^x, flushed to 0 below -87.3 and to infinity above 88.7.
INLINE lanes exponential(lanes x) {
  lanes clamped = choose(x < -87.3f, splat(-87.3f), choose(x > 88.7f, splat(88.7f), x));
  lanes_i power;
  lanes p = small_expm1(split_exponent(clamped, &power)) + 1.0f;
  // Two steps of half the power: 2^128 alone does not fit a float.
  lanes_i half = (power >> 24) << 23;
  lanes y = p * (lanes)(half + 0x3f800000) * (lanes)(power - half + 0x3f800000);
  y = choose(x < -87.3f, splat(0), y);
  return choose(x > 88.7f, splat(__builtin_inff()), y);
}

// Natural logarithm of a normal, positive, finite x (Cephes' polynomial on [sqrt(1/2), sqrt(2))).
INLINE lanes logarithm(lanes x) {
  lanes_i bits = (lanes_i)x;
  lanes_i exponent = (bits - 0x3f3504f3) >> 23;
  lanes m = (lanes)(bits - (exponent << 23)) - 1.0f;
  lanes p = splat(7.0376836292e-2f);
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  lanes e = __builtin_convertvector(exponent, lanes);
  lanes square = m * m;
  return m + (m * square * p + e * -2.12194440e-4f - square * 0.5f) + e * 0.693359375f;
}

#endif
