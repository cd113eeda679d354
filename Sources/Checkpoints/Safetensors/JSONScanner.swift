/// A strict scanner of JSON text that hands out members as it meets them, so that memory stays in proportion to what
/// the caller keeps. Duplicate keys, trailing text, lone surrogates and control characters are errors.
struct JSONScanner {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var depth = 0
    private let path: String
    private let origin: Int

    /// - Parameter origin: where `bytes` begins in the file, for messages.
    init(_ bytes: UnsafeRawBufferPointer, path: String, origin: Int = 0) {
        self.bytes = bytes
        self.path = path
        self.origin = origin
    }

    func failure(_ reason: String) -> CheckpointError {
        .malformedHeader(path: path, offset: origin + position, reason: reason)
    }

    /// Calls `member` with every key, after which it must consume the value.
    mutating func object(_ member: (inout JSONScanner, String) throws -> Void) throws {
        try open("{", "an object")
        var keys = Set<String>()
        if try closes(with: "}", first: true) { return }
        repeat {
            skipSpace()
            let start = position
            let key = try string()
            guard keys.insert(key).inserted else {
                position = start
                throw CheckpointError.duplicateName(path: path, name: key)
            }
            skipSpace()
            try expect(":")
            try member(&self, key)
        } while try !closes(with: "}", first: false)
    }

    /// Calls `element` for every element, which it must consume.
    mutating func array(_ element: (inout JSONScanner) throws -> Void) throws {
        try open("[", "an array")
        if try closes(with: "]", first: true) { return }
        repeat {
            try element(&self)
        } while try !closes(with: "]", first: false)
    }

    /// An integer from 0 to `Int.max`, written in digits.
    mutating func count() throws -> Int {
        skipSpace()
        let start = position
        var value = 0
        while let digit = peek(), digit >= 0x30, digit <= 0x39 {
            let (product, overflowed) = value.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(Int(digit - 0x30))
            guard !overflowed, !carried else { throw failure("expected an integer below 2^63") }
            value = sum
            position += 1
        }
        guard position > start, position == start + 1 || bytes[start] != 0x30 else {
            throw failure("expected a non-negative integer")
        }
        if let next = peek(), [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(next) {
            throw failure("expected an integer, found a fraction or an exponent")
        }
        return value
    }

    mutating func string() throws -> String {
        skipSpace()
        guard peek() == UInt8(ascii: "\"") else { throw failure("expected a string") }
        position += 1
        var text: [UInt8] = []
        while true {
            // Whole runs between escapes at once: names are long and escapes rare.
            let start = position
            while let byte = peek(), byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
            text.append(contentsOf: bytes[start..<position])
            guard let byte = peek() else { throw failure("the text ends inside a string") }
            guard byte >= 0x20 else { throw failure("a control character inside a string") }
            position += 1
            if byte == UInt8(ascii: "\"") { break }
            text.append(contentsOf: String(try escaped()).utf8)
        }
        guard let result = String(validating: text, as: UTF8.self) else { throw failure("a string that is not UTF-8") }
        return result
    }

    /// Consumes any value and returns its text where it is a string, a number or a truth value.
    mutating func scalarText() throws -> String? {
        skipSpace()
        switch peek() {
        case UInt8(ascii: "\""): return try string()
        case UInt8(ascii: "{"):
            try object { scanner, _ in _ = try scanner.scalarText() }
            return nil
        case UInt8(ascii: "["):
            try array { scanner in _ = try scanner.scalarText() }
            return nil
        default:
            let word = try literal()
            return word == "null" ? nil : word
        }
    }

    /// Throws where anything but space is left.
    mutating func end() throws {
        skipSpace()
        guard position == bytes.count else { throw failure("expected the end of the text") }
    }

    // MARK: Parts

    private func peek() -> UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    private mutating func skipSpace() {
        while let byte = peek(), byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { position += 1 }
    }

    private mutating func expect(_ symbol: Unicode.Scalar) throws {
        guard peek() == UInt8(ascii: symbol) else { throw failure("expected '\(symbol)'") }
        position += 1
    }

    private mutating func open(_ symbol: Unicode.Scalar, _ kind: String) throws {
        skipSpace()
        guard peek() == UInt8(ascii: symbol) else { throw failure("expected \(kind)") }
        position += 1
        depth += 1
        guard depth <= Limits.jsonDepth else { throw failure("nested deeper than \(Limits.jsonDepth)") }
    }

    /// Whether the collection ends here; otherwise steps over the comma before the next element.
    private mutating func closes(with symbol: Unicode.Scalar, first: Bool) throws -> Bool {
        skipSpace()
        if peek() == UInt8(ascii: symbol) {
            position += 1
            depth -= 1
            return true
        }
        if !first { try expect(",") }
        return false
    }

    private mutating func escaped() throws -> Unicode.Scalar {
        guard let byte = peek() else { throw failure("the text ends inside a string") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            guard unit < 0xdc00, peek() == UInt8(ascii: "\\") else { throw failure("a surrogate without its partner") }
            position += 1
            guard peek() == UInt8(ascii: "u") else { throw failure("a surrogate without its partner") }
            position += 1
            let partner = try codeUnit()
            guard partner >= 0xdc00, partner <= 0xdfff,
                let scalar = Unicode.Scalar(0x10000 + (unit - 0xd800) << 10 + (partner - 0xdc00))
            else { throw failure("a surrogate without its partner") }
            return scalar
        default: throw failure("an unknown escape in a string")
        }
    }

    private mutating func codeUnit() throws -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek(), let digit = Character(Unicode.Scalar(byte)).hexDigitValue, byte < 0x80 else {
                throw failure("expected four hexadecimal digits")
            }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    /// A number, `true`, `false` or `null`.
    private mutating func literal() throws -> String {
        let start = position
        while let byte = peek(), !" \n\r\t,]}:\"{[".utf8.contains(byte) { position += 1 }
        let run = bytes[start..<position]
        guard !run.isEmpty, run.count <= 64, run.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            position = start
            throw failure("expected a value")
        }
        let word = String(decoding: run, as: UTF8.self)
        guard ["true", "false", "null"].contains(word) || Self.isNumber(run) else {
            position = start
            throw failure("expected a value, found \(quoted(word))")
        }
        return word
    }

    /// Whether `run` follows the grammar of a JSON number.
    private static func isNumber(_ run: Slice<UnsafeRawBufferPointer>) -> Bool {
        var rest = run[...]
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { $0 >= 0x30 && $0 <= 0x39 } ?? false }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        guard isDigit(rest.first) else { return false }
        if rest.first == 0x30 { rest = rest.dropFirst() } else { rest = rest.drop(while: isDigit) }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard isDigit(rest.first) else { return false }
            rest = rest.drop(while: isDigit)
        }
        if rest.first == UInt8(ascii: "e") || rest.first == UInt8(ascii: "E") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
            guard isDigit(rest.first) else { return false }
            rest = rest.drop(while: isDigit)
        }
        return rest.isEmpty
    }
}
