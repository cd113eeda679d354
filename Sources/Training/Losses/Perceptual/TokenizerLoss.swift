import Layers
import Tensors

/// What TA-TiTok and the single-stage TiToks are trained with: squared error, a perceptual distance, the tokens' own loss
/// and, from a step on, a discriminator (2501.07730, section 3.1; TiTok reference, section 11).
public struct TokenizerLoss: Sendable {
    /// The weights of the parts.
    public struct Settings: Sendable, Hashable {
        public var reconstruction: Float
        public var perceptual: Float
        /// The shares of LPIPS and of ConvNeXt in the perceptual distance.
        public var lpipsFraction: Float
        public var convNeXtFraction: Float
        public var adversarial: Float
        /// The factor of the adversarial part once it has begun.
        public var adversarialFactor: Float
        /// The step from which the discriminator takes part.
        public var start: Int
        /// The weight of the tokens' loss: of the divergence of a posterior, or of a quantizer's loss.
        public var tokens: Float
        /// The weight that holds the discriminator near its averages.
        public var lecam: Float

        public init(
            reconstruction: Float = 1, perceptual: Float = 1.1, lpipsFraction: Float = 1, convNeXtFraction: Float = 0.1,
            adversarial: Float = 0.1, adversarialFactor: Float = 1, start: Int = 200_000, tokens: Float = 1e-6,
            lecam: Float = 1e-3
        ) {
            self.reconstruction = reconstruction
            self.perceptual = perceptual
            self.lpipsFraction = lpipsFraction
            self.convNeXtFraction = convNeXtFraction
            self.adversarial = adversarial
            self.adversarialFactor = adversarialFactor
            self.start = start
            self.tokens = tokens
            self.lecam = lecam
        }
    }

    /// The loss of the tokenizer and its parts, weighted.
    public struct Parts: Sendable {
        public let total: Tensor
        public let reconstruction: Tensor
        public let perceptual: Tensor
        public let tokens: Tensor
        /// -mean D(reconstruction); 0 before the discriminator takes part.
        public let adversarial: Tensor
        public let weightedAdversarial: Tensor
    }

    public let settings: Settings
    public let discriminator: ImageDiscriminator
    public let lpips: LPIPS
    public let convNeXt: ConvNeXt

    public init(_ settings: Settings = Settings(), discriminator: ImageDiscriminator, lpips: LPIPS, convNeXt: ConvNeXt) {
        self.settings = settings
        self.discriminator = discriminator
        self.lpips = lpips
        self.convNeXt = convNeXt
    }

    /// Whether the discriminator takes part in a step.
    public func isAdversarial(_ step: Int) -> Bool { step >= settings.start }

    /// The perceptual distance of images [batch, 3, height, width]: a scalar.
    public func perceptual(_ reconstruction: Tensor, _ images: Tensor) -> Tensor {
        let distance = lpips(reconstruction, images).mean()
        let logits = (convNeXt(reconstruction) - convNeXt(images)).meanSquare()
        return (distance * settings.lpipsFraction + logits * settings.convNeXtFraction)
            * (1 / (settings.lpipsFraction + settings.convNeXtFraction))
    }

    /// The loss of the tokenizer.
    ///
    /// - Parameter tokens: the loss of the tokens, a scalar: the divergence of one image, or the quantizer's loss.
    public func callAsFunction(_ reconstruction: Tensor, target: Tensor, tokens: Tensor, step: Int) -> Parts {
        let squared = (reconstruction - target).meanSquare() * settings.reconstruction
        let seen = perceptual(reconstruction, target) * settings.perceptual
        let weighted = tokens * settings.tokens
        let base = squared + seen + weighted
        guard isAdversarial(step) else {
            let nothing = Tensor(0)
            return Parts(
                total: base, reconstruction: squared, perceptual: seen, tokens: weighted, adversarial: nothing,
                weightedAdversarial: nothing)
        }
        let adversarial = discriminator(reconstruction).mean() * -1
        let part = adversarial * (settings.adversarial * settings.adversarialFactor)
        return Parts(
            total: base + part, reconstruction: squared, perceptual: seen, tokens: weighted, adversarial: adversarial,
            weightedAdversarial: part)
    }
}

/// The loss of the discriminator: hinges, and LeCam's pull towards running averages of what it says (Tseng et al., 2021).
public struct DiscriminatorLoss: Sendable {
    public struct Parts: Sendable {
        public let total: Tensor
        /// The mean logits of real and of drawn images.
        public let real: Tensor
        public let drawn: Tensor
        /// LeCam's part, weighted.
        public let lecam: Tensor
    }

    public let lecam: Float
    public let decay: Float
    /// The running averages of the mean logits.
    public private(set) var realAverage: Float = 0
    public private(set) var drawnAverage: Float = 0

    public init(lecam: Float = 1e-3, decay: Float = 0.999) {
        self.lecam = lecam
        self.decay = decay
    }

    /// The loss of a batch; the averages follow afterwards. `reconstruction` must not be recorded.
    public mutating func callAsFunction(_ discriminator: ImageDiscriminator, images: Tensor, reconstruction: Tensor) -> Parts {
        let (real, drawn) = (discriminator(images), discriminator(reconstruction.detached))
        let hinge = ((real * -1 + 1).applying(.relu).mean() + (drawn + 1).applying(.relu).mean()) * 0.5
        let (realMean, drawnMean) = (real.mean(), drawn.mean())
        let pulls = [(realMean + -drawnAverage).applying(.relu), (drawnMean * -1 + realAverage).applying(.relu)]
        let pull = (pulls[0] * pulls[0] + pulls[1] * pulls[1]) * lecam
        realAverage = decay * realAverage + (1 - decay) * realMean.item
        drawnAverage = decay * drawnAverage + (1 - decay) * drawnMean.item
        return Parts(total: hinge + pull, real: realMean, drawn: drawnMean, lecam: pull)
    }
}
