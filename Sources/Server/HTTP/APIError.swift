import Files
import Networks

/// What goes to a client in place of a result: a status, and a sentence that says what was expected.
package struct APIError: Error, Sendable, Equatable {
    package var status: Int
    /// The class of the error in OpenAI's words.
    package var type: String
    /// What exactly, for programs.
    package var code: String?
    package var message: String
    /// The field of the request that is at fault.
    package var field: String?
    /// Seconds after which it makes sense to ask again.
    package var retryAfter: Int?

    init(_ status: Int, _ type: String, _ message: String, code: String? = nil, field: String? = nil, retryAfter: Int? = nil) {
        self.status = status
        self.type = type
        self.code = code
        self.message = message
        self.field = field
        self.retryAfter = retryAfter
    }

    /// A request that cannot be fulfilled as it is.
    static func badRequest(_ message: String, field: String? = nil, code: String? = nil) -> APIError {
        APIError(400, "invalid_request_error", message, code: code, field: field)
    }

    /// A field that holds something else than what was expected.
    static func badField(_ name: String, _ given: String, expected: String) -> APIError {
        badRequest("\(name) is \(given), expected \(expected)", field: name, code: "invalid_value")
    }

    static func notFound(_ message: String, code: String = "not_found") -> APIError {
        APIError(404, "invalid_request_error", message, code: code)
    }

    static let unauthorized = APIError(
        401, "authentication_error", "the API key is missing or wrong, expected it as a bearer token or as a password",
        code: "invalid_api_key")

    static func tooLarge(_ limit: Int) -> APIError {
        APIError(413, "invalid_request_error", "the body is too large, expected at most \(limit) bytes", code: "body_too_large")
    }

    static func unavailable(_ message: String, code: String) -> APIError {
        APIError(503, "server_error", message, code: code, retryAfter: 5)
    }

    static func bodyTimeout(_ seconds: Double) -> APIError {
        APIError(
            408, "invalid_request_error", "the body did not arrive in time, expected all of it within \(seconds) s", code: "body_timeout")
    }

    /// What a client is told of any error: everything of what it did wrong itself, and nothing of the server's insides.
    init(_ error: any Error) {
        switch error {
        case let error as APIError: self = error
        case let error as any CategorizedError where error.category == .usage || error.category == .data:
            self = .badRequest(error.description.oneLine)
        case is CancellationError:
            self.init(409, "invalid_request_error", "the request was cancelled", code: "cancelled")
        case FlowTokError.cannotCaption(let model):
            self = .badRequest("the model \"\(model)\" only draws: it cannot caption images", code: "cannot_caption")
        default:
            self.init(500, "server_error", "the server failed to do this; its log says more", code: "internal_error")
        }
    }

    /// The body in OpenAI's form.
    package var body: JSONValue {
        [
            "error": [
                "message": .text(message), "type": .text(type), "param": JSONValue(field), "code": JSONValue(code),
            ]
        ]
    }

    /// The body in A1111's form.
    var stableDiffusionBody: JSONValue {
        ["error": .text(code ?? type), "detail": .text(message), "body": "", "errors": .text(message)]
    }
}

extension String {
    /// The text without line breaks.
    var oneLine: String { split(whereSeparator: \.isNewline).joined(separator: " ") }
}
