import Files
import Layers
import Sampling
import Tensors

/// RAR (2411.00776): a causal transformer that reads a class and the codes of an image in any order, and at every place
/// knows which place comes next. Drawing goes in raster order. Parameter names are the official ones.
public struct RAR: Sendable {
    public let configuration: RARConfiguration
    private let embeddings: Embedding
    private let start: Tensor
    /// By the place in the image that a token stands at, and by that of the token that follows it.
    private let positions, targets: StoredTable
    /// By the place in the sequence.
    private let steps: StoredTable
    private let blocks: [ModulatedCausalBlock]
    private let norm: ModulatedNorm
    private let head: Linear

    /// Builds the network. The configuration must be valid.
    public init(_ configuration: RARConfiguration, weights: Weights) {
        configuration.requireValid()
        self.configuration = configuration
        let width = configuration.width
        start = weights.tensor("cls_token", [1, 1, width], initial: .zeros)
        positions = StoredTable(weights, "pos_embed", rows: configuration.positionRows, width: width)
        targets = StoredTable(weights, "target_aware_pos_embed", rows: configuration.positionRows, width: width)
        steps = StoredTable(weights, "timesteps_embeddings", rows: configuration.stepRows, width: width)
        blocks = (0..<configuration.layers).map {
            ModulatedCausalBlock(
                weights["blocks"][$0], width: width, heads: configuration.heads, hidden: configuration.hidden,
                initial: .small)
        }
        embeddings = Embedding(
            weights["embeddings"], entries: configuration.entries, width: width, initial: .truncatedNormal(std: 0.02))
        norm = ModulatedNorm(weights["adaln_before_head"], width: width)
        head = Linear(weights["lm_head"], from: width, to: configuration.codebookSize, initial: .small)
    }

    // MARK: - Whole sequences

    /// What passes through the network of whole sequences.
    package struct Pass {
        /// The embedded slots [batch, L+2, width]: a start, the class, L tokens.
        package let input: Tensor
        /// What every block gives, of that shape.
        package let blocks: [Tensor]
        /// Modulated for the head: [batch, L+1, width].
        package let head: Tensor
        /// [batch, L+1, V]; entry j is about the j-th token of the order, and the last about none.
        package let logits: Tensor
    }

    /// The logits of tokens that are given.
    ///
    /// - Parameters:
    ///   - ids: the codes of `labels.count` images, L each, in raster order.
    ///   - labels: classes; the index `noClass` is unconditional.
    ///   - orders: of every image the raster places of its tokens in the order in which they are read; nil for raster order.
    package func pass(_ ids: [Int32], labels: [Int], orders: [[Int]]? = nil) -> Pass {
        let (batch, length) = (labels.count, configuration.length)
        precondition(ids.count == batch * length, "\(ids.count) tokens for \(batch) images of \(length)")
        let orders = orders ?? [[Int]](repeating: Array(0..<length), count: batch)
        let conditions = labels.map(configuration.conditionID)
        // Rows of the tables: those of what stands in a slot, of its place, and of the place that follows.
        var (entries, places, nexts): ([Int32], [Int32], [Int32]) = ([], [], [])
        for (image, order) in orders.enumerated() {
            entries.append(conditions[image])
            entries += order.map { ids[image * length + $0] }
            nexts += order.map { Int32($0 + 2) }
            places.append(1)
            places += order.map { Int32($0 + 2) }
        }
        // Nothing follows the last token.
        let aims = Tensor.concatenated(
            [targets.table.rows(nexts, shape: [batch, length]), .zeros([batch, 1, configuration.width])], axis: 1)
        let tokens = embeddings(entries, shape: [batch, length + 1]) + positions.table.rows(places, shape: [batch, length + 1]) + aims
        let input = Tensor.concatenated([first(batch), tokens], axis: 1)
        let activated = activatedConditions(conditions, slots: Array(0..<length + 2))
        var x = input
        let outputs = blocks.map { block in
            x = block(x, modulation: block.modulation(activated))
            return x
        }
        let modulated = norm(
            x.sliced(axis: 1, 1..<length + 2), modulation: norm.modulation(activated.sliced(axis: 1, 1..<length + 2)))
        return Pass(input: input, blocks: outputs, head: modulated, logits: head(modulated))
    }

    /// The slot that every sequence begins with: [batch, 1, width].
    private func first(_ batch: Int) -> Tensor {
        (start.reshaped([1, configuration.width]) + positions.table.sliced(axis: 0, 0..<1)).repeated(batch)
    }

    /// silu of the conditions of slots: [rows, slots, width].
    private func activatedConditions(_ conditions: [Int32], slots: [Int]) -> Tensor {
        let (rows, count) = (conditions.count, slots.count)
        let classes = embeddings(conditions.flatMap { [Int32](repeating: $0, count: count) }, shape: [rows, count])
        return classes.addingRepeated(steps.table.rows(slots.map { Int32($0) })).applying(.silu)
    }

    // MARK: - Token by token

