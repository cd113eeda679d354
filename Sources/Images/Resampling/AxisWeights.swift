/// The source pixels and weights of every output pixel along one axis.
struct AxisWeights {
    /// The first source pixel of each output pixel.
    private(set) var starts: [Int] = []
    /// The number of source pixels of each output pixel; 0 where it lies outside the source.
    private(set) var counts: [Int] = []
    /// Weights of all output pixels, `stride` apart, unused ones 0.
    private(set) var weights: [Double]
    let stride: Int

    /// What lies beyond the ends of the source.
    enum Edge {
        /// Nothing: weights are shared among the pixels that exist.
        case cut
        /// Transparent pixels, which take their share of the weight.
        case transparent
    }

    /// Weights for the output pixels `outputs`, where output coordinate `u` lies at source coordinate
    /// `(u - origin) * scale`, of a source that is `length` pixels long.
    init(length: Int, outputs: Range<Int>, origin: Double, scale: Double, filter: ResampleFilter, edge: Edge) {
        let widening = max(scale, 1)
        let support = filter.support * widening
        stride = min(Int(support.rounded(.up)) * 2 + 1, length)
        weights = [Double](repeating: 0, count: stride * outputs.count)
        starts.reserveCapacity(outputs.count)
        counts.reserveCapacity(outputs.count)
        let inverse = 1 / widening
        for (index, output) in outputs.enumerated() {
            let center = (Double(output) + 0.5 - origin) * scale
            // Pillow's truncation towards zero makes no difference to floor here, because of the clamp at 0.
            let low = Int((center - support + 0.5).rounded(.down))
            let high = Int((center + support + 0.5).rounded(.down))
            let first = max(low, 0)
            let last = max(min(high, length), first)
            let base = index * stride
            var sum = 0.0
            for i in (edge == .cut ? first..<last : low..<max(low, high)) {
                let weight = filter.weight(at: (Double(i) - center + 0.5) * inverse)
                if i >= first && i < last { weights[base + i - first] = weight }
                sum += weight
            }
            if sum != 0 {
                for i in 0..<(last - first) { weights[base + i] /= sum }
            }
            starts.append(first)
            counts.append(first < length ? last - first : 0)
        }
    }

    /// The source pixels that any output pixel reads.
    var sources: Range<Int> {
        var low = Int.max
        var high = 0
        for (start, count) in zip(starts, counts) where count > 0 {
            low = min(low, start)
            high = max(high, start + count)
        }
        return low < high ? low..<high : 0..<0
    }
}
