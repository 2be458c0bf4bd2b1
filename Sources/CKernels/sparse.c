#include "CKernels.h"
#include "lanes.h"

// Columns are taken in blocks, so that what belongs to one stays in the first-level cache while all rows go over it.
enum {
  BLOCK = selva_sparse_block,
  WIDEST = selva_panel_width / LANES,
  TOGETHER = 64,  // rows of a product that pass over a block one after the other
};

INLINE size_t least(size_t a, size_t b) { return a < b ? a : b; }

typedef _Bool flags __attribute__((ext_vector_type(LANES)));

// Bit j is set where x[j] is not 0, of n <= 64 values.
INLINE uint64_t places(const float *x, size_t n) {
  uint64_t all = 0;
  EACH_GROUP(
    const flags these = __builtin_convertvector(load_part(x + i, k) != 0, flags);
    uint16_t bits;
    memcpy(&bits, &these, sizeof bits);
    all |= (uint64_t)bits << i;)
  return all;
}

EXPORTED(
    void, selva_sparse_row, (const float *x, const float *factor, const selva_sparse *matrix, size_t row),
    (x, factor, matrix, row)) {
  const size_t n = matrix->columns;
  uint32_t *start = matrix->starts + row * (matrix->blocks + 1);
  selva_pair *const first = matrix->pairs + row * matrix->capacity, *pair = first;
  for (size_t i = 0; i < n; i += 64) {
    if (i % BLOCK == 0) *start++ = (uint32_t)(pair - first);
    const uint64_t found = places(x + i, least(64, n - i));
    for (uint64_t left = (found | found >> 1) & 0x5555555555555555; left; left &= left - 1) {
      const size_t j = i + (size_t)__builtin_ctzll(left);
      // Another core has read what stood there.
      will_write((const char *)pair + 512);
      *pair++ = (selva_pair){(uint32_t)(j / 2), {x[j] * factor[j], j + 1 < n ? x[j + 1] * factor[j + 1] : 0}};
    }
  }
  *start = (uint32_t)(pair - first);
}

typedef struct {
  const selva_pair *next, *end;
} pairs;
// Of a row, from one block up to another.
INLINE pairs pairs_of(const selva_sparse *matrix, size_t row, size_t block, size_t end) {
  const selva_pair *first = matrix->pairs + row * matrix->capacity;
  const uint32_t *starts = matrix->starts + row * (matrix->blocks + 1);
  return (pairs){first + starts[block], first + starts[end]};
}

// Memory that is read later on, fetched line by line.
typedef struct {
  const char *at, *end;
} later;
INLINE void fetch(later *l, size_t size) {
  for (const char *end = l->at + least(size, (size_t)(l->end - l->at)); l->at < end; l->at += 64) {
    __builtin_prefetch(l->at, 0, 2);
  }
}

void selva_sparse_by_column(const selva_sparse *matrix, size_t rows, const selva_sparse_columns *columns) {
  const selva_sparse_columns c = *columns;
  // As long as they were the last time; they have left the cache since.
  for (size_t list = 0; list < c.lists; list++) {
    const char *start = (const char *)(c.pairs + list * c.capacity);
    for (size_t at = 0; at < c.counts[list] * sizeof(selva_pair); at += 64) will_write(start + at);
  }
  memset(c.counts, 0, c.lists * sizeof *c.counts);
  for (size_t row = 0; row < rows; row++) {
    if (row + 1 < rows) {
      const pairs next = pairs_of(matrix, row + 1, 0, matrix->blocks);
      later l = {(const char *)next.next, (const char *)next.end};
      fetch(&l, SIZE_MAX);
    }
    for (pairs p = pairs_of(matrix, row, 0, matrix->blocks); p.next < p.end; p.next++) {
      const size_t list = p.next->index;
      c.pairs[list * c.capacity + c.counts[list]++] = (selva_pair){(uint32_t)row, {p.next->values[0], p.next->values[1]}};
    }
  }
}

EXPORTED(
    void, selva_panel,
    (const float *x, size_t rows, size_t stride, size_t n, float *panel), (x, rows, stride, n, panel)) {
  for (size_t row = 0; row < rows; row++) {
    EACH_GROUP(
      store(panel, load_part(x + row * stride + i, k));
      panel += LANES;)
  }
}

