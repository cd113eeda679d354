import Foundation

/// What the clip-art collection's folders and sets need besides the general rules.
enum SpecialFolders {
    /// Folders of buttons, patterns and thousands of variations on one shape: left out.
    static let excluded = ["buttons", "logos", "special", "unsorted", "shapes/stars", "shapes/jigsaw", "computer/icons"]

    /// Whether `folder` (relative to the collection) is left out.
    static func isExcluded(_ folder: String) -> Bool {
        excluded.contains { folder == $0 || folder.hasPrefix($0 + "/") }
    }

    /// Whether a title names a set rather than a picture.
    static func isCollection(title: String) -> Bool {
        let plain = title.trimmingCharacters(in: .whitespaces).lowercased()
        return plain.isEmpty || plain.hasPrefix("clipart by") || collections.contains(plain) || plain.hasPrefix("menu clip art")
            || plain.hasSuffix("clipart collection")
    }

    private static let collections: Set<String> = [
        "aiga_symbol_signs", "card", "svg road signs", "etiquette icons", "people", "r16 sibmission", "r15 general", "r16 general", "australian maps",
        "blueberry - iconset", "advertising", "map symbols",
        "simple arrows", "homes clipart", "sallite", "various cliparts", "lemon svg theme", "road signs", "boating rules illustration", "elder sign",
        "trip to the beach", "inservice presentation",
        "pc connectors", "chess pieces", "template", "unknown", "untitled", "drawing", "new document", "test", "image", "svg", "clipart", "clip art", "graphic",
        "picture",
    ]

    /// A name that folder and file name give at once; empty for a picture that has none; nil where the general rules hold.
    static func name(folder: String, stem: String, metadata: SVGMetadata) -> String? {
        let stem = stem.lowercased()
        let title = metadata.title
        if folder.hasPrefix("recreation/games/cards") { return playingCard(stem) }
        if folder.hasSuffix("flags/semaphore"), stem.hasPrefix("semaphore_") { return "semaphore flag \(stem.dropFirst(10))" }
        if stem.hasPrefix("signalflag_") { return "signal flag \(stem.dropFirst(11))" }
        if folder.hasSuffix("historic/pirates") { return "pirate flag" }
        if folder == "signs_and_symbols/led", stem.hasPrefix("led_") {
            let parts = stem.split(separator: "_").map(String.init).filter { $0.count > 1 && $0 != "led" && $0.contains(where: \.isLetter) }
            return parts.count == 2 ? "\(parts[1].replacingOccurrences(of: "grey", with: "gray")) \(parts[0]) LED" : "LED"
        }
        if folder == "signs_and_symbols", metadata.keywords.contains("flags"), let flag = flag(folder: folder, stem: stem, title: title) { return flag }
        if folder.contains("signs_and_symbols/flags"), let flag = flag(folder: folder, stem: stem, title: title) { return flag }
        if stem.hasPrefix("aiga_") {
            let thing = words(stem.dropFirst(5)).replacingOccurrences(of: "tickey", with: "ticket")
            return thing.hasSuffix("arrow") ? "\(thing) sign" : "\(thing) sign"
        }
        if folder == "shapes/flowchart" { return "flowchart symbol" }
        if folder == "shapes/callouts" { return stem.hasPrefix("cloud") ? "thought bubble" : "speech bubble" }
        if stem.hasPrefix("clipart_by_nicu_buculei_-_baloon") { return "balloon" }
        if let range = stem.range(of: "_[01]_symbol_1", options: .regularExpression) { return "map symbol of a \(words(stem[..<range.lowerBound]))" }
        if stem.hasPrefix("arrow"), stem.dropFirst(5).allSatisfy({ $0.isNumber || "-_".contains($0) }) { return "arrow" }
        if title.lowercased() == "svg road signs" || folder == "transportation/roadsigns" && title.isEmpty { return "\(words(stem[...])) road sign" }
        if stem.hasPrefix("sport_"), title.contains("nosmoke") || stem.hasSuffix("asana") { return "yoga pose" }
        if stem.hasPrefix("smiley"), stem.dropFirst(6).allSatisfy(\.isNumber) { return "smiley" }
        if stem.hasPrefix("contour_") { return "\(words(stem.dropFirst(8))) outline" }
        if folder == "people",
            ["ppl", "cm", "head", "buddy"].contains(where: { stem.hasPrefix($0) && stem.dropFirst($0.count).allSatisfy { $0.isNumber || $0 == "s" } })
        {
            return stem.hasPrefix("head") ? "head" : "person"
        }
        if folder == "signs_and_symbols/clocks", stem.hasPrefix("clock"), let hour = Int(stem.dropFirst(5)) { return "clock at \(hour) o'clock" }
        if folder == "geography", ["-black", "-outline", "-shaded", "-boundaries"].contains(where: stem.hasSuffix) {
            let place = ["australia", "new-south-wales", "northern-territory", "queensland", "south-australia", "tasmania", "victoria", "western-australia"]
                .filter(stem.hasPrefix).max { $0.count < $1.count }
            return place.map { "map of \(words($0[...]))" }
        }
        return nil
    }

