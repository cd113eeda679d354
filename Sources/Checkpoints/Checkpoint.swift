import Files
import Synchronization

/// A file of named tensors, opened for reading.
///
/// The format is recognised by content, never by the file's name:
/// - safetensors;
/// - the JSON index of a sharded checkpoint, whose shards lie in the index's own folder;
/// - PyTorch's zip archives (`.pth`, `.pt`, `.bin`), those of TorchScript included, whose tensors are named by the path
///   of their attributes;
/// - PyTorch's format before 1.6.
///
/// PyTorch files are pickles, which in Python can run anything. Here a pickle is data: the classes and functions that it names
/// are neither looked up nor called, tensors and arrays of NumPy are read, and what else it holds is listed in `leftOut`.
///
/// Files are mapped, so that opening one reads its headers and no tensor. A mapping follows the file: should another
/// process cut the file short while this object lives, touching the missing part ends this process with SIGBUS. Pass
/// `mapping: false` for files that may change, at the price of reading them whole.
///
/// Immutable after opening but for what was noted of its values, and safe to share between tasks.
public final class Checkpoint: Sendable {
    /// The formats that are read.
    public enum Format: String, Sendable, Hashable {
        case safetensors
        case shardedIndex
        case torchArchive
        case torchScript
        case torchLegacy
    }

    /// What is known of a tensor without reading it.
    public struct Entry: Sendable, Hashable {
        public let name: String
        public let type: ElementType
        /// The extent of every axis, outermost first; empty for a scalar.
        public let shape: [Int]
        /// The size of the values in the file's own type.
        public let byteCount: Int
        /// Whether it is an array of NumPy that a pickle holds beside tensors, or in their place.
        public let isArray: Bool
    }

    /// Keys under which training scripts wrap a state, in order of preference: averaged weights before raw ones.
    public static let defaultContainers = [
        "model_ema", "ema", "ema_model", "ema_state_dict", "params_ema", "model", "state_dict", "model_state_dict", "module", "params",
        "weights", "net", "network",
    ]

    /// The path that was opened.
    public let path: String
    public let format: Format
    /// The texts that the file holds beside tensors: `__metadata__` of safetensors, `metadata` of a shard index, the
    /// top-level texts and numbers of a PyTorch file.
    public let metadata: [String: String]
    /// All tensors in the order of the file.
    public let entries: [Entry]
    /// What the file holds beside them, in its order; the first thousand.
    public let leftOut: [LeftOut]

    /// The first tensor in which someone found a value that is infinite or not a number, and noted it; nil where none was.
    public var firstNonFinite: String? { nonFinite.withLock { $0 } }
    private let nonFinite = Mutex<String?>(nil)

    /// Notes that a tensor holds a value that is infinite or not a number.
    public func noteNonFinite(_ name: String) {
        nonFinite.withLock { first in first = first ?? name }
    }

    /// The files that hold the tensors, and the one that was opened.
    public var files: [String] { Array(Set(records.map(\.contents.path) + [path])).sorted() }

    let records: [TensorRecord]
    private let index: [String: Int]
    private let checksummed: [(archive: ZipArchive, entry: ZipArchive.Entry)]

    /// Opens the file at `path`.
    ///
    /// - Parameters:
    ///   - path: a regular file.
    ///   - verifyingChecksums: whether to read all of a PyTorch archive at once and compare its checksums, as
    ///     `verifyChecksums()` does. The checksum of the pickle itself is always compared.
    ///   - mapping: whether to map the file; otherwise it is read into memory.
    ///   - strippingPrefixes: whether to drop leading `module.` and `_orig_mod.`, which wrappers of PyTorch add. Where
    ///     two names would become one, all names stay as they are.
    ///   - containers: keys of a PyTorch file to descend into, in order of preference, as long as they hold a mapping
    ///     with tensors; empty to name tensors by their whole path.
    /// - Throws: `CheckpointError`.
    public convenience init(
        path: String, verifyingChecksums: Bool = false, mapping: Bool = true, strippingPrefixes: Bool = true,
        containers: [String] = Checkpoint.defaultContainers
    ) throws {
        let options = ReadingOptions(mapping: mapping, strippingPrefixes: strippingPrefixes, containers: containers)
        try self.init(try MappedFile(path: path, mapping: mapping), options: options)
        if verifyingChecksums { try verifyChecksums() }
    }

    /// Reads a checkpoint that is already in memory; `path` is for messages and for finding shards.
    package convenience init(contents bytes: some Collection<UInt8>, path: String) throws {
        try self.init(MappedFile(copying: bytes, path: path), options: ReadingOptions())
    }

    private convenience init(_ contents: MappedFile, options: ReadingOptions) throws {
        var parsed = try Self.parse(contents, options: options, isShard: false)
        if options.strippingPrefixes { Self.stripPrefixes(&parsed.records) }
        try self.init(parsed, path: contents.path)
    }

    private init(_ parsed: ParsedCheckpoint, path: String) throws {
        self.path = path
        format = parsed.format
        metadata = parsed.metadata
        leftOut = parsed.leftOut
        records = parsed.records
        checksummed = parsed.checksummed
        entries = records.map { Entry(name: $0.name, type: $0.type, shape: $0.shape, byteCount: $0.byteCount, isArray: $0.isArray) }
        var index: [String: Int] = [:]
        for (position, record) in records.enumerated() {
            guard index.updateValue(position, forKey: record.name) == nil else {
                throw CheckpointError.duplicateName(path: path, name: record.name)
            }
        }
        self.index = index
    }

