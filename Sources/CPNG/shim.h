#ifndef SELVA_PNG_SHIM_H
#define SELVA_PNG_SHIM_H
#include <png.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

// libpng reports an error by longjmp, which must not unwind Swift frames. Each function below therefore
// holds a whole encode or decode between its own setjmp and its return, and hands the error back as text.

#define SELVA_PNG_MESSAGE_SIZE 200

// Text crosses the border as one run of entries: a kind byte ('t' Latin-1, 'i' UTF-8), the key, NUL,
// the value, NUL. One buffer in each direction leaves no pointers to own.

typedef struct selva_png_output {
  uint8_t *bytes;  // malloc'ed; the caller frees it
  size_t count;
  size_t capacity;
  char message[SELVA_PNG_MESSAGE_SIZE];
} selva_png_output;

typedef struct selva_png_source {
  const uint8_t *bytes;
  size_t count;
  size_t offset;
  size_t chunk;   // where the chunk begins that is being read
  int truncated;  // libpng asked for bytes past the end
  int too_large;  // the header asks for more than max_pixels
  uint64_t max_pixels;
  char message[SELVA_PNG_MESSAGE_SIZE];
} selva_png_source;

typedef struct selva_png_picture {
  uint8_t *pixels;  // [height, width, channels]; malloc'ed; the caller frees it
  uint32_t width;
  uint32_t height;
  int channels;  // 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA
  char *text;    // malloc'ed; the caller frees it
  size_t text_size;
} selva_png_picture;

static inline void selva_png_on_error(png_structp png, png_const_charp message) {
  char *kept = (char *)png_get_error_ptr(png);
  strncpy(kept, message, SELVA_PNG_MESSAGE_SIZE - 1);
  png_longjmp(png, 1);
}

