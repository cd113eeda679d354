import FlowTok
import Foundation
import Images
import Sampling
import Tensors
import Testing

@Suite("The record that a drawn picture carries")
struct PictureRecordTests {
    /// A record, from JSON since its settings come from a drawing.
    private static func record(
        prompt: String = "a red fox", model: String = "default", solver: String? = "euler", _ more: String = "", settings: String = ""
    ) throws -> GenerationMetadata {
        func quoted(_ text: String) throws -> String { String(decoding: try JSONEncoder().encode(text), as: UTF8.self) }
        let solver = solver.map { "\"solver\": \"\($0)\"," } ?? ""
        let json = """
            {"prompt": \(try quoted(prompt)), "seed": 18446744073709551615, "model": \(try quoted(model)), \(more)
             "settings": {\(solver) "steps": 20, "guidance": 2, \(settings)
             "guidance_interval": [0, 1], "precision": "float32", "rng": "philox", "width": 128, "height": 96}}
            """
        return try JSONDecoder().decode(GenerationMetadata.self, from: Data(json.utf8))
    }

    private static func text(_ record: GenerationMetadata, _ keyword: String) throws -> String {
        try #require(record.texts.first { $0.keyword == keyword }?.text)
    }

    @Test("parameters are in the customary form")
    func form() throws {
        let record = try Self.record()
        #expect(
            try Self.text(record, "parameters")
                == "a red fox\nSteps: 20, Sampler: Euler, CFG scale: 2.0, Seed: 18446744073709551615, Size: 128x96, Model: default, Version: flowtok")
        #expect(record.texts.map(\.keyword) == ["Software", "Description", "parameters", "flowtok"])
    }

    @Test("the record comes back, from its JSON and from parameters alone", arguments: ["euler", "midpoint", "heun", "ab2", "dopri5", nil])
    func roundTrip(solver: String?) throws {
        let records = [
            try Self.record(solver: solver), try Self.record(prompt: "two\nlines, 狐", model: "tiny, for: \"tests\"\n", solver: solver),
            try Self.record(solver: solver, "\"class\": 7, \"pictures\": 4,", settings: "\"temperature\": 1.5,"),
        ]
        for record in records {
            #expect(GenerationMetadata(texts: record.texts) == record)
            let parameters = record.texts.filter { $0.keyword == "parameters" }
            #expect(GenerationMetadata(texts: parameters) == record)
            // JSON that is somebody else's, or damaged.
            for json in ["", "{}", "[1]", "{\"prompt\": 1}"] {
                #expect(GenerationMetadata(texts: [ImageText(keyword: "flowtok", text: json)] + parameters) == record)
            }
            for format in ImageFormat.allCases {
                let bytes = try Image(width: 4, height: 4, filled: .black).encoded(as: format, text: record.texts)
                #expect(try GenerationMetadata(texts: ImageMetadata(data: bytes).texts) == record)
            }
        }
    }

    @Test("prompts that look like settings are kept by the JSON")
    func lookalikes() throws {
        for prompt in ["Steps: 1, Sampler: x, Seed: 2", "a\nNegative prompt: b\nSteps: 1, Sampler: x, Seed: 2", " spaces \n\n"] {
            let record = try Self.record(prompt: prompt)
            #expect(GenerationMetadata(texts: record.texts) == record)
        }
    }

    @Test("files of version 0.1 are read")
    func earlier() throws {
        let line =
            "Steps: 20, Solver: ab2, Guidance: 2.0, Guidance interval: 0.25 to 0.75, Precision: bfloat16, Seed: 7, Size: 128x128, Pictures: 2, Model: tiny, for: tests"
        let record = try #require(GenerationMetadata(texts: [ImageText(keyword: "parameters", text: "two\nlines\n" + line)]))
        #expect(record.prompt == "two\nlines" && record.seed == 7 && record.model == "tiny, for: tests" && record.pictures == 2)
        #expect(record.settings.solver == .adamsBashforth2 && record.settings.guidanceInterval == [0.25, 0.75])
        #expect(record.settings.precision == .bfloat16 && record.settings.width == 128)
    }

    @Test(
        "the pictures of other programs have no record",
        arguments: [
            "a red fox\nNegative prompt: blurry\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 9, Size: 512x512, Model: foo",
            "a red fox\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 9, Size: 512x512, Model: foo, Version: v1.9.4", "a red fox", "",
        ])
    func foreign(text: String) {
        #expect(GenerationMetadata(texts: [ImageText(keyword: "parameters", text: text)]) == nil)
    }
}
