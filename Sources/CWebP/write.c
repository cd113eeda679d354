#include "CWebP.h"

#include <webp/encode.h>

static const char *message_of(WebPEncodingError error) {
    switch (error) {
    case VP8_ENC_ERROR_OUT_OF_MEMORY:
    case VP8_ENC_ERROR_BITSTREAM_OUT_OF_MEMORY: return "out of memory";
    case VP8_ENC_ERROR_BAD_DIMENSION: return "WebP pictures have at most 16383 pixels a side";
    case VP8_ENC_ERROR_PARTITION0_OVERFLOW:
    case VP8_ENC_ERROR_PARTITION_OVERFLOW:
    case VP8_ENC_ERROR_FILE_TOO_BIG: return "more than a WebP file can hold";
    default: return "libwebp cannot write it";
    }
}

int cwebp_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels, int quality, uint8_t **bytes,
                 size_t *byte_count, const char **message) {
    if (width > CWEBP_MAX_SIDE || height > CWEBP_MAX_SIDE) {
        *message = message_of(VP8_ENC_ERROR_BAD_DIMENSION);
        return 0;
    }
    WebPConfig config;
    WebPPicture picture;
    if (!WebPConfigInit(&config) || !WebPPictureInit(&picture)) {
        *message = "the libwebp that runs is not the one this was built with";
        return 0;
    }
    if (quality >= 100) {
        config.lossless = 1;
        config.exact = 1;
        // Of the compressor's effort, not of the pixels.
        config.quality = 75;
        picture.use_argb = 1;
    } else {
        config.quality = (float)quality;
    }
    WebPMemoryWriter writer;
    WebPMemoryWriterInit(&writer);
    picture.width = (int)width;
    picture.height = (int)height;
    picture.writer = WebPMemoryWrite;
    picture.custom_ptr = &writer;
    int stride = (int)(width * (uint32_t)channels);
    int done = channels == 4 ? WebPPictureImportRGBA(&picture, pixels, stride) : WebPPictureImportRGB(&picture, pixels, stride);
    done = done && WebPEncode(&config, &picture);
    if (done) {
        *bytes = writer.mem;
        *byte_count = writer.size;
    } else {
        *message = message_of(picture.error_code);
        WebPMemoryWriterClear(&writer);
    }
    WebPPictureFree(&picture);
    return done;
}

void cwebp_free(uint8_t *bytes) {
    WebPFree(bytes);
}
