import Checkpoints
import Files
import FlowTok
import Layers
import Networks
import Tensors

/// Distances of images in the features of trained networks, whose weights are the user's: none ship.
public struct PerceptualConfiguration: Sendable, Hashable, Codable, Validated {
    /// A checkpoint of LPIPS: VGG-16 under `net.slice1.0.weight`, …, and the weights of its channels under
    /// `lin0.model.1.weight`, ….
    public var lpips: String?
    public var lpipsWeight: Float
    /// A checkpoint of ConvNeXt-Small with torchvision's names.
    public var convNeXt: String?
    /// The weight of the mean squared difference of its logits.
    public var convNeXtWeight: Float

    public init(lpips: String? = nil, lpipsWeight: Float = 1, convNeXt: String? = nil, convNeXtWeight: Float = 0.1) {
        self.lpips = lpips
        self.lpipsWeight = lpipsWeight
        self.convNeXt = convNeXt
        self.convNeXtWeight = convNeXtWeight
    }

    enum CodingKeys: String, CodingKey {
        case lpips
        case lpipsWeight = "lpips_weight"
        case convNeXt = "convnext"
        case convNeXtWeight = "convnext_weight"
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        lpips = try values.decodeIfPresent(String.self, forKey: .lpips)
        try values.read(&lpipsWeight, .lpipsWeight)
        convNeXt = try values.decodeIfPresent(String.self, forKey: .convNeXt)
        try values.read(&convNeXtWeight, .convNeXtWeight)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    public func validate() throws(InvalidValue) {
        try expectWeights([("lpips_weight", lpipsWeight), ("convnext_weight", convNeXtWeight)])
        if lpips == nil, convNeXt == nil { throw InvalidValue("lpips is missing, and convnext too, expected a checkpoint of one of them") }
    }
}

/// Those distances, with the networks read.
struct PerceptualLoss: Sendable {
    private let configuration: PerceptualConfiguration
    private let lpips: LPIPS?
    private let convNeXt: ConvNeXt?

    /// - Throws: `CheckpointError`, `WeightMismatch` where a checkpoint is missing or is not of its network.
    init(_ configuration: PerceptualConfiguration) throws {
        self.configuration = configuration
        lpips = try configuration.lpips.map { try FrozenNetwork.read($0) { LPIPS($0) } }
        convNeXt = try configuration.convNeXt.map { try FrozenNetwork.read($0) { ConvNeXt($0) } }
    }

    /// The weighted sum for images [batch, 3, height, width] in 0...1.
    func callAsFunction(_ image: Tensor, target: Tensor) -> Tensor {
        var sum = Tensor(0)
        if let lpips { sum = sum + lpips(image, target).mean() * configuration.lpipsWeight }
        if let convNeXt { sum = sum + (convNeXt(image) - convNeXt(target)).meanSquare() * configuration.convNeXtWeight }
        return sum
    }
}
