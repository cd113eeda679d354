import ArgumentParser
import FlowTok
import ModelFolders
import Tensors

/// Where CLIP is, for models that read captions and do not bring it.
struct CLIPOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "CLIP's text tower and its vocabulary, where the model does not bring them: a folder that holds both, or the files one by one.",
            valueName: "path"),
        completion: .file())
    var clip: [String] = []

    @Option(help: "The activation of that text tower, which its file does not tell: quick_gelu or gelu.")
    var clipActivation = Import.CLIPActivation.quickGELU

    var source: CLIPSource? {
        clip.isEmpty ? nil : CLIPSource(clip, activation: clipActivation == .gelu ? .gelu : .quickGELU)
    }
}

/// The caption that guides the decoder of a tokenizer that captions guide.
struct CaptionOptions: ParsableArguments {
    @Option(help: "A caption of the picture, for tokenizers whose decoder is guided by one (default: the empty caption).")
    var prompt = ""

    @OptionGroup
    var clip: CLIPOptions
}
