#pragma once

#include <stddef.h>
#include <stdint.h>

/// How unpacking ended.
typedef enum cz_result {
    CZ_DONE = 0,
    CZ_CORRUPT = 1,
    CZ_TRUNCATED = 2,
    CZ_TOO_LARGE = 3,
    CZ_NO_MEMORY = 4,
} cz_result;

/// Unpacks gzip data (one member or several end to end) into memory of at most `limit` bytes,
/// which the caller returns with `cz_free`. Nothing is to be returned unless the result is CZ_DONE.
cz_result cz_gunzip(const uint8_t *packed, size_t count, size_t limit, uint8_t **out, size_t *out_count);

void cz_free(uint8_t *bytes);
