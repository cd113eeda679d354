#include "CWebP.h"

#include <webp/decode.h>

static const char *message_of(VP8StatusCode status) {
    switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY: return "out of memory";
    case VP8_STATUS_BITSTREAM_ERROR: return "the compressed pixels are damaged";
    case VP8_STATUS_UNSUPPORTED_FEATURE: return "a feature that libwebp does not read";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA: return "the data ends early";
    default: return "libwebp cannot read it";
    }
}

int cwebp_read_header(const uint8_t *bytes, size_t count, cwebp_header *header, const char **message) {
    WebPBitstreamFeatures features;
    VP8StatusCode status = WebPGetFeatures(bytes, count, &features);
    if (status != VP8_STATUS_OK) {
        *message = message_of(status);
        return 0;
    }
    header->width = (uint32_t)features.width;
    header->height = (uint32_t)features.height;
    header->has_alpha = features.has_alpha != 0;
    return 1;
}

int cwebp_decode(const uint8_t *bytes, size_t count, int channels, uint8_t *pixels, size_t pixel_count, const char **message) {
    WebPDecoderConfig config;
    if (!WebPInitDecoderConfig(&config)) {
        *message = "the libwebp that runs is not the one this was built with";
        return 0;
    }
    VP8StatusCode status = WebPGetFeatures(bytes, count, &config.input);
    if (status != VP8_STATUS_OK) {
        *message = message_of(status);
        return 0;
    }
    size_t stride = (size_t)config.input.width * (size_t)channels;
    if (pixel_count != stride * (size_t)config.input.height) {
        *message = "the pixels do not fit the size in the header";
        return 0;
    }
    config.output.colorspace = channels == 4 ? MODE_RGBA : MODE_RGB;
    config.output.is_external_memory = 1;
    config.output.u.RGBA.rgba = pixels;
    config.output.u.RGBA.stride = (int)stride;
    config.output.u.RGBA.size = pixel_count;
    status = WebPDecode(bytes, count, &config);
    WebPFreeDecBuffer(&config.output);
    if (status == VP8_STATUS_OK) return 1;
    *message = message_of(status);
    return 0;
}
