import ArgumentParser
import Checkpoints
import Files
import FlowTok
import Foundation
import ModelFolders
import Tensors
import Training

/// `flowtok convert`.
struct Convert: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Write a checkpoint or a model folder as safetensors, in another type where one is asked for.",
            discussion: """
                A checkpoint of any format that flowtok reads becomes a safetensors file; a model folder becomes a new \
                folder with its configuration, weights, vocabulary and model card. Floating-point values are rounded to \
                nearest even, integers stay. One tensor is in memory at a time. A file at OUT is replaced once its successor \
                is whole, unless it is IN or part of it; a folder at OUT must be empty.

                A packed model has its matrices in the order and type in which products read them, int8 with a scale \
                for each row: it opens at once, is used where the file is mapped, and works in that type alone.

                EXAMPLES
                  flowtok convert FlowTok-XL.pth FlowTok-XL.safetensors --type bf16
                  flowtok convert model.safetensors.index.json model.safetensors
                  flowtok convert Runs/flow/model fox-model --type bf16
                  flowtok convert FlowTok-XL.pth FlowTok-XL.safetensors --shard-size 1GB
                  flowtok convert Models/default fast-model --type int8 --packed
                """)
    }

    @Argument(help: ArgumentHelp("A checkpoint, which may be - for standard input, or a model folder.", valueName: "in"), completion: .file())
    var input: String

    @Argument(help: ArgumentHelp("The file to write, or the folder.", valueName: "out"), completion: .file())
    var output: String

    @Option(
        name: [.customLong("type"), .customLong("precision")],
        help: "The type of floating-point values: f32, bf16, f16, or int8 for packed models (default: every tensor's own; bf16 for packed models).")
    var type: WeightType?

    @Flag(help: "Put the matrices of a model folder into the order in which they are used.")
    var packed = false

    @Option(
        help: ArgumentHelp(
            "Split checkpoints into files with at most that much (such as 90MB or 2GB) beside an index.", valueName: "size"))
    var shardSize: ByteCount?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    enum WeightType: String, ExpressibleByArgument, CaseIterable {
        case f32, bf16, f16, int8

        init?(argument: String) {
            guard let type = NumberType(name: argument) else { return nil }
            switch type {
            case .float32: self = .f32
            case .bfloat16: self = .bf16
            case .float16: self = .f16
            case .int8: self = .int8
            }
        }

        /// The type of a checkpoint's values; nil of what only packed models have.
        var element: ElementType? {
            switch self {
            case .f32: .f32
            case .bf16: .bf16
            case .f16: .f16
            case .int8: nil
            }
        }

        /// What matrices are packed as; nil of what no product is computed in.
        var precision: Precision? {
            switch self {
            case .f32: .float32
            case .bf16: .bfloat16
            case .f16: nil
            case .int8: .int8
            }
        }
    }

    func validate() throws {
        if packed, type == .f16 { throw ValidationError("--packed --type f16: expected f32, bf16 or int8") }
        if packed, shardSize != nil { throw ValidationError("--packed --shard-size: a packed file is used where it is mapped, and stays whole") }
        if !packed, type == .int8 { throw ValidationError("--type int8 is for packed models: expected --packed beside it") }
    }

    func run() throws {
        ProtectedFiles.add([input])
        guard input == "-" || InputFile.isThere(input) else { throw Failure(.missing, "\(input): no such file") }
        let line = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        // What is half written goes away at Ctrl-C.
        StopRequest.install()
        func show(_ share: Double, _ name: String) throws {
            line.show(share, name)
            guard StopRequest.received != nil else { return }
            line.finish()
            throw Failure(.interrupted, "stopped, nothing was written to \(output)")
        }
        if InputFile.isFolder(input) {
            let conversion = try FolderConversion(input)
            let parent = FilePath.folder(of: output)
            try OutputPath.check(folder: parent)
            if packed {
                try conversion.writePacked(to: output, as: type?.precision ?? .bfloat16) { try show($1, $0) }
            } else {
                try conversion.write(to: output, as: type?.element, shardBytes: shardSize?.bytes) { try show($1, $0) }
            }
            line.finish()
            if !quiet { Console.print("\(output): \(try FileManager.default.contentsOfDirectory(atPath: output).count) files") }
        } else {
            let file = overwriting.named(output)
            guard output.hasSuffix(".safetensors") || file.isStandardOutput else {
                throw Failure(.usage, "\(output): expected a name that ends in .safetensors")
            }
            if packed { throw Failure(.usage, "\(input): --packed expected a model folder, found a file") }
            if file.isStandardOutput, shardSize != nil { throw Failure(.usage, "standard output takes one file, expected no --shard-size") }
            // A copy of a pipe goes with it.
            let source = try SpooledInput(input)
            defer { withExtendedLifetime(source) {} }
            let checkpoint = try source.named { try Checkpoint.ofModel($0) }
            ProtectedFiles.add(checkpoint.files)
            try file.prepare()
            if overwriting.noClobber, let there = Checkpoint.existing(output) { throw FileError.exists(path: there) }
            if let problem = FolderConversion.problem(of: checkpoint) { throw problem }
            try checkpoint.convert(to: file.path, as: type?.element, shardBytes: shardSize?.bytes ?? .max) { done, total in
                try show(Double(done) / Double(max(1, total)), output)
            }
            line.finish()
            // What is lost on the way must not be lost in silence.
            for entry in checkpoint.unwritable {
                Console.report("warning: \(input): left out \(entry.name): safetensors has no type \(entry.type.rawValue)")
            }
            if let first = checkpoint.leftOut.first {
                let more = checkpoint.leftOut.count - 1
                Console.report("warning: \(input): left out \(first.summary)\(more > 0 ? ", and \(more) more (flowtok inspect lists them)" : "")")
            }
            guard !quiet, !file.isStandardOutput else { return }
            let written = try Checkpoint(path: Checkpoint.existing(output) ?? output)
            let size = written.entries.reduce(0) { $0 + $1.byteCount }
            Console.print("\(written.path): \(written.entries.count) tensors, \(size.asBytes)")
        }
    }
}
