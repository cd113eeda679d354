import Networks

/// The files of an import by their part, one to each.
struct ImportedParts {
    private(set) var flow: (path: String, configuration: FlowNetworksConfiguration)?
    private(set) var tokenizer: (path: String, configuration: any ImageTokenizerConfiguration)?
    private(set) var text: (path: String, configuration: CLIPTextConfiguration)?
    private(set) var generator: (path: String, configuration: any TokenGeneratorConfiguration)?
    /// A list of merges, or the table and its merges.
    private(set) var vocabulary: [String] = []

    /// - Throws: `FlowTokError.unusableFiles` where two files are the same part.
    init(_ files: [ImportedFile]) throws {
        for role in [ModelFiles.CodingKeys.flow, .imageTokenizer, .textEncoder, .generator] {
            let candidates = files.filter { $0.role == role }
            guard candidates.count <= 1 else { throw Self.several(candidates, role) }
        }
        for file in files {
            guard case .checkpoint(let found) = file.contents else { continue }
            switch found.configuration {
            case let configuration as FlowNetworksConfiguration: flow = (file.path, configuration)
            case let configuration as CLIPTextConfiguration: text = (file.path, configuration)
            case let configuration as any TokenGeneratorConfiguration: generator = (file.path, configuration)
            case let configuration as any ImageTokenizerConfiguration: tokenizer = (file.path, configuration)
            default: break
            }
        }
        vocabulary = try Self.vocabulary(files)
    }

    /// Whether no file is any part.
    var isEmpty: Bool { flow == nil && tokenizer == nil && text == nil && generator == nil && vocabulary.isEmpty }

    /// All files that the model needs.
    var paths: [String] {
        [flow?.path, tokenizer?.path, text?.path, generator?.path].compactMap { $0 } + vocabulary
    }

    private static func vocabulary(_ files: [ImportedFile]) throws -> [String] {
        var (merges, tables): ([ImportedFile], [ImportedFile]) = ([], [])
        for file in files {
            switch file.contents {
            case .merges: merges.append(file)
            case .vocabularyTable: tables.append(file)
            case .checkpoint, .ignored: break
            }
        }
        guard merges.count <= 1 else { throw several(merges, .vocabulary) }
        guard tables.count <= 1 else { throw several(tables, .vocabulary) }
        if let table = tables.first, merges.isEmpty {
            throw FlowTokError.incompleteFiles("\(table.path): the merges.txt that belongs to it is missing")
        }
        return (tables + merges).map(\.path)
    }

    private static func several(_ files: [ImportedFile], _ role: ModelFiles.CodingKeys) -> FlowTokError {
        let names: [ModelFiles.CodingKeys: String] = [
            .flow: "a FlowTok", .imageTokenizer: "an image tokenizer", .textEncoder: "a text encoder",
            .generator: "a generator", .vocabulary: "CLIP's vocabulary",
        ]
        let list = files.map { "\($0.path) (\($0.summary))" }.joined(separator: " and ")
        return .unusableFiles("\(list) are each \(names[role] ?? role.rawValue), expected one of them: name the files that belong together")
    }
}
