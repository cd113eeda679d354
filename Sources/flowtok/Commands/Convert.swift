import ArgumentParser
import Checkpoints
import FlowTok
import Foundation

/// `flowtok convert`.
struct Convert: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Write a checkpoint or a model folder as safetensors, in another type where one is asked for.",
            discussion: """
                A checkpoint of any format that flowtok reads becomes a safetensors file; a model folder becomes a new \
                folder with its configuration, weights, vocabulary and model card. Floating-point values are rounded to \
                nearest even, integers stay. One tensor is in memory at a time.

                EXAMPLES
                  flowtok convert FlowTok-XL.pth FlowTok-XL.safetensors --type bf16
                  flowtok convert model.safetensors.index.json model.safetensors
                  flowtok convert Runs/flow/model fox-model --type bf16
                """)
    }

    @Argument(help: ArgumentHelp("A checkpoint, or a model folder.", valueName: "in"), completion: .file())
    var input: String

    @Argument(help: ArgumentHelp("The file to write, or the folder.", valueName: "out"), completion: .file())
    var output: String

    @Option(help: "The type of floating-point values: f32, bf16 or f16 (default: every tensor's own).")
    var type: WeightType?

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    enum WeightType: String, ExpressibleByArgument, CaseIterable {
        case f32, bf16, f16

        var element: ElementType {
            switch self {
            case .f32: .f32
            case .bf16: .bf16
            case .f16: .f16
            }
        }
    }

    func run() throws {
        guard InputFile.isThere(input) else { throw Failure(.missing, "\(input): no such file") }
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        if InputFile.isFolder(input) {
            let conversion = try FolderConversion(input)
            let parent = FilePath.folder(of: output)
            try OutputPath.check(folder: parent)
            try conversion.write(to: output, as: type?.element) { progress.show($1, $0) }
            progress.finish()
            if !quiet { Console.print("\(output): \(conversion.items.count + 1) files") }
        } else {
            try OutputPath.check(file: output)
            guard output.hasSuffix(".safetensors") else {
                throw Failure(.usage, "\(output): expected a name that ends in .safetensors")
            }
            let checkpoint = try Checkpoint(path: input)
            try checkpoint.convert(to: output, as: type?.element) { done, total in
                progress.show(Double(done) / Double(max(1, total)), output)
            }
            progress.finish()
            let size = try FileManager.default.attributesOfItem(atPath: output)[.size] as? Int ?? 0
            if !quiet { Console.print("\(output): \(checkpoint.entries.count) tensors, \(size.asBytes)") }
        }
    }
}
