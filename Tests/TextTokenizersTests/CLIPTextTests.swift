import Testing
import TextTokenizers

@Suite struct CLIPTextTests {
    @Test(arguments: [
        ("  A  Red\tFOX\r\n", "a red fox"),
        ("&lt;b&gt; &amp;amp; &eacute;", "<b> & é"),
        // Without a semicolon only the second reading takes entities, by their prefix.
        ("this&notanentity;", "this¬anentity;"),
        ("caf&eacute &copy2024", "café ©2024"),
        ("P&EACUTE;REZ STRA&SZLIG;E", "pérez strasse"),
        ("<i>P&EACUTE;REZ</i>", "<i>p&eacute;rez</i>"),
        ("&#233;&#x1F600;&#128;", "é😀€"),
        ("a&#0;b&#xD800;c&#x110000;d&#99999999999999;", "a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}"),
        ("&#12ab; &# &#x &; &", "ab; &# &#x &; &"),
        ("İI ΣΑΣ ΑΣ' Σ", "i\u{307}i σας ας' σ"),
        ("ﬁne ﬅ ŉ Ǆ", "fine ſt 'n dž"),
        ("ｆｕｌｌ　１２ ｶ", "full 12 カ"),
        ("“a” ‘b’ … —", "\"a\" 'b' … —"),
        ("\u{85}\u{93}\u{81}", "…\"\u{81}"),
        ("\u{1b}[31;1mred\u{1b}[0m \u{1b}[", "red ["),
        ("x\u{7}\u{feff}y\u{200b}z", "xy\u{200b}z"),
        ("e\u{301} \u{ac00}\u{11b8}", "é 갑"),
        ("a\u{2028}b\u{1c}c\u{a0}d", "a bc d"),
        ("CafÃ©", "cafã©"),
        ("", ""),
    ])
    func cleaning(text: String, expected: String) {
        // Compared by code points: Swift takes canonically equivalent strings for equal.
        #expect(CLIPTextCleaning.cleaned(text) == Array(expected.unicodeScalars), "\(text)")
    }

    @Test(arguments: [
        ("don't", ["don", "'t"]),
        ("'straight 'n'", ["'s", "traight", "'", "n", "'"]),
        ("we've you'll he'd i'm", ["we", "'ve", "you", "'ll", "he", "'d", "i", "'m"]),
        ("!'s", ["!'", "s"]),
        ("a1½二", ["a", "1", "½", "二"]),
        ("...!? -x", ["...!?", "-", "x"]),
        ("<start_of_text><end_of_text>", ["<start_of_text>", "<end_of_text>"]),
        ("!<start_of_text>", ["!<", "start", "_", "of", "_", "text", ">"]),
        ("<|startoftext|>", ["<|", "startoftext", "|>"]),
        ("e\u{301}👩\u{200d}👩", ["e", "\u{301}👩\u{200d}👩"]),
        ("'ſo", ["'ſ", "o"]),
        ("a\u{345}b", ["a", "b"]),
        ("", []),
    ])
    func pieces(text: String, expected: [String]) {
        let pieces = CLIPPieces.pieces(of: Array(text.unicodeScalars)).map { String(String.UnicodeScalarView($0)) }
        #expect(pieces == expected)
    }
}
