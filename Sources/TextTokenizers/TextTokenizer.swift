/// Captions to the ids that a model's text encoder reads, and back.
public protocol TextTokenizer: Sendable {
    /// N, the ids of a caption.
    var length: Int { get }

    /// `length` ids; a caption that is too long loses its tail.
    func encode(_ caption: String) throws -> [Int32]

    /// The part of a caption that does not fit: the byte offset at which it is cut, or nil where all of it fits.
    func truncationOffset(of caption: String) throws -> Int?

    /// `length` ids of a prompt, which people write as they like: `encode(_:)` of what it says, for a tokenizer that reads
    /// prompts in another way than captions.
    func encode(prompt: String) throws -> [Int32]

    /// The words of a prompt that hold what the model has never seen, as they are written.
    func unknownWords(of prompt: String) throws -> [String]

    /// The text of ids, without what marks its end and what fills up.
    func decode(_ ids: some Sequence<Int32>) throws -> String
}

extension TextTokenizer {
    public func encode(prompt: String) throws -> [Int32] { try encode(prompt) }

    public func unknownWords(of prompt: String) throws -> [String] { [] }
}
