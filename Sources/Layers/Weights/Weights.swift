import Tensors

/// How a parameter starts when no checkpoint gives it.
public enum Initializer: Sendable {
    case zeros
    case ones
    case constant(Float)
    /// Normal with mean 0.
    case normal(std: Float)
    /// Normal with mean 0, redrawn outside two stds.
    case truncatedNormal(std: Float)
    /// Uniform in [-bound, bound).
    case uniform(bound: Float)
    /// Uniform with the bound √(6 / (inputs + outputs)) of a matrix [outputs, inputs].
    case xavierUniform
    /// 0 in the first half of a vector, the value in the second: means and log-variances.
    case logVarianceBias(Float)
    /// The convolution [channels, channels, 3, 3] that changes nothing.
    case identityKernel3x3
    /// Normal in the first half of the rows of a matrix, 0 in the second: maps to means and log-variances.
    case normalMeansZeroVariance(std: Float)
    /// These values.
    case values(Tensor)
    /// The values that this gives, which is asked where a parameter is made: models that are read do without.
    case computed(@Sendable () -> Tensor)
}

/// Where a model's parameters come from: a checkpoint that is read, an initialiser, or a trainer's store.
///
/// A source never fails while a model is being built. What is missing or has another shape is noted, and the source's
/// owner reports all of it together when the model stands.
public protocol WeightSource: AnyObject {
    /// The parameter of that full name, which the model wants in that shape.
    func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor
    /// Whether the source has a parameter of that name; sources that make parameters have all.
    func contains(_ name: String) -> Bool
    /// The matrix of that full name in packed form, where the source serves inference and packs it; nil where the model is
    /// to ask for the tensor. `shape` is the stored shape, which may have trailing axes of extent 1 or be a patch
    /// convolution's.
    func packed(named name: String, shape: [Int]) -> PackedMatrix?
    /// The matrix of that full name packed as a precision from where it lies, where the source can do that without making a
    /// tensor of it; nil where it is to be packed from the tensor.
    func packed(named name: String, shape: [Int], as precision: Precision) -> PackedMatrix?
    /// The kernel of a convolution of that full name in packed form, where the source serves inference and packs it; nil where
    /// the model is to ask for the tensor. `exactly` asks for float32 whatever the source packs as.
    /// `application` says what it is applied to.
    func packedKernel(named name: String, shape: [Int], exactly: Bool, for application: PackedKernel.Application) -> PackedKernel?
    /// The matrix of that full name, to be read when it is needed, where the source serves inference and can give it again
    /// later; nil where the model is to ask for the tensor and keep it.
    func deferred(named name: String, shape: [Int]) -> LazyMatrix?
    /// Tells the source that the parameter of that name was copied, so that a file's pages need not stay in memory for it.
    func release(named name: String)
}

extension WeightSource {
    public func packed(named name: String, shape: [Int]) -> PackedMatrix? { nil }
    public func packed(named name: String, shape: [Int], as precision: Precision) -> PackedMatrix? { nil }
    public func packedKernel(named name: String, shape: [Int], exactly: Bool, for application: PackedKernel.Application) -> PackedKernel? { nil }
    public func deferred(named name: String, shape: [Int]) -> LazyMatrix? { nil }
    public func release(named name: String) {}
}

/// A place in a source's tree of names: `weights["blocks"][0]["attn.qkv"]`.
public struct Weights {
    public let source: any WeightSource
    public let path: String
    /// Whether kernels of convolutions are to be float32 whatever the precision of products.
    private var isExact = false

    public init(_ source: any WeightSource, path: String = "") {
        self.source = source
        self.path = path
    }

    public subscript(name: String) -> Weights {
        var place = Weights(source, path: path.isEmpty ? name : path + "." + name)
        place.isExact = isExact
        return place
    }

    /// The same place, below which kernels of convolutions are float32 whatever the precision of products.
    package var exact: Weights {
        var place = self
        place.isExact = true
        return place
    }

    public subscript(index: Int) -> Weights { self[String(index)] }

    /// The parameter `name` of this place.
    public func tensor(_ name: String, _ shape: [Int], initial: Initializer) -> Tensor {
        source.tensor(named: self[name].path, shape: shape, initial: initial)
    }

    public func contains(_ name: String) -> Bool { source.contains(self[name].path) }

    /// The matrix `name` of this place, to be read when it is needed, or nil.
    func deferred(_ name: String, _ shape: [Int]) -> LazyMatrix? {
        source.deferred(named: self[name].path, shape: shape)
    }

    /// The kernel `name` of this place in packed form, or nil.
    func packedKernel(_ name: String, _ shape: [Int], for application: PackedKernel.Application) -> PackedKernel? {
        source.packedKernel(named: self[name].path, shape: shape, exactly: isExact, for: application)
    }

    /// The matrix `name` of this place in packed form, or nil.
    func packed(_ name: String, _ shape: [Int]) -> PackedMatrix? { source.packed(named: self[name].path, shape: shape) }
}

/// Parameters made from a seed. Each depends on the seed and its own name alone.
public final class FreshWeights: WeightSource {
    private let seed: UInt64

    public init(seed: UInt64) {
        self.seed = seed
    }

    public func contains(_ name: String) -> Bool { true }

    public func tensor(named name: String, shape: [Int], initial: Initializer) -> Tensor {
        var random = CounterRandom(seed: seed, stream: stableHash(name))
        switch initial {
        case .zeros: return .zeros(shape)
        case .ones: return .filled(shape, with: 1)
        case .constant(let value): return .filled(shape, with: value)
        case .normal(let std):
            return Tensor.randomNormal(shape, using: &random) * std
        case .truncatedNormal(let std):
            return Tensor(uninitialized: shape) { buffer in
                for i in buffer.indices {
                    var value = random.normal()
                    while abs(value) > 2 { value = random.normal() }
                    buffer[i] = value * std
                }
            }
        case .uniform(let bound):
            return .randomUniform(shape, from: -bound, to: bound, using: &random)
        case .logVarianceBias(let value):
            let half = shape.reduce(1, *) / 2
            return Tensor(uninitialized: shape) { buffer in
                for i in buffer.indices { buffer[i] = i < half ? 0 : value }
            }
        case .identityKernel3x3:
            return Tensor(uninitialized: shape) { buffer in
                for i in buffer.indices { buffer[i] = i % 9 == 4 && i / 9 % shape[1] == i / 9 / shape[1] ? 1 : 0 }
            }
        case .normalMeansZeroVariance(let std):
            let half = shape.reduce(1, *) / 2
            return Tensor(uninitialized: shape) { buffer in
                for i in buffer.indices { buffer[i] = i < half ? std * random.normal() : 0 }
            }
        case .values(let values):
            precondition(values.shape == shape, "initial values of shape \(values.shape) for a parameter of shape \(shape)")
            return values
        case .computed(let values):
            return tensor(named: name, shape: shape, initial: .values(values()))
        case .xavierUniform:
            let outputs = shape.first ?? 1
            let inputs = shape.dropFirst().reduce(1, *)
            let bound = (6 / Float(max(1, inputs + outputs))).squareRoot()
            return .randomUniform(shape, from: -bound, to: bound, using: &random)
        }
    }
}

/// The 64-bit FNV-1a hash of a text: the same on every machine and in every run.
public func stableHash(_ text: String) -> UInt64 {
    text.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
}
