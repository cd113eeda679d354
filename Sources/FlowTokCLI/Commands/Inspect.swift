import ArgumentParser
import Files
import Foundation

/// `flowtok inspect`.
struct Inspect: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Tell what is in a checkpoint or a model folder: tensors, shapes, types, sizes.",
            discussion: """
                Reads safetensors, their shard indexes, and PyTorch files, which are recognised by content and never \
                run. Every value is checked to be finite; the SHA-256 is that of the file.

                EXAMPLES
                  flowtok inspect model.safetensors
                  flowtok inspect checkpoint.pth --json
                  flowtok inspect Models/default
                  flowtok inspect big.safetensors --fast
                  curl -sL https://example.org/model.safetensors | flowtok inspect -
                """)
    }

    @Argument(
        help: ArgumentHelp("Checkpoints, one of which may be - for standard input, and folders.", valueName: "path"), completion: .file())
    var paths: [String]

    @Flag(help: "Read headers only: no check of the values, no SHA-256.")
    var fast = false

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a file.")
    var json = false

    func run() throws {
        guard paths.count(where: { $0 == "-" }) <= 1 else { throw Failure(.usage, "standard input (-) can be read only once") }
        var failures = FailureCount()
        var files: [String] = []
        for path in paths {
            do {
                files += InputFile.isFolder(path) ? try Inspection.files(in: path) : [path]
            } catch  where paths.count > 1 {
                failures.add(error)
            }
        }
        let total = files.count + failures.count
        for (index, file) in files.enumerated() {
            do {
                let inspection = try inspection(of: file)
                if json {
                    try Console.print(json: inspection)
                } else {
                    if index > 0 { Console.print("") }
                    for line in inspection.lines { Console.print(line) }
                }
                if let problem = inspection.problem { throw Failure(.data, problem) }
            } catch  where total > 1 {
                failures.add(error)
            }
        }
        try failures.finish(of: total, "files have problems")
    }

    private func inspection(of file: String) throws -> Inspection {
        let input = try SpooledInput(file)
        var inspection = try input.named { try Inspection($0, named: input.name, fast: fast) }
        inspection.problem = inspection.problem.map(input.named)
        return inspection
    }
}