    /// The tensors whose names begin with `prefix`, under the rest of their names; the others are left out.
    ///
    /// - Throws: `CheckpointError.duplicateName`, which cannot be.
    package func under(_ prefix: String) throws -> Checkpoint {
        guard !prefix.isEmpty else { return self }
        var parsed = ParsedCheckpoint(
            format: format, metadata: metadata, leftOut: leftOut, checksummed: checksummed)
        var others: [(name: String, count: Int)] = []
        for var record in records {
            if record.name.hasPrefix(prefix), record.name != prefix {
                record.name.removeFirst(prefix.count)
                parsed.records.append(record)
                continue
            }
            let part = Self.part(of: record.name, beside: prefix)
            if let last = others.indices.last, others[last].name == part {
                others[last].count += 1
            } else {
                others.append((part, 1))
            }
        }
        let merged = Dictionary(others.map { ($0.name, $0.count) }, uniquingKeysWith: +)
        var told: Set<String> = []
        for other in others where told.insert(other.name).inserted {
            parsed.leftOut.append(LeftOut(name: other.name, contents: tensorCount(merged[other.name] ?? 1)))
        }
        parsed.leftOut = Array(parsed.leftOut.prefix(Limits.leftOut))
        return try Checkpoint(parsed, path: path)
    }

    /// The same tensors under other names, no two of which may be the same.
    ///
    /// - Throws: `CheckpointError.duplicateName`.
    package func renamed(_ name: (String) -> String) throws -> Checkpoint {
        let renamed = records.map { record in
            var renamed = record
            renamed.name = name(record.name)
            return renamed
        }
        return try Checkpoint(
            ParsedCheckpoint(format: format, records: renamed, metadata: metadata, leftOut: leftOut, checksummed: checksummed),
            path: path)
    }

    /// The part of a file that a tensor belongs to, as far as it differs from a prefix: "optimizer" for
    /// "optimizer.state.0.step" beside "model.".
    private static func part(of name: String, beside prefix: String) -> String {
        let own = prefix.split(separator: ".")
        let parts = name.split(separator: ".")
        let shared = zip(own, parts).prefix { $0 == $1 }.count
        return parts.prefix(shared + 1).joined(separator: ".")
    }

    /// The names of all tensors, in the order of the file.
    public var names: [String] { entries.map(\.name) }

    /// Whether there is a tensor of that name.
    public func contains(_ name: String) -> Bool { index[name] != nil }

    /// What is known of a tensor without reading it; nil where there is none of that name.
    public func entry(_ name: String) -> Entry? { index[name].map { entries[$0] } }

    /// Reads every record of a PyTorch archive that holds tensors and compares its CRC-32.
    ///
    /// - Returns: the number of records compared; 0 for safetensors and PyTorch's old format, which have no checksums.
    /// - Throws: `CheckpointError.checksumMismatch`.
    @discardableResult
    public func verifyChecksums() throws -> Int {
        for (archive, entry) in checksummed { try archive.verify(entry) }
        return checksummed.count
    }

    /// The place of a tensor among the records.
    func index(of name: String) -> Int? { index[name] }

    /// The record of a tensor.
    func record(_ name: String) throws -> TensorRecord {
        guard let position = index[name] else {
            throw CheckpointError.missingTensor(path: path, tensor: name, held: records.count)
        }
        return records[position]
    }
}

// MARK: - Recognition

extension Checkpoint {
    private enum Kind { case safetensors, index, archive, legacy }

    private static func parse(
        _ contents: MappedFile, options: ReadingOptions, isShard: Bool
    ) throws -> ParsedCheckpoint {
        switch try kind(of: contents) {
        case .safetensors: return try SafetensorsReader.parse(contents)
        case .archive: return try TorchArchiveReader.parse(contents, options: options)
        case .legacy: return try TorchLegacyReader.parse(contents, options: options)
        case .index:
            // An index that names an index could name itself.
            guard !isShard else {
                throw CheckpointError.unrecognisedFormat(path: contents.path, found: "an index in place of a shard")
            }
            return try ShardIndex.parse(contents) { path in
                try parse(try MappedFile(path: path, mapping: options.mapping), options: options, isShard: true)
            }
        }
    }

    private static func kind(of contents: MappedFile) throws -> Kind {
        try contents.withBytes { bytes in
            let start = bytes.prefix(16)
            if TorchLegacyReader.recognises(bytes) { return .legacy }
            // Headers of safetensors are shorter than 2^32 bytes, and no text has zero bytes.
            let hasShortLength = bytes.count >= 8 && bytes[4..<8].allSatisfy { $0 == 0 }
            let hasHeader = bytes.count >= 9 && bytes[8] == UInt8(ascii: "{")
            if hasShortLength && hasHeader { return .safetensors }
            if start.starts(with: [0x50, 0x4b, 0x03, 0x04]) { return .archive }
            if let found = describeForeignFile(bytes) {
                throw CheckpointError.unrecognisedFormat(path: contents.path, found: found)
            }
            if start.first(where: { ![0x20, 0x09, 0x0a, 0x0d].contains($0) }) == UInt8(ascii: "{"),
                !start.contains(0)
            {
                return .index
            }
            if hasShortLength || hasHeader { return .safetensors }
            let found =
                "a file that begins with bytes "
                + start.prefix(8).map { UInt32($0).hexadecimal.suffix(2) }.joined(separator: " ")
            throw CheckpointError.unrecognisedFormat(path: contents.path, found: found)
        }
    }

    private static func stripPrefixes(_ records: inout [TensorRecord]) {
        let stripped = records.map { record -> String in
            var name = Substring(record.name)
            while let prefix = ["module.", "_orig_mod."].first(where: { name.hasPrefix($0) && name != $0 }) {
                name = name.dropFirst(prefix.count)
            }
            return String(name)
        }
        guard Set(stripped).count == stripped.count else { return }
        for position in records.indices { records[position].name = stripped[position] }
    }
}
