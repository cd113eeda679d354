import Checkpoints
import Files
import Foundation
import Networks
import Tensors

/// Published files as a model folder: they are recognised by the names and shapes of their tensors, checked against each
/// other, and described by a `config.json` beside them. Nothing is copied.
public struct ModelImport: Sendable {
    /// What cannot be inferred from the files.
    public struct Options: Sendable {
        /// The model's name; nil names it after what it is.
        public var name: String?
        /// The activation of CLIP's text tower.
        public var activation: Activation
        /// The side of the pictures, for a FlowTiTok, whose weights serve several; nil for the one that it was stored with.
        public var imageSize: Int?

        public init(name: String? = nil, activation: Activation = .quickGELU, imageSize: Int? = nil) {
            self.name = name
            self.activation = activation
            self.imageSize = imageSize
        }
    }

    /// Every file that was looked at, in order.
    public let files: [ImportedFile]
    public let family: ModelFamily
    /// The folder that gets the `config.json`.
    public let folder: String
    /// What the model cannot do with these files alone, a line each.
    public let notes: [String]
    private let configuration: any Encodable & Sendable

    /// Looks at files and at those of folders.
    ///
    /// - Parameters:
    ///   - sources: files, and folders whose files are looked at, without those in folders inside them.
    ///   - output: the folder to write into; nil for the one that holds all files.
    /// - Throws: `FlowTokError.incompleteFiles` where parts are missing, `unusableFiles` where several files are the same
    ///   part or do not fit each other, and what reading a file throws.
    public init(_ sources: [String], output: String? = nil, options: Options = Options()) throws {
        files = try sources.flatMap { try Self.look(at: $0) }
        let parts = try ImportedParts(files)
        let folder = try output ?? Self.folder(of: parts.paths)
        self.folder = folder
        let named = ModelFiles(
            flow: parts.flow.map { Self.name($0.path, in: folder) },
            imageTokenizer: parts.tokenizer.map { Self.name($0.path, in: folder) },
            textEncoder: parts.text.map { Self.name($0.path, in: folder) },
            generator: parts.generator.map { Self.name($0.path, in: folder) },
            vocabulary: parts.vocabulary.isEmpty ? nil : parts.vocabulary.map { Self.name($0, in: folder) })
        if parts.flow != nil {
            family = .officialFlowTok
            configuration = try OfficialFlowTokConfiguration(importing: parts, files: named, options: options)
            notes = []
        } else if parts.generator != nil {
            let imported = try GeneratorFolder.Configuration(importing: parts, files: named, options: options)
            family = try TypedConfiguration(imported.generator).family
            configuration = imported
            notes = imported.notes
        } else if parts.tokenizer != nil {
            let imported = try ImageTokenizerFolder.Configuration(importing: parts, files: named, options: options)
            family = try TypedConfiguration(imported.tokenizer).family
            configuration = imported
            notes = imported.notes
        } else {
            throw FlowTokError.incompleteFiles(
                "\(sources.joined(separator: ", ")): no FlowTok, no generator and no image tokenizer among these files, expected at least one of them")
        }
    }

    /// What the folder is good for, in words.
    public var summary: String {
        switch family.network {
        case .flow: "complete for text to image"
        case .generator: notes.isEmpty ? "complete for generate" : "for generate"
        case .imageTokenizer, .textEncoder: "for tokenize, detokenize and reconstruct"
        }
    }

    /// Reads all weights of the parts, and tells which files hold values that are not finite, with the first tensor that
    /// does: a line each.
    ///
    /// - Throws: `CheckpointError` where a file cannot be read.
    public func nonFinite() throws -> [String] {
        try files.flatMap { file -> [String] in
            guard case .checkpoint = file.contents, file.role != nil else { return [] }
            let checkpoint = try Checkpoint(path: file.path)
            do {
                try checkpoint.checkFinite()
            } catch CheckpointError.notFinite(_, let tensor, _, _) {
                checkpoint.noteNonFinite(tensor)
            }
            return checkpoint.warnings
        }
    }

    /// Writes the `config.json`, whole or not at all.
    ///
    /// - Throws: `FlowTokError.unusableFiles` where there is one that did not come from here, `FileError` where it
    ///   cannot be written.
    public func write() throws {
        let file = folder + "/" + ModelFolder.configurationFile
        if FileManager.default.fileExists(atPath: file) {
            let old = try? JSONFile.read(WrittenHere.self, from: file)
            guard old?.files != nil else {
                throw FlowTokError.unusableFiles(
                    "\(file): is there already and was not written by flowtok import, expected another folder with --output")
            }
        }
        try JSONFile.write(configuration, to: folder + "/" + ModelFolder.configurationFile)
    }

    /// Only imported models name their files.
    private struct WrittenHere: Decodable {
        let files: ModelFiles?
    }

    // MARK: - Files

    static func look(at source: String) throws -> [ImportedFile] {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: source, isDirectory: &isFolder), isFolder.boolValue else {
            return [try ImportedFile(named: source)]
        }
        let folder = source.count > 1 && source.hasSuffix("/") ? String(source.dropLast()) : source
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { name in
            var isFolder: ObjCBool = false
            return !name.hasPrefix(".") && name != ModelFolder.configurationFile
                && FileManager.default.fileExists(atPath: folder + "/" + name, isDirectory: &isFolder) && !isFolder.boolValue
        }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        // Shards are read through their index.
        var shards: Set<String> = []
        for index in names where index.hasSuffix(".index.json") {
            let map = try? JSONFile.read(Index.self, from: folder + "/" + index)
            shards.formUnion(map.map { Array($0.weight_map.values) } ?? [])
        }
        return try names.filter { !shards.contains($0) }.map { try ImportedFile(in: folder, name: $0) }
    }

    private struct Index: Decodable {
        let weight_map: [String: String]
    }

    /// The folder that holds all files.
    private static func folder(of paths: [String]) throws -> String {
        let folders = Set(
            paths.map { path in
                let parent = FilePath.folder(of: path)
                return parent.isEmpty ? "." : parent
            })
        guard folders.count == 1, let folder = folders.first else {
            throw FlowTokError.unusableFiles(
                "the files lie in \(folders.count) folders (\(folders.sorted().joined(separator: ", "))), expected one, or --output with the folder to write into"
            )
        }
        return folder
    }

    /// A file's name as the configuration in `folder` holds it: relative where it lies inside, otherwise its whole path.
    private static func name(_ path: String, in folder: String) -> String {
        func whole(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
        let (file, base) = (whole(path), whole(folder))
        return file.hasPrefix(base + "/") ? String(file.dropFirst(base.count + 1)) : file
    }
}
