// A narrow door to libpng and zlib. libpng reports errors by longjmp, which must never cross a Swift frame, so every
// function here catches it and returns 0 with a message instead. Nothing is printed.
#pragma once

#include <stddef.h>
#include <stdint.h>

/// The largest width and height, in pixels, that is read.
#define CPNG_MAX_SIDE 16384

/// The most bytes of an error message, its terminator included.
#define CPNG_MESSAGE_SIZE 160

/// What the chunks before the pixels say.
typedef struct cpng_header {
    uint32_t width;
    uint32_t height;
    /// 1 where pixels can be transparent: an alpha channel or a tRNS chunk.
    int has_alpha;
} cpng_header;

/// A PNG in memory whose header has been read and whose pixels have not.
typedef struct cpng_reader cpng_reader;

/// A part of a file, of at least one byte.
typedef struct cpng_span {
    size_t offset;
    size_t count;
} cpng_span;

/// Reads the header of the PNG that the `spans` of `bytes` make up one after another; both must outlive the reader. They are
/// the signature and the chunks that carry pixels, so that less code meets hostile bytes and no gamma chunk can change what
/// pixels mean. NULL on failure, with the reason in `message` (CPNG_MESSAGE_SIZE bytes).
cpng_reader *cpng_reader_open(const uint8_t *bytes, const cpng_span *spans, size_t span_count, cpng_header *header,
                              char *message);

/// Decodes the whole image to 8 bits a channel, `channels` 3 (RGB) or 4 (straight-alpha RGBA), into `pixels`, which holds
/// `count` = width * height * channels bytes. With 3 channels, transparency is ignored. Returns 1, or 0 with the reason in
/// `message`. Where the pixels are whole and something else is wrong, returns 1 and puts that into `message`, which is empty
/// otherwise. To be called once.
int cpng_reader_decode(cpng_reader *reader, int channels, uint8_t *pixels, size_t count, char *message);

/// Frees the reader; NULL is allowed.
void cpng_reader_close(cpng_reader *reader);

/// A chunk to be written between the header and the pixels; its data lies in a buffer that several chunks share.
typedef struct cpng_chunk {
    uint8_t type[4];
    size_t offset;
    size_t count;
} cpng_chunk;

/// Encodes 8-bit pixels, `channels` 3 (RGB) or 4 (straight-alpha RGBA). `bytes` receives a buffer to be given to
/// cpng_free. Returns 1, or 0 with the reason in `message` (CPNG_MESSAGE_SIZE bytes).
int cpng_encode(const uint8_t *pixels, uint32_t width, uint32_t height, int channels,
                const cpng_chunk *chunks, size_t chunk_count, const uint8_t *chunk_data,
                uint8_t **bytes, size_t *byte_count, char *message);

/// Frees what cpng_encode returned; NULL is allowed.
void cpng_free(uint8_t *bytes);
