import Layers
import Tensors

/// Captions before the codes of an image, as LlamaGen's own text-to-image models read them (2406.06525): every hidden state through
/// two linear maps without biases and a GELU between them, and a table of states that stands for no caption. Parameter names are
/// the official ones; here the table learns, while the official one stays as it began.
struct CaptionPrefix: Sendable {
    private let first, second: Linear
    private let none: Tensor

    /// - Parameters:
    ///   - captionWidth: numbers of a caption's state.
    ///   - length: positions of a caption.
    init(_ weights: Weights, width captionWidth: Int, length: Int, to width: Int) {
        let initial = Initializer.normal(std: 0.02)
        first = Linear(weights["cap_proj.fc1"], from: captionWidth, to: width, bias: false, initial: initial)
        second = Linear(weights["cap_proj.fc2"], from: width, to: width, bias: false, initial: initial)
        none = weights.tensor(
            "uncond_embedding", [length, captionWidth], initial: .normal(std: 1 / Float(captionWidth).squareRoot()))
    }

    /// What stands before the codes of images: [images, length, width].
    ///
    /// - Parameter numbers: of every image its caption's place among `captions`; nil for none.
    func callAsFunction(_ captions: TextCondition, of numbers: [Int?]) -> Tensor {
        let (length, captionWidth) = (none.shape[0], none.shape[1])
        precondition(
            Array(captions.hidden.shape[1...]) == [length, captionWidth],
            "captions of shape \(captions.hidden.shape) for \(length)×\(captionWidth)")
        let states = Tensor.concatenated([captions.hidden, none.reshaped([1, length, captionWidth])], axis: 0)
        let projected = second(first(states, activation: .geluTanh))
        let width = projected.shape[2]
        return projected.reshaped([captions.count + 1, length * width])
            .rows(numbers.map { Int32($0 ?? captions.count) })
            .reshaped([numbers.count, length, width])
    }
}
