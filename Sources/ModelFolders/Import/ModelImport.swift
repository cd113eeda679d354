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
    private let check: PartCheck

    /// Looks at files and at those of folders.
    ///
    /// - Parameters:
    ///   - sources: files, and folders whose files are looked at, without those in folders inside them.
    ///   - output: the folder to write into; nil for the one that holds all files.
    /// - Throws: `FlowTokError.incompleteFiles` where parts are missing, `unusableFiles` where several files are the same
    ///   part or do not fit each other, `WeightMismatch` where one lacks tensors, and what reading a file throws.
    public init(_ sources: [String], output: String? = nil, options: Options = Options()) throws {
        let files = try sources.flatMap { try Self.look(at: $0) }
        self.files = files
        let parts = try ImportedParts(files)
        guard !parts.isEmpty else { throw Self.nothing(in: sources, files) }
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
            let imported = try Self.tellingWhatIsPassedOver(files) {
                try OfficialFlowTokConfiguration(importing: parts, files: named, options: options)
            }
            configuration = imported
            notes = []
            var check = PartCheck()
            try check.check(
                imported, text: parts.text?.path ?? "", flow: parts.flow?.path ?? "", tokenizer: parts.tokenizer?.path ?? "")
            self.check = check
            return
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
            throw Self.nothing(in: sources, files)
        }
        var check = PartCheck()
        if let (path, configuration) = parts.generator { try check.check(configuration, in: path) }
        if let (path, configuration) = parts.tokenizer { try check.check(configuration, in: path) }
        if let (path, configuration) = parts.text { try check.check(configuration, in: path) }
        self.check = check
    }

    /// Runs `body`; where it misses a part, files that have a checkpoint's name and hold none may be it.
    private static func tellingWhatIsPassedOver<Result>(_ files: [ImportedFile], _ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch FlowTokError.incompleteFiles(let reason) {
            let strays = files.filter { file in
                if case .ignored = file.contents { ImportedFile.isCheckpoint((file.path as NSString).lastPathComponent) } else { false }
            }
            guard !strays.isEmpty else { throw FlowTokError.incompleteFiles(reason) }
            let list = strays.prefix(4).map { "\(FilePath.shown($0.path)) (\($0.summary))" }.joined(separator: ", ")
            throw FlowTokError.incompleteFiles("\(reason); found beside them \(list)\(strays.count > 4 ? ", …" : "")")
        }
    }

    /// That there is no model among files, and what each of them is.
    private static func nothing(in sources: [String], _ files: [ImportedFile]) -> FlowTokError {
        let list = sources.joined(separator: ", ")
        if files.isEmpty {
            return .incompleteFiles("\(list): there are no files to import in it, expected those of a FlowTok, a generator or an image tokenizer")
        }
        let shown = files.prefix(8).map { "\(FilePath.shown($0.path)) (\($0.summary))" }.joined(separator: ", ")
        return .incompleteFiles(
            "\(list): no FlowTok, no generator and no image tokenizer among these files, expected at least one of them; found \(shown)\(files.count > 8 ? ", …" : "")"
        )
    }

    /// What the folder is good for, in words.
    public var summary: String {
        switch family.network {
        case .flow: "complete for text to image"
        case .generator: notes.isEmpty ? "complete for generate" : "for generate"
        case .imageTokenizer, .textEncoder: "for tokenize, detokenize and reconstruct"
        }
    }

    /// Reads all weights that the model uses.
    ///
    /// - Throws: `CheckpointError.notFinite` with the first value that is infinite or not a number, and what reading a file
    ///   throws.
    public func checkFinite() throws { try check.checkFinite() }

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
            // What is no index of shards is a stray, and strays are passed over: shards that it should have named are reported then.
            let map = try? JSONFile.read(Index.self, from: folder + "/" + index)
            shards.formUnion(map.map { Array($0.weight_map.values) } ?? [])
        }
        return try passingOverCopies(names.filter { !shards.contains($0) }.map { try ImportedFile(in: folder, name: $0) })
    }

    /// Folders of the hub often hold the same weights in several formats: the first stands for all, safetensors before others.
    private static func passingOverCopies(_ files: [ImportedFile]) throws -> [ImportedFile] {
        var files = files
        for role in [ModelFiles.CodingKeys.flow, .imageTokenizer, .textEncoder, .generator] {
            let candidates = files.indices.filter { files[$0].role == role }
            guard candidates.count > 1 else { continue }
            let first = candidates.first { files[$0].path.contains(".safetensors") } ?? candidates[0]
            let original = try Checkpoint.ofModel(files[first].path)
            for copy in candidates where copy != first {
                guard try Checkpoint.ofModel(files[copy].path).holdsTheSame(as: original) else { continue }
                files[copy] = files[copy].ignored("the same weights as \(FilePath.shown(files[first].path))")
            }
        }
        return files
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
