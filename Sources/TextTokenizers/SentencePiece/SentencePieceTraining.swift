import CSentencePiece

extension SentencePieceVocabulary {
    /// How to train a vocabulary.
    public struct TrainingOptions: Sendable {
        /// How many pieces to aim for; fewer come out where the sentences do not offer as many.
        public var vocabularySize = 4096
        /// The share of the sentences' characters that get pieces of their own.
        public var characterCoverage = 0.9995
        /// Whether characters without a piece are spelled in bytes (256 more pieces) rather than lost.
        public var byteFallback = true
        /// The ids of the special pieces; nil leaves the piece out. The unknown piece is always there.
        public var padID: Int32? = 0
        public var unknownID: Int32 = 1
        public var beginID: Int32?
        public var endID: Int32? = 2
        /// The library's name of the Unicode normalisation: `nmt_nfkc`, `nmt_nfkc_cf` (folds case),
        /// `nfkc`, `nfkc_cf` or `identity`.
        public var normalization = "nmt_nfkc"

        public init() {}
    }

    /// Trains a unigram vocabulary (Kudo 2018, arXiv 1804.10959) and returns the bytes of its model file.
    ///
    /// The same sentences and options give the same bytes.
    /// - Throws: `VocabularyError.cannotTrain`.
    public static func train(
        sentences: [String], options: TrainingOptions = TrainingOptions()
    ) throws -> [UInt8] {
        try options.check()
        guard sentences.contains(where: isUsable) else {
            throw VocabularyError.cannotTrain(
                reason: "no sentence of at most \(longestSentence) bytes has letters, digits or symbols")
        }
        var text: [UInt8] = []
        var lengths: [Int] = []
        lengths.reserveCapacity(sentences.count)
        for sentence in sentences {
            text.append(contentsOf: sentence.utf8)
            lengths.append(sentence.utf8.count)
        }
        return try train(text: text, lengths: lengths, options: options)
    }

    private static func train(text: [UInt8], lengths: [Int], options: TrainingOptions) throws -> [UInt8] {
        var message = csp_message()
        var model = csp_bytes()
        let strings = options.named.flatMap { [$0.key, $0.value] }
        let trained = withCStrings(strings) { pointers in
            let named = stride(from: 0, to: pointers.count, by: 2).map {
                csp_option(name: pointers[$0], value: pointers[$0 + 1])
            }
            return text.withUnsafeBufferPointer { text in
                text.withMemoryRebound(to: CChar.self) { text in
                    csp_train(text.baseAddress, lengths, lengths.count, named, named.count, &model, &message)
                }
            }
        }
        guard trained else { throw VocabularyError.cannotTrain(reason: message.line) }
        defer { csp_free_bytes(model) }
        return Array(UnsafeBufferPointer(start: model.data, count: model.count))
    }

    /// Calls `body` with null-terminated copies of the strings.
    private static func withCStrings<Result>(
        _ strings: [String], _ body: ([UnsafePointer<CChar>]) -> Result
    ) -> Result {
        var offsets: [Int] = []
        var bytes: [CChar] = []
        for string in strings {
            offsets.append(bytes.count)
            bytes.append(contentsOf: string.utf8CString)
        }
        return bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return body([]) }
            return body(offsets.map { base + $0 })
        }
    }

    /// The library passes over longer sentences, in bytes.
    fileprivate static let longestSentence = 4192

    /// Whether something of a sentence certainly reaches the counting: the library ends the process
    /// where nothing is left to count.
    private static func isUsable(_ sentence: String) -> Bool {
        var isInsideTag = false
        var isWritten = false
        for scalar in sentence.unicodeScalars {
            switch scalar {
            // The library's own mark for rare characters: it passes over sentences that have it.
            case "\u{2585}": return false
            // The names of special pieces (`<unk>`) are taken out.
            case "<": isInsideTag = true
            case ">": isInsideTag = false
            // Its own mark for spaces.
            case "\u{2581}": break
            default: if !isInsideTag, survivesNormalization(scalar) { isWritten = true }
            }
        }
        return isWritten && sentence.utf8.count <= longestSentence
    }

    /// Whether a character certainly survives normalisation.
    private static func survivesNormalization(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
            .decimalNumber, .letterNumber, .otherNumber,
            .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation,
            .mathSymbol, .currencySymbol, .otherSymbol:
            true
        default:
            false
        }
    }
}

extension SentencePieceVocabulary.TrainingOptions {
    /// Under these names the library takes the options.
    fileprivate var named: [String: String] {
        [
            "model_type": "unigram",
            "vocab_size": String(vocabularySize),
            "character_coverage": String(characterCoverage),
            "byte_fallback": String(byteFallback),
            "hard_vocab_limit": "false",
            "pad_id": String(padID ?? -1),
            "unk_id": String(unknownID),
            "bos_id": String(beginID ?? -1),
            "eos_id": String(endID ?? -1),
            "normalization_rule_name": normalization,
            "add_dummy_prefix": "true",
            // More threads would add the counts up in another order.
            "num_threads": "1",
            "max_sentence_length": String(SentencePieceVocabulary.longestSentence),
            "input_sentence_size": "0",
            "shuffle_input_sentence": "false",
            "model_prefix": "",
        ]
    }

    /// Refuses what the library would answer by ending the process.
    fileprivate func check() throws {
        func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws {
            guard condition else { throw VocabularyError.cannotTrain(reason: reason()) }
        }
        let special = [padID, unknownID, beginID, endID].compactMap(\.self)
        let reserved = special.count + (byteFallback ? 256 : 0)
        try require(
            vocabularySize > reserved && vocabularySize <= 1 << 24,
            "vocabulary size \(vocabularySize), expected more than the \(reserved) reserved pieces and at most \(1 << 24)")
        try require(
            characterCoverage > 0.9 && characterCoverage <= 1,
            "character coverage \(characterCoverage), expected more than 0.9 and at most 1")
        try require(
            Set(special).count == special.count && special.allSatisfy { $0 >= 0 && $0 < special.count },
            "special ids \(special), expected different ids from 0 to \(special.count - 1)")
        let known = ["nmt_nfkc", "nmt_nfkc_cf", "nfkc", "nfkc_cf", "identity"]
        try require(
            known.contains(normalization),
            "normalisation \(normalization), expected one of \(known.joined(separator: ", "))")
    }
}
