import Checkpoints
import Datasets
import Files
import FlowTok
import Foundation
import Images
import ModelFolders
import Networks
import Tensors
import TestSupport
import Testing
import Training

/// Configurations of kinds that cannot be used: one line each that names the file and the key.
@Suite struct KindErrorTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    /// What opening a changed configuration says.
    private func message(
        _ kind: TinyKinds.Kind, _ changes: [(String, String)], sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> String {
        let file = try TinyKinds.file(kind, in: folder, changing: changes)
        let error = refusal(sourceLocation: sourceLocation) { try TinyKinds.open(kind, file, output: folder("run")) }
        #expect(error.text.hasPrefix(file + ": "), "\(error.text)", sourceLocation: sourceLocation)
        #expect([.data, .missing].contains(error.category), sourceLocation: sourceLocation)
        #expect(!FileManager.default.fileExists(atPath: folder("run")), sourceLocation: sourceLocation)
        return error.text
    }

    @Test("A kind that there is not")
    func unknownKind() throws {
        let titok = try message(TinyKinds.tiTokVQ, [("\"kind\": \"titok\"", "\"kind\": \"vqvae\"")])
        #expect(titok.contains("kind is \"vqvae\", expected one of \"flowtitok\", \"titok\", \"gigatok\", \"flextok\", \"autoencoder\""))
        let generator = try message(TinyKinds.maskGIT, [("\"kind\": \"maskgit\",", "")])
        #expect(generator.contains("kind is missing, expected one of \"maskgit\", \"llamagen\", \"tokenbridge\""))
        #expect(try message(TinyKinds.maskGIT, [("\"kind\": \"maskgit\"", "\"kind\": 3")]).contains("kind is 3"))
    }

    @Test(
        "Sizes that do not fit together, and values out of range",
        arguments: [
            (TinyKinds.tiTokVQ, "\"crop_size\": 32", "\"crop_size\": 30", "model.network.crop_size 30 is no multiple of vit_enc_patch_size 8"),
            (TinyKinds.tiTokVQ, "\"num_heads\": 2", "\"num_heads\": 5", "model.network.encoder.width 32 does not divide into 5 heads"),
            (TinyKinds.tiTokVQ, "\"training\": {", "\"teacher\": \"x\", \"training\": {", "model.teacher goes with"),
            (TinyKinds.tiTokVQ, "\"class\": \"TiTok\"", "\"class\": \"TATiTok\"", "model.network.class is TATiTok"),
            (TinyKinds.tiTokVQ, "\"training\": {", "\"quantizer_weight\": -1, \"training\": {", "model.quantizer_weight is -1"),
            (TinyKinds.tiTokVQ, "\"training\": {", "\"clustering\": true, \"training\": {", "unknown key model.clustering"),
            (
                TinyKinds.tiTokVQ, "\"training\": {", "\"losses\": {\"reconstruction\": {\"levels\": 99}}, \"training\": {",
                "model.losses.reconstruction.levels is 99"
            ),
            (TinyKinds.tiTokVQ, "\"training\": {", "\"losses\": {\"adversarial\": {\"layers\": 5}}, \"training\": {", "model.losses.adversarial.layers is 5"),
            (TinyKinds.tiTokVQ, "\"training\": {", "\"losses\": {\"perceptual\": {}}, \"training\": {", "model.losses.perceptual.lpips is missing"),
            (TinyKinds.tiTokVQ, "\"training\": {", "\"losses\": {\"perceptual\": {\"lpips\": \"/nowhere\"}}, \"training\": {", "/nowhere"),
            (TinyKinds.tiTokVQ, "\"learning_rate\": 0.002", "\"learning_rate\": 0", "model.training.learning_rate is 0"),
            (TinyKinds.firstStage, "\"teacher\":", "\"kl_weight\": 0, \"techer\":", "unknown key model.techer"),
            (TinyKinds.gigaTokPlain, "\"num_latent_tokens\": 4", "\"num_latent_tokens\": 5", "model.network.num_latent_tokens is 5"),
            (
                TinyKinds.gigaTokLocal, "\"norm_num_groups\": 8", "\"norm_num_groups\": 5",
                "model.network.norm_num_groups is 5, expected a divisor of the 32 channels of a level"
            ),
            (TinyKinds.flexTokPlain, "\"training\": {", "\"time_shift\": 0, \"training\": {", "model.time_shift is 0"),
            (TinyKinds.flexTokLocal, "\"registers\": 4", "\"registers\": 5", "network.registers is 5, expected with local_start a power of two"),
            (
                TinyKinds.flexTokLocal, "\"fsq_levels\": [4, 4]", "\"fsq_levels\": [4, 4, 4, 4, 4, 4]",
                "network.encoder.width is 32, which with local_start has room for 5 numbers of a code, expected at least 6"
            ),
            (TinyKinds.flexTokPlain, "\"training\": {", "\"spread_weight\": -1, \"training\": {", "model.spread_weight is -1"),
            (TinyKinds.flexTokPlain, "\"training\": {", "\"encoder_delay\": -1, \"training\": {", "model.encoder_delay is -1"),
            (TinyKinds.gigaTokSemantic, "\"distill_depth\": 1", "\"distill_depth\": 7", "model.network.distill_depth is 7, expected at most the decoder's 2"),
            (TinyKinds.flexTokPlain, "\"latent_channels\": 4", "\"latent_channels\": 8", "model: network.vae.latent_channels is 8, expected 4"),
            (TinyKinds.flexTokPlain, "\"head_dim\": 16", "\"head_dim\": 15", "model.network.encoder.width 32 does not divide into heads of 15"),
            (TinyKinds.flexTokPlain, "\"training\": {", "\"token_dropout\": 2, \"training\": {", "model.token_dropout is 2"),
            (TinyKinds.maskGIT, "\"heads\": 2", "\"heads\": 5", "model.width 32 does not divide into 5 heads"),
            (TinyKinds.maskGIT, "\"training\": {", "\"label_dropout\": -1, \"training\": {", "model.label_dropout is -1"),
            (TinyKinds.uvit, "\"layers\": 2", "\"layers\": 3", "model.num_hidden_layers is 3, expected an even number"),
            (TinyKinds.tokenBridge, "\"quant_levels\": 8", "\"quant_levels\": 1", "tokenizer: quant_levels is 1"),
        ])
    func sizes(_ kind: TinyKinds.Kind, _ old: String, _ new: String, _ expected: String) throws {
        let text = try message(kind, [(old, new)])
        #expect(text.contains(expected), "\(text)")
    }

    @Test("A tokenizer of another kind than is needed")
    func otherTokenizer() throws {
        func path(_ need: TinyKinds.Need) throws -> String { try TinyKinds.path(need) }
        let latents = try message(TinyKinds.maskGIT, [(try path(.titok), try path(.vae))])
        #expect(latents.contains("tokenizer: ") && latents.contains("expected a tokenizer with a codebook"), "\(latents)")
        let codes = try message(TinyKinds.tokenBridge, [(try path(.flowtitok), try path(.titok))])
        #expect(codes.contains("tokenizer: ") && codes.contains("expected a tokenizer of latents"), "\(codes)")
        let nothing = try message(TinyKinds.maskGIT, [(try path(.titok), folder.path)])
        #expect(nothing.contains("tokenizer: "), "\(nothing)")
        let start = try message(TinyKinds.gigaTokPlain, [("\"data\":", "\"start\": \"\(try path(.titok))\", \"data\":")])
        #expect(start.contains("start: ") && start.contains("expected gigatok"), "\(start)")
        let teacher = try message(TinyKinds.firstStage, [(try path(.vqgan), try path(.gigatok))])
        #expect(teacher.contains("expected a MaskGIT-VQGAN"), "\(teacher)")
        let autoencoder = try message(TinyKinds.flexTokPlain, [(try path(.autoencoder), try path(.titok))])
        #expect(autoencoder.contains("expected an autoencoder"), "\(autoencoder)")
        let other = try message(
            TinyKinds.tiTokVQ,
            [
                ("\"data\":", "\"start\": \"\(try path(.titok))\", \"data\":"), ("\"num_latent_tokens\": 4", "\"num_latent_tokens\": 8"),
            ])
        #expect(other.contains("latent_tokens"), "\(other)")
    }

    /// The tensors of a small vision transformer of DINOv2's kind.
    static func visionTransformer(width: Int = 64, blocks: Int = 3) -> [(String, Tensor)] {
        var random = CounterRandom(seed: 5)
        func tensor(_ name: String, _ shape: [Int]) -> (String, Tensor) { (name, .randomNormal(shape, using: &random) * 0.1) }
        var all = [
            tensor("patch_embed.proj.weight", [width, 3, 4, 4]), tensor("patch_embed.proj.bias", [width]), tensor("cls_token", [1, 1, width]),
            tensor("pos_embed", [1, 10, width]), tensor("mask_token", [1, width]), tensor("norm.weight", [width]), tensor("norm.bias", [width]),
        ]
        for block in 0..<blocks {
            let place = "blocks.\(block)."
            for (name, shape) in [
                ("norm1.weight", [width]), ("norm1.bias", [width]), ("attn.qkv.weight", [3 * width, width]), ("attn.qkv.bias", [3 * width]),
                ("attn.proj.weight", [width, width]), ("attn.proj.bias", [width]), ("ls1.gamma", [width]), ("norm2.weight", [width]),
                ("norm2.bias", [width]), ("mlp.fc1.weight", [2 * width, width]), ("mlp.fc1.bias", [2 * width]),
                ("mlp.fc2.weight", [width, 2 * width]), ("mlp.fc2.bias", [width]), ("ls2.gamma", [width]),
            ] { all.append(tensor(place + name, shape)) }
        }
        return all
    }

    @Test("A frozen encoder's checkpoint serves as a teacher; one that lacks layers is refused with their names")
    func teacher() throws {
        let (whole, broken) = (folder("vit.safetensors"), folder("broken.safetensors"))
        let tensors = Self.visionTransformer()
        try Checkpoint.write(tensors, to: whole)
        try Checkpoint.write(tensors.filter { !$0.0.hasPrefix("blocks.1.") }, to: broken)
        let vae = try TinyKinds.path(.vae)
        let text = try message(TinyKinds.gigaTokSemantic, [("\"\(vae)\"", "\"\(broken)\"")])
        #expect(text.contains("broken.safetensors") && text.contains("14 missing (blocks.1."), "\(text)")
        let none = try message(TinyKinds.gigaTokSemantic, [("\"\(vae)\"", "\"\(folder("none.safetensors"))\"")])
        #expect(none.contains("none.safetensors"), "\(none)")
        let strange = try message(TinyKinds.gigaTokSemantic, [("\"\(vae)\"", "\"\(try TinyKinds.path(.titok))/model/model.safetensors\"")])
        #expect(strange.contains("expected a vision transformer"), "\(strange)")
        let file = try TinyKinds.file(TinyKinds.gigaTokSemantic, in: folder, steps: 2, changing: [("\"\(vae)\"", "\"\(whole)\"")])
        try TinyKinds.open(TinyKinds.gigaTokSemantic, file, output: folder("run")).run()
        #expect(try bits(folder("run/model/model.safetensors"))["s1to2decoder.distill_mlp.4.weight"]?.count == 64 * 128)
    }

    @Test("Classes without a picture, pictures without classes, and nothing at all")
    func classes() throws {
        let keys = ("\"tokenizer\":", "\"classes\": [\"red\", \"purple\"], \"tokenizer\":")
        let missing = try message(TinyKinds.maskGIT, [keys])
        #expect(missing.contains("data.images: ") && missing.contains("no picture is of the class \"purple\"; there are \"blue\""), "\(missing)")
        #expect(try message(TinyKinds.maskGIT, [("\"tokenizer\":", "\"classes\": [], \"tokenizer\":")]).contains("classes is empty"))
        #expect(try message(TinyKinds.maskGIT, [("\"tokenizer\":", "\"classes\": [\"red\", \"red\"], \"tokenizer\":")]).contains("classes has \"red\" twice"))
        let flat = folder("flat")
        try FileManager.default.createDirectory(atPath: flat, withIntermediateDirectories: true)
        let images = folder("images")
        let empty = try message(TinyKinds.maskGIT, [("\"images\": \"\(images)\"", "\"images\": \"\(flat)\"")])
        #expect(empty.contains("data.images: ") && empty.contains("holds no pictures"), "\(empty)")
        #expect(try message(TinyKinds.tiTokVQ, [("\"images\": \"\(images)\"", "\"images\": \"\(flat)\"")]).contains("holds no pictures"))
        try BlockSource().sample(0).image.write(to: flat + "/0.png")
        let unclassed = try message(TinyKinds.maskGIT, [("\"images\": \"\(images)\"", "\"images\": \"\(flat)\"")])
        #expect(unclassed.contains("no picture has a class"), "\(unclassed)")
    }

    @Test("Classes and a text encoder together, a folder without a text encoder, and pictures without captions")
    func captions() throws {
        let kind = TinyKinds.llamaGenOfCaptions
        let both = try message(kind, [("\"text_encoder\":", "\"classes\": [\"red\", \"blue\"], \"text_encoder\":")])
        #expect(both.contains("classes and text_encoder are both there, expected one"), "\(both)")
        let text = try TinyKinds.path(.flowtitok)
        let other = try message(kind, [("\"text_encoder\": \"\(text)\"", "\"text_encoder\": \"\(try TinyKinds.path(.titok))\"")])
        #expect(other.contains("text_encoder: ") && other.contains("expected a FlowTiTok"), "\(other)")
        let without = folder("without")
        try TinyFamilies.writeFolder(TinyTraining.tokenizerConfiguration().imageTokenizer, to: without)
        let bare = try message(kind, [("\"text_encoder\": \"\(text)\"", "\"text_encoder\": \"\(without)\"")])
        #expect(bare.contains("text_encoder: ") && bare.contains("names no text encoder"), "\(bare)")
        let missing = try message(kind, [("\"text_encoder\": \"\(text)\"", "\"text_encoder\": \"\(folder("nowhere"))\"")])
        #expect(missing.contains("text_encoder: ") && missing.contains("nowhere"), "\(missing)")
        let silent = folder("silent")
        try FileManager.default.createDirectory(atPath: silent, withIntermediateDirectories: true)
        try BlockSource().sample(0).image.write(to: silent + "/0.png")
        let uncaptioned = try message(kind, [("\"images\": \"\(folder("images"))\"", "\"images\": \"\(silent)\"")])
        #expect(uncaptioned.contains("data.images: ") && uncaptioned.contains("pictures with captions"), "\(uncaptioned)")
    }

    @Test("A generator's folder that is conditioned on something unknown, or has lost its text encoder, says so")
    func damagedFolders() throws {
        let kind = TinyKinds.llamaGenOfCaptions
        try TinyKinds.open(kind, TinyKinds.file(kind, in: folder, steps: 1), output: folder("run")).run()
        let file = folder("run/model/config.json")
        let text = String(decoding: try contents(file), as: UTF8.self)
        func message(_ old: String, _ new: String) throws -> String {
            #expect(text.contains(old), "\(text)")
            try Data(text.replacing(old, with: new).utf8).write(to: URL(fileURLWithPath: file))
            return refusal { try ImageGenerator(GeneratorFolder(path: folder("run/model"))) }.text
        }
        let unknown = try message("\"caption\"", "\"depth map\"")
        #expect(unknown.hasPrefix(file + ": ") && unknown.contains("\"depth map\" is nothing that generators here are conditioned on"), "\(unknown)")
        let narrow = try message("\"caption_dim\" : 32", "\"caption_dim\" : 16")
        #expect(narrow.contains("cls_embedding"), "\(narrow)")
        let lost = try message("\"text_encoder\" : \"text_encoder.safetensors\",", "")
        #expect(lost.contains("captions need the text encoder that the generator was trained with"), "\(lost)")
        try Data(text.utf8).write(to: URL(fileURLWithPath: file))
        let clip = refusal { try GeneratorFolder(path: folder("run/model"), clip: CLIPSource([folder.path])) }.text
        #expect(clip.contains("--clip") && clip.contains("does not read CLIP"), "\(clip)")
        try FileManager.default.removeItem(atPath: folder("run/model/tokenizer.model"))
        #expect(refusal { try GeneratorFolder(path: folder("run/model")) }.text.contains("tokenizer.model"))
    }

    @Test("A run goes on over the same tokenizer alone, and as the same kind")
    func changed() throws {
        let file = try TinyKinds.file(TinyKinds.maskGIT, in: folder, steps: 2)
        try TinyKinds.open(TinyKinds.maskGIT, file, output: folder("run")).run()
        let other = try TemporaryFolder()
        try TinyKinds.open(TinyKinds.tiTokVQ, TinyKinds.file(TinyKinds.tiTokVQ, in: other, steps: 5), output: other("run")).run()
        let elsewhere = try TinyKinds.file(TinyKinds.maskGIT, in: folder, steps: 4, changing: [(try TinyKinds.path(.titok), other("run"))])
        let text = refusal { try TinyKinds.open(TinyKinds.maskGIT, elsewhere, output: folder("run"), resume: true) }.text
        #expect(text.contains("built on another vocabulary or tokenizer"), "\(text)")
        let kind = try TinyKinds.file(TinyKinds.uvit, in: folder, steps: 4)
        #expect(refusal { try TinyKinds.open(TinyKinds.uvit, kind, output: folder("run"), resume: true) }.text.contains("the run was made with"))
    }
}
