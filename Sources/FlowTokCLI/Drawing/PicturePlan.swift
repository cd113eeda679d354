import Files
import Foundation
import Images

/// Where the pictures of a batch go: one file, or numbered files in a folder.
struct PicturePlan {
    /// One picture: its prompt, its seed and its file.
    struct Picture {
        let prompt: String
        let seed: UInt64
        let file: String
    }

    let pictures: [Picture]

    /// The pictures of `count` seeds for every prompt, in prompt order; the first has the seed `seed` and each one after
    /// it the next. With `inOneFile` all of them share a file.
    ///
    /// - Throws: where nothing could be written there.
    init(_ list: PromptList, count: Int, seed: UInt64, output: String?, inOneFile: Bool) throws {
        let prompts = list.prompts.flatMap { Array(repeating: $0, count: count) }
        let folder = try PicturePlan.folder(output, pictures: prompts.count, list: list, inOneFile: inOneFile)
        if let folder {
            try OutputPath.make(folder: folder)
        } else if let output {
            try OutputPath.checkFormat(output)
        }
        let digits = max(4, String(prompts.count).count)
        pictures = prompts.enumerated().map { index, prompt in
            let slug = Slug.make(prompt)
            let file: String
            if inOneFile {
                let name = Slug.make(prompts[0]) + (prompts.count > 1 ? "-grid.png" : ".png")
                file = folder.map { PicturePlan.join($0, name) } ?? output ?? name
            } else if let folder {
                let number = String(index + 1)
                let zeros = String(repeating: "0", count: digits - number.count)
                file = PicturePlan.join(folder, "\(zeros)\(number)-\(slug).png")
            } else {
                file = output ?? slug + ".png"
            }
            return Picture(prompt: prompt, seed: seed &+ UInt64(index), file: file)
        }
        try OutputPath.check(files: pictures.map(\.file))
    }

    /// The folder that the pictures go to; nil where they go to one named file.
    private static func folder(_ output: String?, pictures: Int, list: PromptList, inOneFile: Bool) throws -> String? {
        guard let output else { return pictures > 1 && !inOneFile ? "." : nil }
        if output.hasSuffix("/") || InputFile.isFolder(output) { return output }
        if inOneFile { return nil }
        if pictures > 1, ImageFormat(extensionOf: output) != nil, !InputFile.isThere(output) {
            throw Failure(.usage, "\(output): \(pictures) pictures need a folder, expected a name without .\((output as NSString).pathExtension), or --grid")
        }
        // A list of prompts that happens to hold a single one is no reason to take a folder's name for a file's.
        let isNamedLikeFolder = (output as NSString).pathExtension.isEmpty
        return pictures > 1 || list.isFromLines && isNamedLikeFolder ? output : nil
    }

    private static func join(_ folder: String, _ name: String) -> String {
        if folder == "." { return name }
        return folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The file of a picture's trajectory, beside the picture.
    static func trajectory(beside file: String) -> String {
        (file as NSString).deletingPathExtension + "-trajectory.png"
    }
}