// Columns of 16 rows for rows of 16 columns: each round moves one bit of the row's number into the column's.
INLINE void transpose(lanes m[LANES]) {
  for (int round = 0; round < 4; round++) {
    lanes t[LANES];
    for (int i = 0; i < LANES / 2; i++) {
      const lanes a = m[i], b = m[i + LANES / 2];
      t[2 * i] = __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      t[2 * i + 1] = __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(m, t, sizeof t);
  }
}

EXPORTED(
    void, selva_panel_transposed, (const float *x, size_t n, size_t stride, size_t rows, float *panel),
    (x, n, stride, rows, panel)) {
  const size_t width = (n + LANES - 1) / LANES * LANES;
  // Few rows of x at a time, each read in its order, as the processor foresees it.
  for (size_t column = 0; column < n; column += LANES) {
    const size_t wide = least(LANES, n - column);
    for (size_t row = 0; row < rows; row += LANES) {
      const size_t high = least(LANES, rows - row);
      const float *from = x + column * stride + row;
      lanes block[LANES] = {};
      for (size_t j = 0; j < wide; j++, from += stride) block[j] = high == LANES ? load(from) : load_part(from, high);
      transpose(block);
      for (size_t j = 0; j < high + (high & 1); j++) store(panel + (row + j) * width + column, block[j]);
    }
  }
}

INLINE void store_row(float *to, const lanes *values, size_t n) {
  EACH_GROUP(store_part(to + i, values[i / LANES], k);)
}

INLINE void product_by(
    const size_t vectors, const selva_sparse *matrix, size_t first, size_t count, const float *panel,
    const float *base, float *result, size_t stride, size_t n, later next) {
  const size_t width = vectors * LANES, end = first + count;
  const size_t share = (size_t)(next.end - next.at) / (count * matrix->blocks) + 1;
  for (; first < end; first += TOGETHER) {
    const size_t together = least(TOGETHER, end - first);
    lanes totals[TOGETHER][WIDEST];
    for (size_t i = 0; i < together; i++) {
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) totals[i][v] = load(base + v * LANES);
    }
    for (size_t block = 0; block < matrix->blocks; block++) {
      for (size_t i = 0; i < together; i++) {
        fetch(&next, share);
        lanes total[WIDEST];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) total[v] = totals[i][v];
        for (pairs p = pairs_of(matrix, first + i, block, block + 1); p.next < p.end; p.next++) {
          const float *at = panel + p.next->index * 2 * width;
          const float a = p.next->values[0], b = p.next->values[1];
#pragma clang loop unroll(full)
          for (size_t v = 0; v < vectors; v++) {
            total[v] += a * load(at + v * LANES);
            total[v] += b * load(at + width + v * LANES);
          }
        }
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) totals[i][v] = total[v];
      }
    }
    for (size_t i = 0; i < together; i++) store_row(result + (first + i) * stride, totals[i], n);
  }
}

INLINE void gradient_by(
    const size_t vectors, const selva_sparse_columns *columns, size_t count, const float *panel, const float *base,
    const float *scale, float *result, size_t stride, size_t n) {
  lanes tile[WIDEST][LANES];
  for (size_t first = 0; first < count; first += LANES) {
    const size_t wide = least(LANES, count - first);
    for (size_t i = 0; i < wide; i += 2) {
      const float scales[2] = {scale[first + i], i + 1 < wide ? scale[first + i + 1] : 0};
      lanes total[2][WIDEST];
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) {
        total[0][v] = scales[0] * load(base + v * LANES);
        total[1][v] = scales[1] * load(base + v * LANES);
      }
      const size_t list = (first + i) / 2;
      const selva_pair *pair = columns->pairs + list * columns->capacity, *end = pair + columns->counts[list];
      for (; pair < end; pair++) {
        const float *at = panel + pair->index * vectors * LANES;
        const float a = pair->values[0], b = pair->values[1];
#pragma clang loop unroll(full)
        for (size_t v = 0; v < vectors; v++) {
          const lanes values = load(at + v * LANES);
          total[0][v] += a * values;
          total[1][v] += b * values;
        }
      }
#pragma clang loop unroll(full)
      for (size_t v = 0; v < vectors; v++) {
        tile[v][i] = total[0][v];
        tile[v][i + 1] = total[1][v];
      }
    }
#pragma clang loop unroll(full)
    for (size_t v = 0; v < vectors; v++) {
      transpose(tile[v]);
      float *to = result + v * LANES * stride + first;
      for (size_t j = 0; j < LANES && v * LANES + j < n; j++, to += stride) {
        if (wide == LANES) store(to, tile[v][j]); else store_part(to, tile[v][j], wide);
      }
    }
  }
}

// A loop of its own for each number of vectors, so that all stay in registers.
#define BY_WIDTH(function, ...)                        \
  switch ((n + LANES - 1) / LANES) {                   \
    case 1: return function(1, __VA_ARGS__);           \
    case 2: return function(2, __VA_ARGS__);           \
    case 3: return function(3, __VA_ARGS__);           \
    default: return function(4, __VA_ARGS__);          \
  }

EXPORTED(
    void, selva_sparse_product,
    (const selva_sparse *matrix, size_t first, size_t count, const float *panel, const float *base, float *result,
     size_t stride, size_t n, const void *next, size_t next_size),
    (matrix, first, count, panel, base, result, stride, n, next, next_size)) {
  const later fetched = {next, (const char *)next + next_size};
  BY_WIDTH(product_by, matrix, first, count, panel, base, result, stride, n, fetched)
}

EXPORTED(
    void, selva_sparse_gradient,
    (const selva_sparse_columns *columns, size_t count, const float *panel, const float *base, const float *scale,
     float *result, size_t stride, size_t n),
    (columns, count, panel, base, scale, result, stride, n)) {
  BY_WIDTH(gradient_by, columns, count, panel, base, scale, result, stride, n)
}
