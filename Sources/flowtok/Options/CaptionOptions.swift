import ArgumentParser

/// The caption that guides the decoder of a tokenizer that captions guide.
struct CaptionOptions: ParsableArguments {
    @Option(help: "A caption of the picture, for tokenizers whose decoder is guided by one (default: the empty caption).")
    var prompt = ""

    @OptionGroup
    var clip: CLIPOptions
}
