import Images

/// A picture and what it shows.
public struct CaptionedImage: Sendable {
    public var image: Image
    public var caption: String

    public init(image: Image, caption: String) {
        self.image = image
        self.caption = caption
    }
}

/// An endless supply of training samples: sample k is a pure function of k.
public protocol SampleSource: Sendable {
    func sample(_ index: UInt64) throws -> CaptionedImage
}
