import CSentencePiece

/// Owns one loaded model of the C++ library.
///
/// Unchecked: the pointer never changes, and the library's encoding and decoding only read the model.
final class SentencePieceProcessor: @unchecked Sendable {
    let pointer: OpaquePointer

    init(modelBytes: [UInt8], name: String) throws {
        try SentencePieceModelCheck.run(modelBytes, file: name)
        var message = csp_message()
        var made: OpaquePointer?
        let loaded = modelBytes.withUnsafeBufferPointer {
            csp_processor_create($0.baseAddress, $0.count, &made, &message)
        }
        guard loaded, let made else {
            throw VocabularyError.malformed(
                file: name, place: "whole file", expected: "a SentencePiece model", found: message.line)
        }
        pointer = made
    }

    deinit { csp_processor_destroy(pointer) }
}

extension csp_message {
    /// The library's message as a string.
    var line: String {
        withUnsafeBytes(of: self) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
    }
}
