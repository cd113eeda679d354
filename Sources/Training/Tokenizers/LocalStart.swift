import Layers
import Networks
import Tensors

/// What the starts of small tokenizers have in common whose latent tokens begin as those of their own part of an image: positions of
/// a grid, and attention that compares queries with keys by the same map, so that each token begins by reading what lies where it
/// lies itself.
enum LocalStart {
    /// Waves over rows and columns of a grid, as long as the grid and shorter: [side², width].
    static func positions(side: Int, width: Int) -> Tensor {
        let table = PositionTables.sinusoidal2D(rows: side, columns: side, width: max(4, width / 4 * 4))
        guard width % 4 != 0 else { return table }
        return .concatenated([table, .zeros([side * side, width - width / 4 * 4])], axis: 1)
    }

    /// The maps of an attention: to queries and keys alike, to values, and out.
    static func maps(_ place: String, width: Int) -> (queries: Tensor, values: Tensor, output: Tensor) {
        (
            normal(place, [width, width], gain: 0.8), normal(place, [width, width], seed: 1),
            normal(place + "out_proj.weight", [width, width], gain: 0.5)
        )
    }

    /// The parameters of an attention with PyTorch's names, after `place`.
    static func attention(_ place: String, width: Int) -> [String: Tensor] {
        let maps = maps(place, width: width)
        return [
            place + "in_proj_weight": .concatenated([maps.queries, maps.queries, maps.values], axis: 0),
            place + "out_proj.weight": maps.output,
        ]
    }

    /// The mean positions of the cells of ever finer grids, of as many tokens as given, a power of two: [tokens, width].
    static func cells(of positions: Tensor, side: Int, tokens: Int) -> Tensor {
        QueryGrid.means(tokens: tokens, side: side).matrixProduct(positions)
    }

    /// Normal values for a map or a convolution [outputs, inputs, …], which give what it reads `gain` times its deviation.
    static func normal(_ name: String, _ shape: [Int], gain: Float = 1, seed: UInt64 = 0) -> Tensor {
        let inputs = Float(shape.dropFirst().reduce(1, *))
        return FreshWeights(seed: seed).tensor(named: name, shape: shape, initial: .normal(std: gain / inputs.squareRoot()))
    }

    /// What a network asks for, by name, as it starts by itself.
    static func fresh(_ build: (Weights) -> Void) -> [String: Tensor] {
        let recorder = WeightRecorder(FreshWeights(seed: 0))
        build(Weights(recorder))
        return Dictionary(recorder.parameters) { first, _ in first }
    }
}
