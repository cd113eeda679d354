import Tensors

/// A transformer that reads a class and the tokens of an image, some of them masked, and tells how likely every code is
/// at every place.
public protocol MaskGITNetwork: Sendable {
    /// The logits [batch, L, V] of tokens `ids` (batch·L of them, V for masked ones) under `classes`, one to an image;
    /// the index `noClass` is unconditional.
    func logits(_ ids: [Int32], classes: [Int]) -> Tensor
}

extension MaskGITConfiguration {
    /// The input of either network: the class's id and then the tokens, image by image: batch·(L+1) ids.
    func sequence(_ ids: [Int32], classes labels: [Int]) -> [Int32] {
        precondition(
            ids.count == labels.count * length, "\(ids.count) tokens for \(labels.count) images of \(length) tokens")
        return labels.indices.flatMap { image in
            [maskID + 1 + Int32(labels[image])] + ids[image * length..<(image + 1) * length]
        }
    }

    /// What stands at the places of the tokens: x [batch, L+1, …] → [batch, L, …].
    func withoutClass(_ x: Tensor) -> Tensor { x.sliced(axis: 1, 1..<length + 1) }
}
