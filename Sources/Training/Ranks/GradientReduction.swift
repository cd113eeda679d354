import CKernels
import CMPI
import Tensors

/// The sums of all ranks' gradients, the same bits on every rank.
///
/// Gradients travel in buckets of some megabytes, in the reverse of the parameters' order, which is about the order in which the
/// backward pass finishes them: a bucket leaves as soon as it is full, while the pass goes on. Every rank owns a slice of each
/// bucket: it gets the pieces of that slice from all ranks, adds them in the order of the tree, and sends the sum to all. So a
/// rank sends and receives twice the size of the gradients, however many ranks there are.
final class GradientReduction {
    private let ranks: RankGroup
    private let tree: GroupTree
    /// The pieces that each rank sends: nodes of the tree.
    private let pieces: [[Range<Int>]]
    private let counts: [Int]
    private var buckets: [Bucket] = []
    /// The bucket and the offset of each parameter.
    private var places: [(bucket: Int, offset: Int)]
    /// Buckets that have left.
    private var sent = 0
    /// Buckets of which the sums have been sent on, in their order on every rank.
    private var gathered = 0
    private let kernels = ck_elementwise_for(ck_active_level()).pointee

    /// The values of a bucket, unless a single parameter has more.
    static let bucketValues = 1 << 20

    private final class Bucket {
        var parameters: [Int] = []
        var count = 0
        var missing = 0
        var slice = 0
        /// The pieces of this rank, one after the other, each padded to whole slices.
        var staged = MPIMemory(bytes: 0)
        var sent = MPIMemory(bytes: 0)
        var received = MPIMemory(bytes: 0)
        /// What was received, as float32 where it came as bfloat16.
        var widened = MPIMemory(bytes: 0)
        var sums = MPIMemory(bytes: 0)
        var gathered = MPIMemory(bytes: 0)
        /// Numbers and offsets of bytes, which the library may read until the exchange is done.
        var lists: [MPIMemory] = []
        var operation: RankOperation?
    }

    /// - Parameter names: of the parameters, for messages.
    /// - Throws: `RankError.tooLarge`.
    init(_ counts: [Int], names: [String], tree: GroupTree, ranks: RankGroup) throws {
        self.ranks = ranks
        self.tree = tree
        self.counts = counts
        let block = tree.count / ranks.size
        pieces = (0..<ranks.size).map { tree.pieces(of: $0 * block..<($0 + 1) * block) }
        places = counts.map { _ in (0, 0) }
        let mine = pieces[ranks.rank].count
        let all = pieces.reduce(0) { $0 + $1.count }
        for parameter in counts.indices.reversed() {
            // Counts of bytes are 32-bit numbers in MPI.
            guard counts[parameter] < (1 << 28) / max(mine, all / ranks.size + 1) else {
                throw RankError.tooLarge(name: names[parameter], values: counts[parameter])
            }
            if buckets.last.map({ $0.count + counts[parameter] > Self.bucketValues }) ?? true { buckets.append(Bucket()) }
            let bucket = buckets[buckets.count - 1]
            places[parameter] = (buckets.count - 1, bucket.count)
            bucket.parameters.append(parameter)
            bucket.count += counts[parameter]
        }
        let width = self.width
        for bucket in buckets {
            bucket.slice = (bucket.count + ranks.size - 1) / ranks.size
            let padded = bucket.slice * ranks.size
            bucket.staged = MPIMemory(bytes: mine * padded * 4)
            if mine > 1 || width != 4 { bucket.sent = MPIMemory(bytes: mine * padded * width) }
            // The sums of all slices come here as well, before they are widened.
            bucket.received = MPIMemory(bytes: max(all * bucket.slice, padded) * width)
            bucket.widened = width == 4 ? bucket.received : MPIMemory(bytes: all * bucket.slice * 4)
            bucket.sums = MPIMemory(bytes: bucket.slice * width)
            bucket.gathered = MPIMemory(bytes: padded * 4)
        }
    }

    private var width: Int { ranks.wire == .bfloat16 ? 2 : 4 }

    /// Bytes that this rank sends for one step.
    var bytesSent: Int {
        let mine = pieces[ranks.rank].count
        return buckets.reduce(0) { $0 + (mine + 1) * $1.slice * (ranks.size - 1) * width }
    }

    /// Begins a step.
    func begin() {
        (sent, gathered) = (0, 0)
        for bucket in buckets {
            bucket.missing = bucket.parameters.count
            bucket.operation = nil
        }
    }

    /// Takes the gradient of one parameter, which is complete: a part for every piece of this rank.
    func add(_ parameter: Int, _ parts: [Tensor]) {
        let (index, offset) = places[parameter]
        let bucket = buckets[index]
        let padded = bucket.slice * ranks.size
        for (piece, part) in parts.enumerated() {
            part.withUnsafeBufferPointer { values in
                guard let from = values.baseAddress else { return }
                (bucket.staged.floats + piece * padded + offset).update(from: from, count: values.count)
            }
        }
        bucket.missing -= 1
        while sent < buckets.count, buckets[sent].missing == 0 { send() }
    }

