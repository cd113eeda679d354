import ArgumentParser
import Files
import FlowTok
import Foundation
import Images
import Networks
import Sampling
import Tensors

/// `flowtok info`.
struct Info: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            abstract: "Read what a picture says of how it was drawn: prompt, seed, settings, model.",
            discussion: """
                Pictures are PNG, JPEG or WebP; of one that another program drew, the settings are shown as they are.

                EXAMPLES
                  flowtok info a-red-fox.png
                  flowtok info pictures/*.png --json
                """)
    }

    @Argument(
        help: ArgumentHelp("Pictures, and folders of them; - reads one from standard input.", valueName: "file"),
        completion: .file(extensions: PictureList.extensions))
    var files: [String]

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a line.")
    var json = false

    func run() throws {
        let files = try files.flatMap { InputFile.isFolder($0) ? try PictureList([$0]).files : [$0] }
        if files.count == 1 { return try show(files[0], isFirst: true) }
        var failures = FailureCount()
        var isFirst = true
        for file in files {
            do {
                try show(file, isFirst: isFirst)
                isFirst = false
            } catch  where error is FileError || error is ImageError {
                failures.add(error)
            }
        }
        try failures.finish(of: files.count, "pictures could not be read")
    }

    private func show(_ file: String, isFirst: Bool) throws {
        let texts = try PictureInput.metadata(file).texts
        let record = GenerationMetadata(texts: texts)
        if json { return try Console.print(json: Line(file: file, record: record, texts: texts)) }
        if !isFirst { Console.print("") }
        show("file", file)
        if let record {
            show(record)
        } else if texts.isEmpty {
            Console.print("no text in this file")
        } else {
            for text in texts { show(text) }
        }
    }

    private func show(_ record: GenerationMetadata) {
        let settings = record.settings
        var lines = [
            ("prompt", record.prompt.onOneLine), ("seed", String(record.seed)), ("model", record.model.onOneLine),
            ("steps", String(settings.steps)),
        ]
        if let number = record.imageClass { lines.insert(("class", String(number)), at: 1) }
        if let solver = settings.solver { lines.append(("solver", solver.rawValue)) }
        lines.append(("guidance", String(settings.guidance)))
        if let temperature = settings.temperature { lines.append(("temperature", String(temperature))) }
        if let topK = settings.topK { lines.append(("top-k", String(topK))) }
        if let topP = settings.topP { lines.append(("top-p", String(topP))) }
        if settings.guidanceInterval != [0, 1] {
            lines.append(("interval", settings.guidanceInterval.map { String($0) }.joined(separator: " to ")))
        }
        if settings.precision != .float32 { lines.append(("precision", settings.precision.rawValue)) }
        if settings.rng != .philox { lines.append(("rng", settings.rng.rawValue)) }
        lines.append(("size", "\(settings.width)×\(settings.height)"))
        if let strength = record.origin?.strength { lines.append(("strength", String(strength))) }
        if let other = record.origin?.morphedTo { lines.append(("morphed to", other.onOneLine)) }
        if let position = record.origin?.position { lines.append(("position", String(position))) }
        if let pictures = record.pictures { lines.append(("pictures", String(pictures))) }
        for (name, value) in lines { show(name, value) }
    }

    /// A text of another program's: its settings a line each where it holds some.
    private func show(_ text: ImageText) {
        guard text.keyword == "parameters", let parameters = GenerationParameters(parsing: text.text) else {
            Console.print("\(text.keyword.onOneLine): \(text.text.onOneLine)")
            return
        }
        show("prompt", parameters.prompt.onOneLine)
        if !parameters.negativePrompt.isEmpty { show("negative", parameters.negativePrompt.onOneLine) }
        for field in parameters.fields { Console.print("\(field.name): \(field.value.onOneLine)") }
    }

    /// A line, its value in the column that the longest name leaves.
    private func show(_ name: String, _ value: String) {
        Console.print("\(name):".padding(toLength: "temperature: ".count, withPad: " ", startingAt: 0) + value)
    }

    /// A line of `--json`: the record where there is one, and all texts as they are.
    private struct Line: Encodable {
        let file: String
        let record: GenerationMetadata?
        let texts: [ImageText]

        enum CodingKeys: String, CodingKey {
            case file, text
        }

        func encode(to encoder: any Encoder) throws {
            try record?.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(file, forKey: .file)
            // A keyword may come twice.
            let pairs = texts.map { ($0.keyword, $0.text) }
            try values.encode(Dictionary(pairs) { $0 + "\n" + $1 }, forKey: .text)
        }
    }
}
