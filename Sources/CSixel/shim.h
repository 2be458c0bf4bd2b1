#ifndef SELVA_SIXEL_SHIM_H
#define SELVA_SIXEL_SHIM_H
#include <dlfcn.h>
#include <sixel/sixel.h>
#include <stddef.h>

// libsixel is needed by few terminals and brings others along. It is therefore not linked, but opened when the first
// picture is shown through it; its header gives the types of what is looked up.

#define SELVA_SIXEL_FUNCTIONS(each)                                                              \
  each(output_new) each(output_unref) each(dither_new) each(dither_initialize) each(dither_unref) \
  each(dither_get_palette) each(dither_get_num_of_palette_colors) each(encode) each(helper_format_error)

typedef struct selva_sixel {
#define SELVA_SIXEL_FIELD(name) __typeof__(sixel_##name) *name;
  SELVA_SIXEL_FUNCTIONS(SELVA_SIXEL_FIELD)
#undef SELVA_SIXEL_FIELD
} selva_sixel;

// Opens the library of the name `file` and fills in its functions. Returns NULL, or why not.
static inline const char *selva_sixel_load(const char *file, selva_sixel *sixel) {
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library) return dlerror();
#define SELVA_SIXEL_LOOK_UP(name)                           \
  *(void **)&sixel->name = dlsym(library, "sixel_" #name);  \
  if (!sixel->name) return "has no sixel_" #name "; it is too old";
  SELVA_SIXEL_FUNCTIONS(SELVA_SIXEL_LOOK_UP)
#undef SELVA_SIXEL_LOOK_UP
  return NULL;
}

// A macro in the header, which Swift does not see.
static inline int selva_sixel_failed(SIXELSTATUS status) { return SIXEL_FAILED(status); }

#endif
