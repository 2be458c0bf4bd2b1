#include "CKernels.h"
#include "lanes.h"
#include <math.h>

// Philox4x32-10: Salmon, Moraes, Dror & Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", section 4.
#define ROUNDS 10
#define MULTIPLIER0 0xD2511F53u
#define MULTIPLIER1 0xCD9E8D57u
#define WEYL0 0x9E3779B9u
#define WEYL1 0xBB67AE85u

void selva_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t output[4]) {
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
  for (int round = 0; round < ROUNDS; round++) {
    uint64_t p0 = (uint64_t)MULTIPLIER0 * c0, p1 = (uint64_t)MULTIPLIER1 * c2;
    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += WEYL0;
    k1 += WEYL1;
  }
  output[0] = c0, output[1] = c1, output[2] = c2, output[3] = c3;
}

typedef uint64_t wide __attribute__((vector_size(128)));

INLINE void multiply(uint32_t factor, lanes_u x, lanes_u *high, lanes_u *low) {
  wide product = __builtin_convertvector(x, wide) * (uint64_t)factor;
  *high = __builtin_convertvector(product >> 32, lanes_u);
  *low = x * factor;
}

// Blocks first ..< first + 16 of the stream; value 4 b + j of the stream is word j of block b.
INLINE void sixteen_blocks(const selva_stream *s, uint32_t first, lanes_u out[4]) {
  lanes_u c0 = first + (lanes_u)LANE_NUMBERS;
  lanes_u zero = {}, c1 = zero + s->counter[0], c2 = zero + s->counter[1], c3 = zero + s->counter[2];
  uint32_t k0 = s->key[0], k1 = s->key[1];
  for (int round = 0; round < ROUNDS; round++) {
    lanes_u high0, low0, high1, low1;
    multiply(MULTIPLIER0, c0, &high0, &low0);
    multiply(MULTIPLIER1, c2, &high1, &low1);
    c0 = high1 ^ c1 ^ k0;
    c1 = low1;
    c2 = high0 ^ c3 ^ k1;
    c3 = low0;
    k0 += WEYL0;
    k1 += WEYL1;
  }
  out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

#define VALUES (4 * LANES)

// Values first ..< first + 64 in the stream's order.
INLINE void interleave(const lanes_u words[4], uint32_t *out) {
  for (int block = 0; block < LANES; block++)
    for (int j = 0; j < 4; j++) out[4 * block + j] = words[j][block];
}

EXPORTED(
    void, selva_random_bits,
    (const selva_stream *stream, uint32_t *output, size_t n),
    (stream, output, n)) {
  for (size_t i = 0; i < n; i += VALUES) {
    lanes_u words[4];
    uint32_t values[VALUES];
    sixteen_blocks(stream, (uint32_t)(i / 4), words);
    interleave(words, values);
    memcpy(output + i, values, (n - i < VALUES ? n - i : VALUES) * sizeof *output);
  }
}

// sin and cos of 2 pi u for u in [0, 1): the nearest quarter turn is taken off, Taylor does the rest.
INLINE void sine_cosine(lanes u, lanes *sine, lanes *cosine) {
  lanes shifted = 4.0f * u + 12582912.0f;
  lanes_i quarter = (lanes_i)shifted;
  lanes r = (u - 0.25f * (shifted - 12582912.0f)) * 6.28318530718f, q = r * r;
  lanes s = r * (1.0f + q * (-1.0f / 6 + q * (1.0f / 120 + q * (-1.0f / 5040 + q * (1.0f / 362880)))));
  lanes c = 1.0f + q * (-0.5f + q * (1.0f / 24 + q * (-1.0f / 720 + q * (1.0f / 40320))));
  lanes_i odd = (quarter & 1) != 0;
  lanes_i sine_sign = (quarter & 2) << 30, cosine_sign = ((quarter + 1) & 2) << 30;
  *sine = (lanes)((lanes_i)choose(odd, c, s) ^ sine_sign);
  *cosine = (lanes)((lanes_i)choose(odd, s, c) ^ cosine_sign);
}

// Box & Muller 1958: two words make two normals. The radius sees (0, 1], so its logarithm is finite.
INLINE void box_muller(lanes_u a, lanes_u b, lanes *x, lanes *y) {
  lanes radius_uniform = (__builtin_convertvector((lanes_i)(a >> 8), lanes) + 1.0f) * 0x1p-24f;
  lanes radius = __builtin_elementwise_sqrt(-2.0f * logarithm(radius_uniform));
  lanes sine, cosine;
  sine_cosine(__builtin_convertvector((lanes_i)(b >> 8), lanes) * 0x1p-24f, &sine, &cosine);
  *x = radius * cosine;
  *y = radius * sine;
}

EXPORTED(void, selva_normals, (const selva_stream *stream, float *output, size_t n), (stream, output, n)) {
  for (size_t i = 0; i < n; i += VALUES) {
    lanes_u words[4];
    lanes normals[4];
    float values[VALUES];
    sixteen_blocks(stream, (uint32_t)(i / 4), words);
    box_muller(words[0], words[1], &normals[0], &normals[1]);
    box_muller(words[2], words[3], &normals[2], &normals[3]);
    interleave((const lanes_u *)normals, (uint32_t *)values);
    memcpy(output + i, values, (n - i < VALUES ? n - i : VALUES) * sizeof *output);
  }
}

void selva_normals_reference(const selva_stream *s, double *output, size_t n) {
  for (size_t i = 0; i < n; i++) {
    uint32_t counter[4] = {(uint32_t)(i / 4), s->counter[0], s->counter[1], s->counter[2]}, words[4];
    selva_philox(counter, s->key, words);
    const uint32_t *pair = words + (i % 4 / 2) * 2;
    double radius = sqrt(-2 * log(((pair[0] >> 8) + 1) * 0x1p-24));
    double angle = 2 * M_PI * (pair[1] >> 8) * 0x1p-24;
    output[i] = radius * (i % 2 ? sin(angle) : cos(angle));
  }
}

EXPORTED(
    void, selva_binarize,
    (const selva_stream *stream, const float *x, float *y, size_t n),
    (stream, x, y, n)) {
  for (size_t i = 0; i < n; i += VALUES) {
    lanes_u words[4];
    uint32_t values[VALUES];
    sixteen_blocks(stream, (uint32_t)(i / 4), words);
    interleave(words, values);
    size_t k = n - i < VALUES ? n - i : VALUES;
    for (size_t j = 0; j < k; j++) y[i + j] = (float)(values[j] >> 8) * 0x1p-24f < x[i + j] ? 1.0f : 0.0f;
  }
}
