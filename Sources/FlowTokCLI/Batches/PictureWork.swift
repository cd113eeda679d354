import ArgumentParser
import Datasets
import Files
import Foundation
import Images

/// How the results of many pictures are kept.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case files, webdataset
}

/// The options of commands that work through many pictures.
struct BatchOptions: ParsableArguments {
    @OptionGroup var sharing: ShardOptions

    @Option(help: "How results are kept: files, or webdataset, tar archives in the folder that -o names (default: files).")
    var outputFormat = OutputFormat.files

    @Option(parsing: .unconditional, help: "Pictures of one archive, where they do not come in archives (default: 1000).")
    var samplesPerTar: Int?

    func validate() throws {
        if let samplesPerTar, !(1...1_000_000).contains(samplesPerTar) {
            throw ValidationError("--samples-per-tar is \(samplesPerTar), expected 1 to 1000000")
        }
        if samplesPerTar != nil, outputFormat != .webdataset {
            throw ValidationError("--samples-per-tar is for archives: expected --output-format webdataset beside it")
        }
    }

    /// The work on a list of pictures, as a batch in a folder; nil where it is none.
    ///
    /// - Parameter archivesNeedFolder: whether pictures in archives make it one.
    func work(_ list: PictureList, output: String?, archivesNeedFolder: Bool) throws -> PictureWork? {
        let shard: ShardChoice
        if let choice = try sharing.choice(output: output) {
            shard = choice
        } else if outputFormat == .webdataset || archivesNeedFolder && !list.archives.isEmpty {
            shard = ShardChoice(number: 0, count: 1)
        } else {
            return nil
        }
        guard let output, output != OutputFile.standardOutput else {
            throw Failure(
                .usage,
                outputFormat == .webdataset
                    ? "--output-format webdataset: expected -o with a folder for the archives"
                    : "pictures in archives: expected -o with a folder for the results")
        }
        guard !list.files.contains("-") else { throw Failure(.usage, "standard input is one picture, expected files for a batch") }
        var list = list
        let outside = list.leavingOut(folder: output)
        if outside.units.count < list.units.count {
            // What a batch wrote among its inputs is no input of it.
            guard InputFile.isThere(FilePath.join(output, BatchIdentity.file)) else {
                throw Failure(.usage, "\(output): holds pictures of the list, expected another folder for the results")
            }
            list = outside
        }
        return PictureWork(list, shard: shard, folder: output, format: outputFormat, samplesPerTar: samplesPerTar ?? 1000)
    }
}

/// What a command makes of one picture of a batch.
struct PictureResult {
    /// The suffix of its file, and what is in it; nil where its line says all.
    var file: (suffix: String, bytes: [UInt8])?
    /// The caption; nil for the one that the picture had.
    var caption: String?
    /// Whether an archive keeps the picture itself.
    var keepsPicture = false
    /// What its line says, given the name of the file or archive that it went to.
    var line: (_ output: String?) -> any Encodable
}

/// Pictures worked through as a batch in a folder, of which each share does whole units: a picture, or an archive.
struct PictureWork {
    private enum Unit {
        case picture(PictureList.Picture)
        case archive(PictureList.Picture)
        /// Pictures that go into one archive.
        case group([PictureList.Picture])
    }

    private let shard: ShardChoice
    private let folder: String
    private let format: OutputFormat
    private let units: [Unit]
    /// What a unit's file or folder is called, without suffix.
    private let names: [String]
    private let list: PictureList

    init(_ list: PictureList, shard: ShardChoice, folder: String, format: OutputFormat, samplesPerTar: Int) {
        (self.shard, self.folder, self.format, self.list) = (shard, folder, format, list)
        var units: [Unit] = []
        if format == .files {
            units = list.units.map {
                switch $0 {
                case .picture(let picture): .picture(picture)
                case .archive(let archive): .archive(archive)
                }
            }
        } else {
            units = list.archives.map { .archive($0) }
            units += stride(from: 0, to: list.pictures.count, by: samplesPerTar).map {
                .group(Array(list.pictures[$0..<min(list.pictures.count, $0 + samplesPerTar)]))
            }
        }
        var taken: Set<String> = []
        var groups = 0
        names = units.map { unit in
            let name: String
            switch unit {
            case .picture(let picture): name = FilePath.withoutSuffix(picture.name)
            case .archive(let archive): name = Shard.stem(archive.name)
            case .group:
                let number = String(groups)
                name = String(repeating: "0", count: max(0, 5 - number.count)) + number
                groups += 1
            }
            var free = name
            var number = 1
            while !taken.insert(free).inserted {
                number += 1
                free = "\(name)-\(number)"
            }
            return free
        }
        self.units = units
    }