// A warning is about something that libpng repaired or skipped (a damaged comment): the picture is whole.
static inline void selva_png_on_warning(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static inline void selva_png_append(png_structp png, png_bytep bytes, size_t count) {
  selva_png_output *output = (selva_png_output *)png_get_io_ptr(png);
  if (count > output->capacity - output->count) {
    size_t capacity = (output->count + count) * 2;
    uint8_t *grown = (uint8_t *)realloc(output->bytes, capacity);
    if (!grown) png_error(png, "out of memory");
    output->bytes = grown;
    output->capacity = capacity;
  }
  memcpy(output->bytes + output->count, bytes, count);
  output->count += count;
}

// Without a function of our own libpng would call fflush on the output structure.
static inline void selva_png_flush(png_structp png) { (void)png; }

static inline void selva_png_take(png_structp png, png_bytep bytes, size_t count) {
  selva_png_source *source = (selva_png_source *)png_get_io_ptr(png);
  if ((png_get_io_state(png) & PNG_IO_MASK_LOC) == PNG_IO_CHUNK_HDR) source->chunk = source->offset;
  if (count > source->count - source->offset) {
    source->truncated = 1;
    png_error(png, "the data end early");
  }
  memcpy(bytes, source->bytes + source->offset, count);
  source->offset += count;
  // libpng would first ask for as much memory as the chunk says that it is long.
  int is_header = (png_get_io_state(png) & PNG_IO_MASK_LOC) == PNG_IO_CHUNK_HDR && count == 8;
  if (is_header && png_get_uint_32(bytes) > source->count - source->offset) {
    source->truncated = 1;
    png_error(png, "the chunk is longer than the file");
  }
}

static inline void selva_png_set_text(png_structp png, png_infop info, const char *text, size_t size) {
  const char *end = text + size;
  while (text < end) {
    png_text entry;
    memset(&entry, 0, sizeof entry);
    entry.compression = *text == 'i' ? PNG_ITXT_COMPRESSION_NONE : PNG_TEXT_COMPRESSION_NONE;
    entry.key = (char *)text + 1;
    entry.text = entry.key + strlen(entry.key) + 1;
    entry.text_length = strlen(entry.text);
    text = entry.text + entry.text_length + 1;
    png_set_text(png, info, &entry, 1);
  }
}

// Writes 8-bit grey (1 channel) or RGB (3) pixels, [height, width, channels]; 0 pixels_per_meter says nothing of them.
// Returns 1, or 0 with output->message set and nothing to free.
static inline __attribute__((noinline)) int selva_png_encode(
    const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int level, int filters,
    const char *text, size_t text_size, uint32_t pixels_per_meter, selva_png_output *output) {
  png_structp png = png_create_write_struct(
      PNG_LIBPNG_VER_STRING, output->message, selva_png_on_error, selva_png_on_warning);
  if (!png) {
    strcpy(output->message, "libpng did not start");
    return 0;
  }
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    if (!output->message[0]) strcpy(output->message, "out of memory");
    png_destroy_write_struct(&png, &info);
    free(output->bytes);
    output->bytes = NULL;
    return 0;
  }
  png_set_write_fn(png, output, selva_png_append, selva_png_flush);
  png_set_compression_level(png, level);
  png_set_filter(png, PNG_FILTER_TYPE_BASE, filters);
  png_set_IHDR(
      png, info, width, height, 8, channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  if (pixels_per_meter) {
    png_set_pHYs(png, info, pixels_per_meter, pixels_per_meter, PNG_RESOLUTION_METER);
  }
  selva_png_set_text(png, info, text, text_size);
  png_write_info(png, info);
  for (uint32_t row = 0; row < height; row++) {
    png_write_row(png, pixels + (size_t)row * width * channels);
  }
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return 1;
}

static inline void selva_png_get_text(png_structp png, png_infop info, selva_png_picture *picture) {
  png_textp entries = NULL;
  int count = png_get_text(png, info, &entries, NULL);
  size_t size = 0;
  for (int i = 0; i < count; i++) {
    size += strlen(entries[i].key) + (entries[i].text ? strlen(entries[i].text) : 0) + 3;
  }
  if (!size) return;
  char *next = picture->text = (char *)malloc(size);
  if (!next) png_error(png, "out of memory");
  picture->text_size = size;
  for (int i = 0; i < count; i++) {
    *next++ = entries[i].compression >= PNG_ITXT_COMPRESSION_NONE ? 'i' : 't';
    const char *parts[2] = {entries[i].key, entries[i].text ? entries[i].text : ""};
    for (int part = 0; part < 2; part++) {
      size_t length = strlen(parts[part]) + 1;
      memcpy(next, parts[part], length);
      next += length;
    }
  }
}

static inline void selva_png_read_pixels(png_structp png, png_infop info, selva_png_picture *picture) {
  png_set_expand(png);    // palette to RGB, 1/2/4 bits to 8, tRNS to alpha
  png_set_scale_16(png);  // rounds; png_set_strip_16 would cut
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  picture->channels = png_get_channels(png, info);
  size_t row_size = png_get_rowbytes(png, info);
  if (row_size != (size_t)picture->width * picture->channels) png_error(png, "unexpected row size");
  picture->pixels = (uint8_t *)malloc(row_size * picture->height);
  if (!picture->pixels) png_error(png, "out of memory");
  for (int pass = 0; pass < passes; pass++) {
    for (uint32_t row = 0; row < picture->height; row++) {
      png_read_row(png, picture->pixels + row * row_size, NULL);
    }
  }
}

// Reads any PNG as 8-bit samples, [height, width, channels].
// Returns 1, or 0 with the reason in source and nothing to free.
static inline __attribute__((noinline)) int selva_png_decode(
    selva_png_source *source, selva_png_picture *picture) {
  png_structp png = png_create_read_struct(
      PNG_LIBPNG_VER_STRING, source->message, selva_png_on_error, selva_png_on_warning);
  if (!png) {
    strcpy(source->message, "libpng did not start");
    return 0;
  }
  png_infop info = png_create_info_struct(png);
  if (!info || setjmp(png_jmpbuf(png))) {
    if (!source->message[0]) strcpy(source->message, "out of memory");
    png_destroy_read_struct(&png, &info, NULL);
    free(picture->pixels);
    free(picture->text);
    picture->pixels = NULL;
    picture->text = NULL;
    return 0;
  }
  png_set_read_fn(png, source, selva_png_take);
  // libpng's own limits give vague messages; the check below names the size.
  png_set_user_limits(png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_read_info(png, info);
  picture->width = png_get_image_width(png, info);
  picture->height = png_get_image_height(png, info);
  if ((uint64_t)picture->width * picture->height > source->max_pixels) {
    source->too_large = 1;
    png_error(png, "too large");
  }
  // Before memory is asked for: deflate makes at most 1032 bytes of one.
  if ((uint64_t)png_get_rowbytes(png, info) * picture->height > 1032 * (uint64_t)source->count) {
    png_error(png, "the file is too short for the width and height that it names");
  }
  selva_png_read_pixels(png, info, picture);
  png_read_end(png, info);
  selva_png_get_text(png, info, picture);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

#endif
