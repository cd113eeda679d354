import Testing
import TextTokenizers

@Suite struct PromptTests {
    @Test(arguments: [
        ("a red fox", "a red fox"), ("(a red fox)", "a red fox"), ("a red fox!!!", "a red fox"), ("a, red; fox:", "a red fox"),
        ("man's shoe", "man's shoe"), ("man’s shoe", "man's shoe"), ("a t-shirt - blue", "a t-shirt blue"), ("'quoted'", "quoted"),
        ("cats & dogs", "cats and dogs"), ("a_b/c\\d", "a b c d"), ("  spaced \n out ", "spaced out"), ("3.5 cats", "3 5 cats"),
        ("🦊", "fox"), ("a🦊b", "a fox b"), ("🦊🦊", "fox fox"), ("❤️", "red heart"), ("(☕)", "cup of coffee"), ("#1 *2*", "1 2"),
        ("¿un zorro?", "un zorro"), ("「狐」", "狐"), ("e\u{301}té", "e\u{301}té"), ("…", "…"), ("!?", "!?"), ("", ""), ("$5", "$5"),
    ]) func saysTheWords(prompt: String, words: String) {
        #expect(Prompt(prompt).text == words)
    }

    @Test func capitalsAreMadeSmallWhereTheyAreUnknown() {
        #expect(Prompt("A Red FOX", foldingCase: true).text == "a red fox")
        #expect(Prompt("A Red FOX").text == "A Red FOX")
    }

    @Test func readingTwiceChangesNothing() {
        for text in ["A (red) 🦊!", "ON! ☕", "👩‍👩‍👧‍👦 & co.", "man’s—hat"] {
            let once = Prompt(text).text
            #expect(Prompt(once).text == once)
        }
    }

    @Test func everyEmojiIsReadAsItsName() {
        for entry in EmojiNames.shared.entries {
            let scalars = entry.concept.split(separator: "-").compactMap { UInt32($0, radix: 16).flatMap { Unicode.Scalar($0) } }
            let emoji = String(String.UnicodeScalarView(scalars))
            // Signs that are text until a selector follows.
            guard scalars.count > 1 || scalars[0].properties.isEmojiPresentation else { continue }
            #expect(Prompt(emoji).text == Prompt(entry.name).text, "\(entry.name)")
        }
    }
}
