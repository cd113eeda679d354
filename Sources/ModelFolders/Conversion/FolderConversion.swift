import Checkpoints
import Files
import Foundation
import Layers
import Networks
import Tensors

/// A model folder with its weights in another type: the same model, with everything that belongs to it.
public struct FolderConversion: Sendable {
    /// A file that is written: from where, under which name, and whether it is a checkpoint.
    public struct Item: Sendable, Hashable {
        public let source: String
        public let name: String
        public let isCheckpoint: Bool
    }

    public let folder: String
    public let family: ModelFamily
    /// All files but `config.json`, checkpoints first.
    public let items: [Item]
    /// The configuration with the new names; nil where it is copied as it is.
    let configuration: (any Encodable & Sendable)?

    /// Looks at a folder.
    ///
    /// - Throws: what opening its configuration throws.
    public init(_ folder: String) throws {
        self.folder = folder
        family = try ModelFamilies.family(ofFolder: folder)
        var plan = Plan(folder: folder)
        switch family.network {
        case .flow where family == .officialFlowTok:
            var official = try OfficialFlowTokConfiguration.read(from: folder)
            official.files = try plan.rename(official.files)
            configuration = official
        case .flow, .textEncoder:
            plan.add(path: try ModelFolder.weights(in: folder), as: ModelFolder.weightsFile, isCheckpoint: true)
            configuration = nil
        case .imageTokenizer:
            let opened = try ImageTokenizerFolder(path: folder)
            if var imported = opened.imported {
                imported.files = try plan.rename(imported.files)
                configuration = imported
            } else {
                plan.add(path: opened.weightsFile, as: ModelFolder.weightsFile, isCheckpoint: true)
                // Where a setting of the autoencoder may stand.
                let part = "vae/" + ModelFolder.configurationFile
                if FileManager.default.fileExists(atPath: folder + "/" + part) {
                    plan.add(path: folder + "/" + part, as: part, isCheckpoint: false)
                }
                configuration = nil
            }
        case .generator:
            // What the hub holds has no list of files.
            let file = try ModelFolder.configurationPath(in: folder)
            if var imported = try GeneratorFolder.Configuration.read(from: file) {
                imported.files = try plan.rename(imported.files)
                configuration = imported
            } else {
                plan.add(path: try ModelFolder.hubWeights(in: folder), as: ModelFolder.weightsFile, isCheckpoint: true)
                for part in [GeneratorFolder.tokenizerFolder, GeneratorFolder.textFolder] { try plan.addPart(part) }
                configuration = nil
            }
        }
        try plan.addRest()
        items = plan.items
    }

    /// Writes the folder, whole or not at all.
    ///
    /// - Parameters:
    ///   - type: the floating-point type of the weights; nil keeps their own.
    ///   - shardBytes: the most bytes of values in one file; nil for one file, whatever its size.
    ///   - progress: called with the checkpoint at hand and the share of it that is done.
    /// - Throws: `FlowTokError.unusableFiles` where there is a folder with files at `path` already, and `unusableModel`
    ///   where a checkpoint is packed; what `Checkpoint.convert` throws; what `progress` throws.
    public func write(
        to path: String, as type: ElementType? = nil, shardBytes: Int? = nil,
        progress: (_ file: String, _ share: Double) throws -> Void = { _, _ in }
    ) throws {
        try write(to: path) { item, checkpoint, output in
            try checkpoint.convert(to: output, as: type, shardBytes: shardBytes ?? .max) { done, total in
                try progress(item.name, total == 0 ? 1 : Double(done) / Double(total))
            }
        }
    }

    /// Writes the folder, whole or not at all, with each checkpoint as `convert` writes it.
    func write(to path: String, convert: (Item, Checkpoint, _ output: String) throws -> Void) throws {
        let files = FileManager.default
        if let names = try? files.contentsOfDirectory(atPath: path), !names.isEmpty {
            throw FlowTokError.unusableFiles("\(path): is there already and not empty, expected a new folder")
        }
        let target = URL(fileURLWithPath: path).standardizedFileURL.path
        let unfinished = try UnfinishedFolder(in: FilePath.folder(of: target))
        for item in items {
            let output = unfinished.path + "/" + item.name
            try files.createDirectory(atPath: FilePath.folder(of: output), withIntermediateDirectories: true)
            if item.isCheckpoint {
                let checkpoint = try Checkpoint.ofModel(item.source)
                if let problem = Self.problem(of: checkpoint) { throw problem }
                try convert(item, checkpoint, output)
            } else {
                try copy(item.source, to: output)
            }
        }
        let description = unfinished.path + "/" + ModelFolder.configurationFile
        if let configuration {
            try JSONFile.write(configuration, to: description)
        } else {
            try copy(folder + "/" + ModelFolder.configurationFile, to: description)
        }
        // An empty folder may stand in the way.
        rmdir(target)
        guard rename(unfinished.path, target) == 0 else { throw FileError.unwritable(path: path, reason: systemMessage(errno)) }
    }

