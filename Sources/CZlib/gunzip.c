#include "cz_gunzip.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

// zlib counts in 32 bits: hand it no more than this at a time.
#define CHUNK ((size_t)1 << 24)

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

/// Inflates until the input's end, growing `*out` as needed.
static cz_result inflate_all(
    z_stream *stream, const uint8_t *packed, size_t count, size_t limit,
    uint8_t **out, size_t *out_count
) {
    size_t capacity = 0, taken = 0;
    for (;;) {
        if (*out_count == capacity) {
            if (capacity == limit) return CZ_TOO_LARGE;
            capacity = capacity == 0 ? smaller(CHUNK / 64, limit) : smaller(capacity * 2, limit);
            uint8_t *grown = realloc(*out, capacity);
            if (grown == NULL) return CZ_NO_MEMORY;
            *out = grown;
        }
        const size_t input = smaller(count - taken, CHUNK), room = smaller(capacity - *out_count, CHUNK);
        // zlib promises not to write through next_in.
        stream->next_in = (Bytef *)(packed + taken);
        stream->avail_in = (uInt)input;
        stream->next_out = *out + *out_count;
        stream->avail_out = (uInt)room;
        const int status = inflate(stream, Z_NO_FLUSH);
        taken += input - stream->avail_in;
        *out_count += room - stream->avail_out;
        if (status == Z_STREAM_END) {
            if (taken == count) return CZ_DONE;
            if (inflateReset(stream) != Z_OK) return CZ_CORRUPT;
        } else if (status == Z_MEM_ERROR) {
            return CZ_NO_MEMORY;
        } else if (status == Z_BUF_ERROR || (status == Z_OK && taken == count && stream->avail_out > 0)) {
            return CZ_TRUNCATED;
        } else if (status != Z_OK) {
            return CZ_CORRUPT;
        }
    }
}

cz_result cz_gunzip(const uint8_t *packed, size_t count, size_t limit, uint8_t **out, size_t *out_count) {
    *out = NULL;
    *out_count = 0;
    if (count == 0) return CZ_TRUNCATED;
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    // 15 bits of window, and 16 for a gzip header.
    if (inflateInit2(&stream, 15 + 16) != Z_OK) return CZ_NO_MEMORY;
    const cz_result result = inflate_all(&stream, packed, count, limit, out, out_count);
    inflateEnd(&stream);
    if (result != CZ_DONE) {
        free(*out);
        *out = NULL;
        *out_count = 0;
    }
    return result;
}

void cz_free(uint8_t *bytes) { free(bytes); }
