import Files
import Foundation
import TestSupport
import Testing
import TextTokenizers

@Suite struct EmojiNamesTests {
    let names = EmojiNames.shared

    @Test func theTableIsWhole() throws {
        #expect(names.entries.count >= 1500)
        #expect(Set(names.entries.map(\.concept)).count == names.entries.count)
        // A name means one thing: whoever types it gets that.
        var owners: [String: String] = [:]
        for entry in names.entries {
            #expect(!entry.name.contains(":") && !entry.name.isEmpty)
            for name in [entry.name] + entry.otherNames {
                let key = name.lowercased()
                #expect(owners[key] == nil, "\(name): \(entry.concept) and \(owners[key] ?? "")")
                owners[key] = entry.concept
            }
        }
    }

    /// "a" or "an" by the sound of the first word.
    @Test func articlesFitTheNames() {
        for entry in names.entries where ["a", "an"].contains(entry.article) {
            let name = entry.name.lowercased()
            let spelled = ["suv", "ng ", "sos", "x-ray"].contains(where: name.hasPrefix)
            let silent = ["hour", "herb", "heir", "honest"].contains(where: name.hasPrefix)
            let consonant = ["uni", "eu", "ufo", "one", "use"].contains(where: name.hasPrefix)
            let vowel = spelled || silent || !consonant && "aeiou".contains(name.first ?? " ")
            #expect(entry.article == (vowel ? "an" : "a"), "\(entry.article) \(entry.name)")
        }
        #expect(names.entries.allSatisfy { $0.article != "" || $0.plural == nil || $0.plural != $0.name })
    }

    /// Everything that Unicode recommends, without skin tones.
    @Test(.enabled(if: FileManager.default.fileExists(atPath: "/usr/share/unicode/emoji/emoji-test.txt"), "needs unicode-data"))
    func everyEmojiHasAName() throws {
        let text = try String(contentsOfFile: "/usr/share/unicode/emoji/emoji-test.txt", encoding: .utf8)
        var checked = 0
        for line in text.split(separator: "\n") where line.contains("; fully-qualified") {
            let codePoints = line.prefix { $0 != ";" }.split(separator: " ").compactMap { UInt32($0, radix: 16) }
            guard !codePoints.contains(where: { SkinTone(rawValue: $0) != nil }) else { continue }
            checked += 1
            #expect(names[codePoints: codePoints] != nil, "\(line)")
        }
        #expect(checked > 1800)
    }

    @Test(arguments: [
        ("☕", "cup of coffee", "coffee"), ("🚗", "car", "automobile"), ("📱", "phone", "smartphone"), ("🐇", "rabbit", "bunny"),
        ("✈️", "airplane", "plane"), ("✈", "airplane", "aeroplane"), ("🎁", "gift", "present"), ("🚲", "bicycle", "bike"),
        ("🍔", "hamburger", "burger"), ("🚚", "delivery truck", "lorry"), ("🦊", "fox", "fox face"), ("🍎", "red apple", "apple"),
        ("📺", "TV", "television"), ("💻", "laptop", "computer"), ("🏠", "house", "home"), ("🌳", "tree", "deciduous tree"),
        ("❤️", "red heart", "heart"), ("⚽", "soccer ball", "ball"), ("👓", "glasses", "eyeglasses"), ("🍟", "french fries", "chips"),
        ("🛋️", "couch", "sofa"), ("🎸", "guitar", "electric guitar"),
    ]) func whatPeopleSay(emoji: String, name: String, other: String) throws {
        let entry = try #require(names[emoji: emoji])
        #expect(entry.name == name)
        #expect(names[name: other] == entry, "\(other)")
        #expect(names[name: other.uppercased()] == entry)
        #expect(names[codePoints: emoji.unicodeScalars.map(\.value)] == entry)
    }

    @Test func whatHasNoName() {
        #expect(names[emoji: "x"] == nil && names[emoji: ""] == nil && names[name: ""] == nil && names[name: "flag of Nowhere"] == nil)
        #expect(names[emoji: "🇯🇵"]?.name == "flag of Japan" && names[name: "japanese flag"]?.concept == "1f1ef-1f1f5")
        #expect(names[name: "glasses"]?.article == "" && names[name: "glasses"]?.plural == nil)
    }

    @Test func skinTones() throws {
        #expect(SkinTone(rawValue: 0x1F3FF) == .dark && SkinTone(rawValue: 0x1F3FA) == nil)
        #expect(SkinTone.name("wizard", with: [SkinTone.mediumLight]) == "wizard with medium-light skin tone")
        #expect(SkinTone.name("man with beard", with: [SkinTone.light, .dark]) == "man with beard and light skin tone and dark skin tone")
        #expect(SkinTone.removed(from: "1f44b-1f3fb") == "1f44b" && SkinTone.removed(from: "1f98a") == "1f98a")
        for (emoji, takes) in [("👋", true), ("🧙", true), ("🦊", false), ("👨‍🚀", true), ("💏", true), ("🇯🇵", false)] {
            #expect(try #require(names[emoji: emoji]).takesSkinTone == takes, "\(emoji)")
        }
    }

    @Test func malformedTables() {
        func line(_ text: String) -> String {
            let refused = refusal { try EmojiNames(table: Array(text.utf8), file: "names.tsv") }
            #expect(refused.category == .data)
            return refused.text
        }
        let fox = "1f98a\tfox\ta\tfoxes\tfox face\n"
        #expect(line("") == "names.tsv, line 1: expected a concept, found nothing")
        #expect(line(fox + "1f98b\tmoth\ta\n") == "names.tsv, line 2: expected five fields between tabs, found 3")
        #expect(line(fox + "\n" + fox).hasPrefix("names.tsv, line 2: expected five fields"))
        for bad in ["fox", "1F98A", "1f98a-fe0f", "1f98a-", "d800", "110000", ""] {
            #expect(line("\(bad)\tfox\ta\tfoxes\t-\n").contains("line 1: expected code points such as 1f98a"), "\(bad)")
        }
        #expect(line("1f98a\tfox\tone\tfoxes\t-").contains("expected a, an, the or -, found \"one\""))
        for bad in ["\t-\t-\t-", " fox\ta\tfoxes\t-", "fox\ta\tfoxes\t", "fox\ta\tfoxes\tfox;face", "fox\ta\tred  foxes\t-", "-\ta\tfoxes\t-"] {
            #expect(line("1f98a\t" + bad).contains("line 1: expected a name"), "\(bad)")
        }
        #expect(line(fox + fox).contains("line 2: expected code points of their own, found 1f98a again"))
        #expect(line(fox + "1f98b\tmoth\ta\tmoths\tFox face") == "names.tsv, line 2: expected names that no other line has, found \"Fox face\" again")
        let broken = refusal { try EmojiNames(table: Array(fox.utf8) + [0xFF, 0x0A], file: "names.tsv") }
        #expect(broken.text == "names.tsv, line 2: expected UTF-8, found other bytes")
    }

    @Test func aSmallTable() throws {
        let table = "1f98a\tfox\ta\tfoxes\t-\n1f456\tjeans\t-\t-\tpants; pair of jeans"
        let names = try EmojiNames(table: Array(table.utf8), file: "names.tsv")
        #expect(names.entries.map(\.name) == ["fox", "jeans"])
        #expect(names[name: "Pair of jeans"]?.concept == "1f456")
        #expect(names.entries[0].otherNames.isEmpty && names.entries[0].plural == "foxes" && names.entries[1].article == "")
    }
}
