import Files
import Foundation
import Images

/// Where the pictures of a batch go: one file, or numbered files in a folder.
struct PicturePlan {
    /// One picture: its prompt, with what its line says of it, its seed and its file.
    struct Picture {
        let entry: PromptList.Entry
        let seed: UInt64
        var file: OutputFile

        var prompt: String { entry.prompt }
    }

    let pictures: [Picture]

    /// The pictures of `count` seeds for every prompt, in prompt order; the first has the options' seed and each one after it
    /// the next. A line's own seed counts from its first picture. In a grid all of them share a file.
    ///
    /// - Parameter shard: the share of a batch that is drawn; names and seeds are those of the whole batch.
    /// - Throws: where nothing could be written there.
    init(_ list: PromptList, _ options: PictureOptions, trajectory: Bool, shard: ShardChoice? = nil) throws {
        let entries = list.entries.flatMap { Array(repeating: $0, count: options.pictures) }
        let output = options.output
        if shard != nil {
            if let output, ImageFormat(extensionOf: output) != nil, !InputFile.isFolder(output) {
                throw Failure(.usage, "\(output): the shares of a batch need a folder, expected a name without .\(FilePath.suffix(of: output))")
            }
            if options.grid { throw Failure(.usage, "--grid writes one picture, which several shares cannot draw: expected no --shard") }
            if options.seed == .random || list.entries.contains(where: { $0.seed == .random }) {
                throw Failure(.usage, "a random seed is another one in every share of a batch: expected a number")
            }
        }
        if options.grid, list.entries.contains(where: { $0.output != nil }) {
            throw Failure(.usage, "--grid writes one picture, but lines of the prompts name outputs of their own: expected one of them")
        }
        if let output, output == OutputFile.standardOutput {
            guard entries.count == 1 || options.grid else {
                throw Failure(.usage, "standard output takes one picture, expected a folder for \(entries.count) pictures, or --grid")
            }
        }
        if trajectory, let output, OutputFile(named: output).isStandardOutput {
            throw Failure(.usage, "--trajectory writes a file beside the picture, expected -o with the name of a file")
        }
        let folder =
            try shard != nil ? output : PicturePlan.folder(output, pictures: entries.count, list: list, inOneFile: options.grid)
        if let folder {
            try OutputPath.make(folder: folder)
        } else if let output {
            try OutputPath.checkFormat(output)
        }
        let digits = max(4, String(entries.count).count)
        let seed = (options.seed ?? (shard == nil ? .random : .number(0))).seed
        var taken: Set<String> = []
        func free(_ path: String) -> OutputFile {
            shard == nil ? OutputFile(like: path, taken: &taken) : OutputFile(ofBatch: path, taken: &taken)
        }
        var ownSeeds: [Int: UInt64] = [:]
        var named: Set<String> = []
        var shared: OutputFile?
        var pictures: [Picture] = []
        for (index, entry) in entries.enumerated() {
            let (line, place) = index.quotientAndRemainder(dividingBy: options.pictures)
            let slug = Slug.make(entry.prompt)
            let file: OutputFile
            if options.grid {
                let name = slug + (entries.count > 1 ? "-grid.png" : ".png")
                shared = try shared ?? PicturePlan.single(output, folder, name, options, &taken)
                guard let shared else { continue }
                file = shared
            } else if let own = entry.output {
                let path = own.utf8.first == UInt8(ascii: "/") ? own : FilePath.join(folder == "." ? "" : folder ?? "", own)
                if output != nil, folder == nil {
                    throw Failure(.usage, "-o names one picture, but lines of the prompts name outputs of their own: expected a folder")
                }
                try OutputPath.checkFormat(path)
                let parent = FilePath.folder(of: path)
                if !parent.isEmpty { try OutputPath.make(folder: parent) }
                // The second picture of a line, or another line with the same output, must not go over the first.
                file =
                    place == 0 && named.insert(FilePath.plain(path)).inserted
                    ? shard == nil ? options.overwriting.named(path) : OutputFile(named: path) : free(FilePath.marked(path, place == 0 ? "" : "-\(place + 1)"))
                taken.insert(file.path)
            } else if let folder {
                let number = String(index + 1)
                let zeros = String(repeating: "0", count: digits - number.count)
                file = free(PicturePlan.join(folder, "\(zeros)\(number)-\(slug).png"))
            } else {
                file = try PicturePlan.single(output, nil, slug + ".png", options, &taken)
            }
            if place == 0, let own = entry.seed { ownSeeds[line] = own.seed }
            let own = ownSeeds[line].map { $0 &+ UInt64(place) }
            pictures.append(Picture(entry: entry, seed: own ?? seed &+ UInt64(index), file: file))
        }
        self.pictures = pictures
        guard shard == nil else {
            for picture in pictures { try ProtectedFiles.check(picture.file.path) }
            return
        }
        // One file of a grid, and all others: a folder is looked at once.
        try OutputPath.check(files: pictures.map(\.file.path))
        for picture in options.grid ? Array(pictures.prefix(1)) : pictures { try picture.file.prepare(isChecked: true) }
    }

    private static func single(
        _ output: String?, _ folder: String?, _ name: String, _ options: PictureOptions, _ taken: inout Set<String>
    ) throws -> OutputFile {
        if let folder { return OutputFile(like: join(folder, name), taken: &taken) }
        return output.map { options.overwriting.named($0) } ?? OutputFile(like: name, taken: &taken)
    }

    /// The folder that the pictures go to; nil where they go to one named file.
    private static func folder(_ output: String?, pictures: Int, list: PromptList, inOneFile: Bool) throws -> String? {
        guard let output else { return pictures > 1 && !inOneFile ? "." : nil }
        if output == OutputFile.standardOutput { return nil }
        if output.hasSuffix("/") || InputFile.isFolder(output) { return output }
        if inOneFile { return nil }
        if pictures > 1, ImageFormat(extensionOf: output) != nil, !InputFile.isThere(output) {
            throw Failure(.usage, "\(output): \(pictures) pictures need a folder, expected a name without .\(FilePath.suffix(of: output)), or --grid")
        }
        // A list of prompts that happens to hold a single one is no reason to take a folder's name for a file's.
        let isNamedLikeFolder = FilePath.suffix(of: output).isEmpty && !InputFile.isThere(output)
        return pictures > 1 || list.isFromLines && isNamedLikeFolder ? output : nil
    }

    private static func join(_ folder: String, _ name: String) -> String {
        folder == "." ? name : FilePath.join(folder, name)
    }

    /// The file of a picture's trajectory, beside the picture.
    static func trajectory(beside file: String) -> String { FilePath.withoutSuffix(file) + "-trajectory.png" }
}
