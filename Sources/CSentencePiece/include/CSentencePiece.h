#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A C face over libsentencepiece. No C++ exception passes it: every call that can fail returns
// false and leaves one line of text in `csp_message`.

#ifdef __cplusplus
extern "C" {
#endif

#define CSP_MESSAGE_SIZE 512

typedef struct csp_message {
    char text[CSP_MESSAGE_SIZE];
} csp_message;

/// A loaded model. Immutable once made: any number of threads may use it at once.
typedef struct csp_processor csp_processor;

/// One piece of an encoded text: `begin ..< end` are bytes of the input.
typedef struct csp_piece {
    int32_t id;
    uint32_t begin;
    uint32_t end;
} csp_piece;

/// Bytes owned by the caller, returned with `csp_free_bytes`. Never null-terminated.
typedef struct csp_bytes {
    uint8_t *data;
    size_t count;
} csp_bytes;

/// One training option by its sentencepiece name.
typedef struct csp_option {
    const char *name;
    const char *value;
} csp_option;

bool csp_processor_create(const uint8_t *model, size_t count, csp_processor **out, csp_message *message);
void csp_processor_destroy(csp_processor *processor);

int32_t csp_piece_count(const csp_processor *processor);
/// -1 where the model has no such piece.
int32_t csp_pad_id(const csp_processor *processor);
int32_t csp_unk_id(const csp_processor *processor);
int32_t csp_bos_id(const csp_processor *processor);
int32_t csp_eos_id(const csp_processor *processor);

/// The text of a piece. The id must be in range: the library does not check it.
bool csp_piece_text(const csp_processor *processor, int32_t id, csp_bytes *out, csp_message *message);

/// Cuts UTF-8 text into pieces; `*out` is returned with `csp_free_pieces`.
bool csp_encode(
    const csp_processor *processor, const char *text, size_t count,
    csp_piece **out, size_t *out_count, csp_message *message);
void csp_free_pieces(csp_piece *pieces);

bool csp_decode(
    const csp_processor *processor, const int32_t *ids, size_t count,
    csp_bytes *out, csp_message *message);

/// Trains on sentences laid end to end in `text`, sentence i being the `lengths[i]` bytes after
/// those before it. The model comes back as the bytes of a model file.
bool csp_train(
    const char *text, const size_t *lengths, size_t sentence_count,
    const csp_option *options, size_t option_count,
    csp_bytes *out, csp_message *message);

void csp_free_bytes(csp_bytes bytes);

#ifdef __cplusplus
}
#endif
