#pragma once

#include "CSentencePiece.h"

#include <cstdlib>
#include <cstring>
#include <exception>
#include <new>
#include <sentencepiece_processor.h>
#include <string>
#include <string_view>

// Exported by the library, though in none of its installed headers.
namespace sentencepiece::logging {
void SetMinLogLevel(int level);
}

namespace csp {

/// The library logs to standard error, which belongs to the program: keep only what ends it.
inline void silence() { sentencepiece::logging::SetMinLogLevel(4); }

inline void say(csp_message *message, std::string_view text) {
    const size_t count = text.size() < CSP_MESSAGE_SIZE ? text.size() : CSP_MESSAGE_SIZE - 1;
    for (size_t i = 0; i < count; ++i) {
        // One line, whatever the library put in.
        message->text[i] = text[i] == '\n' || text[i] == '\r' || text[i] == '\0' ? ' ' : text[i];
    }
    message->text[count] = 0;
}

/// Runs `body`, which returns a sentencepiece status, and turns every way to fail into a message.
template <typename Body> bool guarded(csp_message *message, Body body) noexcept {
    try {
        const sentencepiece::util::Status status = body();
        if (status.ok()) return true;
        say(message, status.ToString());
    } catch (const std::exception &error) {
        say(message, error.what());
    } catch (...) {
        say(message, "unknown failure");
    }
    return false;
}

inline csp_bytes copied(const std::string &text) {
    auto *data = static_cast<uint8_t *>(std::malloc(text.size() + 1));
    if (data == nullptr) throw std::bad_alloc();
    std::memcpy(data, text.data(), text.size());
    return {data, text.size()};
}

} // namespace csp