    private static func words(_ stem: Substring) -> String {
        stem.split(whereSeparator: { $0 == "_" || $0 == "-" || $0.isNumber }).joined(separator: " ")
    }

    /// "simple_h_q" → "queen of hearts".
    private static func playingCard(_ stem: String) -> String? {
        let parts = stem.split(separator: "_").map(String.init)
        guard parts.count == 3, let suit = ["c": "clubs", "d": "diamonds", "h": "hearts", "s": "spades"][parts[1]] else {
            if stem.hasPrefix("back") { return "playing card back" }
            if stem.hasSuffix("joker") || stem.contains("joker") { return "joker playing card" }
            return nil
        }
        let ranks = [
            "a": "ace", "1": "ace", "2": "two", "3": "three", "4": "four", "5": "five", "6": "six", "7": "seven", "8": "eight", "9": "nine", "10": "ten",
            "j": "jack", "q": "queen", "k": "king",
        ]
        return ranks[parts[2]].map { "\($0) of \(suit)" }
    }

    /// "flag of New Mexico" for a picture below `flags`; nil for maps, umbrellas and the like.
    private static func flag(folder: String, stem: String, title: String) -> String? {
        let about = (title + " " + stem).lowercased()
        if ["map", "umbrella", "icon", "button", "heart", "glass", "pirate", "jolly", "skull", "fan", "pin"].contains(where: {
            about.split(whereSeparator: { !$0.isLetter }).map(String.init).contains($0)
        }) {
            return nil
        }
        var place = title.trimmingCharacters(in: .whitespaces)
        if isCollection(title: title) || place.isEmpty {
            place = stem
            for prefix in ["usa_", "spain_", "germany_", "belgium_", "australia_", "united_kingdom_", "france_", "italy_"]
            where place.hasPrefix(prefix) && place.count > prefix.count {
                place = String(place.dropFirst(prefix.count))
            }
        }
        var historic = false
        for word in ["historic", "Historic -", "Historic"] where place.range(of: word) != nil {
            historic = true
            place = place.replacingOccurrences(of: word, with: "")
        }
        if let dash = place.range(of: " - ", options: .backwards) ?? place.range(of: "- ", options: .backwards),
            !place[dash.upperBound...].trimmingCharacters(in: .whitespaces).isEmpty
        {
            place = String(place[dash.upperBound...])
        }
        for noise in ["National flag of ", "National Flag of ", "Flag of the ", "Flag of ", "flag of the ", "flag of ", "_01", "_historic"] {
            place = place.replacingOccurrences(of: noise, with: "")
        }
        if let bracket = place.firstIndex(of: "(") { place = String(place[..<bracket]) }
        let plain = place.replacingOccurrences(of: "_", with: " ").trimmingCharacters(in: .whitespaces)
        // "Iraqi flag", "Great Britain Flag".
        if plain.lowercased().hasSuffix(" flag") {
            return plain.split(separator: " ").dropLast().map { capitalised(String($0)) }.joined(separator: " ") + " flag"
        }
        if plain.lowercased().contains("flag") { return nil }
        let replaced = plain.split(separator: " ").map { ForeignTitles.words[$0.lowercased()] ?? String($0) }.joined(separator: " ")
        guard !replaced.isEmpty, replaced.count <= 36, !replaced.contains("&") else { return nil }
        let small: Set<String> = ["of", "and", "the", "de", "du", "la", "val", "del"]
        let name = replaced.split(separator: " ").map { small.contains($0.lowercased()) ? $0.lowercased() : capitalised(String($0)) }.joined(separator: " ")
        return (historic ? "historic " : "") + "flag of \(renamed[name] ?? name)"
    }

