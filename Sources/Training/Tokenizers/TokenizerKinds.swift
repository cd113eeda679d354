import Files

/// The kinds of training of `flowtok train tokenizer`.
public enum TokenizerKinds {
    /// Opens a run of a configuration file.
    public typealias Opening = (
        _ file: String, _ output: String, _ resume: Bool, _ checking: (_ done: Int, _ total: Int) -> Void
    ) throws -> TrainingRun

    /// A new kind is a line here.
    static var all: [(id: String, open: Opening)] {
        [
            (TokenizerRecipe.kind, { try TokenizerRecipe.open(file: $0, output: $1, resume: $2, checking: $3) }),
            kind(TiTokTraining.self), kind(GigaTokTraining.self), kind(FlexTokTraining.self), kind(AutoencoderTraining.self),
        ]
    }

    private static func kind<Kind: TokenizerKind>(_ type: Kind.Type) -> (id: String, open: Opening) {
        (Kind.id, { try TokenizerKindRecipe<Kind>.open(file: $0, output: $1, resume: $2, checking: $3) })
    }

    /// A run of the kind that a configuration file names in `output`, new or resumed; one that names none is of FlowTiTok.
    ///
    /// - Parameter checking: called with the number of pictures that were looked at, and of all.
    /// - Throws: `TrainingError` and `ConfigurationError`, each with the file and the key in question.
    public static func open(
        file: String, output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> TrainingRun {
        try KindOfTraining.open(all, default: TokenizerRecipe.kind, file: file)(file, output, resume, checking)
    }
}

/// The choice of a kind by the key `kind` of a configuration file.
enum KindOfTraining {
    /// - Throws: `ConfigurationError.badConfiguration` with the kinds that there are.
    static func open<Opening>(
        _ kinds: [(id: String, open: Opening)], default standard: String?, file: String
    ) throws -> Opening {
        let value = try JSONFile.read(JSONValue.self, from: file)["kind"]
        let id = value == nil || value == .null ? standard : value?.string
        guard let id, let found = kinds.first(where: { $0.id == id }) else {
            let given = value.map { "kind is \($0.brief)" } ?? "kind is missing"
            throw ConfigurationError.badConfiguration(
                file: file, reason: "\(given), expected one of \(kinds.map { "\"\($0.id)\"" }.joined(separator: ", "))")
        }
        return found.open
    }
}