    /// Sequences that are read token by token, in raster order, with the keys and values of what was read.
    package final class Reader {
        private let network: RAR
        private let conditions: [Int32]
        package let cache: KeyValueCache
        /// The modulation of some slots ahead: of every block and of the norm before the head, [slots, rows, …] each.
        private var modulations: [Tensor] = []
        private var ahead: Range<Int> = 0..<0

        /// Rows of a product over the maps of the modulation, which are a third of all weights: as many slots are made at
        /// once as fill them.
        fileprivate static let rowsAtOnce = 64

        /// - Parameter labels: of every sequence its class; the index `noClass` is unconditional.
        package init(_ network: RAR, labels: [Int]) {
            let configuration = network.configuration
            self.network = network
            conditions = labels.map(configuration.conditionID)
            cache = KeyValueCache(
                layers: configuration.layers, rows: labels.count, heads: configuration.heads,
                headDimension: configuration.width / configuration.heads, capacity: configuration.length + 1)
        }

        /// The logits [rows, V] of token `index`, after the token before it of every sequence; none before the first. To be
        /// called for every token in order.
        package func logits(_ index: Int, after last: [Int32]) -> Tensor {
            let (rows, width) = (conditions.count, network.configuration.width)
            func place(_ table: StoredTable, _ row: Int) -> Tensor { table.table.sliced(axis: 0, row..<row + 1).reshaped([width]) }
            let token = network.embeddings(index == 0 ? conditions : last, shape: [rows, 1])
                .addingRepeated(place(network.positions, index + 1)).addingRepeated(place(network.targets, index + 2))
            var x = token
            if index == 0 {
                // The start is read by itself, and what it gives is not asked for.
                var first = network.first(rows)
                for (layer, block) in network.blocks.enumerated() {
                    first = block(first, modulation: modulation(layer, slot: 0), cache: cache, layer: layer)
                }
            }
            for (layer, block) in network.blocks.enumerated() {
                x = block(x, modulation: modulation(layer, slot: index + 1), cache: cache, layer: layer)
            }
            let modulated = network.norm(x, modulation: modulation(network.blocks.count, slot: index + 1))
            return network.head(modulated).reshaped([rows, network.configuration.codebookSize])
        }

        /// [rows, 1, …] of a block, or of the norm before the head.
        private func modulation(_ part: Int, slot: Int) -> Tensor {
            let rows = conditions.count
            if !ahead.contains(slot) {
                let count = max(1, Self.rowsAtOnce / rows)
                ahead = slot..<min(slot + count, network.configuration.length + 1)
                let activated = network.activatedConditions(conditions, slots: Array(ahead)).permuted(1, 0, 2)
                modulations = network.blocks.map { $0.modulation(activated) } + [network.norm.modulation(activated)]
            }
            let all = modulations[part]
            let place = slot - ahead.lowerBound
            return all.sliced(axis: 0, place..<place + 1).reshaped([rows, 1, all.shape[2]])
        }
    }

    /// Bytes that drawing token number `step`, from 1, of some sequences reads: all maps once, those of the modulation once
    /// for as many tokens as are made at a time, and the keys and values of the places up to it.
    func stepBytes(_ step: Int, rows: Int) -> Int {
        let ahead = max(1, Reader.rowsAtOnce / rows)
        let modulation = blocks.reduce(norm.modulationByteCount) { $0 + $1.modulationByteCount }
        let cache = 2 * configuration.layers * rows * configuration.width * MemoryLayout<Float>.stride * (step + 1)
        return blocks.reduce(head.byteCount) { $0 + $1.byteCount } + modulation / ahead + cache
    }

    // MARK: - Drawing

    /// One image of every class in `classes`, drawn in lockstep: per image L tokens in 0..<V, as the tokenizer decodes them.
    ///
    /// - Parameters:
    ///   - noise: where random numbers come from, in the order of the official code: [batch] uniform values, which it does
    ///     not use, and then [batch, V] exponential ones for every token.
    ///   - progress: called after every token; what it throws ends the drawing.
    /// - Throws: `GeneratorError.noSuchClass`, `badSetting`, `SamplingError.notFinite`, and what `progress` throws.
    package func generate(
        classes: [Int], sampling: RARSampling, noise: inout some NoiseSource,
        progress: (SamplingStep<[[Int32]]>) throws -> Void = { _ in }
    ) throws -> [[Int32]] {
        try sampling.validate()
        try check(classes)
        _ = noise.uniform([classes.count])
        let tokens = sampling.tokens
        return try generate(
            classes: classes, sampling: sampling, progress: progress,
            choosing: { logits, _ in tokens.draw(from: logits, noise: &noise) })
    }

    /// The same with any way to choose tokens from guided logits [batch, V].
    package func generate(
        classes: [Int], sampling: RARSampling, progress: (SamplingStep<[[Int32]]>) throws -> Void = { _ in },
        observing observe: (Int, Tensor) -> Void = { _, _ in }, choosing choose: (Tensor, Int) throws -> [Int32]
    ) throws -> [[Int32]] {
        guard !classes.isEmpty else { return [] }
        let isGuided = sampling.guidance != 0
        let reader = Reader(
            self, labels: isGuided ? classes + [Int](repeating: configuration.noClass, count: classes.count) : classes)
        let decoding = AutoregressiveDecoding(
            batch: classes.count, length: configuration.length, codes: configuration.codebookSize)
        return try decoding.run(
            progress: progress,
            logits: { index, last in
                let logits = reader.logits(index, after: isGuided ? last + last : last)
                observe(index, logits)
                guard let scale = sampling.scale(index, of: configuration.length) else { return logits }
                return logits.guidedHalves(scale: scale)
            }, choosing: choose)
    }

    private func check(_ classes: [Int]) throws {
        if let stranger = classes.first(where: { $0 < 0 || $0 >= configuration.classes }) {
            throw GeneratorError.noSuchClass(stranger, count: configuration.classes)
        }
    }
}
