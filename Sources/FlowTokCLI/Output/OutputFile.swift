import Files
import Foundation
import Images

/// A file that a command writes. One that the user named replaces what is there; one that flowtok names takes a free name.
struct OutputFile {
    /// Where it goes, as it is told. A free name may have been taken by somebody else when it is written: this is the next one
    /// then.
    private(set) var path: String
    private let pattern: String
    /// Whether flowtok chose the name.
    let isMade: Bool
    private let replacing: Bool

    /// The name for standard output.
    static let standardOutput = "-"

    /// A file that the user named; `-` is standard output.
    ///
    /// - Parameter replacing: whether a file that is there is replaced.
    init(named path: String, replacing: Bool = true) {
        self.path = path == Self.standardOutput ? "/dev/stdout" : path
        pattern = self.path
        isMade = false
        self.replacing = replacing
    }

    /// A file of a name like `path`: the first of NAME.png, NAME-2.png, NAME-3.png … that is free and not in `taken`, which it
    /// joins.
    init(like path: String, taken: inout Set<String>) {
        pattern = path
        self.path = FreeName.first(like: path, taken: taken)
        taken.insert(self.path)
        isMade = true
        replacing = false
    }

    /// A file of a batch's own folder, which a share that is done again writes again: the first of such names that is not in
    /// `taken`, which it joins.
    init(ofBatch path: String, taken: inout Set<String>) {
        var name = path
        var number = 1
        while !taken.insert(name).inserted {
            number += 1
            name = FilePath.marked(path, "-\(number)")
        }
        self.init(named: name)
    }

    /// Whether what is written arrives at standard output, so that nothing else may.
    var isStandardOutput: Bool {
        if ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].contains(path) { return true }
        guard let identity = FileIdentity(path: path), identity.kind == S_IFREG || identity.kind == S_IFIFO else { return false }
        return FileIdentity(descriptor: STDOUT_FILENO) == identity
    }

    /// Throws where the file cannot be written: see `OutputPath.check`. What goes to standard output has it to itself from now
    /// on.
    ///
    /// - Parameter isChecked: whether that has been asked of `OutputPath` already.
    func prepare(isChecked: Bool = false) throws {
        if !isChecked { try OutputPath.check(files: [path]) }
        if !isMade, !replacing, !isStandardOutput, InputFile.isThere(path) { throw FileError.exists(path: path) }
        guard isStandardOutput else { return }
        guard StandardStream.isWritable(STDOUT_FILENO) else { throw Failure(.data, "standard output cannot be written: it is closed") }
        guard isatty(STDOUT_FILENO) == 0 else {
            throw Failure(.usage, "standard output is a terminal, expected a file or a pipe there, or -o with the name of a file")
        }
        Console.leaveStandardOutput()
    }

    /// Writes the file as `body` does it, which is given the path and whether to replace what is there.
    mutating func write(_ body: (_ path: String, _ replacing: Bool) throws -> Void) throws {
        var passed: Set<String> = []
        while true {
            do {
                return try body(path, replacing)
            } catch FileError.exists where isMade {
                passed.insert(path)
                path = FreeName.first(like: pattern, taken: passed)
            }
        }
    }

    /// Writes a picture. Texts that its format does not take are left out and reported: the picture is what was asked for.
    mutating func write(_ image: Image, text: [ImageText] = []) throws {
        try write { path, replacing in
            let format = ImageFormat.forWriting(to: path)
            let bytes: [UInt8]
            do {
                bytes = try image.encoded(as: format, text: text)
            } catch ImageError.invalidText(_, let reason) {
                Console.warn(["\(path): is written without its prompt and settings: \(reason)"])
                bytes = try image.encoded(as: format)
            }
            try AtomicFile.write(to: path, bytes, replacing: replacing)
        }
    }
}

/// Names that no file has yet.
enum FreeName {
    /// The first of NAME.png, NAME-2.png, NAME-3.png … that is free and not in `taken`.
    static func first(like path: String, taken: Set<String> = []) -> String {
        var name = path
        var number = 1
        while taken.contains(name) || isTaken(name) {
            number += 1
            name = FilePath.marked(path, "-\(number)")
        }
        return name
    }

    /// Links that lead nowhere count too.
    private static func isTaken(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}

extension FilePath {
    /// The path without what only spells it in another way, as a sign that two of them are the same.
    static func plain(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}
