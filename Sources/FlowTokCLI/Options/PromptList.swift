import Files
import FlowTok
import Foundation
import TextTokenizers

/// The prompts that a command is given, in order.
struct PromptList {
    /// A prompt, and what its line says of how it is drawn.
    struct Entry {
        var prompt: String
        var seed: SeedChoice?
        var steps: Int?
        var guidance: Float?
        /// The picture to write.
        var output: String?
    }

    let entries: [Entry]
    /// Whether they came one a line, so that their number is a matter of the input.
    let isFromLines: Bool

    var prompts: [String] { entries.map(\.prompt) }

    /// The most bytes of a prompt that are taken: far more than any model reads.
    static let longestPrompt = 65_536

    /// Prompts that need no check.
    init(_ prompts: [String]) {
        entries = prompts.map { Entry(prompt: $0) }
        isFromLines = false
    }

    /// Reads the prompts: arguments, `-` for the lines of standard input, and the lines of a file.
    init(arguments: [String], file: String?) throws {
        var entries: [Entry] = []
        var isFromLines = false
        for (index, argument) in arguments.enumerated() {
            if argument == "-" {
                entries += try PromptLines.entries(InputFile.bytes(of: STDIN_FILENO, path: "standard input"), from: "standard input")
                isFromLines = true
            } else {
                let name = arguments.count == 1 ? "the prompt" : "prompt \(index + 1)"
                let prompt = argument.withoutControlCharacters
                guard !prompt.isEmpty else {
                    throw Failure(.usage, "\(name) is empty: expected some words, such as \"a red fox\"")
                }
                try PromptList.check(prompt, name: name, status: .usage)
                entries.append(Entry(prompt: prompt))
            }
        }
        if let file {
            let isStandardInput = file == "-"
            let name = isStandardInput ? "standard input" : file
            let bytes = try isStandardInput ? InputFile.bytes(of: STDIN_FILENO, path: name) : InputFile.bytes(file, pipes: true)
            entries += try PromptLines.entries(bytes, from: name)
            isFromLines = true
        }
        self.entries = entries
        self.isFromLines = isFromLines
    }

    static func check(_ prompt: String, name: String, status: ExitStatus) throws {
        let count = prompt.utf8.count
        guard count <= longestPrompt else {
            throw Failure(status, "\(name) has \(count) bytes, expected at most \(longestPrompt)")
        }
    }
}

extension String {
    /// The text with spaces in place of control characters and line breaks, and without spaces around it. They say nothing
    /// to a model, and a terminal would obey them.
    var withoutControlCharacters: String {
        var cleaned = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: cleaned.append(" ")
            default:
                // A byte order mark that an editor left at the start of a file.
                if scalar.value != 0xFEFF { cleaned.append(scalar) }
            }
        }
        return String(cleaned).trimmed
    }
}

/// What is said of a prompt that a model does not read as it is written.
enum PromptWarning {
    /// Says where the model stops reading, where it does, and which words it has never seen.
    ///
    /// - Parameter number: the prompt's among several; nil for a single one.
    static func report(_ prompt: String, number: Int?, _ textTokenizer: any TextTokenizer) throws {
        let name = number.map { "prompt \($0)" } ?? "the prompt"
        let unknown = try textTokenizer.unknownWords(of: prompt)
        if !unknown.isEmpty {
            let shown = unknown.prefix(5).map { "\"\($0.ending(40))\"" }.joined(separator: ", ")
            let rest = unknown.count > 5 ? " and \(unknown.count - 5) more" : ""
            Console.report("warning: \(name) has words that the model has never seen, and cannot draw: \(shown)\(rest)")
        }
        guard let offset = try textTokenizer.truncationOffset(of: prompt) else { return }
        let kept = String(decoding: prompt.utf8.prefix(offset), as: UTF8.self).trimmed
        Console.report(
            "warning: \(name) is too long for the model and is cut at byte \(offset) of \(prompt.utf8.count), after \"\(kept.ending(40))\"")
    }
}
