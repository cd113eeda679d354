import Foundation

/// Turns the names of a catalogue of models into words that a person would use.
package enum ModelNaming {
    /// "Armchair" → "armchair", "Sofa 3 seats" → "sofa", "Letters box" → "letter box"; nil where nothing is left.
    package static func name(_ name: String) -> String? {
        var words = name.split(separator: " ").map(String.init)
        // "window 3 panes", "TV 16:9", "bill 20€", "air conditioning - internal unit": what comes after names a variant.
        if let variant = words.firstIndex(where: { $0.first?.isNumber == true || $0 == "-" || $0 == "–" }) { words = Array(words[..<variant]) }
        guard let first = words.first else { return nil }
        // Titles begin with a capital; names of people and places, and abbreviations, are written so anywhere.
        if !proper.contains(first), first.dropFirst().allSatisfy({ !$0.isUppercase }) { words[0] = first.lowercased() }
        let text = words.joined(separator: " ")
        return shapeless.contains(text) ? nil : usual[text] ?? text
    }

    private static let proper: Set<String> = [
        "Apple", "Chevrolet", "Christmas", "Ford", "French", "Japanese", "Osaka", "Peugeot", "Renault", "Rubik's", "Seat", "Siamese",
        "Winchester", "Yamaha",
    ]

    /// Parts of rooms that nobody knows without one.
    private static let shapeless: Set<String> = ["rails", "concrete sidewalk"]

    /// What people say for what the catalogue says: translations that went astray, brands, and poses.
    private static let usual: [String: String] = [
        "air conditioning": "air conditioner", "Apple iBook": "laptop", "Apple iMac": "computer", "Apple iPhone": "phone",
        "baby high chair": "high chair", "bent coconut tree": "palm tree", "bill": "banknote", "blue pine under snow": "snowy pine tree",
        "bootie": "ankle boots", "bowl with fruits": "bowl of fruit", "bowl with salad": "bowl of salad", "bullet trash can": "trash can",
        "burlap sofa": "sofa", "car model": "vintage car", "card game": "playing cards", "chest": "chest of drawers",
        "Chevrolet": "car", "child hut": "playground", "children chair": "child's chair", "children game": "playground",
        "children table": "child's table", "class seat": "school chair", "clear sofa": "sofa", "clothes washing machine": "washing machine",
        "concept Sedan": "car", "cone": "traffic cone", "contemporary living room": "TV cabinet", "convertible sofa BZ": "sofa bed",
        "cosmetics pot": "cosmetics jar", "dart game": "dartboard", "entry bell ring": "doorbell", "entry speech unit": "intercom",
        "emergency sign": "exit sign", "espresso kettle": "moka pot", "fitness tower": "exercise machine", "Ford Focus": "car",
        "frame Chambord": "picture frame", "frame Hôi An": "picture frame", "full bookcase": "bookcase", "furnace": "wood stove",
        "garden hut": "shed", "holding female": "woman", "holding male": "man", "hood": "range hood", "indoor bike": "exercise bike",
        "island": "kitchen island", "island extension": "kitchen counter", "kitchen tools": "kitchen utensils", "letters box": "letter box",
        "little lamp": "lamp", "little plant": "small plant", "locked locker": "locker", "lying down boy": "lying boy",
        "lying down female": "lying woman", "lying down male": "lying man", "male": "man", "mannequin female": "woman",
        "mannequin male": "man", "marquee": "canopy tent", "MP3 base": "speaker dock", "MP3 station": "speaker", "number lock": "keypad",
        "oil servers": "oil bottles", "opened convertible sofa BZ": "sofa bed", "Osaka chair": "chair", "painted bench": "bench",
        "park trashcan": "trash can", "pedestal vase lamp": "lamp", "penbox": "pencil holder", "Peugeot": "car",
        "pine under snow": "snowy pine tree", "PlayStation": "game console", "pool lounge": "lounge chair", "pottery": "pot",
        "punching ball": "punching bag", "rail crossing": "railroad crossing", "relax chair": "lounge chair", "Renault Scenic": "car",
        "residential trashcan": "trash can", "rigged fan": "fan", "round chimney": "chimney", "ryokan chair": "legless chair",
        "screen": "folding screen", "Seat Leon": "car", "sitting female": "sitting woman", "sitting male": "sitting man",
        "small lavatory": "sink", "smart car": "car", "spice tower": "spice rack", "squeezer": "juicer", "stone grill device": "electric grill",
        "sugar": "sugar bowl", "table tennis": "ping pong table", "table tennis bat": "ping pong paddle", "technical table": "desk",
        "text marker": "highlighter", "toilets unit": "toilet", "turn window": "window", "utensils pot": "utensil holder",
        "vertical shelves": "shelves", "VW new beetle": "car", "wall hanger": "coat rack", "wall lamp artwork": "wall lamp",
        "white board": "whiteboard", "Winchester armchair": "leather armchair", "Winchester sofa": "leather sofa",
        "wireless phone": "cordless phone", "woman shoes": "woman's shoes", "wood toy": "wooden toy", "Yamaha YZR R6": "motorcycle",
    ]
}
