// A narrow door to libjpeg. libjpeg leaves through an error handler that must not return; the setjmp and longjmp that this
// takes stay inside these functions, which return 0 with a message instead. Nothing is printed.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The most bytes of an error message, its terminator included; no less than libjpeg's own JMSG_LENGTH_MAX.
#define CJPEG_MESSAGE_SIZE 240

/// The most scans of a progressive file: each one costs a pass over the whole picture, however few bytes it has.
#define CJPEG_MAX_SCANS 100

/// The most bytes of the Exif block, without the 6 that introduce it.
#define CJPEG_MAX_EXIF 65527

/// What the header says.
typedef struct cjpeg_header {
    uint32_t width;
    uint32_t height;
} cjpeg_header;

/// A JPEG in memory whose header has been read and whose pixels have not.
typedef struct cjpeg_reader cjpeg_reader;

/// Reads the header of the JPEG in `bytes`, which must outlive the reader. NULL on failure, with the reason in `message`
/// (CJPEG_MESSAGE_SIZE bytes).
cjpeg_reader *cjpeg_reader_open(const uint8_t *bytes, size_t count, cjpeg_header *header, char *message);

/// Decodes the whole picture, baseline or progressive, grey, YCbCr, RGB, CMYK or YCCK, to 8-bit RGB in `pixels`, which holds
/// `count` = width * height * 3 bytes. Returns 1, or 0 with the reason in `message`. Where the pixels are whole and something
/// else is wrong, returns 1 and puts that into `message`, which is empty otherwise. To be called once.
int cjpeg_reader_decode(cjpeg_reader *reader, uint8_t *pixels, size_t count, char *message);

/// Frees the reader; NULL is allowed.
void cjpeg_reader_close(cjpeg_reader *reader);

/// Encodes 8-bit RGB pixels as a baseline JPEG of a `quality` from 1 to 100; from 90 on colours keep their full resolution.
/// `exif`, at most CJPEG_MAX_EXIF bytes, is stored where it is not NULL. `bytes` receives a buffer to be given to cjpeg_free.
/// Returns 1, or 0 with the reason in `message` (CJPEG_MESSAGE_SIZE bytes).
int cjpeg_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int quality, const uint8_t *exif, size_t exif_count,
                 uint8_t **bytes, size_t *byte_count, char *message);

/// Frees what cjpeg_encode returned; NULL is allowed.
void cjpeg_free(uint8_t *bytes);
