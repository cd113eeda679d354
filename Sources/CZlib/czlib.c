// The two functions of zlib that reading an archive needs, behind plain sizes so that nothing of z_stream leaks out.

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

int cz_inflate_exactly(void *out, size_t out_count, const void *in, size_t in_count) {
    if (out_count > UINT32_MAX || in_count > UINT32_MAX) return -1;
    z_stream stream = {0};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return -1;
    Bytef nothing;
    stream.next_in = (Bytef *)in;
    stream.avail_in = (uInt)in_count;
    stream.next_out = out_count > 0 ? out : &nothing;
    stream.avail_out = (uInt)out_count;
    int status = inflate(&stream, Z_FINISH);
    int exact = status == Z_STREAM_END && stream.avail_in == 0 && stream.avail_out == 0;
    inflateEnd(&stream);
    return exact ? 0 : -1;
}
