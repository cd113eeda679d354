#include "CJPEG.h"
#include "messages.h"

#include <stdlib.h>

// Everything a function needs after a longjmp lives here, on the heap, where the jump cannot lose it.
struct cjpeg_reader {
    cjpeg_errors errors;
    struct jpeg_decompress_struct jpeg;
    struct jpeg_progress_mgr progress;
    uint8_t *row;
};

static void on_progress(j_common_ptr object) {
    struct jpeg_decompress_struct *jpeg = (struct jpeg_decompress_struct *)object;
    if (jpeg->input_scan_number > CJPEG_MAX_SCANS) {
        char text[CJPEG_MESSAGE_SIZE];
        snprintf(text, sizeof text, "more than %d scans", CJPEG_MAX_SCANS);
        cjpeg_fail((cjpeg_errors *)object->err, text);
    }
}

static int read_header(cjpeg_reader *reader, const uint8_t *bytes, size_t count, cjpeg_header *header) {
    if (setjmp(reader->errors.escape)) return 0;
    jpeg_create_decompress(&reader->jpeg);
    reader->progress.progress_monitor = on_progress;
    reader->jpeg.progress = &reader->progress;
    jpeg_mem_src(&reader->jpeg, bytes, count);
    jpeg_read_header(&reader->jpeg, TRUE);
    header->width = reader->jpeg.image_width;
    header->height = reader->jpeg.image_height;
    return 1;
}

cjpeg_reader *cjpeg_reader_open(const uint8_t *bytes, size_t count, cjpeg_header *header, char *message) {
    cjpeg_reader *reader = calloc(1, sizeof *reader);
    if (!reader) {
        cjpeg_say(message, "out of memory");
        return NULL;
    }
    reader->jpeg.err = cjpeg_errors_init(&reader->errors);
    if (!read_header(reader, bytes, count, header)) {
        cjpeg_say(message, reader->errors.message);
        cjpeg_reader_close(reader);
        return NULL;
    }
    return reader;
}

/// Red, green and blue of inks. Programs of Adobe's make store what light passes, and others how much ink there is.
static void convert_inks(const uint8_t *inks, uint8_t *pixels, size_t width, int is_light) {
    unsigned flip = is_light ? 0 : 255;
    for (size_t x = 0; x < width; x++) {
        unsigned key = inks[4 * x + 3] ^ flip;
        for (size_t i = 0; i < 3; i++) pixels[3 * x + i] = (uint8_t)(((inks[4 * x + i] ^ flip) * key + 127) / 255);
    }
}

/// Whether every scan came that the picture needs, where the data ended early.
static int has_all_scans(struct jpeg_decompress_struct *jpeg) {
    if (!jpeg_has_multiple_scans(jpeg)) return 1;
    // Which of several sequential scans are missing is not recorded.
    if (!jpeg->coef_bits) return 0;
    for (int component = 0; component < jpeg->num_components; component++) {
        for (int i = 0; i < DCTSIZE2; i++) {
            // 0 where all bits of a coefficient are known.
            if (jpeg->coef_bits[component][i] != 0) return 0;
        }
    }
    return 1;
}

static int decode(cjpeg_reader *reader, uint8_t *pixels, size_t count) {
    if (setjmp(reader->errors.escape)) return 0;
    struct jpeg_decompress_struct *jpeg = &reader->jpeg;
    int is_ink = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
    jpeg->out_color_space = is_ink ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(jpeg);
    size_t width = jpeg->output_width;
    size_t stride = width * 3;
    if (jpeg->output_components != (is_ink ? 4 : 3) || count != stride * jpeg->output_height) {
        cjpeg_fail(&reader->errors, "the pixels do not fit the size in the header");
    }
    if (is_ink) {
        reader->row = malloc(width * 4);
        if (!reader->row) cjpeg_fail(&reader->errors, "out of memory");
    }
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *output = pixels + jpeg->output_scanline * stride;
        JSAMPROW row = is_ink ? reader->row : output;
        if (jpeg_read_scanlines(jpeg, &row, 1) != 1) cjpeg_fail(&reader->errors, "the data ends early");
        if (is_ink) convert_inks(reader->row, output, width, jpeg->saw_Adobe_marker);
    }
    if (reader->errors.ends_early && !has_all_scans(jpeg)) cjpeg_fail(&reader->errors, "the data ends early");
    jpeg_finish_decompress(jpeg);
    return 1;
}

int cjpeg_reader_decode(cjpeg_reader *reader, uint8_t *pixels, size_t count, char *message) {
    int done = decode(reader, pixels, count);
    cjpeg_say(message, done ? reader->errors.warning : reader->errors.message);
    return done;
}

void cjpeg_reader_close(cjpeg_reader *reader) {
    if (!reader) return;
    jpeg_destroy_decompress(&reader->jpeg);
    free(reader->row);
    free(reader);
}
