import Checkpoints
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import Tensors
import Testing

@Suite struct ImportTests {
    let scratch: Scratch

    init() throws { scratch = try Scratch() }

    private func run(_ arguments: String...) throws -> Tool.Result { try Tool.run(arguments, in: scratch) }

    @Test func aFolderOfPublishedFilesDraws() throws {
        try TinyOfficial.write(to: scratch, "m")
        try scratch.write("notes", to: "m/README.md")
        let imported = try run("import", "m")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.errors.isEmpty)
        for line in [
            "m/FlowTok-tiny.pth: FlowTok of 1 blocks, width 64, 16×4", "m/FlowTiTok_32.bin: FlowTiTok, 16×4, 32×32 pixels",
            "m/clip.pt: CLIP in OpenAI's format, text tower of 1 layers, width 64",
            "m/bpe_simple_vocab.txt: merges of CLIP's vocabulary", "m/config.json: complete for text to image",
        ] {
            #expect(imported.lines.contains(line), "\(imported.output)")
        }
        #expect(imported.lines.contains { $0.hasPrefix("m/README.md: ignored") })
        let config = try scratch.text("m/config.json")
        #expect(config.contains("\"model_type\" : \"flowtok-official\"") && config.contains("\"flow\" : \"FlowTok-tiny.pth\""))
        #expect(config.contains("\"scale_factor\" : 1.0143"))

