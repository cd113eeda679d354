import Files
import FlowTok
import Foundation
import Networks

/// What all shares of a batch must have alike: the file `batch.json` in its folder.
struct BatchIdentity: Codable, Equatable {
    static let file = "batch.json"

    var command: String
    var version = FlowTok.version
    /// The number of shares.
    var shards: Int
    /// What is divided: pictures, or archives of them.
    var units: Int
    /// All that decides what comes out.
    var settings: [String: String]

    init(_ command: String, shards: Int, units: Int, settings: [String: String?]) {
        self.command = command
        self.shards = shards
        self.units = units
        self.settings = settings.compactMapValues { $0 }
    }

    /// A digest of texts, for what is too long to be compared one by one.
    static func digest(_ texts: [String]) -> String {
        var hash = SHA256()
        for text in texts { hash.update(Array("\(text.utf8.count):\(text)".utf8)) }
        return String(hash.hexadecimalDigest().prefix(16))
    }

    /// A digest of the files of a model, by their names and sizes: the same on machines that have it in different places.
    static func digest(model path: String) -> String {
        func size(_ path: String) -> String {
            "\((try? FileManager.default.attributesOfItem(atPath: URL(fileURLWithPath: path).resolvingSymlinksInPath().path)[.size] as? Int) ?? 0)"
        }
        guard InputFile.isFolder(path) else { return digest([size(path)]) }
        let names = (try? InputFile.tree(of: path)) ?? []
        return digest(names.flatMap { [$0, size(FilePath.join(path, $0))] })
    }

    /// Makes sure that a folder is this batch's: the first share writes the file, the others compare.
    ///
    /// - Parameter names: files that the batch is going to write, none of which may be somebody else's.
    /// - Throws: `Failure` where the folder holds another batch, or files of these names; `FileError`.
    func claim(_ folder: String, names: some Sequence<String>) throws {
        let path = FilePath.join(folder, Self.file)
        if !InputFile.isThere(path) {
            let there = Set(try InputFile.names(in: folder))
            if !there.isEmpty,
                let taken = names.first(where: { there.contains($0) || $0.contains("/") && InputFile.isThere(FilePath.join(folder, $0)) })
                    ?? there.sorted().first(where: { $0.hasPrefix("part-") })
            {
                throw Failure(.usage, "\(FilePath.join(folder, taken)): is there already, and the folder holds no batch: expected an empty folder")
            }
            do {
                return try AtomicFile.write(to: path, text: JSONFile.text(self), replacing: false)
            } catch FileError.exists {}
        }
        let other = try JSONFile.read(BatchIdentity.self, from: path)
        guard other != self else { return }
        let trees = try [other, self].map { try JSONDecoder().decode(JSONValue.self, from: JSONEncoder().encode($0)) }
        let difference = trees[1].differences(from: trees[0]).first
        throw Failure(
            .usage,
            "\(folder): holds another batch: \(difference.map { "\($0.path) was \($0.old?.brief ?? "left out") and is now \($0.new?.brief ?? "left out")" } ?? "its settings differ"); expected another folder"
        )
    }
}
