// The functions of zlib that reading images and archives needs, behind plain sizes so that nothing of z_stream leaks out.

#include "CZlib.h"

#include <zlib.h>

uint32_t cz_crc32(uint32_t crc, const void *bytes, size_t count) {
    const Bytef *next = bytes;
    // zlib counts in uInt, which is narrower than the sizes of model files.
    while (count > 0) {
        uInt step = count > (1u << 30) ? (1u << 30) : (uInt)count;
        crc = (uint32_t)crc32(crc, next, step);
        next += step;
        count -= step;
    }
    return crc;
}

// Both forms of stream, by zlib's window bits. `used` and `written` receive the bytes consumed and produced.
static int inflate_into(int window, const void *in, size_t in_count, size_t *used, void *out, size_t capacity, size_t *written) {
    *used = *written = 0;
    if (capacity > UINT32_MAX || in_count > UINT32_MAX) return CZ_INFLATE_TOO_LONG;
    z_stream stream = {0};
    if (inflateInit2(&stream, window) != Z_OK) return CZ_INFLATE_CORRUPT;
    Bytef nothing;
    stream.next_in = (Bytef *)in;
    stream.avail_in = (uInt)in_count;
    stream.next_out = capacity > 0 ? out : &nothing;
    stream.avail_out = (uInt)capacity;
    int status = inflate(&stream, Z_FINISH);
    *used = stream.total_in;
    *written = stream.total_out;
    // With no room left the stream was longer than allowed; with room left it was damaged or cut.
    int full = stream.avail_out == 0;
    inflateEnd(&stream);
    if (status == Z_STREAM_END) return CZ_INFLATE_DONE;
    return status == Z_BUF_ERROR && full ? CZ_INFLATE_TOO_LONG : CZ_INFLATE_CORRUPT;
}

int cz_inflate(const void *in, size_t in_count, void *out, size_t capacity, size_t *written) {
    size_t used;
    return inflate_into(MAX_WBITS, in, in_count, &used, out, capacity, written);
}

int cz_inflate_exactly(void *out, size_t out_count, const void *in, size_t in_count) {
    size_t used, written;
    int status = inflate_into(-MAX_WBITS, in, in_count, &used, out, out_count, &written);
    return status == CZ_INFLATE_DONE && used == in_count && written == out_count ? 0 : -1;
}
