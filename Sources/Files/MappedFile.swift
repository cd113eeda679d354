import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The bytes of one file, mapped or read, alive as long as this object. Nobody writes them, so sharing is safe.
///
/// A mapping follows the file: should another process cut the file short, touching the missing pages ends this process
/// with SIGBUS. Reading into memory has no such risk and costs the whole file.
package final class MappedFile: @unchecked Sendable {
    /// The path that it was opened by.
    package let path: String
    /// The number of bytes.
    package let count: Int
    private let base: UnsafeRawPointer
    private let isMapped: Bool

    private init(path: String, base: UnsafeRawPointer, count: Int, isMapped: Bool) {
        self.path = path
        self.base = base
        self.count = count
        self.isMapped = isMapped
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: base), count)
        } else {
            base.deallocate()
        }
    }

    /// A copy of `bytes`, reported under `path`.
    package convenience init(copying bytes: some Collection<UInt8>, path: String) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
        memory.copyBytes(from: bytes)
        self.init(path: path, base: UnsafeRawPointer(memory.baseAddress!), count: bytes.count, isMapped: false)
    }

    /// Opens the file at `path` once and maps it, or reads it whole.
    package convenience init(path: String, mapping: Bool) throws {
        // Without O_NONBLOCK, opening a FIFO waits for a writer that may never come.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw InputFile.failure(path, errno) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw FileError.unreadable(path: path, reason: systemMessage(errno))
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError.notRegular(path: path, found: InputFile.kind(of: status.st_mode))
        }
        let count = Int(status.st_size)
        if mapping, count > 0 {
            let address = mmap(nil, count, PROT_READ, MAP_PRIVATE, descriptor, 0)
            guard let address, address != UnsafeMutableRawPointer(bitPattern: -1) else {
                throw FileError.unreadable(path: path, reason: systemMessage(errno))
            }
            self.init(path: path, base: UnsafeRawPointer(address), count: count, isMapped: true)
        } else {
            let memory = try Self.read(descriptor, count: count, path: path)
            self.init(path: path, base: memory, count: count, isMapped: false)
        }
    }

    private static func read(_ descriptor: Int32, count: Int, path: String) throws -> UnsafeRawPointer {
        // More than the machine's memory would only end the process.
        let limit = Int(clamping: ProcessInfo.processInfo.physicalMemory)
        guard count <= limit else { throw FileError.tooLarge(path: path, bytes: count, limit: limit) }
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 64)
        var done = 0
        while done < count {
            let step = pread(descriptor, memory + done, min(count - done, 1 << 30), off_t(done))
            if step < 0, errno == EINTR { continue }
            guard step > 0 else {
                let reason = step < 0 ? systemMessage(errno) : "the file became shorter while it was read"
                memory.deallocate()
                throw FileError.unreadable(path: path, reason: reason)
            }
            done += step
        }
        return UnsafeRawPointer(memory)
    }

    /// Calls `body` with all bytes; the pointer must not escape.
    package func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try withExtendedLifetime(self) { try body(UnsafeRawBufferPointer(start: base, count: count)) }
    }

    /// A pointer that is valid while this object lives, to a range that the caller has checked.
    package func pointer(at offset: Int) -> UnsafeRawPointer {
        precondition(offset >= 0 && offset <= count, "offset \(offset) outside a file of \(count) bytes")
        return base + offset
    }

    /// Tells the system that a range need not stay in memory: a mapping's pages are given back and read again from the
    /// file where they are touched once more.
    package func release(_ range: Range<Int>) {
        guard isMapped, !range.isEmpty else { return }
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let start = range.lowerBound / page * page
        madvise(UnsafeMutableRawPointer(mutating: base + start), min(range.upperBound, count) - start, Int32(MADV_DONTNEED))
    }

    /// Tells the system that reads will hop about (headers), so that it fetches no neighbouring pages; or no longer.
    package func expectScatteredReads(_ scattered: Bool) {
        guard isMapped else { return }
        madvise(UnsafeMutableRawPointer(mutating: base), count, Int32(scattered ? MADV_RANDOM : MADV_NORMAL))
    }
}
