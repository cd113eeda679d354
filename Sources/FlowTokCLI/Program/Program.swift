import ArgumentParser
import Checkpoints
import Files
import Foundation
import Tensors

/// Parses the arguments, runs the command and ends the process: with one line on standard error where something is wrong.
enum Program {
    static func run(_ root: any ParsableCommand.Type) -> Never {
        StandardStream.prepare()
        do {
            try checkArguments()
            if let problem = Machine.kernelChoiceProblem { throw Failure(.usage, problem) }
            try checkCommand(root)
            var command = try parse(root)
            do {
                try command.run()
                Console.warnPending()
                try Console.finish()
            } catch let error where root.exitCode(for: error) == .success {
                Console.print(root.fullMessage(for: error))
                try Console.finish()
            }
            exit(ExitStatus.success.rawValue)
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch {
            // Where values that are not finite ended the command, its error names them.
            if case CheckpointError.notFinite? = error as? CheckpointError {} else { Console.warnPending() }
            Console.report(String(describing: Failure(error)))
            exit(Failure(error).status.rawValue)
        }
    }

    /// The command that the arguments ask for. Help, version and completion scripts are printed here and end the process.
    private static func parse(_ root: any ParsableCommand.Type) throws -> any ParsableCommand {
        do {
            return try root.parseAsRoot()
        } catch {
            let message = root.fullMessage(for: error)
            guard root.exitCode(for: error) == .success else {
                throw Failure(.usage, explained(root.message(for: error), root) + hint(root))
            }
            Console.print(message)
            try Console.finish()
            exit(ExitStatus.success.rawValue)
        }
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }

    /// Throws where the first words are no command: the parser would take them for arguments that nobody expects.
    private static func checkCommand(_ root: any ParsableCommand.Type) throws {
        var words = CommandLine.arguments.dropFirst()[...]
        let isHelp = words.first == "help"
        if isHelp { words = words.dropFirst() }
        var command = root
        var path = "flowtok"
        while let word = words.popFirst(), !command.configuration.subcommands.isEmpty, !word.hasPrefix("-") {
            let found = command.configuration.subcommands.first { name(of: $0) == word }
            guard let found else {
                if word == "help", command == root { return }
                let names = command.configuration.subcommands.map { name(of: $0) }
                let known = Suggestion.command(for: word, among: names)
                let meant =
                    if let known {
                        ", did you mean \(known)?"
                    } else if command == root, !isHelp, word.contains(" ") {
                        ": to draw it, flowtok t2i \"\(word.onOneLine.ending(60))\""
                    } else {
                        ", expected one of \(names.joined(separator: ", "))"
                    }
                throw Failure(.usage, "there is no command \"\(word)\"\(meant) (see \(path) --help)")
            }
            command = found
            path += " " + word
        }
    }

    /// What the parser says, with what it cannot know.
    private static func explained(_ message: String, _ root: any ParsableCommand.Type) -> String {
        let arguments = CommandLine.arguments.dropFirst()
        // "-5 degrees" is a prompt to whoever wrote it.
        if ["t2i", "generate"].contains(arguments.first ?? ""), let prompt = arguments.first(where: looksLikeText) {
            let start = message.contains("no prompt") || message.contains(prompt) ? "" : message + ": "
            return start + "\"\(prompt)\" begins with - and is taken for an option; a prompt like that comes after --: flowtok t2i -- \"\(prompt)\""
        }
        let command = root.configuration.subcommands.first { name(of: $0) == arguments.first } ?? root
        // A command that finds fault with the rest of its arguments does so before the parser speaks of an option that it has not.
        let hidden = message.contains("Unknown option") ? nil : unknownOption(among: arguments, command, root)
        let message = hidden.map { "Unknown option '\($0)'" } ?? message
        guard let start = message.range(of: "Unknown option '") else { return message }
        let unknown = String(message[start.upperBound...].prefix { $0 != "'" && $0 != "=" })
        guard let meant = Suggestion.option(for: unknown, in: root.helpMessage(for: command)) else { return message }
        // What other programs call it says more than what it looks like.
        let told = message.range(of: ". Did you mean").map { String(message[..<$0.lowerBound]) } ?? message
        return told + ". Did you mean '\(meant)'?"
    }

    /// The first argument before `--` that has the form of a long option and is none of the command's.
    private static func unknownOption(
        among arguments: ArraySlice<String>, _ command: any ParsableCommand.Type, _ root: any ParsableCommand.Type
    ) -> String? {
        guard command != root, command.configuration.subcommands.isEmpty else { return nil }
        let words = root.helpMessage(for: command, includeHidden: true).split { !($0 == "-" || $0.isLetter || $0.isNumber) }
        let known = Set(words.map(String.init))
        return arguments.prefix { $0 != "--" }.map { String($0.prefix { $0 != "=" }) }
            .first { $0.hasPrefix("--") && !$0.contains(" ") && !known.contains($0) }
    }

    /// Whether an argument that begins like an option is none: it has a space, or a digit after the hyphen.
    private static func looksLikeText(_ argument: String) -> Bool {
        guard argument.hasPrefix("-"), argument != "-" else { return false }
        let name = argument.prefix { $0 != "=" }
        return name.contains(" ") || argument.dropFirst().first?.isNumber == true && Double(argument) == nil
    }

    /// Where to read on, named after the subcommand in question.
    private static func hint(_ root: any ParsableCommand.Type) -> String {
        let names = root.configuration.subcommands.map { name(of: $0) }
        guard let command = CommandLine.arguments.dropFirst().first, names.contains(command) else {
            return " (see flowtok --help)"
        }
        return " (see flowtok \(command) --help)"
    }

    /// Swift repairs arguments that are not UTF-8 without a word, and would draw or open something else than was meant.
    private static func checkArguments() throws {
        for (index, argument) in CommandLine.unsafeArguments.enumerated() where index > 0 {
            guard let argument, String(validatingCString: argument) == nil else { continue }
            throw Failure(.usage, "argument \(index) (\"\(String(cString: argument))\") is not valid UTF-8")
        }
    }
}

extension CommandLine {
    /// The arguments as the system gave them.
    fileprivate static var unsafeArguments: UnsafeBufferPointer<UnsafeMutablePointer<CChar>?> {
        UnsafeBufferPointer(start: unsafeArgv, count: Int(argc))
    }
}
