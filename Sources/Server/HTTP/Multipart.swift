import Foundation

/// A body of `multipart/form-data` (RFC 7578) taken apart. Everything in it comes from a client: nothing is believed, and nothing
/// is larger than a limit.
package struct MultipartForm: Sendable {
    /// One field or file.
    package struct Part: Sendable, Equatable {
        package let name: String
        /// Nil of a plain field.
        package let fileName: String?
        package let contentType: String?
        package let body: [UInt8]
    }

    package let parts: [Part]

    /// The most parts of a form, and the most bytes of the headers of one: far more than any client sends.
    package static let maximumParts = 200
    package static let maximumHeaderBytes = 16_384
    /// The longest boundary that the standard allows.
    private static let maximumBoundary = 70

    /// Takes a body apart.
    ///
    /// - Parameters:
    ///   - contentType: the header of the request, which names the boundary.
    /// - Throws: `APIError` 400 where the boundary is missing, the form is cut off, or a part has no name or too large headers.
    package init(_ body: [UInt8], contentType: String) throws {
        guard let boundary = HeaderParameters(contentType)["boundary"], !boundary.isEmpty else {
            throw APIError.badRequest("the multipart form names no boundary, expected one in the header Content-Type")
        }
        guard boundary.utf8.count <= Self.maximumBoundary else {
            throw APIError.badRequest("the boundary has \(boundary.utf8.count) bytes, expected at most \(Self.maximumBoundary)")
        }
        let delimiter = Array("--\(boundary)".utf8)
        guard var place = Self.range(of: delimiter, in: body, from: 0)?.upperBound else {
            throw APIError.badRequest("the multipart form does not contain its boundary")
        }
        // Before each further delimiter there is a line break that is no part of the contents.
        let separator = Array("\r\n".utf8) + delimiter
        var parts: [Part] = []
        while !body[place...].starts(with: "--".utf8) {
            guard parts.count < Self.maximumParts else {
                throw APIError.badRequest("the multipart form has more than \(Self.maximumParts) parts")
            }
            // White space after a boundary is padding.
            while place < body.count, body[place] == UInt8(ascii: " ") || body[place] == UInt8(ascii: "\t") { place += 1 }
            guard body[place...].starts(with: "\r\n".utf8) else { throw Self.cutOff(parts.count) }
            let headerStart = place + 2
            // The search ends where the headers become too large.
            let limit = min(body.count, headerStart + Self.maximumHeaderBytes)
            let contents: Int
            let headers: [String: String]
            if body[headerStart...].starts(with: "\r\n".utf8) {
                (headers, contents) = ([:], headerStart + 2)
            } else if let end = Self.range(of: Array("\r\n\r\n".utf8), in: body, from: headerStart, to: limit) {
                headers = Self.headers(body[headerStart..<end.lowerBound])
                contents = end.upperBound
            } else {
                throw limit < body.count
                    ? APIError.badRequest(
                        "the headers of part \(parts.count + 1) are too large, expected at most \(Self.maximumHeaderBytes) bytes")
                    : Self.cutOff(parts.count)
            }
            guard let end = Self.range(of: separator, in: body, from: contents - 2) else { throw Self.cutOff(parts.count) }
            let disposition = HeaderParameters(headers["content-disposition"] ?? "")
            guard let name = disposition["name"] else {
                throw APIError.badRequest(
                    "part \(parts.count + 1) of the multipart form has no name, expected a header Content-Disposition with one")
            }
            parts.append(
                Part(
                    name: name, fileName: disposition["filename"], contentType: headers["content-type"],
                    body: Array(body[contents..<max(contents, end.lowerBound)])))
            place = end.upperBound
        }
        self.parts = parts
    }

    private static func cutOff(_ whole: Int) -> APIError {
        .badRequest("the multipart form is cut off after \(whole) whole parts, expected its last boundary at the end")
    }

    /// Header fields by their names in lower case.
    private static func headers(_ bytes: ArraySlice<UInt8>) -> [String: String] {
        var headers: [String: String] = [:]
        for line in String(decoding: bytes, as: UTF8.self).components(separatedBy: "\r\n") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return headers
    }

    /// Where `pattern` stands first in `bytes[start..<end]`.
    private static func range(of pattern: [UInt8], in bytes: [UInt8], from start: Int, to end: Int? = nil) -> Range<Int>? {
        let end = end ?? bytes.count
        guard !pattern.isEmpty, start >= 0, end - start >= pattern.count else { return nil }
        return bytes.withUnsafeBytes { all -> Range<Int>? in
            guard let base = all.baseAddress else { return nil }
            var place = start
            // The last place where the pattern still fits.
            let last = end - pattern.count
            while place <= last, let found = memchr(base + place, Int32(pattern[0]), last - place + 1) {
                place = UnsafeRawPointer(found) - base
                if memcmp(base + place, pattern, pattern.count) == 0 { return place..<place + pattern.count }
                place += 1
            }
            return nil
        }
    }
}

/// A header field with parameters: `form-data; name="image"; filename="fox.png"`.
package struct HeaderParameters {
    /// What stands before the parameters, in lower case.
    package let value: String
    private var parameters: [String: String] = [:]

    package init(_ text: String) {
        var parts: [String] = [""]
        var isQuoted = false
        var isEscaped = false
        for character in text {
            if isEscaped {
                parts[parts.count - 1].append(character)
                isEscaped = false
            } else if character == "\\", isQuoted {
                isEscaped = true
            } else if character == "\"" {
                isQuoted.toggle()
            } else if character == ";", !isQuoted {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        value = parts[0].trimmingCharacters(in: .whitespaces).lowercased()
        for part in parts.dropFirst() {
            guard let equals = part.firstIndex(of: "=") else { continue }
            let name = part[..<equals].trimmingCharacters(in: .whitespaces).lowercased()
            // The first one counts.
            if parameters[name] == nil {
                parameters[name] = part[part.index(after: equals)...].trimmingCharacters(in: .whitespaces)
            }
        }
    }

    package subscript(name: String) -> String? { parameters[name] }
}
