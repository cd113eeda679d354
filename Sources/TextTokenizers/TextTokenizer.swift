/// Captions to the ids that a model's text encoder reads, and back.
public protocol TextTokenizer: Sendable {
    /// N, the ids of a caption.
    var length: Int { get }

    /// `length` ids; a caption that is too long loses its tail.
    func encode(_ caption: String) throws -> [Int32]

    /// The part of a caption that does not fit: the byte offset at which it is cut, or nil where all of it fits.
    func truncationOffset(of caption: String) throws -> Int?

    /// The text of ids, without what marks its end and what fills up.
    func decode(_ ids: some Sequence<Int32>) throws -> String
}
