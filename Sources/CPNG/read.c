#include "CPNG.h"
#include "messages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Everything a function needs after a longjmp lives here, on the heap, where the jump cannot lose it.
struct cpng_reader {
    png_structp png;
    png_infop info;
    const uint8_t *bytes;
    const cpng_span *spans;
    size_t span_count;
    /// The span being read, and how many of its bytes have been.
    size_t span;
    size_t position;
    png_bytep *rows;
    char message[CPNG_MESSAGE_SIZE];
};

static void read_bytes(png_structp png, png_bytep output, size_t wanted) {
    cpng_reader *reader = png_get_io_ptr(png);
    while (wanted > 0) {
        if (reader->span == reader->span_count) png_error(png, "the data ends early");
        const cpng_span *span = &reader->spans[reader->span];
        size_t count = span->count - reader->position;
        if (count > wanted) count = wanted;
        memcpy(output, reader->bytes + span->offset + reader->position, count);
        output += count;
        wanted -= count;
        reader->position += count;
        if (reader->position == span->count) {
            reader->span++;
            reader->position = 0;
        }
    }
}

static int read_header(cpng_reader *reader, cpng_header *header) {
    if (setjmp(png_jmpbuf(reader->png))) return 0;
    png_structp png = reader->png;
    png_set_user_limits(png, CPNG_MAX_SIDE, CPNG_MAX_SIDE);
    png_set_chunk_cache_max(png, 64);
    png_set_chunk_malloc_max(png, 8u << 20);
    png_set_crc_action(png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    // The caller passes no chunk that does not carry pixels; should one get here, it is skipped all the same.
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_set_read_fn(png, reader, read_bytes);
    png_read_info(png, reader->info);
    header->width = png_get_image_width(png, reader->info);
    header->height = png_get_image_height(png, reader->info);
    header->has_alpha = (png_get_color_type(png, reader->info) & PNG_COLOR_MASK_ALPHA) != 0
        || png_get_valid(png, reader->info, PNG_INFO_tRNS) != 0;
    return 1;
}

cpng_reader *cpng_reader_open(const uint8_t *bytes, const cpng_span *spans, size_t span_count, cpng_header *header,
                              char *message) {
    cpng_reader *reader = calloc(1, sizeof *reader);
    if (reader) {
        reader->bytes = bytes;
        reader->spans = spans;
        reader->span_count = span_count;
        reader->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, reader->message, cpng_on_error, cpng_on_read_warning);
        if (reader->png) reader->info = png_create_info_struct(reader->png);
    }
    if (!reader || !reader->png || !reader->info) {
        cpng_say(message, "out of memory");
        cpng_reader_close(reader);
        return NULL;
    }
    if (!read_header(reader, header)) {
        cpng_say(message, reader->message);
        cpng_reader_close(reader);
        return NULL;
    }
    return reader;
}

static int decode(cpng_reader *reader, int channels, uint8_t *pixels, size_t count) {
    if (setjmp(png_jmpbuf(reader->png))) return 0;
    png_structp png = reader->png;
    // To 8 bits a channel: palettes and 1, 2, 4 bits expanded, 16 bits scaled with rounding.
    png_set_palette_to_rgb(png);
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    if (channels == 4) {
        if (png_get_valid(png, reader->info, PNG_INFO_tRNS)) png_set_tRNS_to_alpha(png);
        png_set_add_alpha(png, 0xff, PNG_FILLER_AFTER);
    } else {
        png_set_strip_alpha(png);
    }
    png_set_interlace_handling(png);
    png_read_update_info(png, reader->info);

    size_t height = png_get_image_height(png, reader->info);
    size_t stride = png_get_rowbytes(png, reader->info);
    if (stride != (size_t)png_get_image_width(png, reader->info) * (size_t)channels || count != stride * height) {
        png_error(png, "the pixels do not fit the size in the header");
    }
    reader->rows = malloc(height * sizeof *reader->rows);
    if (!reader->rows) png_error(png, "out of memory");
    for (size_t y = 0; y < height; y++) reader->rows[y] = pixels + y * stride;
    // Reads on to the end of the compressed stream and checks the chunk that it lies in; what follows is the caller's.
    png_read_image(png, reader->rows);
    return 1;
}

int cpng_reader_decode(cpng_reader *reader, int channels, uint8_t *pixels, size_t count, char *message) {
    int done = decode(reader, channels, pixels, count);
    cpng_say(message, reader->message);
    return done;
}

void cpng_reader_close(cpng_reader *reader) {
    if (!reader) return;
    if (reader->png) png_destroy_read_struct(&reader->png, reader->info ? &reader->info : NULL, NULL);
    free(reader->rows);
    free(reader);
}
