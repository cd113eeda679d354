import Files
import Testing

@Suite struct PythonLiteralTests {
    @Test func valuesOfEveryKind() throws {
        let text =
            "{'dim': 768, \"ratio\": 4.0, 'none': None, 'on': True, 'off': False, 'sizes': (2, 2), 'one': (3,), 'list': [1e-3, -5, [],], 'text': 'it\\'s \\x41\\u00e9', 'inner': {}}"
        let value = try PythonLiteral.parse(text)
        #expect(
            value
                == .object([
                    "dim": .integer(768), "ratio": .number(4), "none": .null, "on": .bool(true), "off": .bool(false),
                    "sizes": .list([.integer(2), .integer(2)]), "one": .list([.integer(3)]),
                    "list": .list([.number(0.001), .integer(-5), .list([])]), "text": .text("it's Aé"), "inner": .object([:]),
                ]))
        #expect(try PythonLiteral.parse(" (7) ") == .integer(7))
        #expect(try PythonLiteral.parse("{'a': true, 'b': null}") == .object(["a": .bool(true), "b": .null]))
    }

    @Test(arguments: [
        "", "{", "{'a'", "{'a':", "{'a': 1", "{'a': 1,", "{1: 2}", "{'a': 1 'b': 2}", "{'a': 1, 'a': 2}", "[1 2]", "(1", "'open", "'\\x4'",
        "name", "print(1)", "__import__('os')", "{'a': nan}", "1 2", "]", "+", "1..2",
    ])
    func whatIsNone(text: String) {
        #expect(throws: PythonLiteral.Problem.self) { try PythonLiteral.parse(text) }
    }

    @Test func hostileTexts() {
        #expect(throws: PythonLiteral.Problem.self) { try PythonLiteral.parse(String(repeating: "[", count: 100_000)) }
        #expect(throws: PythonLiteral.Problem.self) { try PythonLiteral.parse(String(repeating: "{'a':", count: 5000)) }
        #expect(throws: PythonLiteral.Problem.self) { try PythonLiteral.parse("'" + String(repeating: "a", count: 2 << 20) + "'") }
    }
}
