import FlowTok

/// What is said of a prompt that a model cannot read to the end.
enum PromptWarning {
    /// Says where the model stops reading, where it does.
    ///
    /// - Parameter number: the prompt's among several; nil for a single one.
    static func report(_ prompt: String, number: Int?, _ captions: any CaptionCodec) throws {
        guard let offset = try captions.cut(prompt) else { return }
        let name = number.map { "prompt \($0)" } ?? "the prompt"
        let kept = String(decoding: prompt.utf8.prefix(offset), as: UTF8.self).trimmed
        Console.report(
            "warning: \(name) is too long for the model and is cut at byte \(offset) of \(prompt.utf8.count), after \"\(kept.ending(40))\"")
    }
}
