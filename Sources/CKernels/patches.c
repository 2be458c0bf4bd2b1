#include "CKernels.h"
#include "lanes.h"

// The part of patch row `row` that lies within the map: values [from, to) of its kernel * channels, the first of
// which is value `start` of the map. Nothing (from == to) where the row lies above or below the map.
typedef struct {
  size_t from, to, start;
} run;

INLINE run within(const selva_patches *p, size_t line, size_t column, size_t row) {
  ptrdiff_t y = (ptrdiff_t)(line * p->stride + row) - (ptrdiff_t)p->top;
  ptrdiff_t x = (ptrdiff_t)(column * p->stride) - (ptrdiff_t)p->left;
  if (y < 0 || y >= (ptrdiff_t)p->height) return (run){0, 0, 0};
  ptrdiff_t from = x < 0 ? -x : 0;
  ptrdiff_t to = (ptrdiff_t)p->width - x < (ptrdiff_t)p->kernel ? (ptrdiff_t)p->width - x : (ptrdiff_t)p->kernel;
  if (to <= from) return (run){0, 0, 0};
  return (run){
      (size_t)from * p->channels, (size_t)to * p->channels,
      ((size_t)y * p->width + (size_t)(x + from)) * p->channels};
}

// Runs of one channel are a few values long: a call for each would take longer than the copy.
INLINE void copy(char *to, const char *from, size_t bytes) {
  if (bytes >= 128) { memcpy(to, from, bytes); return; }
  for (; bytes >= 16; bytes -= 16, to += 16, from += 16) memcpy(to, from, 16);
  if (bytes & 8) { memcpy(to, from, 8); to += 8; from += 8; }
  if (bytes & 4) { memcpy(to, from, 4); to += 4; from += 4; }
  if (bytes & 2) memcpy(to, from, 2);
}

INLINE void clear(char *to, size_t bytes) {
  if (bytes >= 128) { memset(to, 0, bytes); return; }
  for (; bytes >= 16; bytes -= 16, to += 16) memset(to, 0, 16);
  for (; bytes >= 2; bytes -= 2, to += 2) memset(to, 0, 2);
}

// What is wanted of one row of the patches of a line: values [begin, end) of its kernel * channels.
typedef struct {
  size_t begin, end;
  const char *map;  // the row of the map under it; NULL above and below the map
} wanted;

// Into `rows`, from the first row that is wanted on; how many there are.
INLINE size_t wanted_rows(
    const selva_patches *p, const char *map, size_t element, size_t line, size_t first, size_t last, wanted *rows) {
  const size_t length = p->kernel * p->channels;
  size_t count = 0;
  for (size_t row = first / length; row * length < last; row++) {
    const size_t start = row * length;
    ptrdiff_t y = (ptrdiff_t)(line * p->stride + row) - (ptrdiff_t)p->top;
    rows[count++] = (wanted){
        first > start ? first - start : 0, last - start < length ? last - start : length,
        y < 0 || y >= (ptrdiff_t)p->height ? NULL : map + (size_t)y * p->width * p->channels * element};
  }
  return count;
}

// As many as a kernel has.
#define MOST_ROWS 64

void selva_gather_patches(
    const selva_patches *p, const void *map, size_t element, size_t line, size_t first, size_t last, void *gathered) {
  wanted rows[MOST_ROWS];
  const size_t count = wanted_rows(p, map, element, line, first, last, rows);
  char *patches = gathered;
  for (size_t column = 0; column < p->columns; column++) {
    // Values of a row of patches that lie within the map: [from, to).
    ptrdiff_t x = ((ptrdiff_t)(column * p->stride) - (ptrdiff_t)p->left) * (ptrdiff_t)p->channels;
    ptrdiff_t beyond = (ptrdiff_t)(p->width * p->channels) - x;
    const size_t inside_from = x < 0 ? (size_t)-x : 0, inside_to = beyond < 0 ? 0 : (size_t)beyond;
    for (const wanted *row = rows; row < rows + count; row++) {
      const size_t begin = row->begin, end = row->end;
      size_t to = inside_to < end ? inside_to : end, from = inside_from > begin ? inside_from : begin;
      if (!row->map || from >= to) {
        clear(patches, (end - begin) * element);
      } else {
        clear(patches, (from - begin) * element);
        copy(patches + (from - begin) * element, row->map + (x + (ptrdiff_t)from) * (ptrdiff_t)element, (to - from) * element);
        clear(patches + (to - begin) * element, (end - to) * element);
      }
      patches += (end - begin) * element;
    }
  }
}

EXPORTED(
    void, selva_scatter_patches, (const selva_patches *p, const float *patches, size_t line, float *map),
    (p, patches, line, map)) {
  const size_t length = p->kernel * p->channels;
  for (size_t column = 0; column < p->columns; column++) {
    for (size_t row = 0; row < p->kernel; row++, patches += length) {
      run inside = within(p, line, column, row);
      const float *source = patches + inside.from;
      float *target = map + inside.start;
      for (size_t i = 0; i < inside.to - inside.from; i++) target[i] += source[i];
    }
  }
}
