import Tensors

extension GoldenCase {
    /// The entries of the manifest's list of inputs.
    package var inputs: [SyntheticParameter] {
        (try? decode("inputs", as: [SyntheticParameter].self)) ?? []
    }

    /// An input `input/<what>` of the manifest's list, by its formula; nil where the case has none of that name.
    package func input(_ what: String) -> Tensor? {
        inputs.first { $0.name == "input/" + what }?.tensor
    }

    /// A result as a golden holds it: every n-th entry of each axis, the least n that gives the golden's extent.
    package func strided(_ result: Tensor, like golden: Tensor) -> Tensor {
        guard result.rank == golden.rank else { return result }
        var part = result
        for axis in 0..<result.rank {
            let (whole, kept) = (part.shape[axis], golden.shape[axis])
            guard whole != kept, let step = (2...max(2, whole)).first(where: { (whole + $0 - 1) / $0 == kept }) else {
                continue
            }
            part = .concatenated(
                stride(from: 0, to: whole, by: step).map { part.sliced(axis: axis, $0..<$0 + 1) }, axis: axis)
        }
        return part
    }
}
