import Files

/// What a picture's file says beside its pixels: its texts, whatever the format. Pixels are not decoded.
///
/// PNG files keep texts in chunks of their own. JPEG and WebP files keep them in an Exif block: `Description`, `Software`, `Author`
/// and `Copyright` in the fields of these names, `parameters` in UserComment, and the rest together in MakerNote.
public struct ImageMetadata: Sendable {
    /// The format of the file, whatever its name says.
    public let format: ImageFormat
    /// The texts in the file's order; a keyword may come twice.
    public let texts: [ImageText]
    /// What is wrong with the texts or could not be read, a line each that names the file.
    public let warnings: [String]

    /// Reads what the file at `path` says. A text that is malformed is passed over with a warning.
    ///
    /// - Parameter pipes: whether a named pipe or a device is read to its end.
    /// - Throws: `FileError` where the file is missing or cannot be read; `ImageError` where it is no PNG, JPEG or WebP.
    public init(path: String, pipes: Bool = false) throws {
        try self.init(data: InputFile.bytes(path, pipes: pipes), name: path)
    }

    /// Reads what a picture in memory (`[UInt8]`, `Data`) says, as `init(path:)` does.
    ///
    /// - Parameter name: what messages call it.
    public init(data: some Collection<UInt8>, name: String = "picture data") throws(ImageError) {
        let bytes = Array(data)
        guard let format = ImageFormat(of: bytes) else { throw .notAnImage(file: name, found: describeForeignData(bytes)) }
        self.format = format
        var found =
            switch format {
            case .png: FoundTexts.inPNG(bytes)
            case .jpeg: FoundTexts.inJPEG(bytes)
            case .webp: FoundTexts.inWebP(bytes)
            }
        found.addExif()
        texts = found.texts
        warnings = lines(found.warnings, file: name)
    }

    /// The first text of a keyword.
    public subscript(keyword: String) -> String? { texts.first { $0.keyword == keyword }?.text }
}

/// Texts as they are found, within bounds: a small file can neither ask for much memory nor for much time.
struct FoundTexts {
    private(set) var texts: [ImageText] = []
    var exif: ArraySlice<UInt8>?
    var warnings: [String] = []
    private var total = 0
    /// Whether more is taken.
    private(set) var isOpen = true
    private var hasDamaged = false

    mutating func add(_ text: ImageText) {
        guard spend(text.text.utf8.count) else { return }
        texts.append(text)
    }

    /// Counts a text that cannot be read, as if it were as long as texts can be.
    mutating func addDamaged(_ warning: String) {
        if !hasDamaged { warnings.append(warning) }
        hasDamaged = true
        _ = spend(ImageText.maximumLength)
    }

    private mutating func spend(_ count: Int) -> Bool {
        guard isOpen else { return false }
        total += count
        if total > ImageText.maximumTotal || texts.count >= ImageText.maximumCount {
            isOpen = false
            warnings.append("more text than \(ImageText.maximumTotal) bytes or \(ImageText.maximumCount) entries: the rest is passed over")
        }
        return isOpen
    }

    /// Adds what the Exif block says under keywords that are not there yet.
    mutating func addExif() {
        guard let exif else { return }
        let block = ExifBlock(exif)
        if let problem = block.problem { warnings.append(problem) }
        let known = Set(texts.map(\.keyword))
        for text in block.texts where !known.contains(text.keyword) { add(text) }
    }
}
