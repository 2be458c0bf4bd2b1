#ifndef SELVA_CURL_SHIM_H
#define SELVA_CURL_SHIM_H
#include <curl/curl.h>
#include <dlfcn.h>
#include <stddef.h>

// libcurl and the TLS library below it take longer to load than most commands run. They are therefore opened when the first
// file is downloaded; libcurl's headers give the types of what is looked up.

typedef size_t (*selva_curl_write)(char *bytes, size_t size, size_t count, void *context);
typedef int (*selva_curl_progress)(void *context, curl_off_t all, curl_off_t done, curl_off_t up, curl_off_t sent);
typedef unsigned char *(*selva_sha256_function)(const unsigned char *bytes, size_t count, unsigned char *digest);

// Written once, before anybody has it.
typedef struct __attribute__((swift_attr("@Sendable"))) selva_curl_functions {
  __typeof__(curl_easy_init) *init;
  __typeof__(curl_easy_cleanup) *cleanup;
  __typeof__(curl_easy_perform) *perform;
  __typeof__(curl_easy_strerror) *text;
  __typeof__(curl_global_init) *global;
  CURLcode (*set)(CURL *, CURLoption, ...);
  CURLcode (*get)(CURL *, CURLINFO, ...);
  selva_sha256_function sha256;
} selva_curl_functions;

static inline void *selva_curl_open(const char *const *names, size_t count) {
  void *library = NULL;
  for (size_t i = 0; !library && i < count; i++) library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
  return library;
}

// Returns NULL, or what is missing. The digest is that of the TLS library that libcurl uses, or of the system.
static inline const char *selva_curl_load(selva_curl_functions *functions) {
#ifdef __APPLE__
  static const char *const curl_names[] = {"/usr/lib/libcurl.4.dylib", "libcurl.4.dylib"};
  static const char *const crypto_names[] = {"/usr/lib/libSystem.B.dylib"};
  static const char *const digest_name = "CC_SHA256";
#else
  static const char *const curl_names[] = {"libcurl.so.4", "libcurl.so", "libcurl-gnutls.so.4"};
  static const char *const crypto_names[] = {"libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so"};
  static const char *const digest_name = "SHA256";
#endif
  void *curl = selva_curl_open(curl_names, sizeof curl_names / sizeof curl_names[0]);
  if (!curl) return curl_names[0];
  void *crypto = selva_curl_open(crypto_names, sizeof crypto_names / sizeof crypto_names[0]);
  if (!crypto) return crypto_names[0];
#define SELVA_CURL_FIND(field, library, name)                  \
  *(void **)&functions->field = dlsym(library, name);          \
  if (!functions->field) return name;
  SELVA_CURL_FIND(init, curl, "curl_easy_init")
  SELVA_CURL_FIND(cleanup, curl, "curl_easy_cleanup")
  SELVA_CURL_FIND(perform, curl, "curl_easy_perform")
  SELVA_CURL_FIND(text, curl, "curl_easy_strerror")
  SELVA_CURL_FIND(global, curl, "curl_global_init")
  SELVA_CURL_FIND(set, curl, "curl_easy_setopt")
  SELVA_CURL_FIND(get, curl, "curl_easy_getinfo")
  SELVA_CURL_FIND(sha256, crypto, digest_name)
#undef SELVA_CURL_FIND
  return NULL;
}

// Swift calls no variadic functions.
static inline CURLcode selva_curl_set_number(
    selva_curl_functions functions, CURL *handle, CURLoption option, long value) {
  return functions.set(handle, option, value);
}
static inline CURLcode selva_curl_set_offset(
    selva_curl_functions functions, CURL *handle, CURLoption option, curl_off_t value) {
  return functions.set(handle, option, value);
}
static inline CURLcode selva_curl_set_text(
    selva_curl_functions functions, CURL *handle, CURLoption option, const char *value) {
  return functions.set(handle, option, value);
}
static inline CURLcode selva_curl_set_write(
    selva_curl_functions functions, CURL *handle, selva_curl_write function, void *context) {
  CURLcode code = functions.set(handle, CURLOPT_WRITEFUNCTION, function);
  return code ? code : functions.set(handle, CURLOPT_WRITEDATA, context);
}
static inline CURLcode selva_curl_set_progress(
    selva_curl_functions functions, CURL *handle, selva_curl_progress function, void *context) {
  CURLcode code = functions.set(handle, CURLOPT_XFERINFOFUNCTION, function);
  if (!code) code = functions.set(handle, CURLOPT_XFERINFODATA, context);
  return code ? code : functions.set(handle, CURLOPT_NOPROGRESS, 0L);
}
static inline long selva_curl_status(selva_curl_functions functions, CURL *handle) {
  long status = 0;
  return functions.get(handle, CURLINFO_RESPONSE_CODE, &status) ? 0 : status;
}

#endif
