import Files
import Foundation
import Synchronization

/// The names and shapes of a checkpoint's tensors, asked for what an architecture's shape can be inferred from, with the texts
/// of its header and the files beside it, for architectures whose settings stand there.
public struct TensorCatalog: Sendable {
    /// Why something cannot be inferred.
    public struct Problem: Error {
        public let reason: String

        /// On one line, whatever names and texts of a file are quoted.
        public init(_ reason: String) { self.reason = FilePath.shown(reason) }
    }

    /// The texts that the checkpoint holds beside its tensors.
    public let metadata: [String: String]
    private let shapes: [String: [Int]]
    /// The folder of the checkpoint; nil where there is none.
    private let folder: String?
    private let assumed: Assumptions

    /// Far above what any architecture has: products of a few extents must not overflow.
    private static let longest = 1 << 24

    public init(_ shapes: [String: [Int]], metadata: [String: String] = [:], folder: String? = nil) {
        self.init(shapes, metadata: metadata, folder: folder, assumed: Assumptions())
    }

    private init(_ shapes: [String: [Int]], metadata: [String: String], folder: String?, assumed: Assumptions) {
        self.shapes = shapes
        self.metadata = metadata
        self.folder = folder
        self.assumed = assumed
    }

    /// What shapes did not tell and no published model has an example of, with what it was taken for: parts of a sentence, in
    /// the order in which they were asked for.
    package var assumptions: [String] { assumed.list.withLock { $0 } }

    /// The assumptions of a catalog and of what was taken from it.
    private final class Assumptions: Sendable {
        let list = Mutex<[String]>([])
    }

    /// The JSON document of that name beside the checkpoint; nil where there is none.
    ///
    /// - Throws: `Problem` where it cannot be read.
    package func document<Value: Decodable>(_ name: String, as type: Value.Type = JSONValue.self) throws -> Value? {
        guard let folder else { return nil }
        let path = folder.isEmpty ? name : folder + "/" + name
        guard FileManager.default.fileExists(atPath: path) else { return nil }
        do {
            return try JSONFile.read(type, from: path)
        } catch let error as FileError {
            throw Problem(error.description)
        }
    }

    /// The names of all tensors.
    public var names: Set<String> { Set(shapes.keys) }

    /// The tensors whose names begin with a prefix, without it.
    package func under(_ prefix: String) -> TensorCatalog {
        let kept = shapes.filter { $0.key.hasPrefix(prefix) }
        return TensorCatalog(
            Dictionary(uniqueKeysWithValues: kept.map { (String($0.key.dropFirst(prefix.count)), $0.value) }), metadata: metadata,
            folder: folder, assumed: assumed)
    }

    public func contains(_ name: String) -> Bool { shapes[name] != nil }

    /// The shape of a tensor, whatever it is; nil where there is none of that name.
    public func shape(of name: String) -> [Int]? { shapes[name] }

    /// The shape of a tensor that must have as many axes, none of them empty.
    public func shape(_ name: String, rank: Int) throws -> [Int] {
        guard let shape = shapes[name] else { throw Problem("\(name) is missing") }
        guard shape.count == rank, shape.allSatisfy((1...Self.longest).contains) else {
            throw Problem("\(name) has shape \(shape), expected \(rank) axes")
        }
        return shape
    }

    /// How many of `prefix`0`suffix`, `prefix`1`suffix`, … there are in a row.
    public func run(_ prefix: String, _ suffix: String) -> Int {
        var count = 0
        while shapes["\(prefix)\(count)\(suffix)"] != nil { count += 1 }
        return count
    }

    /// The side of a square of `count` places.
    public func side(_ count: Int, of name: String) throws -> Int {
        let root = Int(Double(count).squareRoot().rounded())
        guard root > 0, root * root == count else {
            throw Problem("\(name) has \(count) places, which form no square")
        }
        return root
    }

    /// The side of the square patches that a patch embedding [width, 3, patch, patch] reads.
    public func patch(_ name: String) throws -> Int {
        let shape = try shape(name, rank: 4)
        guard shape[1] == 3, shape[2] == shape[3] else {
            throw Problem("\(name) has shape \(shape), expected [width, 3, patch, patch]")
        }
        return shape[2]
    }

    /// Heads of 64 channels, as all published models of a width have. Nothing narrower than a head is published, and one head is
    /// assumed there.
    public func heads(_ width: Int) throws -> Int {
        if (1..<64).contains(width) {
            let assumption = "one head for a width of \(width), which shapes do not tell"
            assumed.list.withLock { if !$0.contains(assumption) { $0.append(assumption) } }
            return 1
        }
        guard width > 0, width % 64 == 0 else {
            throw Problem("the number of heads cannot be inferred from a width of \(width), expected a multiple of 64")
        }
        return width / 64
    }

    /// a / b where that is a whole number.
    public static func quotient(_ a: Int, _ b: Int, _ what: String) throws -> Int {
        guard b > 0, a % b == 0 else { throw Problem("\(what): \(a) is no multiple of \(b)") }
        return a / b
    }

    /// a - b where that leaves something.
    public static func difference(_ a: Int, _ b: Int, _ what: String) throws -> Int {
        guard a > b else { throw Problem("\(what): \(a) leaves nothing beside \(b)") }
        return a - b
    }

    /// A configuration, which must be valid.
    public static func checked<Configuration: NetworkConfiguration>(_ configuration: Configuration) throws -> Configuration {
        try configuration.validate { Problem($0) }
        return configuration
    }
}
