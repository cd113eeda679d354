/// What a run of benchmarks found. The keys of its JSON form are stable.
public struct BenchmarkReport: Sendable, Codable {
    /// One benchmark's figures.
    public struct Row: Sendable, Codable {
        public var name: String
        public var kind: Benchmark.Kind
        public var precision: String?
        public var size: String?
        /// Pictures of one run; nil in reports of versions that measured one alone.
        public var batch: Int?
        /// The median, the fastest and the slowest of all rounds, in seconds.
        public var seconds: Double
        public var fastest: Double
        public var slowest: Double
        public var rounds: Int
        /// Billions of operations of one run, and of one second at the median.
        public var gigaflops: Double?
        public var gigaflopsPerSecond: Double?
        /// The latter as a share of the measured peak of the same type.
        public var shareOfPeak: Double?
        /// Billions of bytes read of memory in a second, and that as a share of what was measured of the memory alone.
        public var gigabytesPerSecond: Double?
        public var shareOfBandwidth: Double?
        public var tokensPerSecond: Double?
        public var imagesPerSecond: Double?
        /// The most bytes in memory.
        public var bytes: Int?
        /// The seconds that this is held against, whose they are, and how many times faster this is.
        public var against: Double?
        public var peer: String?
        public var ratio: Double?

        enum CodingKeys: String, CodingKey {
            case name, kind, precision, size, batch, seconds, fastest, slowest, rounds, gigaflops, bytes, against, peer, ratio
            case gigaflopsPerSecond = "gigaflops_per_second"
            case shareOfPeak = "share_of_peak"
            case gigabytesPerSecond = "gigabytes_per_second"
            case shareOfBandwidth = "share_of_bandwidth"
            case tokensPerSecond = "tokens_per_second"
            case imagesPerSecond = "images_per_second"
        }
    }

    public var flowtok: String
    public var cpu: String
    public var kernels: String
    public var threads: Int
    /// Processes that wanted to run, on average over the last minute, before the first round: beside a busy machine's
    /// other work no figure stands for much.
    public var load: Double?
    public var rows: [Row]

    public init(flowtok: String, cpu: String, kernels: String, threads: Int, load: Double?, rows: [Row]) {
        self.flowtok = flowtok
        self.cpu = cpu
        self.kernels = kernels
        self.threads = threads
        self.load = load
        self.rows = rows
    }
}
