import Files

/// The kinds of training of `flowtok train generator`.
public enum GeneratorKinds {
    /// A new kind is a line here.
    static var all: [(id: String, open: TokenizerKinds.Opening)] {
        [kind(MaskGITTraining.self), kind(LlamaGenTraining.self), kind(TokenBridgeTraining.self)]
    }

    private static func kind<Kind: GeneratorKind>(_ type: Kind.Type) -> (id: String, open: TokenizerKinds.Opening) {
        (Kind.id, { try GeneratorKindRecipe<Kind>.open(file: $0, output: $1, resume: $2, checking: $3) })
    }

    /// A run of the kind that a configuration file names in `output`, new or resumed.
    ///
    /// - Parameter checking: called with the number of pictures that were looked at, and of all.
    /// - Throws: `TrainingError` and `ConfigurationError`, each with the file and the key in question.
    public static func open(
        file: String, output: String, resume: Bool, checking: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) throws -> TrainingRun {
        try KindOfTraining.open(all, default: nil, file: file)(file, output, resume, checking)
    }
}
