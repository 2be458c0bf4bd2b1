#include "CKernels.h"
#include "lanes.h"

// Positions [from, to) of a line; those of a line's inner ones have their patches within the map's width.
typedef struct {
  size_t from, to;
} columns;

INLINE columns inner_columns(const selva_patches *p) {
  const size_t from = (p->left + p->stride - 1) / p->stride, end = p->width + p->left;
  const size_t fit = end < p->kernel ? 0 : (end - p->kernel) / p->stride + 1;
  const size_t to = fit < p->columns ? fit : p->columns;
  return from < to ? (columns){from, to} : (columns){p->columns, p->columns};
}

// Values [from, to) of one row of a patch, of which the first is value `start` of the map's row under it.
typedef struct {
  size_t from, to, start;
} run;

// The part of values [begin, end) that lies within the map's width.
INLINE run within(const selva_patches *p, size_t column, size_t begin, size_t end) {
  const ptrdiff_t x = ((ptrdiff_t)(column * p->stride) - (ptrdiff_t)p->left) * (ptrdiff_t)p->channels;
  const ptrdiff_t beyond = (ptrdiff_t)(p->width * p->channels) - x;
  const size_t left = x < 0 ? (size_t)-x : 0, right = beyond < 0 ? 0 : (size_t)beyond;
  const size_t from = left > begin ? left : begin, to = right < end ? right : end;
  return from < to ? (run){from, to, (size_t)(x + (ptrdiff_t)from)} : (run){end, end, 0};
}

// Rows [first, last) of the kernel that lie on the map at a line of positions.
typedef struct {
  size_t first, last;
} rows;

INLINE rows within_height(const selva_patches *p, size_t line) {
  const size_t above = line * p->stride, bottom = p->height + p->top;
  const size_t first = above < p->top ? p->top - above : 0;
  const size_t last = above + p->kernel <= bottom ? p->kernel : above < bottom ? bottom - above : 0;
  return first < last ? (rows){first, last} : (rows){0, 0};
}

INLINE void copy(char *to, const char *from, size_t bytes) {
  for (; bytes >= 64; bytes -= 64, to += 64, from += 64) memcpy(to, from, 64);
  for (; bytes >= 8; bytes -= 8, to += 8, from += 8) memcpy(to, from, 8);
  for (; bytes >= 2; bytes -= 2, to += 2, from += 2) memcpy(to, from, 2);
}

INLINE void clear(char *to, size_t bytes) {
  for (; bytes >= 64; bytes -= 64, to += 64) memset(to, 0, 64);
  for (; bytes >= 8; bytes -= 8, to += 8) memset(to, 0, 8);
  for (; bytes >= 2; bytes -= 2, to += 2) memset(to, 0, 2);
}

INLINE void copy_each(char *to, size_t patch, const char *from, size_t step, size_t bytes, size_t count) {
  for (size_t i = 0; i < count; i++) copy(to + i * patch, from + i * step, bytes);
}

// Values [begin, end) of a patch's row, from the map's row under it.
INLINE void gather_edge(
    const selva_patches *p, size_t column, const char *map, size_t element, size_t begin, size_t end, char *to) {
  const run inside = within(p, column, begin, end);
  clear(to, (inside.from - begin) * element);
  copy(to + (inside.from - begin) * element, map + inside.start * element, (inside.to - inside.from) * element);
  clear(to + (inside.to - begin) * element, (end - inside.to) * element);
}

