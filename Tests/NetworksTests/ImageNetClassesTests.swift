import Networks
import Testing

/// Classes by number and name.
@Suite struct ImageNetClassesTests {
    @Test("The table holds the thousand classes in the order of their synsets")
    func table() {
        let all = ImageNetClasses.all
        #expect(all.count == 1000)
        #expect(all.map(\.number) == Array(0..<1000))
        #expect(all.map(\.synset) == all.map(\.synset).sorted() && Set(all.map(\.synset)).count == 1000)
        #expect(all.allSatisfy { !$0.names.isEmpty && $0.names.allSatisfy { !$0.isEmpty } })
        #expect(all.allSatisfy { $0.synset.wholeMatch(of: /n[0-9]{8}/) != nil })
    }

    @Test(
        "A class is found by number, synset and name, however it is written",
        arguments: [
            ("0", 0), ("207", 207), (" 999 ", 999), ("n02099601", 207), ("golden retriever", 207),
            ("Golden Retriever", 207), ("golden_retriever", 207), ("golden-retriever", 207), ("tabby cat", 281),
            ("giant panda", 388), ("pizza", 963), ("toilet paper", 999), ("tench, Tinca tinca", 0), ("sunglasses", 837),
        ])
    func found(_ text: String, _ number: Int) throws {
        #expect(try ImageNetClasses.find(text).number == number)
    }

    @Test(
        "Of several classes the one written the same way counts, then the one whose first name it is",
        arguments: [("cardigan", 474), ("Cardigan", 264), ("partridge", 86), ("missile", 657), ("gong", 577)])
    func preferred(_ text: String, _ number: Int) throws {
        #expect(try ImageNetClasses.find(text).number == number)
    }

    @Test(
        "A name of several classes is refused with their numbers",
        arguments: [("crane", [134, 517]), ("maillot", [638, 639])])
    func ambiguous(_ text: String, _ numbers: [Int]) throws {
        let error = #expect(throws: GeneratorError.self) { try ImageNetClasses.find(text) }
        guard case .ambiguousClass(text, let classes) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(classes.count == numbers.count)
        for (told, number) in zip(classes, numbers) { #expect(told.hasPrefix("\(number) (")) }
    }

    @Test(
        "An unknown name is refused with names that come close",
        arguments: [
            ("retriever", "golden retriever (207)"), ("piza", "pizza (963)"),
            ("golden retreiver", "golden retriever (207)"),
        ])
    func unknown(_ text: String, _ similar: String) throws {
        let error = #expect(throws: GeneratorError.self) { try ImageNetClasses.find(text) }
        guard case .unknownClass(text, let names) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(names.contains(similar) && names.count <= 5, "\(names)")
    }

    @Test("What is no class at all is refused in one line", arguments: ["", "1000", "-1", "qqqqqqqqqq", "a\nb"])
    func nonsense(_ text: String) throws {
        #expect(throws: GeneratorError.self) { try ImageNetClasses.find(text) }
    }
}
