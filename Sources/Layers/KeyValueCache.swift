import CKernels
public import Tensors

/// What the layers of a causal transformer keep of the tokens that they have read, their keys and values, so that one more
/// token costs one pass over the weights and not a pass over the whole sequence.
///
/// One allocation, made for a drawing and not shared between tasks:
///
/// ```swift
/// let cache = KeyValueCache(layers: 24, rows: 2, heads: 12, headDimension: 64, capacity: 257)
/// for layer in blocks.indices { attended = cache.attention(qkv(x), layer: layer) … }
/// ```
public final class KeyValueCache {
    public let layers: Int
    /// Sequences, read side by side.
    public let rows: Int
    public let heads: Int
    public let headDimension: Int
    /// The most tokens of a sequence.
    public let capacity: Int
    private var form: ck_cached_attention
    private let layerSize: Int
    private let memory: UnsafeMutablePointer<Float>
    private var lengths: [Int]

    public init(layers: Int, rows: Int, heads: Int, headDimension: Int, capacity: Int) {
        precondition(
            layers > 0 && rows > 0 && heads > 0 && headDimension > 0 && capacity > 0,
            "a cache of \(layers) layers, \(rows) rows, \(heads) heads of \(headDimension) and \(capacity) tokens")
        self.layers = layers
        self.rows = rows
        self.heads = heads
        self.headDimension = headDimension
        self.capacity = capacity
        form = ck_cached_attention(
            rows: rows, heads: heads, dim: headDimension, capacity: capacity,
            scale: 1 / Float(headDimension).squareRoot())
        layerSize = ck_cached_attention_size(&form)
        memory = ck_allocate_kept(layers * layerSize * MemoryLayout<Float>.stride).assumingMemoryBound(to: Float.self)
        memory.update(repeating: 0, count: layers * layerSize)
        lengths = [Int](repeating: 0, count: layers)
    }

    deinit { ck_free_kept(memory) }

    /// Tokens that every layer has read.
    public var length: Int { lengths.min() ?? 0 }

    /// Bytes of the one allocation.
    public var byteCount: Int { layers * layerSize * MemoryLayout<Float>.stride }

    /// Forgets all tokens.
    public func removeAll() {
        for layer in lengths.indices { lengths[layer] = 0 }
    }

    /// Keeps the keys and values of new tokens, and gives the attention of their queries, each to the keys up to its own:
    /// qkv [rows, tokens, 3·width], laid out [3][head][channel] → [rows, tokens, width].
    public func attention(_ qkv: Tensor, layer: Int) -> Tensor {
        let width = heads * headDimension
        precondition(
            qkv.rank == 3 && qkv.shape[0] == rows && qkv.shape[2] == 3 * width && lengths.indices.contains(layer),
            "cached attention of shape \(qkv.shape), layer \(layer), for \(rows) rows of width \(width)")
        let tokens = qkv.shape[1]
        precondition(
            lengths[layer] + tokens <= capacity,
            "\(tokens) tokens more than \(lengths[layer]) in a cache of \(capacity)")
        let attended = Tensor(uninitialized: [rows, tokens, width]) { buffer in
            guard let out = buffer.baseAddress, tokens > 0 else { return }
            qkv.withUnsafeBufferPointer { values in
                ck_cached_attention(
                    ck_active_level(), &form, memory + layer * layerSize, lengths[layer], tokens, values.baseAddress, out)
            }
        }
        lengths[layer] += tokens
        return attended
    }

    /// The keys and values that a layer keeps: [rows, heads, tokens, channels] each.
    public func contents(layer: Int) -> (keys: Tensor, values: Tensor) {
        let length = lengths[layer]
        let shape = [rows, heads, length, headDimension]
        var values = Tensor.zeros(shape)
        let keys = Tensor(uninitialized: shape) { keys in
            values = Tensor(uninitialized: shape) { values in
                ck_cached_attention_read(
                    &form, memory + layer * layerSize, length, keys.baseAddress, values.baseAddress)
            }
        }
        return (keys, values)
    }
}
