import Files
import Foundation
import Images
import Synchronization

/// A dataset of sprites in memory.
public struct SpriteDataset: Sendable {
    /// The sprites in the order of their shards.
    public let sprites: [Sprite]

    public init(sprites: [Sprite]) {
        self.sprites = sprites
    }

    /// Reads every `.tar` of `folder`, in the order of their names; shards are decoded side by side.
    ///
    /// - Throws: `DatasetError.missing`, `.empty`, `.badArchive`, or `.badRecord` for a sprite without picture or description.
    public init(folder: URL) throws {
        let shards = try Self.shards(in: folder)
        let results = Mutex([Result<[Sprite], any Error>?](repeating: nil, count: shards.count))
        DispatchQueue.concurrentPerform(iterations: shards.count) { index in
            let result = Result { try Self.read(shards[index]) }
            results.withLock { $0[index] = result }
        }
        sprites = try results.withLock { $0 }.flatMap { try $0?.get() ?? [] }
        guard !sprites.isEmpty else { throw DatasetError.empty(path: folder.path, expected: "sprites (samples of .png and .json)") }
    }

    /// The `.tar` files of `folder`, by name.
    static func shards(in folder: URL) throws -> [URL] {
        guard FileManager.default.fileExists(atPath: folder.path) else {
            throw DatasetError.missing(path: folder.path, hint: "a folder of .tar shards was expected (Scripts/build-dataset makes one)")
        }
        let names = try InputFile.names(in: folder.path)
        let shards = names.filter { $0.hasSuffix(".tar") && !$0.hasPrefix(".") }.sorted()
        guard !shards.isEmpty else { throw DatasetError.empty(path: folder.path, expected: ".tar shards") }
        return shards.map(folder.appendingPathComponent)
    }

    private static func read(_ shard: URL) throws -> [Sprite] {
        let decoder = JSONDecoder()
        return try WebDatasetSample.samples(of: shard).map { sample in
            let place = "\(shard.path): \(sample.key)"
            guard let png = sample.parts["png"], let json = sample.parts["json"] else {
                throw DatasetError.badRecord(
                    path: place, reason: "a sprite needs .png and .json, found .\(sample.parts.keys.sorted().joined(separator: ", ."))")
            }
            let description: SpriteDescription
            do { description = try decoder.decode(SpriteDescription.self, from: json) } catch {
                throw DatasetError.badRecord(path: place, reason: "not a sprite's description: \(Self.explain(error))")
            }
            do { return Sprite(description: description, image: try RGBAImage(png: [UInt8](png))) } catch {
                throw DatasetError.badRecord(path: place, reason: "\(error)")
            }
        }
    }

    /// One line for a JSON fault.
    static func explain(_ error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, _): "\"\(key.stringValue)\" is missing"
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context):
            "\"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" has another type than expected"
        default: "not valid JSON"
        }
    }
}

/// The files of a shard that share a key: everything before the first dot of the last path part.
struct WebDatasetSample: Sendable {
    var key: String
    /// The contents by lower-case extension, such as "png".
    var parts: [String: Data]

    /// The samples of a shard, in order; the files of a sample stand together.
    static func samples(of shard: URL) throws -> [WebDatasetSample] {
        var samples: [WebDatasetSample] = []
        var reader = try TarReader(contentsOf: shard)
        while let entry = try reader.nextEntry() {
            let nameStart = entry.name.lastIndex(of: "/").map { entry.name.index(after: $0) } ?? entry.name.startIndex
            guard entry.name[nameStart...].first != ".", let dot = entry.name[nameStart...].firstIndex(of: ".") else { continue }
            let key = String(entry.name[..<dot])
            let part = entry.name[entry.name.index(after: dot)...].lowercased()
            if samples.last?.key != key { samples.append(WebDatasetSample(key: key, parts: [:])) }
            guard samples[samples.count - 1].parts.updateValue(entry.data, forKey: part) == nil else {
                throw DatasetError.badRecord(path: "\(shard.path): \(entry.name)", reason: "a second file of the same name")
            }
        }
        return samples
    }
}
