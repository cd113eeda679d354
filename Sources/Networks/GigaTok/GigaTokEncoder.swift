import Layers
import Tensors

/// Pixels to the vectors of the latent tokens, before quantization (GigaTok, section 3.2; reference sections 5.2 and 5.3).
public struct GigaTokEncoder: Sendable {
    let configuration: GigaTokConfiguration
    package let convolutions: GigaTokConvolutionalEncoder
    private let firstNorm: LayerNorm
    private let embedding: Linear
    /// To the queries of the latent tokens; nil over a grid.
    private let projection: Linear?
    private let layers: GigaTokLayers
    private let lastNorm: LayerNorm
    private let output: Linear
    private let quantization: Linear

    init(_ configuration: GigaTokConfiguration, weights root: Weights) {
        let (shape, places) = (configuration.encoder, configuration.grid * configuration.grid)
        self.configuration = configuration
        convolutions = GigaTokConvolutionalEncoder(configuration, weights: root["encoder"])
        let isSequence = configuration.layout == .sequence
        let weights = root[isSequence ? "s2to1encoder" : "s2dencoder"]
        firstNorm = LayerNorm(weights["ln_pre"], width: configuration.channels)
        embedding = Linear(weights["encoder_embed"], from: configuration.channels, to: shape.width, initial: .small)
        projection =
            isSequence ? Linear(weights["global_proj"], from: shape.width, to: shape.width, initial: .small) : nil
        layers = GigaTokLayers(
            weights, configuration: configuration, shape: shape,
            queries: isSequence
                ? ("latent_token_positional_embedding", configuration.latentTokens) : ("positional_embedding", places),
            memory: ("positional_embedding", places))
        lastNorm = LayerNorm(weights["ln_post"], width: shape.width)
        output = Linear(weights["conv_out"], from: shape.width, to: configuration.channels, kernel: [1, 1], initial: .small)
        quantization = Linear(
            root["quant_conv"], from: configuration.channels, to: configuration.codeSize, kernel: [1, 1])
    }

    /// What the transformer reads of features [batch, Z, grid, grid]: [batch, grid², width], row-major.
    package func embed(_ features: Tensor) -> Tensor {
        embedding(firstNorm(features.placesOfPlanes()))
    }

    /// The queries of the latent tokens: means of the places over ever finer grids, [batch, N, width]; over a grid, the
    /// places themselves, with their positions where they are added once.
    package func queries(_ places: Tensor) -> Tensor {
        guard let projection else { return layers.placed(places) }
        let means = QueryGrid.means(tokens: configuration.latentTokens, side: configuration.grid)
        let queries = Precision.$current.withValue(.float32) {
            places.permuted(0, 2, 1).linear(means).permuted(0, 2, 1)
        }
        return projection(queries)
    }

    /// The queries after the first `count` layers; nil means all.
    package func transformed(_ queries: Tensor, memory: Tensor, first count: Int? = nil) -> Tensor {
        layers(queries, memory: memory, 0..<min(count ?? layers.count, layers.count))
    }

    /// The features [batch, N, Z] of the tokens at the end of the transformer.
    package func features(_ queries: Tensor) -> Tensor { output(lastNorm(queries)) }

    /// The vectors [batch, N, C] that are quantized.
    package func vectors(_ features: Tensor) -> Tensor { quantization(features) }

    /// images [batch, 3, side, side] in -1...1 → vectors [batch, N, C].
    public func callAsFunction(_ images: Tensor) -> Tensor {
        let places = embed(convolutions(images))
        return vectors(features(transformed(queries(places), memory: places)))
    }
}

extension QueryGrid {
    /// The matrix [tokens, side²] that gives every token the mean of its cell of the places of a grid.
    package static func means(tokens: Int, side: Int) -> Tensor {
        Tensor(uninitialized: [tokens, side * side]) { buffer in
            buffer.update(repeating: 0)
            var token = 0
            for grid in grids(tokens: tokens) {
                let (height, width) = (side / grid.rows, side / grid.columns)
                for cell in 0..<grid.rows * grid.columns {
                    let (top, left) = (cell / grid.columns * height, cell % grid.columns * width)
                    for y in top..<top + height {
                        for x in left..<left + width { buffer[(token * side + y) * side + x] = 1 / Float(height * width) }
                    }
                    token += 1
                }
            }
        }
    }
}

extension Tensor {
    /// Planar images [batch, channels, height, width] as places [batch, height·width, channels], row-major.
    func placesOfPlanes() -> Tensor {
        permuted(0, 2, 3, 1).reshaped([shape[0], shape[2] * shape[3], shape[1]])
    }

    /// The way back to a square: [batch, side², channels] → [batch, channels, side, side].
    func planesOfPlaces(side: Int) -> Tensor {
        permuted(0, 2, 1).reshaped([shape[0], shape[2], side, side])
    }
}
