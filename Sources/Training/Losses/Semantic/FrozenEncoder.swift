import Checkpoints
import Files
import Layers
import ModelFolders
import Networks
import Tensors

/// A trained encoder of images whose features a tokenizer's are kept near to: a vision transformer of DINOv2's kind, or the
/// encoder of a FlowTiTok or a TiTok.
struct FrozenEncoder: Sendable {
    /// The width of its features.
    let width: Int
    private let tokens: @Sendable (_ images: Tensor, _ grid: Int) -> Tensor

    /// Opens a checkpoint of a vision transformer, the folder of a tokenizer or of a FlowTok, or that of a run.
    ///
    /// - Throws: `CheckpointError`, `WeightMismatch`, `FlowTokError`, and `TrainingError.otherKind` for what is no encoder.
    init(path: String) throws {
        let folder = RunFolder.modelFolder(path)
        guard !ModelFolder.isOne(folder) else {
            try self.init(folder: folder)
            return
        }
        let checkpoint = try Checkpoint.ofModel(path)
        guard let shape = VisionTransformer.Shape(checkpoint) else {
            throw TrainingError.otherKind(
                path: path, found: "no encoder that is known here",
                expected: "a vision transformer (patch_embed.proj.weight, pos_embed, blocks.0.…), or a tokenizer")
        }
        let side = Int(Double(shape.positions - 1).squareRoot().rounded())
        guard side * side == shape.positions - 1, side > 0 else {
            throw TrainingError.unusableCheckpoint(path: path, reason: "pos_embed has \(shape.positions) places, expected a square and one more")
        }
        let network = try FrozenNetwork.read(checkpoint) { VisionTransformer(shape, weights: $0) }
        self.init(width: shape.width) { network($0, grid: $1) }
    }

    private init(width: Int, tokens: @escaping @Sendable (_ images: Tensor, _ grid: Int) -> Tensor) {
        self.width = width
        self.tokens = tokens
    }

    private init(folder: String) throws {
        let opened = try GeneratorTokenizer(path: folder)
        let weights = Weights(NamedTensors(Dictionary(opened.parameters) { first, _ in first }))
        let side = opened.configuration.imageSize
        let sequence: @Sendable (Tensor) -> Tensor
        let (width, first, own): (Int, Int, Int)
        switch opened.configuration {
        case let shape as FlowTiTokConfiguration:
            let encoder = FlowTiTok(shape, weights: weights).encoder
            (width, first, own) = (shape.encoder.width, 0, shape.encoderGrid)
            sequence = { images in encoder.blocks.reduce(encoder.sequence(encoder.embed(images))) { $1($0, rotary: encoder.rotary) } }
        case let shape as TiTokConfiguration:
            let encoder = TiTok(shape, weights: weights).encoder
            (width, first, own) = (shape.encoder.width, 1, shape.encoderGrid)
            sequence = { images in encoder.blocks.reduce(encoder.sequence(encoder.embed(images))) { $1($0) } }
        default:
            throw TrainingError.otherKind(path: folder, found: opened.configuration.summary, expected: "a FlowTiTok, a TiTok or a vision transformer")
        }
        self.init(width: width) { images, grid in
            let patches = sequence(BilinearResize.resized(images, to: side)).sliced(axis: 1, first..<first + own * own)
                .layerNormalized(epsilon: 1e-6).withoutMean()
            guard own != grid else { return patches }
            let planes = patches.permuted(0, 2, 1).reshaped([images.shape[0], width, own, own])
            return BilinearResize.resized(planes, to: grid).reshaped([images.shape[0], width, grid * grid]).permuted(0, 2, 1)
        }
    }

    /// The features [batch, grid², width] of images [batch, 3, side, side] in 0...1, row-major.
    func callAsFunction(_ images: Tensor, grid: Int) -> Tensor { tokens(images.detached, grid) }
}

extension Tensor {
    /// Features [batch, places, width] less their mean over images and places: in a tokenizer, most of a feature is the same
    /// everywhere, and says nothing of an image.
    fileprivate func withoutMean() -> Tensor {
        let (rows, width) = (shape[0] * shape[1], shape[2])
        let mean = Precision.$current.withValue(.float32) {
            Tensor.filled([1, rows], with: -1 / Float(rows)).matrixProduct(reshaped([rows, width]))
        }
        return reshaped([rows, 1, width]).addingRepeated(mean).reshaped(shape)
    }
}
