#ifndef SELVA_ARCHIVE_SHIM_H
#define SELVA_ARCHIVE_SHIM_H
#include <archive.h>
#include <archive_entry.h>
#include <dlfcn.h>
#include <locale.h>
#include <stddef.h>

// libarchive brings a dozen libraries along, which would make every command start 3 ms later. It is therefore loaded
// when the first archive is opened; its headers alone are needed to build.

#define SELVA_ARCHIVE_FUNCTIONS(USE) \
  USE(archive_read_new) \
  USE(archive_read_free) \
  USE(archive_read_support_filter_gzip) \
  USE(archive_read_support_filter_bzip2) \
  USE(archive_read_support_filter_xz) \
  USE(archive_read_support_filter_lzma) \
  USE(archive_read_support_filter_zstd) \
  USE(archive_read_support_filter_lz4) \
  USE(archive_read_support_format_tar) \
  USE(archive_read_support_format_zip) \
  USE(archive_read_support_format_7zip) \
  USE(archive_read_support_format_raw) \
  USE(archive_read_open_filename) \
  USE(archive_read_open_memory) \
  USE(archive_read_next_header) \
  USE(archive_read_data) \
  USE(archive_format) \
  USE(archive_error_string) \
  USE(archive_entry_pathname) \
  USE(archive_entry_pathname_utf8) \
  USE(archive_entry_filetype) \
  USE(archive_write_new) \
  USE(archive_write_free) \
  USE(archive_write_close) \
  USE(archive_write_set_format_zip) \
  USE(archive_write_zip_set_compression_store) \
  USE(archive_write_set_bytes_per_block) \
  USE(archive_write_open) \
  USE(archive_write_header) \
  USE(archive_write_data) \
  USE(archive_write_finish_entry) \
  USE(archive_entry_new) \
  USE(archive_entry_free) \
  USE(archive_entry_set_pathname) \
  USE(archive_entry_set_filetype) \
  USE(archive_entry_set_perm) \
  USE(archive_entry_set_size)

typedef struct selva_archive_functions {
#define SELVA_ARCHIVE_FIELD(name) __typeof__(&name) name;
  SELVA_ARCHIVE_FUNCTIONS(SELVA_ARCHIVE_FIELD)
#undef SELVA_ARCHIVE_FIELD
} selva_archive_functions;

// Returns NULL, or what is missing.
static inline const char *selva_archive_load(selva_archive_functions *functions) {
#ifdef __APPLE__
  static const char *const names[] = {
      "libarchive.13.dylib", "/opt/homebrew/opt/libarchive/lib/libarchive.13.dylib",
      "/usr/local/opt/libarchive/lib/libarchive.13.dylib", "/usr/lib/libarchive.2.dylib"};
#else
  static const char *const names[] = {"libarchive.so.13", "libarchive.so"};
#endif
  void *library = NULL;
  for (size_t i = 0; !library && i < sizeof names / sizeof names[0]; i++) {
    library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  }
  if (!library) return names[0];
#define SELVA_ARCHIVE_FIND(name) \
  functions->name = (__typeof__(&name))dlsym(library, #name); \
  if (!functions->name) return #name;
  SELVA_ARCHIVE_FUNCTIONS(SELVA_ARCHIVE_FIND)
#undef SELVA_ARCHIVE_FIND
  return NULL;
}

#endif
