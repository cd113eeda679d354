/// What CLIP's tokenizer makes of a prompt before it cuts it into pieces.
package enum CLIPTextCleaning {
    /// The prompt repaired, with HTML references read, single spaces and small letters.
    package static func cleaned(_ text: String) -> [Unicode.Scalar] {
        var scalars = TextRepair.repaired(Array(text.unicodeScalars))
        // Twice: prompts scraped from the web are often escaped twice.
        scalars = HTMLReferences.replaced(in: HTMLReferences.replaced(in: scalars))
        return lowerCased(Array(scalars.split(whereSeparator: isSpace).joined(separator: [" "])))
    }

    private static func isSpace(_ scalar: Unicode.Scalar) -> Bool {
        // Python counts the four separators among the controls too.
        scalar.properties.isWhitespace || (0x1c...0x1f).contains(scalar.value)
    }

    /// Full lower-casing: one letter may become several, and a capital sigma depends on its place.
    private static func lowerCased(_ text: [Unicode.Scalar]) -> [Unicode.Scalar] {
        var out: [Unicode.Scalar] = []
        out.reserveCapacity(text.count)
        for (index, scalar) in text.enumerated() {
            if scalar == "Σ" {
                out.append(isFinalSigma(in: text, at: index) ? "ς" : "σ")
            } else if scalar.isASCII {
                out.append(("A"..."Z").contains(scalar) ? Unicode.Scalar(UInt8(scalar.value) + 32) : scalar)
            } else {
                out.append(contentsOf: scalar.properties.lowercaseMapping.unicodeScalars)
            }
        }
        return out
    }

    /// Whether a letter comes before but none after, passing over marks and apostrophes.
    private static func isFinalSigma(in text: [Unicode.Scalar], at index: Int) -> Bool {
        let before = text[..<index].last { !$0.properties.isCaseIgnorable }
        guard let before, before.properties.isCased else { return false }
        let after = text[(index + 1)...].first { !$0.properties.isCaseIgnorable }
        return after.map { !$0.properties.isCased } ?? true
    }
}
