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

INLINE void gather(
    const selva_patches *p, const char *map, size_t element, size_t line, size_t first, size_t last, char *patches) {
  const size_t length = p->kernel * p->channels;
  for (size_t column = 0; column < p->columns; column++) {
    for (size_t row = first / length; row * length < last; row++) {
      // What is wanted of this row, in values of the row.
      size_t begin = first > row * length ? first - row * length : 0;
      size_t end = last - row * length < length ? last - row * length : length;
      run inside = within(p, line, column, row);
      size_t from = inside.from < begin ? begin : inside.from > end ? end : inside.from;
      size_t to = inside.to < from ? from : inside.to > end ? end : inside.to;
      memset(patches, 0, (from - begin) * element);
      if (to > from)
        memcpy(
            patches + (from - begin) * element, map + (inside.start + from - inside.from) * element,
            (to - from) * element);
      memset(patches + (to - begin) * element, 0, (end - to) * element);
      patches += (end - begin) * element;
    }
  }
}

// Sizes of elements are constants within, so that short runs are copied without a call.
void selva_gather_patches(
    const selva_patches *p, const void *map, size_t element, size_t line, size_t first, size_t last, void *patches) {
  if (element == 2) gather(p, map, 2, line, first, last, patches);
  else gather(p, map, 4, line, first, last, patches);
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
