extension Checkpoint {
    /// Something that a file holds beside the tensors that are read: an optimizer, a scheduler, a configuration, an array of
    /// objects, tensors of another part.
    public struct LeftOut: Sendable, Hashable {
        /// Where it stands in the file, in the manner of a tensor's name.
        public let name: String
        /// What it is, in words.
        public let contents: String

        public init(name: String, contents: String) {
            self.name = name
            self.contents = contents
        }

        /// Both as a line.
        public var summary: String { "\(name): \(contents)" }
    }
}

/// "3 tensors".
func tensorCount(_ count: Int) -> String { count == 1 ? "a tensor" : "\(count) tensors" }
