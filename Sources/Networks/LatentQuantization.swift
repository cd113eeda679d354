import Tensors

extension LatentStatistics {
    /// Those of latents [batch, K, channels], over all images and tokens. A channel that does not vary has deviation 1.
    public init(of latents: Tensor) {
        precondition(latents.rank == 3, "statistics of latents of shape \(latents.shape)")
        let channels = latents.shape[2]
        let rows = channels == 0 ? 0 : latents.count / channels
        var (sums, squares) = ([Double](repeating: 0, count: channels), [Double](repeating: 0, count: channels))
        let means = latents.withUnsafeBufferPointer { values -> [Double] in
            for i in values.indices { sums[i % channels] += Double(values[i]) }
            let means = sums.map { $0 / Double(max(1, rows)) }
            for i in values.indices {
                let difference = Double(values[i]) - means[i % channels]
                squares[i % channels] += difference * difference
            }
            return means
        }
        self.init(
            mean: means.map { Float($0) },
            std: squares.map { square in
                let deviation = (square / Double(max(1, rows))).squareRoot()
                return deviation > 1e-12 ? Float(deviation) : 1
            })
    }
}

/// An image tokenizer of codes with latents beneath them, which make an image without the codes: those that a rule rounds
/// which was not trained with them, or those of an autoencoder whose latents other networks read.
public protocol TokenizerOverLatents: ImageTokenizer {
    /// The tokenizer of the latents as they are.
    var unquantized: any ImageTokenizer { get }
    /// What the latents' distribution is taken for; nil where nothing says.
    var latentStatistics: LatentStatistics? { get }
}

/// Rounding of the latents of any tokenizer to a few values each, as TokenBridge does: a channel is brought to mean 0 and
/// deviation 1, and that is taken for a normal distribution.
public struct LatentQuantizer: Sendable, Hashable {
    public let statistics: LatentStatistics
    public let quantizer: GaussianQuantizer

    /// - Parameters:
    ///   - levels: bins of a number, 2 to 512.
    ///   - range: the deviations up to which numbers are told apart; nil for 5 as in the paper, or 4 where few bins would
    ///     leave too much of that empty.
    public init(_ statistics: LatentStatistics, levels: Int, range: Float? = nil) {
        self.statistics = statistics
        quantizer = GaussianQuantizer(levels: levels, range: range ?? Self.range(levels: levels))
    }

    /// The deviations up to which numbers are told apart where nothing says.
    static func range(levels: Int) -> Float { levels < 16 ? 4 : 5 }

    /// The codes of latents [batch, K, channels], a row to an image: token after token, channel after channel.
    public func codes(_ latents: Tensor) -> [[Int32]] {
        quantizer.codes(normalized(latents)).split(into: max(1, latents.shape[1] * latents.shape[2]))
    }

    /// The latents [batch, K, channels] of codes, which must be in range and as many.
    public func latents(_ codes: [[Int32]]) -> Tensor {
        let channels = statistics.mean.count
        let tokens = (codes.first?.count ?? 0) / max(1, channels)
        return restored(quantizer.values(codes.flatMap { $0 }, shape: [codes.count, tokens, channels]))
    }

    /// Latents rounded to those that codes stand for.
    public func rounded(_ latents: Tensor) -> Tensor { restored(quantizer.rounded(normalized(latents))) }

    private func normalized(_ latents: Tensor) -> Tensor {
        let factors = statistics.std.map { 1 / $0 }
        return latents.scaledPerChannel(factors, plus: zip(statistics.mean, factors).map { -$0 * $1 })
    }

    private func restored(_ values: Tensor) -> Tensor {
        values.scaledPerChannel(statistics.std, plus: statistics.mean)
    }
}
