import Files
import FlowTok
import Foundation
import TextTokenizers

/// The prompts that a command is given, in order.
struct PromptList {
    let prompts: [String]
    /// Whether they came one a line, so that their number is a matter of the input.
    let isFromLines: Bool

    /// The most bytes of a prompt that are taken: far more than any model reads.
    static let longestPrompt = 65_536

    /// Prompts that need no check.
    init(_ prompts: [String]) {
        self.prompts = prompts
        isFromLines = false
    }

    /// Reads the prompts: arguments, `-` for the lines of standard input, and the lines of a file.
    init(arguments: [String], file: String?) throws {
        var prompts: [String] = []
        var isFromLines = false
        for (index, argument) in arguments.enumerated() {
            if argument == "-" {
                prompts += try PromptList.lines(of: FileHandle.standardInput.readDataToEndOfFile(), from: "standard input")
                isFromLines = true
            } else {
                let prompt = argument.withoutControlCharacters
                let name = arguments.count == 1 ? "the prompt" : "prompt \(index + 1)"
                guard !prompt.isEmpty else {
                    throw Failure(.usage, "\(name) is empty: expected some words, such as \"a red fox\"")
                }
                try PromptList.check(prompt, name: name, status: .usage)
                prompts.append(prompt)
            }
        }
        if let file {
            prompts += try PromptList.lines(of: Data(InputFile.bytes(file, pipes: true)), from: file)
            isFromLines = true
        }
        self.prompts = prompts
        self.isFromLines = isFromLines
    }

    /// One prompt a line; blank lines are passed over.
    private static func lines(of data: Data, from name: String) throws -> [String] {
        var prompts: [String] = []
        for (index, line) in data.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let place = "\(name), line \(index + 1)"
            guard let text = String(validating: line, as: UTF8.self) else {
                throw Failure(.data, "\(place): not valid UTF-8")
            }
            let prompt = text.withoutControlCharacters
            if prompt.isEmpty { continue }
            try check(prompt, name: place, status: .data)
            prompts.append(prompt)
        }
        guard !prompts.isEmpty else { throw Failure(.data, "\(name): no prompts, expected one a line") }
        return prompts
    }

    private static func check(_ prompt: String, name: String, status: ExitStatus) throws {
        let count = prompt.utf8.count
        guard count <= longestPrompt else {
            throw Failure(status, "\(name) has \(count) bytes, expected at most \(longestPrompt)")
        }
    }
}

extension String {
    /// The text with spaces in place of control characters and line breaks, and without spaces around it. They say nothing
    /// to a model, and a terminal would obey them.
    fileprivate var withoutControlCharacters: String {
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

/// What is said of a prompt that a model cannot read to the end.
enum PromptWarning {
    /// Says where the model stops reading, where it does.
    ///
    /// - Parameter number: the prompt's among several; nil for a single one.
    static func report(_ prompt: String, number: Int?, _ captions: any TextTokenizer) throws {
        guard let offset = try captions.truncationOffset(of: prompt) else { return }
        let name = number.map { "prompt \($0)" } ?? "the prompt"
        let kept = String(decoding: prompt.utf8.prefix(offset), as: UTF8.self).trimmed
        Console.report(
            "warning: \(name) is too long for the model and is cut at byte \(offset) of \(prompt.utf8.count), after \"\(kept.ending(40))\"")
    }
}
