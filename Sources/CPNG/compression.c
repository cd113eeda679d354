#include "CPNG.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

uint32_t cpng_crc32(const uint8_t *bytes, size_t count) {
    return (uint32_t)crc32_z(crc32_z(0, NULL, 0), bytes, count);
}

int cpng_inflate(const uint8_t *bytes, size_t count, uint8_t *output, size_t capacity, size_t *written) {
    *written = 0;
    if (count > UINT_MAX || capacity > UINT_MAX) return CPNG_INFLATE_TOO_LONG;
    z_stream stream;
    memset(&stream, 0, sizeof stream);
    if (inflateInit(&stream) != Z_OK) return CPNG_INFLATE_CORRUPT;
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = output;
    stream.avail_out = (uInt)capacity;
    int status = inflate(&stream, Z_FINISH);
    *written = stream.total_out;
    // With no room left the stream was longer than allowed; with room left it was damaged or cut.
    int full = stream.avail_out == 0;
    inflateEnd(&stream);
    if (status == Z_STREAM_END) return CPNG_INFLATE_DONE;
    return status == Z_BUF_ERROR && full ? CPNG_INFLATE_TOO_LONG : CPNG_INFLATE_CORRUPT;
}
