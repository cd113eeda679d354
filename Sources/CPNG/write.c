#include "CPNG.h"
#include "messages.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

struct writer {
    png_structp png;
    png_infop info;
    uint8_t *bytes;
    size_t count;
    size_t capacity;
};

static void write_bytes(png_structp png, png_bytep input, size_t count) {
    struct writer *writer = png_get_io_ptr(png);
    if (count > writer->capacity - writer->count) {
        size_t capacity = writer->capacity * 2 + count + 4096;
        uint8_t *grown = realloc(writer->bytes, capacity);
        if (!grown) png_error(png, "out of memory");
        writer->bytes = grown;
        writer->capacity = capacity;
    }
    memcpy(writer->bytes + writer->count, input, count);
    writer->count += count;
}

static void flush_bytes(png_structp png) {
    (void)png;
}

static int encode(struct writer *writer, const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                  const cpng_chunk *chunks, size_t chunk_count, const uint8_t *chunk_data) {
    if (setjmp(png_jmpbuf(writer->png))) return 0;
    png_structp png = writer->png;
    png_set_write_fn(png, writer, write_bytes, flush_bytes);
    png_set_IHDR(png, writer->info, width, height, 8, channels == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    // Of filtered pictures runs are nearly all that repeats. To look for more, as zlib does by itself, takes two to eight times as
    // long, for more bytes where the picture is drawn and hardly fewer where it is flat.
    png_set_compression_level(png, 1);
    png_set_compression_strategy(png, Z_RLE);
    png_write_info(png, writer->info);
    for (size_t i = 0; i < chunk_count; i++) {
        png_byte type[5] = {0};
        memcpy(type, chunks[i].type, 4);
        png_write_chunk(png, type, chunk_data + chunks[i].offset, chunks[i].count);
    }
    size_t stride = (size_t)width * (size_t)channels;
    for (size_t y = 0; y < height; y++) png_write_row(png, pixels + y * stride);
    png_write_end(png, NULL);
    return 1;
}

int cpng_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                const cpng_chunk *chunks, size_t chunk_count, const uint8_t *chunk_data,
                uint8_t **bytes, size_t *byte_count, char *message) {
    struct writer writer = {0};
    writer.png = png_create_write_struct(PNG_LIBPNG_VER_STRING, message, cpng_on_error, cpng_on_warning);
    if (writer.png) writer.info = png_create_info_struct(writer.png);
    int done = 0;
    if (!writer.png || !writer.info) {
        cpng_say(message, "out of memory");
    } else {
        done = encode(&writer, pixels, width, height, channels, chunks, chunk_count, chunk_data);
    }
    if (writer.png) png_destroy_write_struct(&writer.png, writer.info ? &writer.info : NULL);
    if (!done) {
        free(writer.bytes);
        return 0;
    }
    *bytes = writer.bytes;
    *byte_count = writer.count;
    return 1;
}

void cpng_free(uint8_t *bytes) {
    free(bytes);
}
