import Foundation

/// The noise schedule of MaskGen KL's diffusion head: 1000 steps along a squared cosine (2102.09672, section 3.2), of
/// which sampling keeps some. Tables are computed in double; index 0 is the least noisy step.
public struct DiffusionSchedule: Sendable {
    /// Steps before any are left out.
    public static let trainingSteps = 1000

    /// The number in 0..<1000 of every step kept, which is the network's input.
    public let timesteps: [Int]
    /// β of the steps kept.
    public let betas: [Double]
    /// ᾱ, the products of 1 - β.
    public let cumulativeAlphas: [Double]
    /// The factors of x0 and of x_t in the mean of q(x_{t-1} | x_t, x0).
    public let posteriorStartFactors: [Double]
    public let posteriorStateFactors: [Double]
    /// The logarithm of that distribution's variance; the first, of 0, is replaced by the second.
    public let posteriorLogVariances: [Double]
    /// √(1/ᾱ) and √(1/ᾱ - 1).
    public let inverseSignals: [Double]
    public let inverseNoises: [Double]

    /// All steps, as training uses them.
    public static let training = DiffusionSchedule(kept: Array(0..<trainingSteps))

    /// The schedule of the steps that a text asks for: "100" spreads 100 evenly over all; "6,1" divides all into two
    /// sections of the same length with 6 and 1 steps; an empty text keeps all. Nil where the text says nothing of that
    /// kind, or a section has fewer steps than are asked for.
    public init?(keeping text: String) {
        guard !text.isEmpty else {
            self.init(kept: Array(0..<DiffusionSchedule.trainingSteps))
            return
        }
        let counts = text.split(separator: ",", omittingEmptySubsequences: false)
            .map { Int($0.trimmingCharacters(in: .whitespaces)) }
        var kept: [Int] = []
        var start = 0
        for (section, count) in counts.enumerated() {
            let longer = section < DiffusionSchedule.trainingSteps % counts.count ? 1 : 0
            let size = DiffusionSchedule.trainingSteps / counts.count + longer
            guard let count, count >= 1, count <= size else { return nil }
            let stride = count > 1 ? Double(size - 1) / Double(count - 1) : 1
            // Accumulated, as the official code does: a product would round elsewhere.
            var at = 0.0
            for _ in 0..<count {
                kept.append(start + Int(at.rounded(.toNearestOrEven)))
                at += stride
            }
            start += size
        }
        self.init(kept: kept)
    }

    private init(kept: [Int]) {
        let all = DiffusionSchedule.trainingSteps
        func signal(_ time: Double) -> Double {
            let root = cos((time + 0.008) / 1.008 * Double.pi / 2)
            return root * root
        }
        var product = 1.0
        let cumulative = (0..<all).map { step in
            let (from, to) = (Double(step) / Double(all), Double(step + 1) / Double(all))
            product *= 1 - min(1 - signal(to) / signal(from), 0.999)
            return product
        }
        var before = 1.0
        let betas = kept.map { step in
            defer { before = cumulative[step] }
            return 1 - cumulative[step] / before
        }
        var running = 1.0
        let alphas = betas.map { beta in
            running *= 1 - beta
            return running
        }
        let previous = [1] + alphas.dropLast()
        let variances = betas.indices.map { betas[$0] * (1 - previous[$0]) / (1 - alphas[$0]) }
        timesteps = kept
        self.betas = betas
        cumulativeAlphas = alphas
        posteriorStartFactors = betas.indices.map { betas[$0] * previous[$0].squareRoot() / (1 - alphas[$0]) }
        posteriorStateFactors = betas.indices.map {
            (1 - previous[$0]) * (1 - betas[$0]).squareRoot() / (1 - alphas[$0])
        }
        // A single step has no second one; its variance is never drawn from.
        posteriorLogVariances = [log(variances.count > 1 ? variances[1] : betas[0])] + variances.dropFirst().map { log($0) }
        inverseSignals = alphas.map { (1 / $0).squareRoot() }
        inverseNoises = alphas.map { (1 / $0 - 1).squareRoot() }
    }

    /// The number of steps kept.
    public var count: Int { timesteps.count }

    /// The logarithms between which the network's variance of step `index` lies.
    func logVarianceBounds(_ index: Int) -> (low: Float, high: Float) {
        (Float(posteriorLogVariances[index]), Float(log(betas[index])))
    }
}
