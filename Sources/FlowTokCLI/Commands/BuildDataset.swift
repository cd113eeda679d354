import ArgumentParser
import Datasets
import Files
import Foundation
import Training

/// `flowtok dataset`.
struct BuildDataset: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "dataset",
            abstract: "Make captioned sprites of the openly licensed pictures that Debian packages carry.",
            discussion: """
                Reads the pictures that Scripts/extract-pictures unpacks, and the packages unicode-cldr-core, unicode-data, \
                openclipart-svg, librsvg2-bin and wordnet-base; Scripts/build-dataset does all of it. Writes tar shards of \
                RGBA sprites with JSON (caption, synonyms, style, source, license), and index.json, which lists the sources \
                with their licences and what was left out.

                EXAMPLES
                  flowtok dataset --pictures Data/pictures --output Data/sprites
                  flowtok dataset --only noto,twemoji --size 64 --output Data/small
                """)
    }

    @Option(help: "The folder that Scripts/extract-pictures wrote.", completion: .directory)
    var pictures = "Data/pictures"

    @Option(name: .shortAndLong, help: "The folder to write.", completion: .directory)
    var output = "Data/sprites"

    @Option(parsing: .unconditional, help: "The longest side of a sprite, in pixels; bitmaps are not enlarged to it.")
    var size = 256

    @Option(help: "Some of noto, twemoji, emojione, models and clipart, with commas between them (default: all).")
    var only: String?

    @Option(help: "Unicode's emoji-test.txt (default: where unicode-data has it).", completion: .file())
    var emojiList: String?

    @Option(help: "The folder of CLDR's annotations (default: where unicode-cldr-core has it).", completion: .directory)
    var cldr: String?

    @Option(help: "The folder of SVG clip art (default: where openclipart-svg has it).", completion: .directory)
    var clipArt: String?

    @Option(help: "The folder of WordNet's files (default: where wordnet-base has it).", completion: .directory)
    var wordnet: String?

    @Flag(name: .shortAndLong, help: "Print nothing but errors.")
    var quiet = false

    func validate() throws {
        guard (16...1024).contains(size) else { throw ValidationError("--size is \(size), expected 16 to 1024") }
        _ = try sets()
    }

    private func sets() throws -> Set<SpriteSource> {
        guard let only else { return Set(SpriteSource.allCases) }
        return Set(
            try only.split(separator: ",", omittingEmptySubsequences: false).map { name in
                guard let source = SpriteSource(rawValue: String(name)) else {
                    let known = SpriteSource.allCases.map(\.rawValue).joined(separator: ", ")
                    throw ValidationError("--only has \"\(name)\", expected some of \(known)")
                }
                return source
            })
    }

    func run() throws {
        var sources = SpriteSources(pictures: URL(fileURLWithPath: pictures), sets: try sets())
        if let emojiList { sources.emojiList = URL(fileURLWithPath: emojiList) }
        if let cldr { sources.cldrFolder = URL(fileURLWithPath: cldr) }
        if let clipArt { sources.clipArtFolder = URL(fileURLWithPath: clipArt) }
        if let wordnet { sources.wordNetFolder = URL(fileURLWithPath: wordnet) }
        let inputs = [sources.pictures, sources.cldrFolder, sources.clipArtFolder, sources.wordNetFolder].map(\.path)
        if let input = inputs.first(where: { FileIdentity(path: $0) != nil && FileIdentity(path: $0) == FileIdentity(path: output) }) {
            throw FileError.replacesInput(path: output, input: input)
        }
        ProtectedFiles.add(inputs + [sources.emojiList.path])
        try OutputPath.make(folder: output)
        StopRequest.install()
        let line = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        let index = try SpriteDatasetBuilder(sources: sources, size: size).build(
            into: URL(fileURLWithPath: output)
        ) { progress in
            if StopRequest.received != nil { throw Failure(.interrupted, "stopped; the dataset in \(output) is not complete") }
            line.show(
                Double(progress.done) / Double(max(progress.total, 1)),
                "\(progress.stage) \(progress.done)/\(progress.total)")
        }
        line.finish()
        guard !quiet else { return }
        for source in index.sources {
            Console.print("\(source.style.rawValue): \(source.sprites) sprites of \(source.files) files of \(source.package), \(source.license)")
        }
        Console.print(
            "\(output): \(index.sprites) sprites, \(index.recoloured) of them recoloured and \(index.heldOut) held out, in \(index.shards.count) shards")
    }
}
