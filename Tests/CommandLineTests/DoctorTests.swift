import Foundation
import TestSupport
import Testing

@Suite struct DoctorTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    @Test func tellsWhatItFinds() throws {
        let result = try Tool.run(["doctor"], in: scratch)
        #expect(result.status == 0, "\(result.errors)")
        for name in ["flowtok", "system", "cpu", "kernels", "openblas", "float32 products", "threads", "memory", "model"] {
            #expect(result.lines.contains { $0.hasPrefix(name + " ") }, "\(name)")
        }
        #expect(result.output.contains("tiny, for tests: \(try TinyModel.path())"))
    }

    @Test func tellsAsJSON() throws {
        let result = try Tool.run(["doctor", "--json"], in: scratch, environment: ["FLOWTOK_KERNELS": "portable"])
        let object = try #require(JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
        #expect(object["kernels"] as? String == "portable")
        #expect(object["usable_cores"] is Int && object["memory"] is Int && object["float32_products"] is String)
        #expect((object["model"] as? [String: Any])?["name"] as? String == "tiny, for tests")
    }

    @Test func tellsWhatIsWrongWithTheModel() throws {
        let result = try Tool.run(["doctor", "--model", "nowhere"], in: scratch)
        #expect(result.status == 66)
        #expect(result.output.contains("model             none: no model at nowhere"))
        #expect(result.errorLines.count == 1)
    }
}
