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
    /// What the task remembers from step to step besides its parameters, such as which codes were used, by name: checkpoints
    /// keep it, so that a resumed run goes on with it.
    var memory: [String: Tensor] { get set }
    /// Whether weight decay shrinks a parameter.
    func decays(_ parameter: ParameterStore.Entry) -> Bool
    /// The loss of a group of samples, a pure function of the parameters and the group, and metrics for the log. A step's loss
    /// is the mean over its groups, and what couples samples, such as a contrast, couples those of one group.
    func loss(of group: SampleGroup) throws -> (loss: Tensor, metrics: [(name: String, value: Double)])
    /// Ends a step, of which all groups have been asked for, after the update of the parameters.
    func finish(step: Int)
    /// Pictures that show the state, by file name without extension, drawn with the given parameters.
    func samples(parameters: any WeightSource) throws -> [(name: String, image: Image)]
    /// Text that shows the state, empty where there is none.
    func sampleCaptions(parameters: any WeightSource) throws -> String
    /// Writes what others use of the model, made from the given parameters, into a folder.
    func export(parameters: any WeightSource, to folder: String) throws
}

extension TrainingTask {
    public var dependencyFingerprint: String { "" }
    public var memory: [String: Tensor] {
        get { [:] }
        set {}
    }
    public func finish(step: Int) {}
    public func decays(_ parameter: ParameterStore.Entry) -> Bool { true }
    public func sampleCaptions(parameters: any WeightSource) throws -> String { "" }
}
