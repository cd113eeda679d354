import Tensors

/// What one row of a benchmark measures.
public struct Benchmark {
    /// Which of the groups that a user asks for it belongs to.
    public enum Kind: String, Sendable, CaseIterable, Codable {
        case peak, gemm, velocity, decode, convolution, train, generate, load, t2i, i2t, draw, scale
    }

    /// What one run amounts to, where that is measured.
    public struct Work: Sendable {
        /// Bytes that it reads of memory.
        public var bytesRead: Int?
        /// Tokens and images that it draws.
        public var tokens: Double?
        public var images: Double?
        /// What it reads of memory in a second as a share of what can be read, where it measured that itself.
        public var shareOfBandwidth: Double?

        public init(bytesRead: Int? = nil, tokens: Double? = nil, images: Double? = nil, shareOfBandwidth: Double? = nil) {
            self.bytesRead = bytesRead
            self.tokens = tokens
            self.images = images
            self.shareOfBandwidth = shareOfBandwidth
        }
    }

    /// The row's name, which stays the same from version to version: `velocity.xl.bfloat16`.
    public let name: String
    public let kind: Kind
    public let precision: Precision?
    /// The networks' size where there are several: `xl`, `default`.
    public let size: String?
    /// Pictures of one run.
    public let batch: Int
    /// Billions of operations of one run's matrix products, a multiplication and an addition counted as two.
    public let gigaflops: Double?
    /// What one run does besides; asked for after the runs.
    public let work: () -> Work
    /// Runs once and returns the seconds that it took, and the most bytes that it had in memory where that is measured.
    public let run: () throws -> (seconds: Double, bytes: Int?)

    init(
        _ name: String, _ kind: Kind, precision: Precision?, size: String? = nil, batch: Int = 1, gigaflops: Double? = nil,
        work: @escaping () -> Work = { Work() }, run: @escaping () throws -> (seconds: Double, bytes: Int?)
    ) {
        self.name = name
        self.kind = kind
        self.precision = precision
        self.size = size
        self.batch = batch
        self.gigaflops = gigaflops
        self.work = work
        self.run = run
    }

    /// The same for work that is done once at least and for 20 ms at least; the seconds are those of one turn.
    init(
        _ name: String, _ kind: Kind, precision: Precision?, size: String? = nil, batch: Int = 1, gigaflops: Double? = nil,
        work figures: @escaping () -> Work = { Work() }, repeating work: @escaping () throws -> Void
    ) {
        self.init(name, kind, precision: precision, size: size, batch: batch, gigaflops: gigaflops, work: figures) {
            let clock = ContinuousClock()
            let start = clock.now
            var turns = 0
            repeat {
                try work()
                turns += 1
            } while clock.now - start < .milliseconds(20)
            return ((clock.now - start) / .seconds(1) / Double(turns), nil)
        }
    }
}
