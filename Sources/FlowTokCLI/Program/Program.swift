import ArgumentParser
import Foundation
import Tensors

/// Parses the arguments, runs the command and ends the process: with one line on standard error where something is wrong.
enum Program {
    static func run(_ root: any ParsableCommand.Type) -> Never {
        do {
            try checkArguments()
            if let problem = Machine.kernelChoiceProblem { throw Failure(.usage, problem) }
            var command = try parse(root)
            do {
                try command.run()
                try Console.finish()
            } catch let error where root.exitCode(for: error) == .success {
                Console.print(root.fullMessage(for: error))
            }
            exit(ExitStatus.success.rawValue)
        } catch let code as ExitCode {
            exit(code.rawValue)
        } catch {
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
                throw Failure(.usage, root.message(for: error) + hint(root))
            }
            Console.print(message)
            try Console.finish()
            exit(ExitStatus.success.rawValue)
        }
    }

    /// Where to read on, named after the subcommand in question.
    private static func hint(_ root: any ParsableCommand.Type) -> String {
        let names = root.configuration.subcommands.map { $0.configuration.commandName ?? "\($0)".lowercased() }
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