        let drawn = try run("t2i", "a red fox", "--model", "m", "--seed", "7", "--json")
        #expect(drawn.status == 0, "\(drawn.errors)")
        #expect(drawn.output.contains("\"rng\":\"philox\"") && drawn.output.contains("\"steps\":20"))
        let picture = try Image(path: scratch.path("a-red-fox.png"))
        #expect(picture.width == 32 && picture.height == 32)
        // Importing again changes nothing, and the folder's model can be looked at.
        #expect(try run("import", "m").status == 0)
        #expect(try scratch.text("m/config.json") == config)
        let doctor = try run("doctor", "--model", "m")
        #expect(doctor.status == 0 && doctor.output.contains("32×32 pixels"), "\(doctor.errors)")
        let inspected = try run("inspect", "m")
        #expect(inspected.status == 0, "\(inspected.errors)")
        #expect(inspected.output.contains("the configuration of the imported FlowTok"))
        #expect(inspected.output.contains("FlowTiTok, 16×4, 32×32 pixels, in a PyTorch archive"))
    }

    /// The three formats of CLIP and the two of its vocabulary are the same model.
    @Test func formatsDrawTheSamePicture() throws {
        var pictures: [Data] = []
        for text in TinyOfficial.TextFormat.allCases {
            for vocabulary in TinyOfficial.VocabularyFormat.allCases {
                let folder = "\(text.rawValue)-\(vocabulary.rawValue)"
                try TinyOfficial.write(to: scratch, folder, text: text, vocabulary: vocabulary)
                let imported = try run("import", folder)
                #expect(imported.status == 0, "\(imported.errors)")
                let drawn = try run("t2i", "red fox", "--model", folder, "--seed", "3", "--no-metadata", "-o", folder + ".png")
                #expect(drawn.status == 0, "\(drawn.errors)")
                pictures.append(try scratch.data(folder + ".png"))
            }
        }
        #expect(Set(pictures).count == 1)
    }

    /// Shards are read through their index, and are no candidates of their own.
    @Test func shardsAreOneFile() throws {
        try TinyOfficial.write(to: scratch, "m", text: .huggingFace)
        let whole = try Checkpoint(path: scratch.path("m/model.safetensors"))
        var map: [String: String] = [:]
        for (shard, names) in [whole.names.prefix(5), whole.names.dropFirst(5)].enumerated() {
            let file = "model-0000\(shard + 1)-of-00002.safetensors"
            try Checkpoint.write(names.map { ($0, try whole.tensor($0)) }, to: scratch.path("m/" + file))
            for name in names { map[name] = file }
        }
        try FileManager.default.removeItem(atPath: scratch.path("m/model.safetensors"))
        try scratch.write(
            JSONSerialization.data(withJSONObject: ["weight_map": map]), to: "m/model.safetensors.index.json")
        let imported = try run("import", "m")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("m/model.safetensors.index.json: CLIP in Hugging Face's format"))
        #expect(!imported.output.contains("of-00002"))
        #expect(try run("t2i", "fox", "--model", "m").status == 0)
        #expect(try run("convert", "m", "n", "--type", "f32").status == 0)
        #expect(try scratch.names("n").contains("model.safetensors"))
        #expect(try run("t2i", "fox", "--model", "n").status == 0)
    }

    @Test func theActivationChangesThePicture() throws {
        try TinyOfficial.write(to: scratch, "m")
        var pictures: Set<Data> = []
        for activation in ["quick_gelu", "gelu"] {
            #expect(try run("import", "m", "--activation", activation, "--fast").status == 0)
            #expect(try run("t2i", "fox", "--model", "m", "--seed", "3", "--no-metadata", "-o", "a.png").status == 0)
            pictures.insert(try scratch.data("a.png"))
        }
        #expect(pictures.count == 2)
        expectFailure(try run("import", "m", "--activation", "relu"), 64, "relu")
    }

    @Test func filesElsewhereAreNamedByTheirPaths() throws {
        try TinyOfficial.write(to: scratch, "m")
        try scratch.makeFolder("clip")
        for file in ["clip.pt", "bpe_simple_vocab.txt"] {
            try FileManager.default.moveItem(atPath: scratch.path("m/" + file), toPath: scratch.path("clip/" + file))
        }
        expectFailure(try run("import", "m", "clip"), 65, "2 folders")
        let imported = try run("import", "m", "clip", "--output", "both")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(try scratch.names("both") == ["config.json"])
        #expect(try run("t2i", "fox", "--model", "both").status == 0)
    }

    @Test func saysWhatIsMissing() throws {
        try TinyOfficial.write(to: scratch, "m")
        try FileManager.default.removeItem(atPath: scratch.path("m/clip.pt"))
        expectFailure(try run("import", "m"), 66, "CLIP's text tower (such as ViT-L-14-336px.pt)")
        try FileManager.default.removeItem(atPath: scratch.path("m/FlowTiTok_32.bin"))
        expectFailure(try run("import", "m"), 66, "the image tokenizer (such as FlowTiTok_512.bin) and CLIP's text tower")
        try FileManager.default.removeItem(atPath: scratch.path("m/FlowTok-tiny.pth"))
        let nothing = try run("import", "m")
        expectFailure(nothing, 66, "no FlowTok, no generator and no image tokenizer")
        #expect(nothing.errors.contains("found m/bpe_simple_vocab.txt (merges of CLIP's vocabulary)"), "\(nothing.errors)")
        expectFailure(try run("import", "none"), 66, "no such file")
        #expect(!scratch.has("m/config.json"))
    }

    @Test func refusesFilesThatDoNotBelongTogether() throws {
        try TinyOfficial.write(to: scratch, "m")
        try TinyOfficial.torch(
            TinyOfficial.parameters["flow"]!.map { ($0.name, $0.tensor + 1) }, to: scratch.path("m/FlowTok-copy.pth"))
        expectFailure(try run("import", "m"), 65, "FlowTok-copy.pth")
        try FileManager.default.removeItem(atPath: scratch.path("m/FlowTok-copy.pth"))
        // A flow of 16×4 over a tokenizer of 8×4.
        try TinyOfficial.torch(
            TinyOfficial.parameters["image_tokenizer"]!.map { name, tensor in
                name.hasSuffix("latent_tokens") ? (name, tensor.sliced(axis: 0, 0..<8)) : (name, tensor)
            }, to: scratch.path("m/FlowTiTok_32.bin"))
        let result = try run("import", "m")
        expectFailure(result, 65, "16×4")
        #expect(result.errors.contains("8×4"))
        #expect(!scratch.has("m/config.json"))
    }

    @Test(arguments: [-1, 1]) func refusesAVocabularyOfAnotherLength(difference: Int) throws {
        // The table tells its length; a list of merges may be longer than what is used of it, and not shorter.
        try TinyOfficial.write(to: scratch, "m", vocabulary: .table)
        #expect(try run("import", "m").status == 0)
        let count = TinyOfficial.vocabulary + difference
        try scratch.write(ClipFiles.table(count), to: "m/vocab.json")
        try scratch.write(ClipFiles.merges(count), to: "m/merges.txt")
        expectFailure(try run("import", "m"), 65, "\(count) tokens, expected \(TinyOfficial.vocabulary)")
        expectFailure(try run("t2i", "fox", "--model", "m"), 65, "\(count) tokens, expected \(TinyOfficial.vocabulary)")
        #expect(try scratch.names() == ["m"])
    }

    @Test func refusesAListOfTooFewMerges() throws {
        try TinyOfficial.write(to: scratch, "m")
        try scratch.write(ClipFiles.merges(TinyOfficial.vocabulary - 1), to: "m/bpe_simple_vocab.txt")
        expectFailure(try run("import", "m"), 65, "expected 9 merges after the version line, found 8")
    }

    /// A checkpoint in another's place: the message says what it looks like.
    @Test func saysWhatAnotherArchitectureLooksLike() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        let whole = try scratch.data("m/FlowTok-tiny.pth")
        try scratch.write(try scratch.data("m/FlowTiTok_32.bin"), to: "m/FlowTok-tiny.pth")
        let drawn = try run("t2i", "fox", "--model", "m")
        expectFailure(drawn, 65, "expected FlowTok")
        #expect(drawn.errors.contains("found FlowTiTok"))
        try Checkpoint.write([("x_embedder.proj.weight", Tensor(1)), ("final_layer.linear.weight", Tensor(1))], to: scratch.path("dit.safetensors"))
        expectFailure(try run("import", "dit.safetensors"), 65, "a diffusion transformer over 2D latents")
        try Checkpoint.write([("foo", Tensor(1))], to: scratch.path("foo.safetensors"))
        expectFailure(try run("import", "foo.safetensors"), 65, "no architecture that is known here (foo")
        try scratch.write(whole.prefix(whole.count / 2), to: "m/FlowTok-tiny.pth")
        expectFailure(try run("import", "m"), 65, "FlowTok-tiny.pth")
        #expect(try scratch.names() == ["dit.safetensors", "foo.safetensors", "m"])
    }

    @Test func reportsWhatDoesNotFitTheConfiguration() throws {
        try TinyOfficial.write(to: scratch, "m") { parts in
            parts["flow"]!.removeAll { $0.name == "blocks.0.mlp.fc1.weight" }
        }
        expectFailure(try run("import", "m", "--fast"), 65, "1 missing (blocks.0.mlp.fc1.weight)")
        try TinyOfficial.write(to: scratch, "n") { parts in
            parts["image_tokenizer"]!.removeAll { $0.name == "encoder.ln_post.bias" }
        }
        expectFailure(try run("import", "n", "--fast"), 65, "1 missing (encoder.ln_post.bias)")
        // A file that changes after the import is found out when it is read.
        try TinyOfficial.write(to: scratch, "o")
        #expect(try run("import", "o", "--fast").status == 0)
        try TinyOfficial.torch(
            TinyOfficial.parameters["flow"]!.filter { $0.name != "blocks.0.mlp.fc1.weight" }, to: scratch.path("o/FlowTok-tiny.pth"))
        expectFailure(try run("t2i", "fox", "--model", "o"), 65, "1 missing (blocks.0.mlp.fc1.weight)")
    }

    /// Weights that are not finite are refused with the name of the first, by every command that reads them.
    @Test func refusesWeightsThatAreNotFinite() throws {
        try TinyOfficial.write(to: scratch, "m") { parts in
            parts["image_tokenizer"] = parts["image_tokenizer"]!.map { name, tensor in
                guard name == "decoder.conv_out.bias" else { return (name, tensor) }
                return (name, Tensor([0, .nan, 0], shape: [3]))
            }
        }
        let problem = "tensor 'decoder.conv_out.bias': expected finite values, found nan at index 1"
        expectFailure(try run("import", "m"), 65, problem)
        #expect(try run("import", "m", "--fast").status == 0)
        expectFailure(try run("t2i", "fox", "--model", "m"), 65, problem)
        let inspected = try run("inspect", "m/FlowTiTok_32.bin")
        #expect(inspected.status == 65 && inspected.errors.contains("'decoder.conv_out.bias'"))
    }

    /// What drawing does not need is not read then, and told by the commands that do.
    @Test func warnsOfWeightsThatAreReadLater() throws {
        try TinyOfficial.write(to: scratch, "m") { parts in
            parts["image_tokenizer"] = parts["image_tokenizer"]!.map { name, tensor in
                name == "encoder.ln_post.bias" ? (name, .filled(tensor.shape, with: .infinity)) : (name, tensor)
            }
        }
        #expect(try run("import", "m", "--fast").status == 0)
        let drawn = try run("t2i", "fox", "--model", "m")
        #expect(drawn.status == 0 && drawn.errors.isEmpty, "\(drawn.errors)")
        let read = try run("reconstruct", "fox.png", "--model", "m")
        let told = read.errorLines.filter { $0.contains("m/FlowTiTok_32.bin: the tensor \"encoder.ln_post.bias\"") }
        #expect(told.count == 1, "\(read.errors)")
        let alone = try run("reconstruct", "fox.png", "--model", "m/FlowTiTok_32.bin")
        #expect(alone.status == 65 && alone.errors.contains("'encoder.ln_post.bias'"), "\(alone.errors)")
    }

    @Test(arguments: ["../clip.pt", "m/../../clip.pt", ""]) func refusesNamesThatLeadOutside(name: String) throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        let config = try scratch.text("m/config.json")
        #expect(config.contains("\"text_encoder\" : \"clip.pt\""))
        try scratch.write(
            config.replacing("\"text_encoder\" : \"clip.pt\"", with: "\"text_encoder\" : \"\(name)\""), to: "m/config.json")
        expectFailure(try run("t2i", "fox", "--model", "m"), 65, "expected one inside the folder")
    }

    @Test func refusesConfigurationsThatFitNothing() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        let config = try scratch.text("m/config.json")
        for (from, to, message) in [
            ("\"num_latent_tokens\" : 16", "\"num_latent_tokens\" : 1099511627776", "num_latent_tokens is 1099511627776"),
            ("\"tokens\" : 16", "\"tokens\" : 1099511627776", "velocity.tokens is 1099511627776"),
            ("\"image_size\" : 32", "\"image_size\" : 4096", "make 262144 patches"),
            ("\"scale_factor\" : 1.0143", "\"scale_factor\" : 0", "scale_factor is 0"),
            ("\"activation\" : \"quick_gelu\"", "\"activation\" : \"relu\"", "expected it causal with quick_gelu or gelu"),
            ("\"model_type\" : \"flowtok-official\"", "\"model_type\" : \"clip\"", "model_type is \"clip\""),
            ("\"model_type\" : \"flowtok-official\"", "\"model_type\" : \"titok\"", "expected a FlowTok"),
            ("\"flow\" : \"FlowTok-tiny.pth\",", "", "files.flow is missing"),
            ("\"FlowTok-tiny.pth\"", "\"gone.pth\"", "gone.pth"),
            ("\"steps\" : 20", "\"steps\" : 0", "steps is 0"),
        ] {
            #expect(config.contains(from), "\(from)")
            try scratch.write(config.replacing(from, with: to), to: "m/config.json")
            let result = try run("t2i", "fox", "--model", "m")
            expectFailure(result, message == "gone.pth" ? 66 : 65, message)
        }
        #expect(try scratch.names() == ["m"])
    }

    @Test func leavesAConfigurationOfOthersAlone() throws {
        try TinyOfficial.write(to: scratch, "m", text: .huggingFace, vocabulary: .table)
        try scratch.write("{\"model_type\": \"clip\"}", to: "m/config.json")
        expectFailure(try run("import", "m"), 65, "was not written by flowtok import")
        #expect(try scratch.text("m/config.json") == "{\"model_type\": \"clip\"}")
        #expect(try run("import", "m", "-o", "out").status == 0)
    }

    @Test func aModelWithoutTextDecoderOnlyDraws() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        #expect(try run("t2i", "fox", "--model", "m").status == 0)
        expectFailure(try run("i2t", "fox.png", "--model", "m"), 65, "has no text decoder")
        // Its image tokenizer works by itself.
        #expect(try run("tokenize", "fox.png", "--model", "m").status == 0)
        #expect(try run("detokenize", "fox.safetensors", "--model", "m").status == 0)
        // Names of one character, which Foundation's paths do not survive.
        #expect(try run("tokenize", "fox.png", "--model", "m", "-o", "t").status == 0)
        #expect(try run("t2i", "fox", "--model", "m", "-o", "p").status == 0)
        let measured = try run("reconstruct", "fox.png", "--model", "m")
        #expect(measured.status == 0 && measured.output.hasPrefix("PSNR"), "\(measured.errors)")
        let long = try run("t2i", String(repeating: "fox ", count: 30), "--model", "m", "-o", "long.png")
        #expect(long.status == 0 && long.errors.contains("warning: the prompt is too long"), "\(long.errors)")
    }

    @Test func torchNoiseIsRecorded() throws {
        try TinyOfficial.write(to: scratch, "m")
        #expect(try run("import", "m", "--fast").status == 0)
        let drawn = try run("t2i", "fox", "--model", "m", "--seed", "5", "--rng", "torch", "--json")
        #expect(drawn.status == 0 && drawn.output.contains("\"rng\":\"torch\""), "\(drawn.errors)")
        let info = try run("info", "fox.png")
        #expect(info.output.contains("rng:") && info.output.contains("torch"))
        let torch = try scratch.data("fox.png")
        #expect(try run("t2i", "fox", "--model", "m", "--seed", "5", "-o", "own.png").status == 0)
        #expect(try Image(path: scratch.path("own.png")) != Image(path: scratch.path("fox.png")))
        #expect(try run("t2i", "fox", "--model", "m", "--seed", "5", "--rng", "torch").status == 0)
        #expect(try scratch.data("fox.png") == torch)
        expectFailure(try run("t2i", "fox", "--model", "m", "--rng", "mt"), 64, "--rng")
    }

    @Test func aTokenizerAloneIsImportedToo() throws {
        try TinyOfficial.write(to: scratch, "m")
        let imported = try run("import", "m/FlowTiTok_32.bin")
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.contains("note: its decoder is guided by captions"))
        let folder = try ImageTokenizerFolder(path: scratch.path("m"))
        #expect(folder.family == .flowTiTok && folder.name == "FlowTiTok_32")
        #expect(try folder.load().tokens == TokenShape(count: 16, values: .latents(channels: 4)))
        #expect(try run("import", "m/FlowTiTok_32.bin", "m/clip.pt", "m/bpe_simple_vocab.txt", "--image-size", "64").status == 0)
        let guided = try ImageTokenizerFolder(path: scratch.path("m"))
        #expect(try guided.load().imageSize == 64)
    }
}
