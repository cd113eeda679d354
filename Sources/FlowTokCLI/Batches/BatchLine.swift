import Files
import Foundation

/// A line of a batch's results: what a command says of one picture, with its place in the batch.
struct BatchLine {
    /// The unit's number among all of the batch.
    let index: Int
    /// The sample's number in the unit, where a unit has several.
    let sample: Int?
    /// At the end of a unit of several samples: how many there are.
    let samples: Int?
    let hasFailed: Bool
    /// The files that the line names.
    let file: String?
    let output: String?

    /// What a line says; nil where it is none.
    init?(_ text: String) {
        guard let value = try? JSONDecoder().decode(JSONValue.self, from: Data(text.utf8)), case .object(let values) = value else { return nil }
        func number(_ key: String) -> Int? {
            guard case .integer(let number)? = values[key], number >= 0 else { return nil }
            return Int(number)
        }
        guard let index = number("index") else { return nil }
        self.index = index
        sample = number("sample")
        samples = number("samples")
        hasFailed = values["error"] != nil
        file = values["file"]?.string
        output = values["output"]?.string
    }

    /// The text of a line: the fields of `body` and the place.
    static func text(index: Int, sample: Int? = nil, _ body: some Encodable) throws -> String {
        try JSONLine.text(Placed(index: index, sample: sample, body: body))
    }

    /// The end of a unit of several samples.
    static func end(index: Int, samples: Int) throws -> String { try JSONLine.text(["index": index, "samples": samples]) }

    private struct Placed<Body: Encodable>: Encodable {
        let index: Int
        let sample: Int?
        let body: Body

        enum CodingKeys: String, CodingKey { case index, sample }

        func encode(to encoder: any Encoder) throws {
            try body.encode(to: encoder)
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(index, forKey: .index)
            try values.encodeIfPresent(sample, forKey: .sample)
        }
    }
}

/// What a batch says of a picture that could not be done.
struct BatchFault: Encodable {
    let file: String
    let error: String
}