    private static func capitalised(_ word: String) -> String {
        guard let first = word.first, word != word.uppercased() || word.count > 4 else { return word }
        return first.uppercased() + word.dropFirst()
    }

    /// Countries as CLDR calls them.
    private static let renamed: [String: String] = [
        "Suisse": "Switzerland", "Viet Nam": "Vietnam", "Syrian Arab Republic": "Syria", "Russian Federation": "Russia",
        "Congo-brazzaville": "Congo - Brazzaville", "Congo Kinshasa": "Congo - Kinshasa",
        "Czech Republic": "Czechia", "Usa": "United States", "USA": "United States", "Guinea Bissau": "Guinea-Bissau", "Unitednations": "United Nations",
        "Uk": "United Kingdom", "Catalunya": "Catalonia",
        "Eu": "European Union", "Lao": "Laos",
    ]

    /// Names that the folder completes: "cloudy" below `weather` stays, "stop" below `roadsigns` is a sign.
    static func withContext(_ name: String, folder: String, keywords: [String]) -> String {
        if folder.hasPrefix("geography"), !folder.contains("astronomy"), keywords.contains("map") || keywords.contains("mapsym"), !name.contains("map"),
            !name.contains("globe"), !name.contains("flag")
        {
            return "map of \(name)"
        }
        if folder == "transportation/roadsigns", !name.contains("sign"), !name.contains("light"), !name.contains("road") { return "\(name) sign" }
        return name
    }

    /// Parts of file names and titles that are about the file.
    static let noise: Set<String> = [
        "architetto", "rollandin", "francesco", "frances", "architetto francesco", "aiga", "aj", "ganson", "md", "svg", "openclipart", "clipart", "cliparts",
        "clip-art", "v", "zazou", "simple_bw", "bb", "gnome", "fs", "dev", "arki",
        "lumen", "nicu", "buculei", "vt", "hz", "mpcad", "rocket_", "freehand", "submission", "sibmission", "inkscape", "sodipodi", "iconset", "etiquette",
        "artillustrated", "lowtec", "mcoon",
    ]

    /// Subjects that a default model need not draw.
    static let unsuitable: Set<String> = ["stripper", "sexy", "nude", "naked", "nazi", "swastika", "porn"]

    /// Words that say nothing at the end of a name.
    static let emptyTails: Set<String> = [
        "illustration", "image", "picture", "drawing", "graphic", "clipart", "icon", "final", "version", "contour", "alt", "simple", "correct", "model", "etc",
    ]

    /// Words that alone say nothing about a picture.
    static let emptyWords: Set<String> = [
        "art", "clip", "image", "picture", "drawing", "simple", "new", "various", "misc", "test", "file", "symbol", "icon", "icons", "object", "example",
        "black", "and", "white", "general", "template", "set", "my", "the", "of", "element",
    ]

    /// Keywords that half the collection carries.
    static let genericKeywords: Set<String> = [
        "hash", "unsorted", "sign", "symbol", "shape", "menu", "festive", "icon", "logo", "work", "misc", "clip art", "clipart", "recreation",
        "signs and symbols", "mapsym", "animal", "animals", "computer", "office",
        "tool", "tools", "education", "decoration", "geography", "transport", "transportation", "science", "people", "color", "colour", "black", "white",
        "icons", "music", "sports", "equipment", "holiday", "food", "art", "line art", "cartoon", "other", "general", "hardware", "web", "webpage",
        "study", "security", "warning", "caution", "buttons", "business", "desktop", "celtic", "protein", "creation", "europe", "australia", "france", "spain",
        "italy", "network", "server", "internet", "beautiful",
    ]
}