    /// Makes all sums of this step NaN, for a loss that is not finite: on every rank then.
    func spoil() {
        while sent < buckets.count {
            let bucket = buckets[sent]
            bucket.staged.floats.update(repeating: .nan, count: bucket.staged.count / 4)
            send()
        }
    }

    /// Waits for the sums.
    ///
    /// - Returns: the gradients, each times `factor`.
    /// - Throws: `RankError`.
    func finish(_ shapes: [[Int]], times factor: Float) throws -> [Tensor] {
        for bucket in buckets {
            guard let operation = bucket.operation else { preconditionFailure("a gradient is missing") }
            try ranks.wait(for: operation)
        }
        return shapes.indices.map { parameter in
            let (index, offset) = places[parameter]
            let values = buckets[index].gathered.floats + offset
            return Tensor(uninitialized: shapes[parameter]) { buffer in
                for i in buffer.indices { buffer[i] = values[i] * factor }
            }
        }
    }

    // MARK: - One bucket

    /// Sends the next bucket off.
    private func send() {
        let (bucket, number) = (buckets[sent], sent)
        sent += 1
        let request = MPIRequest()
        enum Stage { case start, exchange, turn, gather }
        var stage = Stage.start
        let operation = RankOperation { [self] in
            switch stage {
            case .start:
                try exchange(bucket, request)
                stage = .exchange
            case .exchange:
                guard try request.isDone() else { return false }
                sum(bucket)
                stage = .turn
            case .turn:
                guard gathered == number else { return false }
                gathered += 1
                try MPIRequest.check(
                    cmpi_gather(
                        request.pointer, CMPI_SECOND, bucket.sums.base, Int32(bucket.slice * width),
                        width == 4 ? bucket.gathered.base : bucket.received.base))
                stage = .gather
            case .gather:
                guard try request.isDone() else { return false }
                if width == 2 { ck_f32_from_bf16(bucket.gathered.floats, bucket.received.base, bucket.slice * ranks.size) }
                return true
            }
            return false
        }
        bucket.operation = operation
        ranks.post(operation)
    }

    /// Sends every rank its slice of this rank's pieces.
    private func exchange(_ bucket: Bucket, _ request: MPIRequest) throws {
        let mine = pieces[ranks.rank].count
        let (slice, width, size) = (bucket.slice, self.width, ranks.size)
        var source = bucket.staged
        if mine > 1 || width != 4 {
            source = bucket.sent
            for rank in 0..<size {
                for piece in 0..<mine {
                    let from = bucket.staged.floats + (piece * size + rank) * slice
                    let to = bucket.sent.base + (rank * mine + piece) * slice * width
                    if width == 4 {
                        to.copyMemory(from: from, byteCount: slice * 4)
                    } else {
                        ck_bf16_from_f32(to.assumingMemoryBound(to: UInt16.self), from, slice)
                    }
                }
            }
        }
        func list(_ values: [Int]) -> MPIMemory {
            let memory = MPIMemory(bytes: 4 * values.count)
            for (index, value) in values.enumerated() { memory.base.storeBytes(of: Int32(value), toByteOffset: 4 * index, as: Int32.self) }
            return memory
        }
        var offset = 0
        let offsets = pieces.map { pieces in
            defer { offset += pieces.count * slice * width }
            return offset
        }
        let lists = [
            list(Array(repeating: mine * slice * width, count: size)), list((0..<size).map { $0 * mine * slice * width }),
            list(pieces.map { $0.count * slice * width }), list(offsets),
        ]
        bucket.lists = lists
        let numbers = lists.map { UnsafePointer($0.base.assumingMemoryBound(to: Int32.self)) }
        try MPIRequest.check(
            cmpi_exchange(request.pointer, CMPI_FIRST, source.base, numbers[0], numbers[1], bucket.received.base, numbers[2], numbers[3]))
    }

    /// Adds up the pieces of this rank's slice.
    private func sum(_ bucket: Bucket) {
        let slice = bucket.slice
        let nodes = pieces.flatMap { $0 }
        if width == 2 { ck_f32_from_bf16(bucket.widened.floats, bucket.received.base, nodes.count * slice) }
        let values = bucket.widened.floats
        let places = Dictionary(uniqueKeysWithValues: nodes.enumerated().map { ($1, values + $0 * slice) })
        func sum(_ node: Range<Int>) -> UnsafeMutablePointer<Float> {
            if let place = places[node] { return place }
            guard let (left, right) = tree.parts(of: node) else { preconditionFailure("no rank has group \(node)") }
            let (a, b) = (sum(left), sum(right))
            kernels.add(a, a, b, slice)
            return a
        }
        let total = sum(tree.root)
        if width == 2 {
            ck_bf16_from_f32(bucket.sums.base.assumingMemoryBound(to: UInt16.self), total, slice)
        } else {
            bucket.sums.base.copyMemory(from: total, byteCount: slice * 4)
        }
    }
}
