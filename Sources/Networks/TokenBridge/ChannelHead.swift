import Layers
import Sampling
import Tensors

/// The network that draws the channels of a token one after the other: a causal transformer over channels that reads what the
/// decoder says of the token (2503.16430, section 3.2). Parameter names are the official ones; they lie beside those of the
/// rest of the generator.
package struct ChannelHead: Sendable {
    /// The order in which channels are drawn, for 16 channels: those that carry low frequencies first. Published as it is.
    static let publishedOrder = [8, 1, 10, 9, 6, 12, 4, 0, 3, 11, 7, 14, 2, 15, 13, 5]

    package let channels: Int
    package let levels: Int
    /// order[k] is the channel that step k draws.
    package let order: [Int]
    private let shape: TransformerShape
    private let condition: Linear
    private let positions, steps: StoredTable
    private let embeddings: [Embedding]
    private let blocks: [ModulatedCausalBlock]
    private let norm: LayerNorm
    private let finalNorm: ModulatedNorm
    private let outputs: [Linear]

    init(_ weights: Weights, shape: TransformerShape, from inputs: Int, channels: Int, levels: Int) {
        self.channels = channels
        self.levels = levels
        self.shape = shape
        order = channels == Self.publishedOrder.count ? Self.publishedOrder : Array(0..<channels)
        let width = shape.width
        condition = Linear(weights["condition_proj"], from: inputs, to: width)
        positions = StoredTable(weights, "channel_embed", rows: channels, width: width)
        steps = StoredTable(weights, "timesteps_embeddings", rows: channels, width: width)
        embeddings = (0..<channels - 1).map {
            Embedding(weights["token_embeddings"][$0], entries: levels, width: width, initial: .normal(std: 1))
        }
        blocks = (0..<shape.layers).map {
            ModulatedCausalBlock(
                weights["channel_blocks"][$0], width: width, heads: shape.heads, hidden: 4 * width, initial: .xavierUniform)
        }
        norm = LayerNorm(weights["channel_norm"], width: width, epsilon: 1e-6)
        finalNorm = ModulatedNorm(weights["channel_final"], width: width)
        outputs = (0..<channels).map { Linear(weights["channel_heads"][$0], from: width, to: levels) }
    }

    // MARK: - Whole tokens

    /// What passes through the network of tokens whose channels are given.
    package struct Pass {
        /// [rows, width].
        package let condition: Tensor
        /// What every block gives: [rows, channels, width].
        package let blocks: [Tensor]
        /// What the maps to logits read, of that shape.
        package let output: Tensor
        /// [rows, channels, levels], in the order in which channels are drawn.
        package let logits: Tensor
    }

    /// The logits of codes that are given, as in training.
    ///
    /// - Parameters:
    ///   - features: what the decoder says of tokens: [rows, inputs].
    ///   - codes: theirs, in the order in which channels are drawn: rows·channels of them.
    package func pass(_ features: Tensor, codes: [Int32]) -> Pass {
        let (rows, width) = (features.shape[0], shape.width)
        let conditions = condition(features)
        // In training the first slot holds the condition alone; in drawing it also holds the first step's embedding.
        var slots = [conditions.reshaped([rows, 1, width])]
        for step in 0..<channels - 1 {
            slots.append(embeddings[step]((0..<rows).map { codes[$0 * channels + step] }, shape: [rows, 1]))
        }
        var x = Tensor.concatenated(slots, axis: 1).addingRepeated(positions.table)
        let activated = self.activated(conditions, steps: 0..<channels).permuted(1, 0, 2)
        let passed = blocks.map { block in
            x = block(x, modulation: block.modulation(activated))
            return x
        }
        let output = finalNorm(norm(x), modulation: finalNorm.modulation(activated))
        return Pass(condition: conditions, blocks: passed, output: output, logits: logits(output))
    }

    /// Those of all steps, [rows, channels, levels], from what their maps read: [rows, channels, width].
    private func logits(_ output: Tensor) -> Tensor {
        let biases = outputs.compactMap(\.bias)
        guard biases.count == channels, !outputs.contains(where: \.isConstant) else {
            return .concatenated(outputs.enumerated().map { step, map in map(output.sliced(axis: 1, step..<step + 1)) }, axis: 1)
        }
        return output.linear(byPlace: outputs.map(\.weight), biases: biases)
    }

    /// silu of the conditions of some steps: [steps, rows, width].
    private func activated(_ conditions: Tensor, steps range: Range<Int>) -> Tensor {
        let (rows, width) = (conditions.shape[0], shape.width)
        let times = steps.table.sliced(axis: 0, range)
        return conditions.repeated(range.count).permuted(1, 0, 2).addingRepeated(times).permuted(1, 0, 2)
            .reshaped([range.count, rows, width]).applying(.silu)
    }

    // MARK: - Drawing

    /// Products over the maps of the modulation are made for as many steps at once as fill so many rows: see `RAR.Reader`.
    private static let rowsAtOnce = 64

    /// Codes of tokens from what the decoder says of them [rows, inputs], in the order of the channels: a row to a token.
    ///
    /// - Parameter choose: gives a code for every row from the logits [rows, levels] of a step.
    package func draw(_ features: Tensor, choosing choose: (Tensor, Int) throws -> [Int32]) throws -> [[Int32]] {
        let (rows, width) = (features.shape[0], shape.width)
        let conditions = condition(features)
        let cache = KeyValueCache(
            layers: shape.layers, rows: rows, heads: shape.heads, headDimension: width / shape.heads, capacity: channels)
        var drawn = [[Int32]](repeating: [Int32](repeating: 0, count: channels), count: rows)
        var last: [Int32] = []
        var modulations: [Tensor] = []
        var ahead = 0..<0
        for step in 0..<channels {
            if !ahead.contains(step) {
                ahead = step..<min(channels, step + max(1, Self.rowsAtOnce / rows))
                let activated = self.activated(conditions, steps: ahead)
                modulations = blocks.map { $0.modulation(activated) } + [finalNorm.modulation(activated)]
            }
            func modulation(_ part: Int) -> Tensor {
                let place = step - ahead.lowerBound
                return modulations[part].sliced(axis: 0, place..<place + 1).reshaped([rows, 1, modulations[part].shape[2]])
            }
            func row(_ table: StoredTable) -> Tensor { table.table.sliced(axis: 0, step..<step + 1).reshaped([width]) }
            let slot =
                step == 0
                ? conditions.reshaped([rows, 1, width]).addingRepeated(row(steps)) : embeddings[step - 1](last, shape: [rows, 1])
            var x = slot.addingRepeated(row(positions))
            for (layer, block) in blocks.enumerated() {
                x = block(x, modulation: modulation(layer), cache: cache, layer: layer)
            }
            let output = finalNorm(norm(x), modulation: modulation(blocks.count))
            let logits = outputs[step](output).reshaped([rows, levels])
            guard logits.firstNonFinite == nil else { throw SamplingError.notFinite(token: step) }
            last = try choose(logits, step)
            for index in 0..<rows { drawn[index][order[step]] = last[index] }
        }
        return drawn
    }
}
