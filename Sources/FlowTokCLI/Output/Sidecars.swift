import ArgumentParser
import Files

/// What becomes of a caption file that is there already.
enum ExistingCaptions: String, ExpressibleByArgument, CaseIterable {
    case keep, replace, append
}

/// The files beside pictures that take their captions: NAME.txt beside NAME.png. Where several pictures have that file, it is
/// the first one's, and the others have NAME.png.txt and so on.
struct Sidecars {
    let existing: ExistingCaptions
    private var paths: [String: String] = [:]
    private(set) var kept = 0

    /// - Throws: where a file could not be written.
    init(of list: PictureList, existing: ExistingCaptions) throws {
        self.existing = existing
        if let archive = list.archives.first {
            throw Failure(.usage, "\(archive.path): pictures in an archive have no files beside them, expected --output-format webdataset or no --sidecar")
        }
        guard !list.files.contains("-") else {
            throw Failure(.usage, "standard input has no file beside it, expected pictures with names, or no --sidecar")
        }
        var taken: Set<String> = []
        for path in list.files {
            let short = FilePath.withoutSuffix(path) + ".txt"
            var name = short
            while !taken.insert(name).inserted { name = name == short ? path + ".txt" : name + ".txt" }
            paths[path] = name
        }
        // What only a single picture's file cannot be is reported when its turn comes.
        try OutputPath.check(files: list.files.compactMap { paths[$0] }.filter { list.isSingle || !InputFile.isFolder($0) })
    }

    /// Whether the picture's caption would be kept from its file, and is not needed for it.
    func keeps(_ picture: String) -> Bool { existing == .keep && paths[picture].map(InputFile.isThere) == true }

    /// Says that a caption is kept.
    mutating func reportKept(_ picture: String) {
        kept += 1
        Console.report("\(paths[picture] ?? picture): is there already and is kept; --existing replace or append changes it")
    }

    /// Writes the captions of a picture, a line each.
    mutating func write(_ captions: [String], of picture: String) throws {
        guard let path = paths[picture] else { return }
        let text = captions.joined(separator: "\n") + "\n"
        switch existing {
        case .replace: try AtomicFile.write(to: path, text: text)
        case .keep:
            do {
                try AtomicFile.write(to: path, text: text, replacing: false)
            } catch FileError.exists {
                reportKept(picture)
            }
        case .append:
            var bytes = InputFile.isThere(path) ? try InputFile.bytes(path) : []
            if let last = bytes.last, last != UInt8(ascii: "\n") { bytes.append(UInt8(ascii: "\n")) }
            try AtomicFile.write(to: path, bytes + Array(text.utf8))
        }
    }
}
