import ArgumentParser
import Checkpoints
import Files
import FlowTok
import Foundation
import ModelFolders
import Tensors

/// `flowtok import`.
struct Import: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Make a model folder of published files: FlowTok, image tokenizers, generators of their tokens, CLIP.",
            discussion: """
                The files are recognised by the names and shapes of their tensors, whatever they are called, and checked \
                against each other; then a config.json that says which is which is written into their folder. Nothing is \
                copied. With --output it goes to another folder, and names files that lie elsewhere by their whole paths.

                Text to image needs a FlowTok, a FlowTiTok, CLIP's ViT-L/14-336 in the format of OpenAI, open_clip or \
                Hugging Face, and its vocabulary: bpe_simple_vocab_16e6.txt.gz, or vocab.json and merges.txt.

                EXAMPLES
                  flowtok import xl                       a folder that holds all files
                  flowtok import FlowTok-XL.pth FlowTiTok_512.bin clip.pt bpe_simple_vocab_16e6.txt.gz
                  flowtok import FlowTok-XL.pth FlowTiTok_512.bin clip-vit-large-patch14-336 --output xl
                  flowtok import rar_b.bin maskgit-vqgan-imagenet-f16-256.bin
                  flowtok t2i "a red fox" --model xl
                """)
    }

    @Argument(help: ArgumentHelp("Files, or folders with files.", valueName: "source"), completion: .file())
    var sources: [String]

    @Option(name: .shortAndLong, help: "The folder for the config.json (default: the one that holds the files).", completion: .directory)
    var output: String?

    @Option(help: "The model's name (default: taken from the files).")
    var name: String?

    @Option(help: "The activation of CLIP's text tower, which its file does not tell: quick_gelu or gelu.")
    var activation = CLIPActivation.quickGELU

    @Option(parsing: .unconditional, help: "The side of a FlowTok's pictures in pixels (default: as the tokenizer was stored).")
    var imageSize: Int?

    @Flag(help: "Do not read the weights to look for values that are not finite.")
    var fast = false

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object: folder, files, what was left out, notes.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    enum CLIPActivation: String, ExpressibleByArgument, CaseIterable {
        case quickGELU = "quick_gelu"
        case gelu
    }

    func validate() throws {
        if let imageSize, !(1...4096).contains(imageSize) {
            throw ValidationError("--image-size is \(imageSize), expected 1 to 4096")
        }
        if let name, name.trimmed.isEmpty { throw ValidationError("--name is empty, expected a name") }
    }

    func run() throws {
        let options = ModelImport.Options(
            name: name, activation: activation == .gelu ? .gelu : .quickGELU, imageSize: imageSize)
        let plan = try ModelImport(sources, output: output, options: options)
        ProtectedFiles.add(plan.files.map(\.path))
        if let output { try OutputPath.make(folder: output) }
        try OutputPath.check(folder: plan.folder)
        if !fast { try plan.checkFinite() }
        try plan.write()
        Console.warn(
            plan.files.flatMap(\.warnings).map { $0 + "; where that is wrong, change it in \(plan.folder)/\(ModelFolder.configurationFile)" })
        if json { return try Console.print(json: Report(plan)) }
        if quiet { return }
        for file in plan.files {
            Console.print("\(file.path): \(file.summary)")
            for leftOut in file.leftOut.prefix(8) { Console.print("  left out: \(leftOut.summary.onOneLine)") }
            if file.leftOut.count > 8 { Console.print("  left out: \(file.leftOut.count - 8) more (flowtok inspect lists them)") }
        }
        Console.print("\(plan.folder)/\(ModelFolder.configurationFile): \(plan.summary)")
        for note in plan.notes { Console.print("note: \(note)") }
    }
    /// What `--json` prints.
    private struct Report: Encodable {
        struct File: Encodable {
            let file: String
            let contents: String
            let leftOut: [String]

            enum CodingKeys: String, CodingKey {
                case file, contents
                case leftOut = "left_out"
            }
        }

        let folder: String
        let summary: String
        let files: [File]
        let notes: [String]

        init(_ plan: ModelImport) {
            folder = plan.folder
            summary = plan.summary
            files = plan.files.map { File(file: $0.path, contents: $0.summary, leftOut: $0.leftOut.map(\.summary)) }
            notes = plan.notes
        }
    }
}
