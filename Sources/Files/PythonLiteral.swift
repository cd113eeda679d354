/// Values as Python writes them: `{'dim': 768, 'bias': None, 'sizes': (2, 2)}`. Settings travel that way in the headers of
/// some checkpoints.
package enum PythonLiteral {
    /// Why a text is none.
    package struct Problem: Error {
        package let reason: String
    }

    private static let deepest = 64
    private static let longest = 1 << 20

    /// Parses a literal: dictionaries with keys of text, lists, tuples (as lists), texts, numbers, True, False and None, and
    /// what JSON has in their place.
    /// Nothing is run, and names mean nothing.
    ///
    /// - Throws: `Problem` with the place where the text is something else.
    package static func parse(_ text: String) throws -> JSONValue {
        guard text.utf8.count <= longest else { throw Problem(reason: "it has \(text.utf8.count) bytes, expected at most \(longest)") }
        var scanner = Scanner(characters: Array(text.unicodeScalars))
        let value = try scanner.value(depth: 0)
        scanner.skipSpace()
        guard scanner.isAtEnd else { throw scanner.problem("expected the end") }
        return value
    }

    private struct Scanner {
        let characters: [Unicode.Scalar]
        var place = 0

        init(characters: [Unicode.Scalar]) { self.characters = characters }

        var isAtEnd: Bool { place == characters.count }
        var next: Unicode.Scalar? { isAtEnd ? nil : characters[place] }

        func problem(_ expected: String) -> Problem {
            Problem(reason: "\(expected) at character \(place)\(next.map { ", found \"\($0)\"" } ?? "")")
        }

        mutating func skipSpace() {
            while let next, next.properties.isWhitespace { place += 1 }
        }

        mutating func take(_ wanted: Unicode.Scalar) -> Bool {
            skipSpace()
            guard next == wanted else { return false }
            place += 1
            return true
        }

        mutating func value(depth: Int) throws -> JSONValue {
            guard depth < PythonLiteral.deepest else { throw problem("expected at most \(PythonLiteral.deepest) levels") }
            skipSpace()
            switch next {
            case "{": return try dictionary(depth: depth)
            case "[": return .list(try items(until: "]", depth: depth).values)
            case "(":
                let (values, hadComma) = try items(until: ")", depth: depth)
                // Parentheses around one value are only parentheses.
                return values.count == 1 && !hadComma ? values[0] : .list(values)
            case "'", "\"": return .text(try text())
            default: return try word()
            }
        }

        private mutating func dictionary(depth: Int) throws -> JSONValue {
            place += 1
            var found: [String: JSONValue] = [:]
            while !take("}") {
                skipSpace()
                guard next == "'" || next == "\"" else { throw problem("expected a key in quotes") }
                let key = try text()
                guard take(":") else { throw problem("expected a colon") }
                guard found.updateValue(try value(depth: depth + 1), forKey: key) == nil else {
                    throw problem("expected every key once, found \"\(key)\" again")
                }
                if take(",") { continue }
                guard take("}") else { throw problem("expected a comma or the end of the dictionary") }
                break
            }
            return .object(found)
        }

        private mutating func items(until end: Unicode.Scalar, depth: Int) throws -> (values: [JSONValue], hadComma: Bool) {
            place += 1
            var found: [JSONValue] = []
            var hadComma = false
            while !take(end) {
                found.append(try value(depth: depth + 1))
                if take(",") {
                    hadComma = true
                    continue
                }
                guard take(end) else { throw problem("expected a comma or \"\(end)\"") }
                break
            }
            return (found, hadComma)
        }

        private mutating func text() throws -> String {
            guard let quote = next else { throw problem("expected a text") }
            place += 1
            var found = String.UnicodeScalarView()
            while let character = next, character != quote {
                place += 1
                guard character == "\\" else {
                    found.append(character)
                    continue
                }
                guard let escaped = next else { break }
                place += 1
                switch escaped {
                case "n": found.append("\n")
                case "t": found.append("\t")
                case "r": found.append("\r")
                case "'", "\"", "\\": found.append(escaped)
                case "x": found.append(try hexadecimal(digits: 2))
                case "u": found.append(try hexadecimal(digits: 4))
                case "U": found.append(try hexadecimal(digits: 8))
                default:
                    // As in Python, an unknown escape stands for itself.
                    found.append("\\")
                    found.append(escaped)
                }
            }
            guard next == quote else { throw problem("expected the end of a text") }
            place += 1
            return String(found)
        }

        private mutating func hexadecimal(digits: Int) throws -> Unicode.Scalar {
            guard place + digits <= characters.count else { throw problem("expected \(digits) hexadecimal digits") }
            var text = String.UnicodeScalarView()
            text.append(contentsOf: characters[place..<place + digits])
            guard let code = UInt32(String(text), radix: 16), let scalar = Unicode.Scalar(code) else {
                throw problem("expected \(digits) hexadecimal digits")
            }
            place += digits
            return scalar
        }

        private mutating func word() throws -> JSONValue {
            let start = place
            while let next, next.isASCII, next.properties.isAlphabetic || "0123456789+-._".unicodeScalars.contains(next) { place += 1 }
            var view = String.UnicodeScalarView()
            view.append(contentsOf: characters[start..<place])
            let word = String(view)
            switch word {
            case "None", "null": return .null
            case "True", "true": return .bool(true)
            case "False", "false": return .bool(false)
            default:
                let digits = word.replacing("_", with: "")
                if let integer = Int64(digits) { return .integer(integer) }
                if digits.unicodeScalars.contains(where: { ("0"..."9").contains($0) }), let number = Double(digits) { return .number(number) }
                place = start
                throw problem("expected a value")
            }
        }
    }
}
