import Files
import Foundation
import Images

/// The fields of a request, from JSON or from a form. What is absent, null, or unknown is no error; what is there and means nothing
/// is one that names the field.
struct RequestFields: Sendable {
    private var values: [String: JSONValue] = [:]
    private var files: [String: [[UInt8]]] = [:]
    /// Whether numbers come as text.
    private var isForm = false

    init(_ values: [String: JSONValue]) { self.values = values }

    /// - Throws: `APIError` 400 where the body is not an object in JSON.
    init(json body: [UInt8]) throws {
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: Data(body))
        } catch {
            throw APIError.badRequest(
                body.isEmpty
                    ? "the body is empty, expected an object in JSON"
                    : "the body of \(body.count) bytes is no JSON, or cut off: expected an object in JSON", code: "invalid_json")
        }
        guard case .object(let values) = value else {
            throw APIError.badRequest("the body is \(value.brief), expected an object in JSON", code: "invalid_json")
        }
        self.values = values
    }

    /// - Throws: `APIError` 400 where the form is damaged.
    init(form body: [UInt8], contentType: String) throws {
        isForm = true
        for part in try MultipartForm(body, contentType: contentType).parts {
            // Lists come as `image[]`.
            let name = part.name.hasSuffix("[]") ? String(part.name.dropLast(2)) : part.name
            if part.fileName != nil {
                files[name, default: []].append(part.body)
            } else {
                values[name] = .text(String(decoding: part.body, as: UTF8.self))
            }
        }
    }

    /// The value of the first name that has one.
    func value(_ names: String...) -> (name: String, value: JSONValue)? { value(names) }

    private func value(_ names: [String]) -> (name: String, value: JSONValue)? {
        for name in names {
            if let value = values[name], value != .null { return (name, value) }
        }
        return nil
    }

    /// All fields that JSON can say, for replies that repeat the request.
    var echoed: JSONValue {
        .object(
            values.filter { _, value in
                if case .text(let text) = value { text.utf8.count < 10_000 } else if case .list = value { false } else { true }
            })
    }

    func text(_ names: String..., limit: Int = 1000) throws -> String? {
        guard let (name, value) = value(names) else { return nil }
        guard case .text(let text) = value else { throw APIError.badField(name, value.brief, expected: "a text") }
        guard text.count <= limit else {
            throw APIError.badField(name, "a text of \(text.count) characters", expected: "at most \(limit)")
        }
        return text
    }

    func flag(_ name: String) throws -> Bool {
        guard let (name, value) = value(name) else { return false }
        switch value {
        case .bool(let flag): return flag
        case .text("true") where isForm: return true
        case .text("false") where isForm: return false
        default: throw APIError.badField(name, value.brief, expected: "true or false")
        }
    }

    func integer(_ names: String..., in range: ClosedRange<Int>) throws -> Int? {
        guard let (name, value) = value(names) else { return nil }
        let number: Int? =
            switch value {
            case .integer(let number): Int(number)
            case .number(let number): Int(exactly: number)
            case .text(let text) where isForm: Int(text)
            default: nil
            }
        guard let number, range.contains(number) else {
            throw APIError.badField(name, value.brief, expected: "a whole number, \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ names: String..., in range: ClosedRange<Double>) throws -> Float? {
        guard let (name, value) = value(names) else { return nil }
        let number: Double? =
            switch value {
            case .integer(let number): Double(number)
            case .unsigned(let number): Double(number)
            case .number(let number): number
            case .text(let text) where isForm: Double(text)
            default: nil
            }
        guard let number, range.contains(number) else {
            throw APIError.badField(name, value.brief, expected: "a number, \(range.lowerBound) to \(range.upperBound)")
        }
        return Float(number)
    }

    /// A seed; nil where none is given, or −1, which stands for a random one elsewhere.
    func seed() throws -> UInt64? {
        guard let (name, value) = value("seed") else { return nil }
        switch value {
        case .integer(-1): return nil
        case .integer(let number) where number >= 0: return UInt64(number)
        case .unsigned(let number): return number
        case .number(-1): return nil
        case .number(let number):
            if let seed = UInt64(exactly: number) { return seed }
        case .text("-1") where isForm: return nil
        case .text(let text) where isForm:
            if let seed = UInt64(text) { return seed }
        default: break
        }
        throw APIError.badField(name, value.brief, expected: "a whole number, 0 to 18446744073709551615, or -1 for a random one")
    }

    /// The bytes of an image: a file of a form, a data URL, or base64 alone.
    ///
    /// - Throws: `APIError` 400 where there is something else, or more than one.
    func imageBytes(_ names: String...) throws -> [UInt8]? {
        for name in names {
            if let found = files[name] {
                guard found.count == 1, let bytes = found.first else {
                    throw APIError.badField(name, "\(found.count) files", expected: "one image")
                }
                return bytes
            }
            guard let (_, value) = value(name) else { continue }
            switch value {
            case .text(let text): return try Self.imageBytes(text, field: name)
            case .list(let entries):
                guard entries.count == 1, case .text(let text) = entries[0] else {
                    throw APIError.badField(name, value.brief, expected: "one image")
                }
                return try Self.imageBytes(text, field: name)
            default: throw APIError.badField(name, value.brief, expected: "an image as a data URL")
            }
        }
        return nil
    }

    /// The bytes of a data URL, or of base64 alone.
    static func imageBytes(_ text: String, field: String) throws -> [UInt8] {
        var base64 = Substring(text)
        if text.hasPrefix("data:") {
            guard let comma = text.firstIndex(of: ","), text[..<comma].hasSuffix(";base64") else {
                throw APIError.badRequest(
                    "\(field) is a data URL without base64, expected data:image/png;base64,…", field: field, code: "invalid_image")
            }
            base64 = text[text.index(after: comma)...]
        } else if text.hasPrefix("http:") || text.hasPrefix("https:") {
            throw APIError.badRequest(
                "\(field) is an address, and this server fetches nothing: expected a data URL", field: field, code: "invalid_image")
        }
        guard let data = Data(base64Encoded: String(base64), options: .ignoreUnknownCharacters), !data.isEmpty else {
            throw APIError.badRequest(
                "\(field) is no image, expected a data URL of a PNG, JPEG or WebP", field: field, code: "invalid_image")
        }
        return Array(data)
    }

    /// Throws where one of the fields is given that mean something which no model here can do.
    func refuse(_ names: String..., because reason: String) throws {
        for name in names where value(name) != nil || files[name] != nil {
            throw APIError.badRequest("\(name) is given, and \(reason)", field: name, code: "unsupported")
        }
    }
}