    /// Works through this share.
    ///
    /// - Parameters:
    ///   - settings: all that decides what comes out, besides the pictures.
    ///   - suffix: of the files that the command makes; nil for none.
    ///   - body: does one picture, which messages call by its path.
    func run(
        _ command: String, settings: [String: String?], suffix: String?, quiet: Bool, json: Bool, verb: String,
        _ body: (_ path: String, Image) throws -> PictureResult
    ) throws {
        var settings = settings
        settings["pictures"] = BatchIdentity.digest(
            units.flatMap { unit in
                switch unit {
                case .picture(let picture), .archive(let picture): [picture.name]
                case .group(let pictures): ["group"] + pictures.map(\.name)
                }
            })
        settings["format"] = format.rawValue
        let ending = format == .webdataset ? "tar" : suffix
        let planned = zip(units, names).map { unit, name in
            if case .archive = unit, format == .files { return name }
            return ending.map { name + "." + $0 } ?? ""
        }
        let batch = try BatchFolder(
            folder, shard: shard, identity: BatchIdentity(command, shards: shard.count, units: units.count, settings: settings),
            names: suffix == nil && format == .files ? [] : planned.filter { !$0.isEmpty })
        let noun = list.archives.isEmpty && format == .files ? "pictures" : list.pictures.isEmpty ? "archives" : "pictures and archives"
        try batch.work(quiet: quiet, noun: noun, verb: verb) { index, done, progress in
            func tell(_ lines: [String]) {
                guard json else { return }
                progress.finish()
                for line in lines { Console.print(line) }
            }
            func passingOver(_ file: String, _ sample: Int? = nil, _ work: () throws -> String) throws -> String {
                do { return try work() } catch  where BatchFolder.isPassedOver(error) {
                    progress.finish()
                    return try batch.fault(error, file: file, unit: index, sample: sample)
                }
            }
            let name = names[index]
            if case .picture(let picture) = units[index] {
                let line = try passingOver(picture.name) {
                    let result = try body(picture.path, PictureInput.image(picture.path))
                    return try BatchLine.text(index: index, result.line(write(result, as: name, to: batch)))
                }
                try batch.add([line], of: index, isFinished: true)
                return tell([line])
            }
            let samples: [ArchivedPicture]
            do { samples = try self.samples(of: units[index]) } catch  where BatchFolder.isPassedOver(error) {
                progress.finish()
                let line = try batch.fault(error, file: self.name(of: units[index]), unit: index)
                return try batch.add([line], of: index, isFinished: true)
            }
            var taken: Set<String> = []
            if format == .files {
                for (number, sample) in samples.enumerated() {
                    let key = Self.free(sample.key, &taken)
                    guard number >= done else { continue }
                    try batch.checkStop(number, samples.count, "pictures of \(self.name(of: units[index]))")
                    let line = try passingOver(sample.picture.name, number) {
                        let result = try body(sample.picture.path, sample.image())
                        return try BatchLine.text(index: index, sample: number, result.line(write(result, as: FilePath.join(name, key), to: batch)))
                    }
                    try batch.add([line], of: index, isFinished: false)
                    tell([line])
                }
                try batch.add([BatchLine.end(index: index, samples: samples.count)], of: index, isFinished: true)
                return
            }
            var lines: [String] = []
            let output = name + ".tar"
            let parent = FilePath.folder(of: batch.file(output))
            try OutputPath.make(folder: parent)
            try AtomicFile.write(to: batch.file(output)) { stream in
                var archive = TarWriter()
                for (number, sample) in samples.enumerated() {
                    try batch.checkStop(number, samples.count, "pictures of \(self.name(of: units[index]))")
                    lines.append(
                        try passingOver(sample.picture.name, number) {
                            let result = try body(sample.picture.path, sample.image())
                            let line = result.line(output)
                            try append(sample, result, line, as: Self.free(sample.key, &taken), to: &archive)
                            return try BatchLine.text(index: index, sample: number, line)
                        })
                    try stream.append(archive.drain())
                }
                try stream.append(archive.finished())
            }
            // A share that was killed while these were written has some of them already.
            try batch.add(lines.dropFirst(done) + [BatchLine.end(index: index, samples: samples.count)], of: index, isFinished: true)
            tell(lines)
        }
    }

    private func name(of unit: Unit) -> String {
        switch unit {
        case .picture(let picture), .archive(let picture): picture.name
        case .group(let pictures): pictures.first?.name ?? ""
        }
    }

    private func samples(of unit: Unit) throws -> [ArchivedPicture] {
        switch unit {
        case .archive(let archive): return try ArchivedPicture.all(in: archive)
        case .picture(let picture): return [Self.sample(picture)]
        case .group(let pictures): return pictures.map(Self.sample)
        }
    }

    /// A picture of its own as a sample. What follows the first point of a sample's name is its kind.
    private static func sample(_ picture: PictureList.Picture) -> ArchivedPicture {
        let stem = FilePath.withoutSuffix(picture.name)
        let key = FilePath.join(FilePath.folder(of: stem), FilePath.name(of: stem).replacingOccurrences(of: ".", with: "_"))
        let text = FilePath.withoutSuffix(picture.path) + ".txt"
        let caption = (try? InputFile.bytes(text, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self).trimmed }
        return ArchivedPicture(
            picture: picture, key: key, kind: FilePath.suffix(of: picture.name).lowercased(), caption: caption,
            bytes: { try InputFile.bytes(picture.path) })
    }

    private static func free(_ key: String, _ taken: inout Set<String>) -> String {
        var free = key
        var number = 1
        while !taken.insert(free).inserted {
            number += 1
            free = "\(key)-\(number)"
        }
        return free
    }

    /// Writes a result's file, if it has one; its name in the batch's folder.
    private func write(_ result: PictureResult, as name: String, to batch: BatchFolder) throws -> String? {
        guard let file = result.file else { return nil }
        let output = name + "." + file.suffix
        let path = batch.file(output)
        let parent = FilePath.folder(of: path)
        if parent != batch.path { try OutputPath.make(folder: parent) }
        try AtomicFile.write(to: path, file.bytes)
        return output
    }

    private func append(_ sample: ArchivedPicture, _ result: PictureResult, _ line: any Encodable, as key: String, to archive: inout TarWriter) throws {
        if result.keepsPicture { try archive.append("\(key).\(sample.kind)", Data(sample.bytes())) }
        if let file = result.file { try archive.append("\(key).\(file.suffix)", Data(file.bytes)) }
        if let caption = result.caption ?? sample.caption { try archive.append("\(key).txt", Data((caption + "\n").utf8)) }
        if result.file?.suffix != "json" { try archive.append("\(key).json", Data((JSONLine.text(line) + "\n").utf8)) }
    }
}
