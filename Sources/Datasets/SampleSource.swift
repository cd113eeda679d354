import Images

/// A picture and what it shows.
public struct CaptionedImage: Sendable {
    public var image: Image
    public var caption: String
    /// The caption that one who sees the picture is to give: where captions vary, always the same.
    public var plainCaption: String

    /// `plainCaption` is `caption` where nothing else is said.
    public init(image: Image, caption: String, plainCaption: String? = nil) {
        self.image = image
        self.caption = caption
        self.plainCaption = plainCaption ?? caption
    }
}

/// An endless supply of training samples: sample k is a pure function of k.
public protocol SampleSource: Sendable {
    func sample(_ index: UInt64) throws -> CaptionedImage
    /// The caption of sample `index` alone, without its picture.
    func caption(_ index: UInt64) throws -> String
    /// The class of what sample `index` shows; nil where it has none.
    func label(_ index: UInt64) -> String?
}

extension SampleSource {
    public func caption(_ index: UInt64) throws -> String { try sample(index).caption }
    public func label(_ index: UInt64) -> String? { nil }
}
