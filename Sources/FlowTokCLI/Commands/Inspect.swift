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
                """)
    }

    @Argument(help: ArgumentHelp("A checkpoint or a folder.", valueName: "path"), completion: .file())
    var path: String

    @Flag(help: "Read headers only: no check of the values, no SHA-256.")
    var fast = false

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a file.")
    var json = false

    func run() throws {
        var failures: [Failure] = []
        let files = InputFile.isFolder(path) ? try Inspection.files(in: path) : [path]
        for (index, file) in files.enumerated() {
            do {
                let inspection = try Inspection(file, fast: fast)
                if json {
                    try Console.print(json: inspection)
                } else {
                    if index > 0 { Console.print("") }
                    for line in inspection.lines { Console.print(line) }
                }
                if let problem = inspection.problem { failures.append(Failure(.data, problem)) }
            } catch  where files.count > 1 {
                failures.append(Failure(error))
                Console.report(Failure(error).message)
            }
        }
        guard let first = failures.first else { return }
        throw failures.count == 1 ? first : Failure(.data, "\(failures.count) of \(files.count) files have problems")
    }
}
