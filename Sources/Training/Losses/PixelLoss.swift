import Files
import Foundation
import Layers
import Tensors

/// What a tokenizer's reconstruction is measured by: its pixels, and where wanted what trained networks and a discriminator see.
public struct PixelLossConfiguration: Sendable, Hashable, Codable {
    public var reconstruction: ReconstructionLoss
    /// The networks; nil for none.
    public var perceptual: PerceptualConfiguration?
    /// The discriminator; nil for none.
    public var adversarial: AdversarialConfiguration?

    public init(
        reconstruction: ReconstructionLoss = ReconstructionLoss(), perceptual: PerceptualConfiguration? = nil,
        adversarial: AdversarialConfiguration? = nil
    ) {
        self.reconstruction = reconstruction
        self.perceptual = perceptual
        self.adversarial = adversarial
    }

    enum CodingKeys: String, CodingKey {
        case reconstruction, perceptual, adversarial
    }

    /// Reads what is named and keeps the defaults of everything else.
    public init(from decoder: any Decoder) throws {
        self.init()
        let values = try decoder.container(keyedBy: CodingKeys.self)
        try values.read(&reconstruction, .reconstruction)
        perceptual = try values.decodeIfPresent(PerceptualConfiguration.self, forKey: .perceptual)
        adversarial = try values.decodeIfPresent(AdversarialConfiguration.self, forKey: .adversarial)
    }

    /// - Throws: `InvalidValue` for the first value that cannot be used.
    func validate(side: Int) throws(InvalidValue) {
        try reconstruction.validate(as: "reconstruction")
        try perceptual?.validate(as: "perceptual")
        do { try adversarial?.validate(side: side) } catch { throw InvalidValue("adversarial.\(error.reason)") }
    }
}

/// The loss of reconstructions with its networks; the discriminator learns in the same steps.
struct PixelLoss: Sendable {
    private let configuration: PixelLossConfiguration
    private let perceptual: PerceptualLoss?
    private let adversarial: AdversarialLoss?

    /// - Throws: as `PerceptualLoss`.
    init(_ configuration: PixelLossConfiguration, parameters: any WeightSource) throws {
        self.configuration = configuration
        perceptual = try configuration.perceptual.map { try PerceptualLoss($0) }
        adversarial = configuration.adversarial.map { AdversarialLoss($0, parameters: parameters) }
    }

    /// The loss of images [batch, 3, side, side] in 0...1 against their targets, and its parts for the log.
    func callAsFunction(
        _ image: Tensor, target: Tensor, step: Int
    ) -> (loss: Tensor, metrics: [(name: String, value: Double)]) {
        let (reconstruction, square) = configuration.reconstruction(image, target: target, step: step)
        var loss = reconstruction
        var metrics = [
            (name: "reconstruction_loss", value: Double(reconstruction.item)),
            (name: "psnr", value: -10 * log10(max(Double(square.item), 1e-12))),
        ]
        if let perceptual {
            let seen = perceptual(image, target: target)
            loss = loss + seen
            metrics.append((name: "perceptual_loss", value: Double(seen.item)))
        }
        if let parts = adversarial?(image, target: target, step: step) {
            loss = loss + parts.tokenizer + parts.discriminator
            metrics.append((name: "adversarial_loss", value: Double(parts.tokenizer.item)))
            metrics.append((name: "discriminator_loss", value: Double(parts.discriminator.item)))
        }
        return (loss, metrics)
    }
}
