#ifndef SELVA_JPEG_SHIM_H
#define SELVA_JPEG_SHIM_H
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// After stdio.h, which they need and do not include.
#include <jpeglib.h>
#include <jerror.h>

// libjpeg reports an error by a function that must not return, so by longjmp, which must not unwind Swift frames. The
// function below therefore holds a whole decode between its own setjmp and its return.

typedef struct selva_jpeg_picture {
  uint8_t *pixels;  // [height, width, channels]; malloc'ed; the caller frees it
  uint32_t width;
  uint32_t height;
  int channels;     // 1 grey, 3 RGB, 4 CMYK
  int is_inverted;  // of CMYK: 255 is no ink, as Adobe's programs write it
  uint8_t *exif;    // malloc'ed; the caller frees it; NULL where there is none
  size_t exif_count;
  int too_large;
  char message[JMSG_LENGTH_MAX];
} selva_jpeg_picture;

typedef struct selva_jpeg_errors {
  struct jpeg_error_mgr base;  // first, so that a pointer to it is one to this
  jmp_buf place;
  char *message;
} selva_jpeg_errors;

static inline void selva_jpeg_on_error(j_common_ptr jpeg) {
  selva_jpeg_errors *errors = (selva_jpeg_errors *)jpeg->err;
  errors->base.format_message(jpeg, errors->message);
  longjmp(errors->place, 1);
}

// libjpeg makes up pixels for those that are missing or damaged, and says so in a warning only.
static inline void selva_jpeg_on_message(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE: selva_jpeg_on_error(jpeg);
    default: break;
  }
}

static inline void selva_jpeg_keep_exif(j_decompress_ptr jpeg, selva_jpeg_picture *picture) {
  for (jpeg_saved_marker_ptr marker = jpeg->marker_list; marker; marker = marker->next) {
    if (marker->data_length < 6 || memcmp(marker->data, "Exif\0\0", 6)) continue;
    picture->exif_count = marker->data_length - 6;
    picture->exif = (uint8_t *)malloc(picture->exif_count + 1);
    if (picture->exif) memcpy(picture->exif, marker->data + 6, picture->exif_count);
    return;
  }
}

// Reads a JPEG as 8-bit samples. Returns 1, or 0 with the reason in picture and nothing to free.
static inline __attribute__((noinline)) int selva_jpeg_decode(
    const uint8_t *bytes, size_t count, uint64_t max_pixels, selva_jpeg_picture *picture) {
  struct jpeg_decompress_struct jpeg;
  selva_jpeg_errors errors;
  memset(&jpeg, 0, sizeof jpeg);
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = selva_jpeg_on_error;
  errors.base.emit_message = selva_jpeg_on_message;
  errors.message = picture->message;
  if (setjmp(errors.place)) {
    jpeg_destroy_decompress(&jpeg);
    free(picture->pixels);
    free(picture->exif);
    picture->pixels = NULL;
    picture->exif = NULL;
    return 0;
  }
  jpeg_create_decompress(&jpeg);
  jpeg_mem_src(&jpeg, (unsigned char *)bytes, count);
  jpeg_save_markers(&jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&jpeg, TRUE);
  picture->width = jpeg.image_width;
  picture->height = jpeg.image_height;
  if ((uint64_t)jpeg.image_width * jpeg.image_height > max_pixels) {
    picture->too_large = 1;
    ERREXIT(&jpeg, JERR_IMAGE_TOO_BIG);
  }
  int is_cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
  int is_grey = jpeg.jpeg_color_space == JCS_GRAYSCALE;
  jpeg.out_color_space = is_cmyk ? JCS_CMYK : is_grey ? JCS_GRAYSCALE : JCS_RGB;
  picture->is_inverted = is_cmyk && jpeg.saw_Adobe_marker;
  selva_jpeg_keep_exif(&jpeg, picture);
  jpeg_start_decompress(&jpeg);
  picture->channels = jpeg.output_components;
  size_t stride = (size_t)picture->width * picture->channels;
  picture->pixels = (uint8_t *)malloc(stride * picture->height);
  if (!picture->pixels) ERREXIT1(&jpeg, JERR_OUT_OF_MEMORY, 0);
  while (jpeg.output_scanline < jpeg.output_height) {
    JSAMPROW row = picture->pixels + jpeg.output_scanline * stride;
    jpeg_read_scanlines(&jpeg, &row, 1);
  }
  jpeg_finish_decompress(&jpeg);
  jpeg_destroy_decompress(&jpeg);
  return 1;
}

#endif
