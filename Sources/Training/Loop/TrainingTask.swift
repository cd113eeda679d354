import Images
import Layers
import Tensors

/// What a run trains: a model over a parameter store, its loss, and what it shows and writes.
public protocol TrainingTask: AnyObject {
    /// The parameters, complete.
    var store: ParameterStore { get }
    /// A fingerprint of what the task builds on and does not train, such as a vocabulary or a fixed tokenizer: a run can
    /// only go on over the same. Empty where there is nothing of the kind.
    var dependencyFingerprint: String { get }
    /// The loss of a group of samples, a pure function of the parameters and the group, and metrics for the log. A step's loss
    /// is the mean over its groups, and what couples samples, such as a contrast, couples those of one group.
    func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)])
    /// Pictures that show the state, by file name without extension, drawn with the given parameters.
    func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)]
    /// Text that shows the state, empty where there is none.
    func sampleCaptions(parameters: any WeightSource) throws -> String
    /// Writes what others use of the model, made from the given parameters, into a folder.
    func export(parameters: any WeightSource, to folder: String) throws
}

extension TrainingTask {
    public var dependencyFingerprint: String { "" }
    public func sampleCaptions(parameters: any WeightSource) throws -> String { "" }
}
