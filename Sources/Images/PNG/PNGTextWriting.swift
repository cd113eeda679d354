extension ImageText {
    /// The chunk that carries this text: tEXt where Latin-1 can say it, which every program reads, and otherwise iTXt.
    func chunk() throws(ImageError) -> (type: (UInt8, UInt8, UInt8, UInt8), payload: [UInt8]) {
        let name = try checkedName()
        let ascii: (Character) -> UInt8 = { $0.asciiValue ?? 0 }
        if let short = latin1(text), short.allSatisfy({ isPrintable($0) || $0 == 9 || $0 == 10 || $0 == 13 }) {
            return ((ascii("t"), ascii("E"), ascii("X"), ascii("t")), name + [0] + short)
        }
        // After the keyword: not compressed, method 0, no language, no translated keyword.
        return ((ascii("i"), ascii("T"), ascii("X"), ascii("t")), name + [0, 0, 0, 0, 0] + Array(text.utf8))
    }
}
