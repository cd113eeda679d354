/// What a download leaves in the place of a file that it did not fetch.
package enum WrongDownload {
    /// What a file is, with what to do about it, in words for a message; nil where it is nothing of the kind.
    package static func description(of bytes: some Collection<UInt8>) -> String? {
        if bytes.isEmpty { return "an empty file: download it again" }
        if bytes.starts(with: "version https://git-lfs".utf8) { return "a Git LFS pointer: fetch the file itself with `git lfs pull`" }
        let judged = bytes.prefix(512)
        guard judged.allSatisfy({ $0 >= 0x20 && $0 != 0x7f || $0 == 0x0a || $0 == 0x0d || $0 == 0x09 }) else { return nil }
        let text = String(decoding: judged, as: UTF8.self)
        let start = text.drop { $0.isWhitespace || $0 == "\u{feff}" }.prefix(200).lowercased()
        if ["<!doctype html", "<html", "<head", "<!--"].contains(where: { start.hasPrefix($0) }) {
            return "an HTML page: the address of the download leads to a page and not to the file"
        }
        if start.hasPrefix("<?xml") || start.hasPrefix("<error") { return "an XML document, such as the refusal of a download server" }
        return nil
    }
}
