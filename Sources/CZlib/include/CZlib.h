#pragma once
#include <stddef.h>
#include <stdint.h>

#include "cz_gunzip.h"

/// The CRC-32 of `count` bytes, continuing from `crc` (0 to begin).
uint32_t cz_crc32(uint32_t crc, const void *bytes, size_t count);

/// How cz_inflate ended.
enum { CZ_INFLATE_DONE = 1, CZ_INFLATE_CORRUPT = 0, CZ_INFLATE_TOO_LONG = -1 };

/// Inflates a zlib stream into `out`, which holds `capacity` bytes. `written` receives the number of bytes produced.
int cz_inflate(const void *in, size_t in_count, void *out, size_t capacity, size_t *written);

/// Inflates a raw deflate stream that must consume exactly `in_count` bytes and produce exactly `out_count`.
/// Returns 0, or -1 when the stream is damaged, ends early, or holds more than that. Never writes past `out_count`.
int cz_inflate_exactly(void *out, size_t out_count, const void *in, size_t in_count);
