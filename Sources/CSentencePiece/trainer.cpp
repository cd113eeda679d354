#include "support.h"

#include <sentencepiece_trainer.h>
#include <unordered_map>

using sentencepiece::util::Status;

namespace {

/// Walks the sentences where they lie in the caller's memory.
class Sentences final : public sentencepiece::SentenceIterator {
  public:
    Sentences(const char *text, const size_t *lengths, size_t count)
        : text_(text), lengths_(lengths), count_(count) {
        read();
    }
    bool done() const override { return index_ == count_; }
    void Next() override {
        text_ += lengths_[index_];
        ++index_;
        read();
    }
    const std::string &value() const override { return value_; }
    Status status() const override { return Status(); }

  private:
    void read() {
        if (index_ < count_) value_.assign(text_, lengths_[index_]);
    }

    const char *text_;
    const size_t *lengths_;
    const size_t count_;
    size_t index_ = 0;
    std::string value_;
};

} // namespace

bool csp_train(
    const char *text, const size_t *lengths, size_t sentence_count,
    const csp_option *options, size_t option_count,
    csp_bytes *out, csp_message *message
) {
    return csp::guarded(message, [&] {
        csp::silence();
        std::unordered_map<std::string, std::string> named;
        for (size_t i = 0; i < option_count; ++i) named[options[i].name] = options[i].value;
        // The trainer sets the level from its own options before anything else.
        named["minloglevel"] = "4";
        Sentences sentences(text, lengths, sentence_count);
        std::string model;
        const Status status = sentencepiece::SentencePieceTrainer::Train(named, &sentences, &model);
        if (status.ok()) *out = csp::copied(model);
        return status;
    });
}
