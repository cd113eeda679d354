import ArgumentParser
import Files

/// How many pictures are drawn, where they go and what is told of them.
struct PictureOptions: ParsableArguments {
    @Option(
        name: .shortAndLong,
        help:
            "The picture to write, .png, .jpg or .webp, in place of one that is there; - is standard output; for several pictures a folder (default: the current one, with new names).",
        completion: .file())
    var output: String?

    @OptionGroup
    var overwriting: OverwriteOptions

    @Option(parsing: .unconditional, help: "The first picture's seed (default, and -1: random; the seed used is printed).")
    var seed: SeedChoice?

    @Option(parsing: .unconditional, help: "Pictures of everything that is to be drawn.")
    var count: Int?

    @Flag(help: "Write one picture that holds all.")
    var grid = false

    @Flag(name: [.customLong("json"), .customLong("jsonl")], help: "Print one JSON object a line: file, prompt, seed, settings, seconds.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print nothing but what is asked for, warnings and errors.")
    var quiet = false

    @Flag(help: "Leave prompt, seed and settings out of the file.")
    var noMetadata = false

    /// Pictures of everything that is to be drawn.
    var pictures: Int { count ?? 1 }

    func validate() throws {
        guard (1...10_000).contains(pictures) else { throw ValidationError("--count is \(pictures), expected 1 to 10000") }
    }

    /// The pictures of a list, and where they go.
    ///
    /// - Parameter shard: the share of a batch to draw; nil where it is not divided.
    /// - Throws: where nothing could be written there.
    func plan(_ list: PromptList, trajectory: Bool = false, shard: ShardChoice? = nil) throws -> PicturePlan {
        try PicturePlan(list, self, trajectory: trajectory, shard: shard)
    }

    /// The folder of the batch that the pictures of a plan belong to; nil where it is not divided.
    ///
    /// - Parameter settings: all that decides what is drawn, besides prompts, seed and number.
    func batch(_ command: String, _ plan: PicturePlan, _ shard: ShardChoice?, settings: [String: String?]) throws -> BatchFolder? {
        guard let shard, let output else { return nil }
        var settings = settings
        settings["prompts"] = BatchIdentity.digest(
            plan.pictures.map { "\($0.prompt)\0\($0.seed)\0\($0.entry.steps ?? 0)\0\($0.entry.guidance ?? .nan)" })
        settings["files"] = BatchIdentity.digest(plan.pictures.map { FilePath.name(of: $0.file.path) })
        settings["seed"] = "\(plan.pictures.first?.seed ?? 0)"
        settings["metadata"] = noMetadata ? "none" : nil
        let identity = BatchIdentity(command, shards: shard.count, units: plan.pictures.count, settings: settings)
        return try BatchFolder(output, shard: shard, identity: identity, names: plan.pictures.lazy.map { FilePath.relative($0.file.path, to: output) })
    }
}
