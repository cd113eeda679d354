import Datasets
import Files
import Foundation
import Images
import Training

/// The pictures that a command is given: files, the pictures in folders and the folders inside them, and those in archives, which
/// are WebDataset's shards.
struct PictureList {
    struct Picture: Hashable {
        let path: String
        /// Its name, with the folders that it lies in below the one that was given.
        let name: String
    }

    /// A picture, or an archive of them.
    enum Unit {
        case picture(Picture)
        case archive(Picture)
    }

    /// In the order of their paths, each once.
    let units: [Unit]
    let hasFolders: Bool

    let pictures: [Picture]
    let archives: [Picture]

    var files: [String] { pictures.map(\.path) }

    /// Whether it is one picture that was named itself.
    var isSingle: Bool { units.count == 1 && archives.isEmpty && !hasFolders }

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
            let names = try InputFile.tree(of: argument).filter { PictureList.isPicture($0) || Shard.isNamed($0) }
            guard !names.isEmpty else {
                throw Failure(.data, "\(argument): no pictures in this folder, expected PNG, JPEG or WebP files, or .tar shards of them")
            }
            for name in names {
                let path = FilePath.join(argument, name)
                found[path] = Picture(path: path, name: name)
            }
        }
        self.init(found.values.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }, hasFolders: hasFolders)
        ProtectedFiles.add(found.keys)
    }

    private init(_ all: [Picture], hasFolders: Bool) {
        archives = all.filter { Shard.isNamed($0.path) }
        pictures = all.filter { !Shard.isNamed($0.path) }
        units = all.map { Shard.isNamed($0.path) ? .archive($0) : .picture($0) }
        self.hasFolders = hasFolders
    }

    /// The list without what lies in a folder or in those inside it.
    func leavingOut(folder: String) -> PictureList {
        let above = FilePath.join(FilePath.plain(folder), "")
        let all = units.map {
            switch $0 {
            case .picture(let picture), .archive(let picture): picture
            }
        }
        return PictureList(all.filter { $0.path == "-" || !FilePath.plain($0.path).hasPrefix(above) }, hasFolders: hasFolders)
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
        var total = list.pictures.count
        var done = 0
        /// Whether to go on.
        func take(_ picture: PictureList.Picture, _ image: () throws -> Image) throws -> Bool {
            if StopRequest.received != nil {
                throw Failure(.interrupted, "stopped after \(done) of \(total)\(list.archives.isEmpty ? "" : " or more") pictures")
            }
            if printsOnly, Console.isBroken { return false }
            done += 1
            if skipping(picture) { return true }
            progress.show(Double(done - 1) / Double(total), "picture \(done)/\(total)")
            do {
                try body(picture, image(), progress)
            } catch  where error is FileError || error is ImageError {
                failures.add(error)
            }
            return true
        }
        for unit in list.units {
            switch unit {
            case .picture(let picture):
                guard try take(picture, { try PictureInput.image(picture.path) }) else { return }
            case .archive(let archive):
                let samples: [ArchivedPicture]
                do { samples = try ArchivedPicture.all(in: archive) } catch  where error is FileError || error is DatasetError {
                    total += 1
                    failures.add(error)
                    continue
                }
                total += samples.count
                for sample in samples {
                    guard try take(sample.picture, sample.image) else { return }
                }
            }
        }
        progress.finish()
        try failures.finish(of: total, "pictures could not be \(verb)")
    }
}

/// A picture in an archive, with the caption that it has there.
struct ArchivedPicture {
    let picture: PictureList.Picture
    /// What WebDataset calls the sample.
    let key: String
    /// The suffix of the picture's file.
    let kind: String
    let caption: String?
    let bytes: () throws -> [UInt8]

    func image() throws -> Image {
        let read = try Image.read(data: bytes(), name: picture.path)
        Console.warn(read.warnings)
        return read.image
    }

    /// The pictures of an archive, in their order.
    ///
    /// - Throws: `DatasetError`, `FileError`.
    static func all(in archive: PictureList.Picture) throws -> [ArchivedPicture] {
        let shard = try Shard(path: archive.path)
        let contents = try shard.contents(path: archive.path)
        if !contents.isTerminated { Console.warn(["\(archive.path): ends without the mark of an archive's end; it may be cut off"]) }
        return contents.samples.compactMap { sample in
            guard let range = sample.image, let kind = sample.imageKind else { return nil }
            let name = sample.key + "." + kind
            return ArchivedPicture(
                picture: PictureList.Picture(path: archive.path + "/" + name, name: FilePath.join(Shard.stem(archive.name), name)),
                key: sample.key, kind: kind, caption: sample.caption, bytes: { Array(shard.bytes(range)) })
        }
    }
}
