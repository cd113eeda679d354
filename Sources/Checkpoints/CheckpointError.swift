import Files

/// Why a checkpoint could not be read or written. Every message is one line that says what was expected, what was
/// found, and where.
public enum CheckpointError: Sendable, Equatable, CategorizedError {
    /// The file begins like none of the formats that are read.
    case unrecognisedFormat(path: String, found: String)
    /// The file ends inside `part`: `needed` bytes were expected at `offset`.
    case truncated(path: String, part: String, offset: Int, needed: Int, available: Int)
    /// The JSON of a safetensors header or a shard index is not what the format allows.
    case malformedHeader(path: String, offset: Int, reason: String)
    /// The zip structure of a PyTorch archive is damaged, ambiguous or uses a feature that no such archive uses.
    case malformedArchive(path: String, record: String, reason: String)
    /// A record of an archive does not have the CRC-32 that the archive states.
    case checksumMismatch(path: String, record: String, expected: UInt32, found: UInt32)
    /// The pickle of a PyTorch file is damaged or uses an instruction that no such file uses.
    case malformedPickle(path: String, offset: Int, reason: String)
    /// The file asks for more of `quantity` than is allowed.
    case limitExceeded(path: String, quantity: String, limit: Int, found: Int)
    /// Two tensors, metadata keys or archive records have one name.
    case duplicateName(path: String, name: String)
    /// The element type is none of those whose values are read.
    case unknownElementType(path: String, tensor: String, found: String)
    /// The shape, offsets or strides of a tensor contradict each other or the file.
    case invalidTensor(path: String, tensor: String, reason: String)
    /// The data section has a hole, an overlap, or bytes that belong to no tensor.
    case misplacedData(path: String, tensor: String, expectedOffset: Int, foundOffset: Int)
    /// A shard index names a shard that is not a plain file name.
    case unsafeShardName(path: String, shard: String)
    /// The checkpoint has no tensor of that name.
    case missingTensor(path: String, tensor: String, held: Int)
    /// The tensor has another shape than was asked for.
    case shapeMismatch(path: String, tensor: String, expected: [Int], found: [Int])
    /// The tensor's element type does not serve what was asked for.
    case typeMismatch(path: String, tensor: String, expected: String, found: ElementType)
    /// An integer does not fit the type that it is read or written as.
    case valueOutOfRange(path: String, tensor: String, index: Int, type: ElementType)
    /// A value is infinite or not a number.
    case notFinite(path: String, tensor: String, index: Int, value: Float)
    /// What was handed to a writer contradicts what was announced.
    case invalidWrite(path: String, tensor: String, reason: String)
}

extension CheckpointError {
    public var category: ErrorCategory {
        if case .invalidWrite = self { .internalFault } else { .data }
    }

    public var description: String {
        switch self {
        case .unrecognisedFormat(let path, let found):
            "\(quoted(path)): expected safetensors, a shard index or a PyTorch file, found \(found)"
        case .truncated(let path, let part, let offset, let needed, let available):
            "\(quoted(path)): \(part) is cut short: expected \(needed) bytes at offset \(offset), found \(available)"
        case .malformedHeader(let path, let offset, let reason):
            "\(quoted(path)): malformed JSON at offset \(offset): \(reason)"
        case .malformedArchive(let path, let record, let reason):
            "\(quoted(path)): malformed archive at \(quoted(record)): \(reason)"
        case .checksumMismatch(let path, let record, let expected, let found):
            "\(quoted(path)): record \(quoted(record)) is damaged: expected CRC-32 \(expected.hexadecimal), found \(found.hexadecimal)"
        case .malformedPickle(let path, let offset, let reason):
            "\(quoted(path)): malformed pickle at offset \(offset): \(reason)"
        case .limitExceeded(let path, let quantity, let limit, let found):
            "\(quoted(path)): too many \(quantity): at most \(limit) allowed, found \(found)"
        case .duplicateName(let path, let name):
            "\(quoted(path)): \(quoted(name)) occurs twice"
        case .unknownElementType(let path, let tensor, let found):
            "\(quoted(path)): tensor \(quoted(tensor)) has the element type \(quoted(found)), of which no values are read"
        case .invalidTensor(let path, let tensor, let reason):
            "\(quoted(path)): tensor \(quoted(tensor)): \(reason)"
        case .misplacedData(let path, let tensor, let expected, let found):
            "\(quoted(path)): tensor \(quoted(tensor)): expected its data at offset \(expected) (no holes, no overlaps, nothing after the last), found \(found)"
        case .unsafeShardName(let path, let shard):
            "\(quoted(path)): expected a plain file name for a shard, found \(quoted(shard))"
        case .missingTensor(let path, let tensor, let held):
            "\(quoted(path)): no tensor \(quoted(tensor)) among the \(held) it holds"
        case .shapeMismatch(let path, let tensor, let expected, let found):
            "\(quoted(path)): tensor \(quoted(tensor)): expected shape \(expected), found \(found)"
        case .typeMismatch(let path, let tensor, let expected, let found):
            "\(quoted(path)): tensor \(quoted(tensor)): expected \(expected), found \(found.rawValue)"
        case .valueOutOfRange(let path, let tensor, let index, let type):
            "\(quoted(path)): tensor \(quoted(tensor)): the value at index \(index) does not fit \(type.rawValue)"
        case .notFinite(let path, let tensor, let index, let value):
            "\(quoted(path)): tensor \(quoted(tensor)): expected finite values, found \(value) at index \(index)"
        case .invalidWrite(let path, let tensor, let reason):
            "\(quoted(path)): writing tensor \(quoted(tensor)): \(reason)"
        }
    }
}

/// `text` between quotes, on one line and of bounded length whatever a file put into it.
func quoted(_ text: String) -> String {
    var result = "'"
    for (index, scalar) in text.unicodeScalars.enumerated() {
        if index == 200 {
            result += "…"
            break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator:
            result += "\\u{\(String(scalar.value, radix: 16))}"
        default:
            result.unicodeScalars.append(scalar)
        }
    }
    return result + "'"
}
