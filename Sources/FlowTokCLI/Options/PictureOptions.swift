import ArgumentParser

/// How many pictures are drawn, where they go and what is reported.
struct PictureOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help: "The picture to write, .png, .jpg or .webp; for several pictures a folder (default: the current one).", completion: .file())
    var output: String?

    @Option(parsing: .unconditional, help: "The first picture's seed (default: random; the seed used is printed).")
    var seed: UInt64?

    @Option(parsing: .unconditional, help: "Pictures of everything that is to be drawn.")
    var count = 1

    @Flag(help: "Write one picture that holds all.")
    var grid = false

    @Flag(help: "Print one JSON object a line: file, prompt, seed, settings, seconds.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but warnings and errors.")
    var quiet = false

    @Flag(help: "Leave prompt, seed and settings out of the file.")
    var noMetadata = false

    func validate() throws {
        guard (1...10_000).contains(count) else { throw ValidationError("--count is \(count), expected 1 to 10000") }
    }

    /// The pictures of a list, and where they go.
    ///
    /// - Throws: where nothing could be written there.
    func plan(_ list: PromptList) throws -> PicturePlan {
        try PicturePlan(
            list, count: count, seed: seed ?? UInt64(UInt32.random(in: .min ... .max)), output: output, inOneFile: grid)
    }
}
