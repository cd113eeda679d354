/// An endless supply of training samples: sample k is a pure function of k.
public protocol SampleSource: Sendable {
    func sample(_ index: UInt64) throws -> CaptionedImage
}
