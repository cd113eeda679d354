import CKernels
import Files
import Foundation
import Layers
import Tensors

/// The settings of AdamW (Loshchilov and Hutter, 2019) with a running average of the parameters, and of Muon for some of them.
public struct AdamWSettings: Sendable, Hashable, Codable, Validated {
    public var beta1: Float
    public var beta2: Float
    public var epsilon: Float
    /// Decoupled weight decay, on every parameter unless its task spares some.
    public var weightDecay: Float
    /// The share that the running average keeps at each step. It ramps up over the first steps as (1 + step)/(10 + step),
    /// unless `averageRamp` is off.
    public var averageDecay: Float
    public var averageRamp: Bool
    /// The largest norm of the whole gradient; longer ones are scaled down. Nil: no clipping.
    public var clip: Float?
    /// What the names of parameters begin with whose matrices are updated by Muon instead (see `Muon`); none where it is empty.
    public var muon: [String]

    public init(
        beta1: Float = 0.9, beta2: Float = 0.95, epsilon: Float = 1e-8, weightDecay: Float = 0.03,
        averageDecay: Float = 0.9999, averageRamp: Bool = true, clip: Float? = nil, muon: [String] = []
    ) {
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.weightDecay = weightDecay
        self.averageDecay = averageDecay
        self.averageRamp = averageRamp
        self.clip = clip
        self.muon = muon
    }

    enum CodingKeys: String, CodingKey {
        case beta1, beta2, epsilon, clip, muon
        case weightDecay = "weight_decay"
        case averageDecay = "average_decay"
        case averageRamp = "average_ramp"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.read(&beta1, .beta1)
        try values.read(&beta2, .beta2)
        try values.read(&epsilon, .epsilon)
        try values.read(&weightDecay, .weightDecay)
        try values.read(&averageDecay, .averageDecay)
        try values.read(&averageRamp, .averageRamp)
        clip = try values.decodeIfPresent(Float.self, forKey: .clip)
        try values.read(&muon, .muon)
    }

    /// Leaves out what is as it always was, so that runs of before can be resumed.
    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(beta1, forKey: .beta1)
        try values.encode(beta2, forKey: .beta2)
        try values.encode(epsilon, forKey: .epsilon)
        try values.encode(weightDecay, forKey: .weightDecay)
        try values.encode(averageDecay, forKey: .averageDecay)
        try values.encode(averageRamp, forKey: .averageRamp)
        try values.encodeIfPresent(clip, forKey: .clip)
        if !muon.isEmpty { try values.encode(muon, forKey: .muon) }
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        for (name, value) in [("beta1", beta1), ("beta2", beta2)] where !(value >= 0 && value < 1) {
            throw InvalidValue("\(name) is \(value), expected 0 or more and below 1")
        }
        if !(epsilon > 0 && epsilon.isFinite) { throw InvalidValue("epsilon is \(epsilon), expected above 0") }
        if !(weightDecay >= 0 && weightDecay.isFinite) { throw InvalidValue("weight_decay is \(weightDecay), expected at least 0") }
        if !(0...1).contains(averageDecay) { throw InvalidValue("average_decay is \(averageDecay), expected 0 to 1") }
        if let clip, !(clip > 0 && clip.isFinite) { throw InvalidValue("clip is \(clip), expected above 0") }
    }
}

/// AdamW over the parameters of a store.
public final class AdamW {
    public let settings: AdamWSettings
    public let store: ParameterStore
    /// Updates made so far.
    public internal(set) var step = 0
    let first: [ParameterBuffer]
    let second: [ParameterBuffer]
    let averages: [ParameterBuffer]
    private let pieces: [(parameter: Int, start: Int, length: Int)]
    /// The weight decay of every parameter.
    private let decay: [Float]
    /// The parameters that Muon updates.
    private let matrices: [Int]

    /// An optimizer for the parameters that `store` holds now.
    ///
    /// - Parameter decays: whether weight decay shrinks a parameter.
    public init(_ store: ParameterStore, settings: AdamWSettings, decays: (ParameterStore.Entry) -> Bool = { _ in true }) {
        self.store = store
        self.settings = settings
        first = store.entries.map { ParameterBuffer(count: $0.buffer.count) }
        second = store.entries.map { ParameterBuffer(count: $0.buffer.count) }
        averages = store.entries.map { ParameterBuffer(copying: $0.leaf) }
        decay = store.entries.map { decays($0) ? settings.weightDecay : 0 }
        matrices = store.entries.indices.filter { index in
            let entry = store.entries[index]
            return Muon.serves(entry.shape) && settings.muon.contains { entry.name.hasPrefix($0) }
        }
        let size = 65536
        let others = Set(store.entries.indices).subtracting(matrices)
        pieces = store.entries.enumerated().filter { others.contains($0.offset) }.flatMap { index, entry in
            stride(from: 0, to: entry.buffer.count, by: size).map { (index, $0, min(size, entry.buffer.count - $0)) }
        }
    }

    /// The first of the settings' names for Muon that no matrix of its kind begins with; nil where all serve.
    var unusedMuonName: String? {
        settings.muon.first { name in !matrices.contains { store.entries[$0].name.hasPrefix(name) } }
    }

    /// One update at a learning rate. Returns the norm of the gradient before clipping; an update is skipped, and the
    /// norm is not finite, where the gradient is not.
    @discardableResult
    public func update(_ gradients: [Tensor], rate: Float) -> Double {
        precondition(gradients.count == store.entries.count, "\(gradients.count) gradients for \(store.entries.count) parameters")
        let norm = gradients.map(\.norm).reduce(0) { $0 + $1 * $1 }.squareRoot()
        guard norm.isFinite else { return norm }
        step += 1
        let scale: Float = settings.clip.map { norm > Double($0) ? $0 / Float(norm) : 1 } ?? 1
        let kernels = ck_elementwise_for(ck_active_level()).pointee
        let correction1 = Float(1 - pow(Double(settings.beta1), Double(step)))
        let correction2 = Float(1 - pow(Double(settings.beta2), Double(step)))
        let ramp = settings.averageRamp ? Float(1 + step) / Float(10 + step) : 1
        let keep = min(settings.averageDecay, ramp)
        let entries = store.entries
        parallelFor(pieces.count) { index in
            let (parameter, start, length) = pieces[index]
            let value = entries[parameter].buffer.base + start
            gradients[parameter].withUnsafeBufferPointer { gradient in
                guard let gradient = gradient.baseAddress else { return }
                kernels.adamw(
                    value, first[parameter].base + start, second[parameter].base + start, gradient + start, length,
                    rate, settings.beta1, settings.beta2, settings.epsilon, decay[parameter], correction1,
                    correction2, scale)
            }
            kernels.average(averages[parameter].base + start, value, keep, length)
        }
        for parameter in matrices {
            let entry = entries[parameter]
            Muon.update(
                entry.buffer.base, momentum: first[parameter].base, gradient: gradients[parameter], scale: scale, rate: rate,
                decay: decay[parameter])
            kernels.average(averages[parameter].base, entry.buffer.base, keep, entry.buffer.count)
        }
        return norm
    }

    /// The running averages by parameter name: views that follow the updates.
    public var averagedParameters: NamedTensors {
        NamedTensors(
            Dictionary(
                uniqueKeysWithValues: zip(store.entries, averages).map { ($0.name, $1.tensor($0.shape)) }))
    }
}
