import CMPI
import Files
import Foundation

/// Something that the thread of a `RankGroup` carries on with until it is done.
final class RankOperation {
    private let body: () throws -> Bool
    /// Whether it goes on after a rank has failed.
    let survivesFailure: Bool
    var isDone = false
    var isAbandoned = false

    /// - Parameter advance: goes on without waiting, and returns whether all is done.
    init(survivesFailure: Bool = false, _ advance: @escaping () throws -> Bool) {
        body = advance
        self.survivesFailure = survivesFailure
    }

    func advance() throws -> Bool { isAbandoned ? false : try body() }
}

/// A request of MPI, in memory that stays where it is.
final class MPIRequest {
    let pointer = UnsafeMutablePointer<cmpi_request>.allocate(capacity: 1)

    init() { pointer.initialize(to: cmpi_request()) }

    deinit { pointer.deallocate() }

    func isDone() throws -> Bool {
        var done = false
        try Self.check(cmpi_test(pointer, &done))
        return done
    }

    static func check(_ code: Int32) throws {
        if code != 0 { throw RankError.failed(String(cString: cmpi_error(code))) }
    }
}

/// Memory that MPI reads from or writes into while nobody looks.
final class MPIMemory {
    let base: UnsafeMutableRawPointer
    let count: Int

    init(bytes count: Int) {
        self.count = count
        base = .allocate(byteCount: max(count, 1), alignment: 64)
        base.initializeMemory(as: UInt8.self, repeating: 0, count: max(count, 1))
    }

    convenience init(_ bytes: [UInt8], padded count: Int) {
        self.init(bytes: count)
        bytes.withUnsafeBytes { if let from = $0.baseAddress, !bytes.isEmpty { base.copyMemory(from: from, byteCount: bytes.count) } }
    }

    var floats: UnsafeMutablePointer<Float> { base.assumingMemoryBound(to: Float.self) }

    deinit { base.deallocate() }
}

/// Every rank gets the bytes of every rank, which may be of any length.
final class ByteExchange {
    private let bytes: [UInt8]
    private let ranks: Int
    private let request = MPIRequest()
    private let length = MPIMemory(bytes: 8)
    private let lengths: MPIMemory
    private var sent: MPIMemory?
    private var memory: MPIMemory?
    private(set) var received: [[UInt8]] = []
    private var isBegun = false

    init(_ bytes: [UInt8], ranks: Int) {
        self.bytes = bytes
        self.ranks = ranks
        lengths = MPIMemory(bytes: 8 * ranks)
    }

    func advance() throws -> Bool {
        if !isBegun {
            isBegun = true
            length.base.storeBytes(of: bytes.count, as: Int.self)
            try MPIRequest.check(cmpi_gather(request.pointer, CMPI_FIRST, length.base, 8, lengths.base))
        }
        guard try request.isDone() else { return false }
        let counts = (0..<ranks).map { lengths.base.load(fromByteOffset: 8 * $0, as: Int.self) }
        let longest = counts.max() ?? 0
        if let memory {
            received = counts.enumerated().map { rank, count in
                Array(UnsafeRawBufferPointer(start: memory.base + rank * longest, count: count))
            }
            return true
        }
        guard longest > 0, longest <= 1 << 26 else {
            if longest > 0 { throw RankError.failed("a message of \(longest) bytes") }
            received = Array(repeating: [], count: ranks)
            return true
        }
        let sent = MPIMemory(bytes, padded: longest)
        let memory = MPIMemory(bytes: longest * ranks)
        (self.sent, self.memory) = (sent, memory)
        try MPIRequest.check(cmpi_gather(request.pointer, CMPI_FIRST, sent.base, Int32(longest), memory.base))
        return false
    }
}

/// What ranks tell each other when one of them fails: the others tell the first, and the first tells all of them.
final class RankNotice {
    struct Message {
        var rank: Int
        /// Of the failure; nil where there is none, and the run ends well.
        var category: ErrorCategory?
        var message: String

        static let size = 2048

        private static let categories: [ErrorCategory] = [.usage, .data, .missing, .cancelled, .internalFault]

        var bytes: [UInt8] {
            let code = category.flatMap { Self.categories.firstIndex(of: $0) }.map { $0 + 1 } ?? 0
            let head = withUnsafeBytes(of: Int32(rank).littleEndian) { Array($0) } + [UInt8(code)]
            let text = Array(message.utf8.prefix(Self.size - head.count - 1))
            return head + text + [UInt8](repeating: 0, count: Self.size - head.count - text.count)
        }

        init(rank: Int, category: ErrorCategory?, message: String) {
            (self.rank, self.category, self.message) = (rank, category, message)
        }

        init(_ memory: MPIMemory) {
            rank = Int(memory.base.load(as: Int32.self))
            let code = Int(memory.base.load(fromByteOffset: 4, as: UInt8.self))
            category = Self.categories.indices.contains(code - 1) ? Self.categories[code - 1] : code == 0 ? nil : .internalFault
            let text = UnsafeRawBufferPointer(start: memory.base + 5, count: Self.size - 5).prefix { $0 != 0 }
            message = String(decoding: text, as: UTF8.self)
        }
    }

    fileprivate enum Tag {
        static let failed: Int32 = 1
        static let ended: Int32 = 2
    }

    private let request = MPIRequest()
    private let memory = MPIMemory(bytes: Message.size)
    private(set) var isDone = false

    /// Begins to listen: the first rank to all others, and they to the first.
    func listen(at rank: Int) throws {
        try MPIRequest.check(
            cmpi_receive(request.pointer, memory.base, Int32(Message.size), rank == 0 ? -1 : 0, rank == 0 ? Tag.failed : Tag.ended))
    }

    /// What has come, once.
    func received() -> Message? {
        guard !isDone, (try? request.isDone()) == true else { return nil }
        isDone = true
        return Message(memory)
    }
}

/// A message on its way to some ranks.
final class RankSending {
    private let memory: MPIMemory
    private let ranks: [Int]
    private var requests: [MPIRequest] = []
    private var isBegun = false

    init(_ message: RankNotice.Message, to ranks: [Int]) {
        memory = MPIMemory(message.bytes, padded: RankNotice.Message.size)
        self.ranks = ranks
    }

    func advance() throws -> Bool {
        if !isBegun {
            isBegun = true
            for rank in ranks {
                let request = MPIRequest()
                requests.append(request)
                // What goes to the first rank arrives where it listens for failures.
                let tag = rank == 0 ? RankNotice.Tag.failed : RankNotice.Tag.ended
                try MPIRequest.check(cmpi_send(request.pointer, memory.base, Int32(RankNotice.Message.size), Int32(rank), tag))
            }
        }
        try requests.removeAll { try $0.isDone() }
        return requests.isEmpty
    }
}
