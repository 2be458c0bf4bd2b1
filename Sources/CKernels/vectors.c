#include "CKernels.h"
#include "lanes.h"

EXPORTED(void, selva_exp, (const float *x, float scale, float *y, size_t n), (x, scale, y, n)) {
  EACH_GROUP(store_part(y + i, exponential(scale * load_part(x + i, k)), k);)
}

EXPORTED(void, selva_scale, (float *x, float factor, size_t n), (x, factor, n)) {
  EACH_GROUP(store_part(x + i, factor * load_part(x + i, k), k);)
}

EXPORTED(void, selva_scale_bf16, (uint16_t *x, float factor, size_t n), (x, factor, n)) {
  EACH_GROUP(store_half_part(x + i, narrow(factor * widen(load_half_part(x + i, k))), k);)
}

EXPORTED(void, selva_to_bf16, (const float *x, uint16_t *y, size_t n), (x, y, n)) {
  EACH_GROUP(store_half_part(y + i, narrow(load_part(x + i, k)), k);)
}

EXPORTED(void, selva_from_bf16, (const uint16_t *x, float *y, size_t n), (x, y, n)) {
  EACH_GROUP(store_part(y + i, widen(load_half_part(x + i, k)), k);)
}

EXPORTED(void, selva_add, (const float *x, float *y, size_t n), (x, y, n)) {
  EACH_GROUP(store_part(y + i, load_part(y + i, k) + load_part(x + i, k), k);)
}

EXPORTED(
    void, selva_add_bf16, (const uint16_t *x, float *y, uint16_t *sum, size_t n), (x, y, sum, n)) {
  EACH_GROUP({
    lanes total = load_part(y + i, k) + widen(load_half_part(x + i, k));
    store_part(y + i, total, k);
    store_half_part(sum + i, narrow(total), k);
  })
}

INLINE float sum_of_squares(const float *x, size_t n) {
  lanes squares = {};
  EACH_GROUP(
    lanes v = load_part(x + i, k);
    squares += v * v;)
  return sum(squares);
}

EXPORTED(double, selva_sum_of_squares, (const float *x, size_t n), (x, n)) {
  double total = 0;
  // Blocks short enough for float, added up in double.
  for (size_t start = 0; start < n; start += 4096) {
    size_t end = start + 4096 < n ? start + 4096 : n;
    total += sum_of_squares(x + start, end - start);
  }
  return total;
}

// Nothing times a number is nothing; times infinity or NaN it is NaN, which stays in a sum.
INLINE float sum_of_nothings(const float *x, size_t n) {
  lanes nothings = {};
  EACH_GROUP(nothings += splat(0) * load_part(x + i, k);)
  return sum(nothings);
}

EXPORTED(size_t, selva_finite_prefix, (const float *x, size_t n), (x, n)) {
  for (size_t start = 0; start < n; start += 4096) {
    size_t end = start + 4096 < n ? start + 4096 : n;
    if (sum_of_nothings(x + start, end - start) == 0) continue;
    for (size_t i = start; i < end; i++) {
      if (!(x[i] - x[i] == 0)) return i;
    }
  }
  return n;
}

EXPORTED(
    void, selva_column_sums,
    (const float *x, size_t rows, size_t stride, size_t n, float *y),
    (x, rows, stride, n, y)) {
  EACH_GROUP(
    lanes total = load_part(y + i, k);
    for (size_t row = 0; row < rows; row++) total += load_part(x + row * stride + i, k);
    store_part(y + i, total, k);)
}

EXPORTED(
    void, selva_column_sums_bf16,
    (const uint16_t *x, size_t rows, size_t stride, size_t n, float *y),
    (x, rows, stride, n, y)) {
  EACH_GROUP(
    lanes total = load_part(y + i, k);
    for (size_t row = 0; row < rows; row++) total += widen(load_half_part(x + row * stride + i, k));
    store_part(y + i, total, k);)
}

EXPORTED(void, selva_scale_bytes, (const uint8_t *bytes, float *target, size_t n), (bytes, target, n)) {
  EACH_GROUP(
    lanes_b b = {};
    memcpy(&b, bytes + i, k);
    store_part(target + i, __builtin_convertvector(b, lanes) * (1.0f / 255), k);)
}

EXPORTED(
    void, selva_standardize,
    (const float *x, const float *factor, const float *shift, float *y, size_t n),
    (x, factor, shift, y, n)) {
  EACH_GROUP(
    will_write(y + i + AHEAD);
    store_part(y + i, load_part(x + i, k) * load_part(factor + i, k) + load_part(shift + i, k), k);)
}

EXPORTED(
    void, selva_standardize_bf16,
    (const float *x, const float *factor, const float *shift, uint16_t *y, size_t n),
    (x, factor, shift, y, n)) {
  EACH_GROUP(
    will_write(y + i + AHEAD);
    lanes v = load_part(x + i, k) * load_part(factor + i, k) + load_part(shift + i, k);
    store_half_part(y + i, narrow(v), k);)
}
