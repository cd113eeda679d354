import Layers
import Tensors

/// A table of positions that is stored as [rows, 1, width].
struct PositionColumn: Sendable {
    private let stored: Tensor
    private let shape: [Int]

    init(_ weights: Weights, _ name: String, rows: Int, width: Int) {
        stored = weights.tensor(
            name, [rows, 1, width], initial: .normal(std: 1 / Float(width).squareRoot()))
        shape = [rows, width]
    }

    /// The table [rows, width]. Read as one at every use: in training that is a recorded step.
    var table: Tensor { stored.reshaped(shape) }
}

/// A pre-norm decoder layer of DETR, with PyTorch's names: self-attention, attention to a memory and a feed-forward network.
/// Positions are added to queries and keys, never to values (reference section 5.3).
struct QueryLayer: Sendable {
    private let firstNorm: LayerNorm
    private let attention: MultiHeadAttention
    private let secondNorm: LayerNorm
    private let memoryAttention: MultiHeadAttention
    private let thirdNorm: LayerNorm
    private let network: FeedForward

    init(_ weights: Weights, shape: TransformerShape) {
        firstNorm = LayerNorm(weights["norm1"], width: shape.width)
        attention = MultiHeadAttention(weights["self_attn"], width: shape.width, heads: shape.heads, initial: .small)
        secondNorm = LayerNorm(weights["norm2"], width: shape.width)
        memoryAttention = MultiHeadAttention(
            weights["multihead_attn"], width: shape.width, heads: shape.heads, initial: .small)
        thirdNorm = LayerNorm(weights["norm3"], width: shape.width)
        network = FeedForward(
            weights, names: ("linear1", "linear2"), width: shape.width, hidden: 4 * shape.width, activation: .gelu,
            initial: .small)
    }

    /// - Parameters:
    ///   - queries: [batch, tokens, width].
    ///   - positions: of the queries, [tokens, width].
    ///   - memory: [batch, places, width].
    ///   - keys: the memory with its positions.
    /// - Returns: the queries' shape.
    func callAsFunction(_ queries: Tensor, positions: Tensor, memory: Tensor, keys: Tensor) -> Tensor {
        var x = queries
        var normalized = firstNorm(x)
        let placed = normalized.addingRepeated(positions)
        x = attention(queries: placed, keys: placed, values: normalized, addedTo: x)
        normalized = secondNorm(x)
        x = memoryAttention(queries: normalized.addingRepeated(positions), keys: keys, values: memory, addedTo: x)
        return network(thirdNorm(x), addedTo: x)
    }
}

/// A pre-norm layer of self-attention and a feed-forward network, with PyTorch's names (reference section 7).
struct GridLayer: Sendable {
    private let firstNorm: LayerNorm
    private let attention: MultiHeadAttention
    private let secondNorm: LayerNorm
    private let network: FeedForward

    init(_ weights: Weights, shape: TransformerShape) {
        firstNorm = LayerNorm(weights["norm1"], width: shape.width)
        attention = MultiHeadAttention(weights["self_attn"], width: shape.width, heads: shape.heads, initial: .small)
        secondNorm = LayerNorm(weights["norm2"], width: shape.width)
        network = FeedForward(
            weights, names: ("linear1", "linear2"), width: shape.width, hidden: 4 * shape.width, activation: .gelu,
            initial: .small)
    }

    /// x [batch, places, width] → the same shape.
    func callAsFunction(_ x: Tensor) -> Tensor {
        let attended = attention(firstNorm(x), addedTo: x)
        return network(secondNorm(attended), addedTo: attended)
    }
}

/// The layers of one of a GigaTok's transformers.
enum GigaTokLayers: Sendable {
    /// Queries that read a memory, with positions for each.
    case queries([QueryLayer], positions: PositionColumn, memory: PositionColumn)
    /// Over a grid, each layer's memory its own input, with the same positions for both.
    case ownMemory([QueryLayer], positions: PositionColumn)
    /// Over a grid, with positions added once.
    case plain([GridLayer], positions: PositionColumn)

    /// - Parameter places: the rows of the tables: of the queries and of the memory.
    init(
        _ weights: Weights, configuration: GigaTokConfiguration, shape: TransformerShape, queries: (name: String, rows: Int),
        memory: (name: String, rows: Int)
    ) {
        func layers<Layer>(_ make: (Weights, TransformerShape) -> Layer) -> [Layer] {
            (0..<shape.layers).map { make(weights["transformer"][$0], shape) }
        }
        func table(_ place: (name: String, rows: Int)) -> PositionColumn {
            PositionColumn(weights, place.name, rows: place.rows, width: shape.width)
        }
        switch (configuration.layout, configuration.layer) {
        case (.sequence, _):
            self = .queries(layers { QueryLayer($0, shape: $1) }, positions: table(queries), memory: table(memory))
        case (.grid, .decoder): self = .ownMemory(layers { QueryLayer($0, shape: $1) }, positions: table(queries))
        case (.grid, .plain): self = .plain(layers { GridLayer($0, shape: $1) }, positions: table(queries))
        }
    }

    var count: Int {
        switch self {
        case .queries(let layers, _, _), .ownMemory(let layers, _): layers.count
        case .plain(let layers, _): layers.count
        }
    }

    /// What the first layer reads of a grid [batch, places, width]; queries are read as they are.
    func placed(_ x: Tensor) -> Tensor {
        guard case .plain(_, let positions) = self else { return x }
        return x.addingRepeated(positions.table)
    }

    /// The queries after some of the layers, which they come to next.
    ///
    /// - Parameter memory: [batch, tokens, width], where there are queries of another sequence.
    func callAsFunction(_ x: Tensor, memory: Tensor?, _ range: Range<Int>) -> Tensor {
        switch self {
        case .queries(let layers, let positions, let places):
            guard let memory else { preconditionFailure("queries without a memory") }
            let (table, keys) = (positions.table, memory.addingRepeated(places.table))
            return layers[range].reduce(x) { $1($0, positions: table, memory: memory, keys: keys) }
        case .ownMemory(let layers, let positions):
            let table = positions.table
            return layers[range].reduce(x) { x, layer in
                layer(x, positions: table, memory: x, keys: x.addingRepeated(table))
            }
        case .plain(let layers, _): return layers[range].reduce(x) { $1($0) }
        }
    }
}
