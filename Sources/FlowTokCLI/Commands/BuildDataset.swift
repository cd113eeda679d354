import ArgumentParser
import Datasets
import Foundation
import Training

/// `flowtok dataset`.
struct BuildDataset: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "dataset",
            abstract: "Make captioned sprites of the openly licensed pictures that Debian packages carry.",
            discussion: """
                Needs the packages ruby-tanuki-emoji, unicode-cldr-core, openclipart-svg, librsvg2-bin and wordnet-base, \
                which Scripts/build-dataset installs. Writes tar shards of RGBA sprites with JSON (caption, synonyms, \
                style, source, licence), and index.json.

                EXAMPLES
                  flowtok dataset
                  flowtok dataset --output Data/small --size 64
                """)
    }

    @Option(name: .shortAndLong, help: "The folder to write.", completion: .directory)
    var output = "Data/sprites"

    @Option(parsing: .unconditional, help: "The longest side of a sprite, in pixels.")
    var size = 128

    @Option(help: "The folder of emoji PNGs (default: where ruby-tanuki-emoji has them).", completion: .directory)
    var emoji: String?

    @Option(help: "Unicode's emoji-test.txt (default: where ruby-tanuki-emoji has it).", completion: .file())
    var emojiGroups: String?

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
    }

    func run() throws {
        var sources = try SpriteSources.debian(emojiFolder: emoji.map { URL(fileURLWithPath: $0) })
        if let emojiGroups { sources.emojiGroups = URL(fileURLWithPath: emojiGroups) }
        if let cldr { sources.cldrFolder = URL(fileURLWithPath: cldr) }
        if let clipArt { sources.clipArtFolder = URL(fileURLWithPath: clipArt) }
        if let wordnet { sources.wordNetFolder = URL(fileURLWithPath: wordnet) }
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
            Console.print("\(source.package): \(source.sprites) sprites of \(source.files) files, \(source.licence)")
        }
        Console.print("\(output): \(index.sprites) sprites, \(index.heldOut) of them held out, in \(index.shards.count) shards")
    }
}
