import Files
import Foundation
import Images
import Training

/// The pictures that a command is given: files, and the pictures in folders and the folders inside them.
struct PictureList {
    struct Picture: Hashable {
        let path: String
        /// Its name, with the folders that it lies in below the one that was given.
        let name: String
    }

    /// In the order of their paths, each once.
    let pictures: [Picture]
    let hasFolders: Bool

    var files: [String] { pictures.map(\.path) }

    /// Whether it is one picture that was named itself.
    var isSingle: Bool { pictures.count == 1 && !hasFolders }

    /// Reads the arguments; the pictures are inputs, which no output may replace.
    ///
    /// - Throws: where a folder holds no pictures. Files are not looked at.
    init(_ arguments: [String]) throws {
        guard arguments.count(where: { $0 == "-" }) <= 1 else { throw Failure(.usage, "standard input (-) can be read only once") }
        var found: [String: Picture] = [:]
        var hasFolders = false
        for argument in arguments {
            guard InputFile.isFolder(argument) else {
                found[argument] = Picture(path: argument, name: FilePath.name(of: argument))
                continue
            }
            hasFolders = true
            let names = try InputFile.tree(of: argument).filter(PictureList.isPicture)
            guard !names.isEmpty else { throw Failure(.data, "\(argument): no pictures in this folder, expected PNG, JPEG or WebP files") }
            for name in names {
                let path = FilePath.join(argument, name)
                found[path] = Picture(path: path, name: name)
            }
        }
        pictures = found.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        self.hasFolders = hasFolders
        ProtectedFiles.add(pictures.map(\.path))
    }

    /// Extensions of the pictures that are read.
    static let extensions = ImageFormat.fileExtensions.sorted()

    /// Pictures of other formats are in: whoever has a folder of them wants to know that they are not read.
    private static func isPicture(_ name: String) -> Bool { suffixes.contains(FilePath.suffix(of: name).lowercased()) }

    private static let suffixes = ImageFormat.fileExtensions.union(["gif", "bmp", "tif", "tiff", "avif", "heic", "heif", "jxl"])
}

/// Pictures worked through one after another. One of several that cannot be read, or whose result cannot be written, is
/// reported and passed over, and the exit status tells at the end.
struct PictureBatch {
    let list: PictureList
    /// What becomes of the pictures, "captioned".
    let verb: String
    /// The only picture, which need not wait for a model to be found unreadable.
    private let single: Image?

    init(_ list: PictureList, verb: String) throws {
        self.list = list
        self.verb = verb
        single = list.isSingle ? try PictureInput.image(list.files[0]) : nil
    }

    /// - Parameters:
    ///   - quiet: whether no progress is shown.
    ///   - printsOnly: whether all that comes of it is printed, so that it ends when nobody reads that any more.
    ///   - skipping: pictures that are not read.
    ///   - body: does one picture.
    func run(
        quiet: Bool, printsOnly: Bool, skipping: (PictureList.Picture) -> Bool = { _ in false },
        _ body: (PictureList.Picture, Image, ProgressLine) throws -> Void
    ) throws {
        let progress = ProgressLine(enabled: !quiet, onlyOnTerminal: true)
        if let single {
            if !skipping(list.pictures[0]) { try body(list.pictures[0], single, progress) }
            return
        }
        StopRequest.install()
        var failures = FailureCount()
        for (index, picture) in list.pictures.enumerated() {
            if StopRequest.received != nil {
                throw Failure(.interrupted, "stopped after \(index) of \(list.pictures.count) pictures")
            }
            if printsOnly, Console.isBroken { return }
            if skipping(picture) { continue }
            progress.show(Double(index) / Double(list.pictures.count), "picture \(index + 1)/\(list.pictures.count)")
            do {
                try body(picture, PictureInput.image(picture.path), progress)
            } catch  where error is FileError || error is ImageError {
                failures.add(error)
            }
        }
        progress.finish()
        try failures.finish(of: list.pictures.count, "pictures could not be \(verb)")
    }
}
