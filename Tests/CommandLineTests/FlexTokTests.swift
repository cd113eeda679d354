import Checkpoints
import Datasets
import Foundation
import Images
import Tensors
import TestSupport
import Testing

/// FlexTok from the command line, with made-up checkpoints in the formats that it is published in.
@Suite struct FlexTokTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        var image = Image(width: 48, height: 40, filled: Color(hex: 0x204080))
        image.fill(PixelRect(x: 8, y: 8, width: 20, height: 24), with: Color(hex: 0xFFC040))
        try image.write(to: scratch.path("fox.png"))
    }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    private func tokens(_ file: String) throws -> [Int] {
        let object = try #require(JSONSerialization.jsonObject(with: scratch.data(file)) as? [String: Any])
        return try #require(object["tokens"] as? [Int])
    }

    private func write(tokens: [Int], like file: String, to other: String) throws {
        var object = try #require(JSONSerialization.jsonObject(with: scratch.data(file)) as? [String: Any])
        object["tokens"] = tokens
        try scratch.write(JSONSerialization.data(withJSONObject: object), to: other)
    }

    /// Every format is recognised, and is the same model.
    @Test func formats() throws {
        var found: Set<[Int]> = []
        var pictures: Set<Data> = []
        for format in TinyFamilies.FlexTokFormat.allCases {
            let folder = "from-" + format.rawValue
            try TinyFamilies.writeFlexTok(as: format, to: scratch.path(folder))
            // Files with their settings beside them have a config.json of somebody else's in their folder.
            let imported = try run("import", folder, "--output", "m-" + format.rawValue)
            #expect(imported.status == 0 && imported.errors.isEmpty, "\(imported.errors)")
            #expect(imported.output.contains("FlexTok d1-d1, 1 to 8 tokens of 64000 codes, 32×32 pixels"), "\(imported.output)")
            #expect(try scratch.names("m-" + format.rawValue) == ["config.json"])
            let inspected = try run("inspect", folder + "/model." + format.rawValue)
            #expect(inspected.status == 0 && inspected.output.contains("FlexTok d1-d1, 1 to 8 tokens"), "\(inspected.errors)")
            for model in ["m-" + format.rawValue, folder + "/model." + format.rawValue] {
                let written = try run("tokenize", "fox.png", "-o", "fox.json", "--model", model)
                #expect(written.status == 0 && written.output == "fox.json: 8 tokens of 64000 codes\n", "\(written.errors)")
                found.insert(try tokens("fox.json"))
                let decoded = try run("detokenize", "fox.json", "-o", "again.png", "--model", model, "--steps", "3", "--seed", "7")
                #expect(decoded.status == 0 && decoded.errors.isEmpty, "\(decoded.errors)")
                pictures.insert(try scratch.data("again.png"))
            }
        }
        #expect(found.count == 1 && pictures.count == 1)
        #expect(try Image(path: scratch.path("again.png")).width == 32)
        // A folder as the hub holds it needs no import.
        try TinyFamilies.writeFlexTok(to: scratch.path("hub"))
        try scratch.write(FlexTokSettings.tiny.json, to: "hub/config.json")
        #expect(try run("tokenize", "fox.png", "-o", "hub.json", "--model", "hub").status == 0)
        #expect(try tokens("hub.json") == found.first)
    }

    @Test func importDescribesTheFolder() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        #expect(try run("import", "m", "--name", "flexible").status == 0)
        let config = try scratch.text("m/config.json")
        #expect(config.contains("\"model_type\" : \"flextok\"") && config.contains("\"scaling_factor\" : 0.5"))
        #expect(try run("import", "m", "--name", "flexible").status == 0)
        #expect(try scratch.text("m/config.json") == config)
        #expect(try run("inspect", "m").output.contains("the configuration of a FlexTok"))
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        #expect(try scratch.text("fox.json").contains("\"model\":\"flexible\""))
    }

    @Test func anyNumberOfTokens() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        let all = try tokens("fox.json")
        let short = try run("tokenize", "fox.png", "-o", "short.json", "--model", "m", "--tokens", "1")
        #expect(short.status == 0 && short.output == "short.json: 1 token of 64000 codes\n", "\(short.errors)")
        #expect(try tokens("short.json") == [all[0]])
        #expect(try run("detokenize", "short.json", "-o", "a.png", "--model", "m", "--steps", "2").status == 0)
        #expect(try run("detokenize", "fox.json", "-o", "b.png", "--model", "m", "--steps", "2", "--tokens", "1").status == 0)
        #expect(try run("detokenize", "fox.json", "-o", "c.png", "--model", "m", "--steps", "2").status == 0)
        #expect(try scratch.data("a.png") == scratch.data("b.png"))
        #expect(try scratch.data("a.png") != scratch.data("c.png"))
        // Settings make a difference.
        for arguments in [["--steps", "3"], ["--seed", "1"], ["--guidance", "1"], ["--guidance-method", "cfg"], ["--rng", "torch"]] {
            let decoded = try Tool.run(["detokenize", "fox.json", "-o", "d.png", "--model", "m", "--steps", "2"] + arguments, in: scratch)
            #expect(decoded.status == 0)
            #expect(try scratch.data("d.png") != scratch.data("c.png"), "\(arguments)")
        }
    }

    @Test func aStripOfWhatTokensKeep() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        let strip = try run("reconstruct", "fox.png", "--tokens", "1,4,8", "--steps", "2", "--guidance", "3", "--seed", "5", "--model", "m")
        #expect(strip.status == 0 && strip.errors.isEmpty, "\(strip.errors)")
        #expect(strip.lines.count == 3 && strip.lines[0].contains(/^fox-tokens\.png: 1 token, PSNR -?[\d.]+ dB, SSIM -?[\d.]+$/), "\(strip.output)")
        let picture = try Image(path: scratch.path("fox-tokens.png"))
        #expect(picture.width == 4 * 32 + 3 * 4 && picture.height == 32 + 13)
        let one = try run("reconstruct", "fox.png", "-o", "one.png", "--steps", "2", "--guidance", "3", "--seed", "5", "--model", "m")
        #expect(one.status == 0 && one.output.contains(strip.lines[2].drop { $0 != "P" }), "\(one.output)")
        try FileManager.default.copyItem(atPath: scratch.path("fox.png"), toPath: scratch.path("cat.png"))
        let both = try run("reconstruct", "fox.png", "cat.png", "--progressive", "--steps", "1", "--json", "-o", "out/", "--model", "m")
        #expect(both.status == 0 && both.lines.count == 8, "\(both.errors)")
        let counts = try both.lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])["tokens"] as? Int }
        #expect(counts == [1, 2, 4, 8, 1, 2, 4, 8])
        #expect(try scratch.names("out") == ["cat-tokens.png", "fox-tokens.png"])
    }

    /// An image tokenizer alone is measured by what comes back of drawings, from every number of tokens.
    @Test func whatIsKeptOfDrawings() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        try scratch.makeFolder("sprites")
        var shard = TarWriter()
        for (index, colour) in [UInt8(40), 120, 200].enumerated() {
            let sprite = SpriteDescription(
                key: "s\(index)", name: "shade \(index)", caption: "shade \(index)", group: index < 2 ? "dark" : "light", source: "tests",
                license: "CC0-1.0", heldOut: index == 0)
            let image = RGBAImage(width: 24, height: 24, pixels: Array(repeating: [colour, colour, 90, 255], count: 24 * 24).flatMap { $0 })
            try shard.append(sprite.key + ".png", Data(image.encodedPNG()))
            try shard.append(sprite.key + ".json", JSONEncoder().encode(sprite))
        }
        try shard.write(to: URL(fileURLWithPath: scratch.path("sprites/sprites-000000.tar")))
        let result = try run("evaluate", "--model", "m", "--sprites", "sprites", "--steps", "1", "--guidance", "1", "--json")
        #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
        let rows = try result.lines.map { try #require(JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]) }
        #expect(
            rows.map { ($0["name"] as? String ?? "").prefix { $0 != "(" } }
                == ["from the picture itself the kind of thing is right "]
                + [1, 2, 4, 8].flatMap { count -> [Substring] in
                    let from = "from \(count) \(count == 1 ? "token" : "tokens")"
                    return ["PSNR \(from)", "\(from) the kind of thing is right "]
                })
        // One of the two others is of the kind that is held out.
        #expect(rows.allSatisfy { $0["cases"] as? Int == 1 } && (rows[0]["name"] as? String)?.hasSuffix("(by chance 50.0 %)") == true)
        #expect(rows.compactMap { $0["value"] as? Double }.allSatisfy { $0.isFinite })
        expectFailure(try run("evaluate", "--model", "m", "--sprites", "sprites", "--only", "named"), 64, "m is no FlowTok")
    }

    @Test func conversions() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        #expect(try run("import", "m").status == 0)
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        func picture(_ model: String, _ precision: String = "f32") throws -> Image {
            let decoded = try run("detokenize", "fox.json", "-o", "x.png", "--model", model, "--steps", "2", "--guidance", "1", "--precision", precision)
            #expect(decoded.status == 0, "\(decoded.errors)")
            return try Image(path: scratch.path("x.png"))
        }
        let whole = try picture("m")
        #expect(try run("convert", "m/model.safetensors", "half.safetensors", "--type", "bf16").status == 0)
        #expect(try run("convert", "m", "half", "--type", "bf16").status == 0)
        for model in ["half.safetensors", "half"] {
            #expect(try picture(model).psnr(to: whole) > 25, "\(model)")
        }
        for type in ["f32", "bf16", "int8"] {
            let packed = try run("convert", "m", "packed-" + type, "--type", type, "--packed")
            #expect(packed.status == 0, "\(packed.errors)")
            let found = try picture("packed-" + type, type)
            let (same, exact) = (try found.psnr(to: picture("m", type)), try found.psnr(to: whole))
            #expect(same > 30 && exact > 20, "\(type): \(same) dB, \(exact) dB")
            // A packed file says itself what it is packed as.
            #expect(try run("tokenize", "fox.png", "-o", "y.json", "--model", "packed-" + type).status == 0)
            let inspected = try run("inspect", "packed-" + type)
            #expect(inspected.status == 0 && inspected.output.contains("FlexTok d1-d1"), "\(inspected.output)\(inspected.errors)")
        }
        expectFailure(try run("detokenize", "fox.json", "--model", "packed-int8", "--precision", "f32"), 65, "packed as int8")
        expectFailure(try run("convert", "packed-bf16", "again"), 65, "packed as")
    }

    @Test func ctrlCWritesNothing() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        let names = try scratch.names()
        let (process, _, errors) = try Tool.start(["detokenize", "fox.json", "--model", "m", "--steps", "10000"], in: scratch)
        Thread.sleep(forTimeInterval: 1)
        process.interrupt()
        process.waitUntilExit()
        #expect(process.terminationReason == .exit && process.terminationStatus == 130)
        #expect(try String(contentsOf: errors, encoding: .utf8) == "flowtok: stopped, 0 of 1 pictures were decoded\n")
        #expect(try scratch.names() == names)
    }

    // MARK: - What is refused

    @Test func badNumbersOfTokens() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        let names = try scratch.names()
        for count in ["0", "9", "-1", "257"] {
            for arguments in [["reconstruct", "fox.png"], ["detokenize", "fox.json"], ["tokenize", "fox.png", "-o", "x.json"]] {
                expectFailure(
                    try Tool.run(arguments + ["--model", "m", "--tokens", count], in: scratch), 64, "--tokens is \(count), expected 1 to 8")
            }
        }
        for counts in ["", "1,", "a", "1,2,x", "1.5"] {
            expectFailure(try run("reconstruct", "fox.png", "--model", "m", "--tokens", counts), 64, "--tokens")
        }
        expectFailure(try run("reconstruct", "fox.png", "--model", "m", "--tokens", "1,9"), 64, "--tokens is 9")
        expectFailure(try run("reconstruct", "fox.png", "--model", "m", "--tokens", "1", "--progressive"), 64, "expected one of them")
        for (option, value) in [
            ("--steps", "0"), ("--steps", "-1"), ("--steps", "10001"), ("--guidance", "nan"), ("--guidance", "inf"),
            ("--guidance-method", "best"), ("--seed", "-2"),
        ] {
            expectFailure(try run("detokenize", "fox.json", "--model", "m", option, value), 64, option)
        }
        // Other decoders have none of these settings.
        for arguments in [["--steps", "3"], ["--guidance", "2"], ["--seed", "1"], ["--tokens", "1"]] {
            expectFailure(try Tool.run(["reconstruct", "fox.png"] + arguments, in: scratch), 64, arguments[0])
        }
        expectFailure(try run("reconstruct", "fox.png", "--progressive", "--model", "none"), 66, "none")
        #expect(try scratch.names() == names)
    }

    @Test func badTokens() throws {
        try TinyFamilies.writeFlexTok(to: scratch.path("m"))
        try TinyFamilies.writeFlexTok(seed: 6, to: scratch.path("other"))
        try TinyFamilies.writeFolder(TinyFamilies.tiTok(), to: scratch.path("titok"))
        #expect(try run("import", "m", "--name", "one").status == 0)
        #expect(try run("import", "other", "--name", "two").status == 0)
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        #expect(try run("tokenize", "fox.png", "-o", "titok.json", "--model", "titok").status == 0)
        let names = try scratch.names()
        for (tokens, text) in [
            ([], "0 tokens, expected 1 to 8"), ([Int](repeating: 1, count: 9), "9 tokens, expected 1 to 8"),
            ([Int](repeating: 1, count: 257), "257 tokens, expected 1 to 8"), ([64000], "token 0 is 64000, expected 0 to 63999"),
            ([5, -1], "token 1 is -1, expected 0 to 63999"),
        ] as [([Int], String)] {
            try write(tokens: tokens, like: "fox.json", to: "bad.json")
            expectFailure(try run("detokenize", "bad.json", "--model", "m"), 65, text)
        }
        expectFailure(try run("detokenize", "fox.json", "--model", "other"), 65, "tokens of the model \"one\", which \"two\" cannot decode")
        expectFailure(try run("detokenize", "titok.json", "--model", "m"), 65, "tokens of the model \"titok\", which \"one\" cannot decode")
        expectFailure(try run("detokenize", "fox.json", "--model", "titok"), 65, "tokens of the model \"one\", which \"titok\" cannot decode")
        #expect(try scratch.names() == (names + ["bad.json"]).sorted())
    }

    @Test func settingsThatAreMissingOrUnknown() throws {
        let wrong = FlexTokSettings.tiny.json.replacing("seq_unpacking.SequenceUnpacker", with: "seq_unpacking.Mystery")
        for format in TinyFamilies.FlexTokFormat.allCases {
            let folder = "bare-" + format.rawValue
            try TinyFamilies.writeFlexTok(as: format, settings: false, to: scratch.path(folder))
            let file = folder + "/model." + format.rawValue
            for arguments in [
                ["import", folder, "--output", "new"], ["tokenize", "fox.png", "--model", file], ["reconstruct", "fox.png", "--model", folder],
            ] {
                expectFailure(try Tool.run(arguments, in: scratch), 65, "its configuration is missing")
            }
            try scratch.write(wrong, to: folder + "/config.json")
            for arguments in [["import", file, "--output", "new"], ["tokenize", "fox.png", "--model", file], ["reconstruct", "fox.png", "--model", folder]] {
                let refused = try Tool.run(arguments, in: scratch)
                expectFailure(refused, 65, "Mystery")
            }
        }
        #expect(!scratch.has("new") && !scratch.has("fox.json") && !scratch.has("fox-tokens.png"))
    }

    /// The message names the file and the tensor, whichever part it is of; what is not used does no harm.
    @Test func weightsThatAreNotFinite() throws {
        for (part, place) in [
            ("vae.vae.encoder.conv_in.bias", "tokenize"), ("encoder.module_dict.enc_register_module.registers", "tokenize"),
            ("decoder.module_dict.dec_transformer.blocks.0.adaLN_modulation.1.weight", "detokenize"),
            ("decoder.module_dict.dec_transformer.blocks.0.mlp.fc2.weight", "detokenize"),
            ("vae.vae.decoder.conv_out.bias", "detokenize"),
        ] {
            let problem = "tensor '\(part)': expected finite values, found nan at index 0"
            try TinyFamilies.writeFlexTok(to: scratch.path("m")) { tensors in
                tensors = tensors.map { name, tensor in
                    guard name == part else { return (name, tensor) }
                    var values = tensor.values
                    values[0] = .nan
                    return (name, Tensor(values, shape: tensor.shape))
                }
            }
            expectFailure(try run("import", "m", "--name", "m"), 65, problem)
            #expect(try run("import", "m", "--name", "m", "--fast").status == 0)
            let whole = try run("tokenize", "fox.png", "--model", "m")
            if place == "tokenize" {
                expectFailure(whole, 65, problem)
            } else {
                #expect(whole.status == 0, "\(whole.errors)")
                expectFailure(
                    try run("detokenize", "fox.json", "--model", "m", "--steps", "2"), 65, problem)
                try FileManager.default.removeItem(atPath: scratch.path("fox.json"))
            }
            expectFailure(try run("reconstruct", "fox.png", "-o", "again.png", "--model", "m", "--steps", "2"), 65, part)
            #expect(try scratch.names() == ["fox.png", "m"])
            try FileManager.default.removeItem(atPath: scratch.path("m"))
        }
    }
}
