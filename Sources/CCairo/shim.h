#ifndef SELVA_CAIRO_SHIM_H
#define SELVA_CAIRO_SHIM_H
#include <cairo/cairo-pdf.h>
#include <cairo/cairo-svg.h>
#include <cairo/cairo.h>
#include <dlfcn.h>
#include <stddef.h>

// Cairo brings some twenty libraries along, and loading them takes longer than drawing a grid of digits. It is therefore
// not linked, but opened when the first chart is drawn; its headers give the types of what is looked up.

#define SELVA_CAIRO_FUNCTIONS(each)                                                                      \
  each(create) each(destroy) each(status) each(status_to_string) each(save) each(restore) each(scale)    \
  each(translate) each(rotate) each(move_to) each(line_to) each(arc) each(rectangle) each(new_path)      \
  each(close_path) each(set_source_rgba) each(set_line_width) each(set_line_cap) each(set_line_join)     \
  each(set_dash) each(fill) each(fill_preserve) each(stroke) each(paint) each(clip)                      \
  each(select_font_face) each(set_font_size) each(set_font_options) each(show_text) each(text_path)      \
  each(text_extents) each(set_source_surface) each(font_options_create) each(font_options_destroy)       \
  each(font_options_set_antialias) each(font_options_set_hint_style) each(font_options_set_hint_metrics) \
  each(image_surface_create) each(image_surface_get_data) each(image_surface_get_stride)                 \
  each(surface_flush) each(surface_mark_dirty) each(surface_finish) each(surface_destroy)                \
  each(surface_status) each(surface_set_fallback_resolution) each(svg_surface_create_for_stream)         \
  each(svg_surface_set_document_unit) each(pdf_surface_create_for_stream)                                \
  each(pdf_surface_set_metadata)

typedef struct selva_cairo {
#define SELVA_CAIRO_FIELD(name) __typeof__(cairo_##name) *name;
  SELVA_CAIRO_FUNCTIONS(SELVA_CAIRO_FIELD)
#undef SELVA_CAIRO_FIELD
} selva_cairo;

// Opens the library of the name `file` and fills in its functions. Returns NULL, or why not.
static inline const char *selva_cairo_load(const char *file, selva_cairo *cairo) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library) return dlerror();
#define SELVA_CAIRO_LOOK_UP(name)                                        \
  *(void **)&cairo->name = dlsym(library, "cairo_" #name);               \
  if (!cairo->name) return "has no cairo_" #name "; it is too old";
  SELVA_CAIRO_FUNCTIONS(SELVA_CAIRO_LOOK_UP)
#undef SELVA_CAIRO_LOOK_UP
  return NULL;
}

#endif