    private func copy(_ source: String, to output: String) throws {
        let file = try MappedFile(path: source, mapping: true)
        try AtomicFile.write(to: output) { stream in try file.withBytes { try stream.append($0) } }
    }

    /// Why a checkpoint cannot be converted, or nil.
    public static func problem(of checkpoint: Checkpoint) -> FlowTokError? {
        PackedFile.precision(of: checkpoint).map {
            .unusableModel(
                file: checkpoint.path,
                reason: "its matrices are packed as \($0.rawValue), expected the model that it was packed from")
        }
    }

    /// The files of a folder on their way.
    private struct Plan {
        let folder: String
        private(set) var items: [Item] = []

        init(folder: String) { self.folder = folder }

        mutating func add(path: String, as name: String, isCheckpoint: Bool) {
            items.append(Item(source: path, name: free(name), isCheckpoint: isCheckpoint))
        }

        /// Adds the named files, and says what they are called now.
        mutating func rename(_ files: ModelFiles) throws -> ModelFiles {
            var renamed = files
            for part in [\ModelFiles.flow, \.imageTokenizer, \.textEncoder, \.generator] {
                guard let name = files[keyPath: part] else { continue }
                let path = try ModelFiles.path(of: name, in: folder)
                add(path: path, as: Self.converted(FilePath.name(of: name)), isCheckpoint: true)
                renamed[keyPath: part] = items.last?.name
            }
            renamed.vocabulary = try files.vocabulary?.map { name in
                add(path: try ModelFiles.path(of: name, in: folder), as: FilePath.name(of: name), isCheckpoint: false)
                return items.last?.name ?? name
            }
            return renamed
        }

        /// Adds what else lies in the folder and is no checkpoint: the vocabulary, the model card, the license.
        mutating func addRest() throws {
            let sources = Set(items.map { URL(fileURLWithPath: $0.source).standardizedFileURL.path })
            for name in try FileManager.default.contentsOfDirectory(atPath: folder).sorted() {
                let path = folder + "/" + name
                var isFolder: ObjCBool = false
                guard !name.hasPrefix("."), name != ModelFolder.configurationFile, !ImportedFile.isCheckpoint(name),
                    !sources.contains(URL(fileURLWithPath: path).standardizedFileURL.path),
                    FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
                else { continue }
                add(path: path, as: name, isCheckpoint: false)
            }
        }

        /// Adds a folder inside this one that holds another part of the model, as generators have.
        mutating func addPart(_ part: String) throws {
            let path = folder + "/" + part
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else { return }
            let configuration = path + "/" + ModelFolder.configurationFile
            if FileManager.default.fileExists(atPath: configuration) {
                add(path: configuration, as: part + "/" + ModelFolder.configurationFile, isCheckpoint: false)
            }
            for file in try ModelImport.look(at: path) {
                let name = FilePath.name(of: file.path)
                if case .checkpoint = file.contents {
                    add(path: file.path, as: part + "/" + Self.converted(name), isCheckpoint: true)
                } else {
                    add(path: file.path, as: part + "/" + name, isCheckpoint: false)
                }
            }
        }

        /// What a checkpoint is called as safetensors.
        private static func converted(_ name: String) -> String {
            let index = ".index.json"
            let whole = name.hasSuffix(index) ? String(name.dropLast(index.count)) : name
            return FilePath.withoutSuffix(whole) + ".safetensors"
        }

        /// A name that no other file has: files that lay in several folders may be called alike.
        private func free(_ name: String) -> String {
            var candidate = name
            var number = 2
            while items.contains(where: { $0.name == candidate }) || candidate == ModelFolder.configurationFile {
                candidate = "\(number)-\(name)"
                number += 1
            }
            return candidate
        }
    }
}
