#include "CJPEG.h"
#include "messages.h"

#include <jerror.h>
#include <stdlib.h>
#include <string.h>

struct writer {
    cjpeg_errors errors;
    struct jpeg_compress_struct jpeg;
    struct jpeg_destination_mgr destination;
    uint8_t *bytes;
    size_t count;
    size_t capacity;
};

static struct writer *writer_of(j_compress_ptr jpeg) {
    return (struct writer *)jpeg->client_data;
}

/// Makes room behind the `count` bytes that are filled.
static void grow(struct writer *writer) {
    size_t capacity = writer->capacity * 2 + 65536;
    uint8_t *grown = realloc(writer->bytes, capacity);
    if (!grown) cjpeg_fail(&writer->errors, "out of memory");
    writer->bytes = grown;
    writer->capacity = capacity;
    writer->destination.next_output_byte = writer->bytes + writer->count;
    writer->destination.free_in_buffer = writer->capacity - writer->count;
}

static void start_output(j_compress_ptr jpeg) {
    grow(writer_of(jpeg));
}

static boolean empty_output(j_compress_ptr jpeg) {
    struct writer *writer = writer_of(jpeg);
    // Called with a full buffer, whatever free_in_buffer says.
    writer->count = writer->capacity;
    grow(writer);
    return TRUE;
}

static void end_output(j_compress_ptr jpeg) {
    struct writer *writer = writer_of(jpeg);
    writer->count = writer->capacity - writer->destination.free_in_buffer;
}

static int encode(struct writer *writer, const uint8_t *pixels, uint32_t width, uint32_t height, int quality,
                  const uint8_t *exif, size_t exif_count) {
    if (setjmp(writer->errors.escape)) return 0;
    struct jpeg_compress_struct *jpeg = &writer->jpeg;
    jpeg_create_compress(jpeg);
    jpeg->client_data = writer;
    writer->destination.init_destination = start_output;
    writer->destination.empty_output_buffer = empty_output;
    writer->destination.term_destination = end_output;
    jpeg->dest = &writer->destination;
    jpeg->image_width = width;
    jpeg->image_height = height;
    jpeg->input_components = 3;
    jpeg->in_color_space = JCS_RGB;
    jpeg_set_defaults(jpeg);
    jpeg_set_quality(jpeg, quality, TRUE);
    jpeg->optimize_coding = TRUE;
    if (quality >= 90) jpeg->comp_info[0].h_samp_factor = jpeg->comp_info[0].v_samp_factor = 1;
    jpeg_start_compress(jpeg, TRUE);
    if (exif) {
        static const uint8_t introduction[6] = {'E', 'x', 'i', 'f', 0, 0};
        if (exif_count > CJPEG_MAX_EXIF) cjpeg_fail(&writer->errors, "the Exif block is too long");
        jpeg_write_m_header(jpeg, JPEG_APP0 + 1, (unsigned)(exif_count + sizeof introduction));
        for (size_t i = 0; i < sizeof introduction; i++) jpeg_write_m_byte(jpeg, introduction[i]);
        for (size_t i = 0; i < exif_count; i++) jpeg_write_m_byte(jpeg, exif[i]);
    }
    size_t stride = (size_t)width * 3;
    while (jpeg->next_scanline < jpeg->image_height) {
        JSAMPROW row = (JSAMPROW)(pixels + jpeg->next_scanline * stride);
        jpeg_write_scanlines(jpeg, &row, 1);
    }
    jpeg_finish_compress(jpeg);
    return 1;
}

int cjpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, const uint8_t *exif, size_t exif_count,
                 uint8_t **bytes, size_t *byte_count, char *message) {
    // On the heap, where a longjmp cannot lose what it holds.
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer) {
        cjpeg_say(message, "out of memory");
        return 0;
    }
    writer->jpeg.err = cjpeg_errors_init(&writer->errors);
    int done = encode(writer, pixels, width, height, quality, exif, exif_count);
    jpeg_destroy_compress(&writer->jpeg);
    if (done) {
        *bytes = writer->bytes;
        *byte_count = writer->count;
    } else {
        cjpeg_say(message, writer->errors.message);
        free(writer->bytes);
    }
    free(writer);
    return done;
}

void cjpeg_free(uint8_t *bytes) {
    free(bytes);
}