// The same of every patch of a line; patches lie `patch` bytes apart.
INLINE void gather_row(
    const selva_patches *p, columns inner, const char *map, size_t element, size_t begin, size_t end, char *to,
    size_t patch) {
  for (size_t column = 0; column < inner.from; column++)
    gather_edge(p, column, map, element, begin, end, to + column * patch);
  for (size_t column = inner.to; column < p->columns; column++)
    gather_edge(p, column, map, element, begin, end, to + column * patch);
  if (inner.from == inner.to) return;
  const char *const from = map + ((inner.from * p->stride - p->left) * p->channels + begin) * element;
  const size_t step = p->stride * p->channels * element, bytes = (end - begin) * element;
  to += inner.from * patch;
  // Images of 1 and 3 channels have rows of a few values: a length that the compiler knows makes a copy a move or two.
  switch (bytes) {
    case 8: copy_each(to, patch, from, step, 8, inner.to - inner.from); break;
    case 16: copy_each(to, patch, from, step, 16, inner.to - inner.from); break;
    case 24: copy_each(to, patch, from, step, 24, inner.to - inner.from); break;
    case 48: copy_each(to, patch, from, step, 48, inner.to - inner.from); break;
    default: copy_each(to, patch, from, step, bytes, inner.to - inner.from);
  }
}

EXPORTED(
    void, selva_gather_patches,
    (const selva_patches *p, const void *map, size_t element, size_t line, size_t first, size_t last, void *gathered),
    (p, map, element, line, first, last, gathered)) {
  const size_t length = p->kernel * p->channels, patch = (last - first) * element;
  const columns inner = inner_columns(p);
  const rows inside = within_height(p, line);
  for (size_t row = first / length; row * length < last; row++) {
    const size_t start = row * length;
    const size_t begin = first > start ? first - start : 0, end = last - start < length ? last - start : length;
    char *const to = (char *)gathered + (start + begin - first) * element;
    if (row < inside.first || row >= inside.last) {
      for (size_t column = 0; column < p->columns; column++) clear(to + column * patch, (end - begin) * element);
    } else {
      const size_t y = line * p->stride + row - p->top;
      gather_row(
          p, inner, (const char *)map + y * p->width * p->channels * element, element, begin, end, to, patch);
    }
  }
}

INLINE void add(float *to, const float *from, size_t n) {
  for (; n >= LANES; n -= LANES, to += LANES, from += LANES) store(to, load(to) + load(from));
  for (size_t i = 0; i < n; i++) to[i] += from[i];
}

// Adds rows of the patches of inner positions to the map from its row under the first of them on. Patch after patch:
// rows of neighbours overlap, and what was just stored is slow to load.
INLINE void add_inner(
    const selva_patches *p, columns inner, rows rows, const float *patches, float *map, size_t length) {
  const size_t map_row = p->width * p->channels;
  for (size_t column = inner.from; column < inner.to; column++) {
    const float *from = patches + (column * p->kernel + rows.first) * length;
    float *to = map + (column * p->stride - p->left) * p->channels;
    for (size_t row = rows.first; row < rows.last; row++, from += length, to += map_row) add(to, from, length);
  }
}

INLINE void add_edge(
    const selva_patches *p, size_t column, rows rows, const float *patches, float *map, size_t length) {
  const run inside = within(p, column, 0, length);
  const float *from = patches + (column * p->kernel + rows.first) * length + inside.from;
  float *to = map + inside.start;
  for (size_t row = rows.first; row < rows.last; row++, from += length, to += p->width * p->channels)
    add(to, from, inside.to - inside.from);
}

EXPORTED(
    void, selva_scatter_patches, (const selva_patches *p, const float *patches, size_t line, float *map),
    (p, patches, line, map)) {
  const size_t length = p->kernel * p->channels;
  const columns inner = inner_columns(p);
  const rows inside = within_height(p, line);
  if (inside.first == inside.last) return;
  map += (line * p->stride + inside.first - p->top) * p->width * p->channels;
  for (size_t column = 0; column < inner.from; column++) add_edge(p, column, inside, patches, map, length);
  if (length == 4) add_inner(p, inner, inside, patches, map, 4);
  else add_inner(p, inner, inside, patches, map, length);
  for (size_t column = inner.to; column < p->columns; column++) add_edge(p, column, inside, patches, map, length);
}
