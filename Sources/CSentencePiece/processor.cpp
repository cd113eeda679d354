#include "support.h"

#include <vector>

using sentencepiece::util::Status;

struct csp_processor {
    sentencepiece::SentencePieceProcessor model;
};

bool csp_processor_create(const uint8_t *model, size_t count, csp_processor **out, csp_message *message) {
    csp_processor *made = nullptr;
    const bool loaded = csp::guarded(message, [&] {
        csp::silence();
        made = new csp_processor();
        return made->model.LoadFromSerializedProto({reinterpret_cast<const char *>(model), count});
    });
    if (!loaded) {
        delete made;
        made = nullptr;
    }
    *out = made;
    return loaded;
}

void csp_processor_destroy(csp_processor *processor) { delete processor; }

int32_t csp_piece_count(const csp_processor *processor) { return processor->model.GetPieceSize(); }
int32_t csp_pad_id(const csp_processor *processor) { return processor->model.pad_id(); }
int32_t csp_unk_id(const csp_processor *processor) { return processor->model.unk_id(); }
int32_t csp_bos_id(const csp_processor *processor) { return processor->model.bos_id(); }
int32_t csp_eos_id(const csp_processor *processor) { return processor->model.eos_id(); }

bool csp_piece_text(const csp_processor *processor, int32_t id, csp_bytes *out, csp_message *message) {
    return csp::guarded(message, [&] {
        *out = csp::copied(processor->model.IdToPiece(id));
        return Status();
    });
}

bool csp_encode(
    const csp_processor *processor, const char *text, size_t count,
    csp_piece **out, size_t *out_count, csp_message *message
) {
    return csp::guarded(message, [&] {
        sentencepiece::ImmutableSentencePieceText cut;
        const Status status = processor->model.Encode({text, count}, cut.mutable_proto());
        if (!status.ok()) return status;
        const size_t pieces = cut.pieces_size();
        auto *list = static_cast<csp_piece *>(std::malloc((pieces + 1) * sizeof(csp_piece)));
        if (list == nullptr) throw std::bad_alloc();
        for (size_t i = 0; i < pieces; ++i) {
            const auto piece = cut.pieces(static_cast<int>(i));
            list[i] = {static_cast<int32_t>(piece.id()), piece.begin(), piece.end()};
        }
        *out = list;
        *out_count = pieces;
        return Status();
    });
}

void csp_free_pieces(csp_piece *pieces) { std::free(pieces); }

bool csp_decode(
    const csp_processor *processor, const int32_t *ids, size_t count,
    csp_bytes *out, csp_message *message
) {
    return csp::guarded(message, [&] {
        std::string text;
        const Status status = processor->model.Decode(std::vector<int>(ids, ids + count), &text);
        if (status.ok()) *out = csp::copied(text);
        return status;
    });
}

void csp_free_bytes(csp_bytes bytes) { std::free(bytes.data); }
