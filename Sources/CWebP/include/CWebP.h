// A narrow door to libwebp's decoder and encoder of single pictures; the container around them is read and written by the
// caller. Nothing is printed.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The largest width and height that WebP can say.
#define CWEBP_MAX_SIDE 16383

/// What the header of a picture says.
typedef struct cwebp_header {
    uint32_t width;
    uint32_t height;
    /// 1 where pixels can be transparent.
    int has_alpha;
} cwebp_header;

/// Reads the header of a picture: chunks from ALPH, VP8 or VP8L on. Returns 1, or 0 with the reason in `message`, which lives
/// for ever.
int cwebp_read_header(const uint8_t *bytes, size_t count, cwebp_header *header, const char **message);

/// Decodes a picture to 8 bits a channel, `channels` 3 (RGB) or 4 (straight-alpha RGBA), into `pixels`, which holds
/// `pixel_count` = width * height * channels bytes. Returns 1, or 0 with the reason in `message`, which lives for ever.
int cwebp_decode(const uint8_t *bytes, size_t count, int channels, uint8_t *pixels, size_t pixel_count, const char **message);

/// Encodes 8-bit pixels, `channels` 3 (RGB) or 4 (straight-alpha RGBA), as a whole WebP file: lossy with a `quality` from 1 to
/// 99, lossless with 100, where colours under full transparency are kept too. `bytes` receives a buffer to be given to
/// cwebp_free. Returns 1, or 0 with the reason in `message`, which lives for ever.
int cwebp_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int quality, uint8_t **bytes,
                 size_t *byte_count, const char **message);

/// Frees what cwebp_encode returned; NULL is allowed.
void cwebp_free(uint8_t *bytes);
