/// What a reader of one format found: tensors in file order, metadata, and what can be checked on demand.
struct ParsedCheckpoint {
    var format: Checkpoint.Format
    var records: [TensorRecord] = []
    var metadata: [String: String] = [:]
    var leftOut: [Checkpoint.LeftOut] = []
    /// Records with a checksum that hold the tensors: which archive, and which of its entries.
    var checksummed: [(archive: ZipArchive, entry: ZipArchive.Entry)] = []
}

/// How to make a list of named tensors of what a file holds.
struct ReadingOptions: Sendable {
    var mapping = true
    var strippingPrefixes = true
    var containers = Checkpoint.defaultContainers
}
