#include <stddef.h>
#include <stdint.h>

// Part of libFuzzer, which the sanitizer's flag links.
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
