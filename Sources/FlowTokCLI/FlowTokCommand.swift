import ArgumentParser
import FlowTok

/// `flowtok`: the root of the command line.
@main struct FlowTokCommand: ParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(
            commandName: "flowtok",
            abstract: "Draws a caption and captions a picture, by one flow between their tokens.",
            discussion: """
                EXAMPLES
                  flowtok t2i "a red fox"                draws a-red-fox.png
                  flowtok i2t a-red-fox.png              prints a caption
                  flowtok reconstruct fox.png --compare  shows what the image tokenizer keeps
                  flowtok morph "a cat" "a dog"          draws the way from one to the other
                  flowtok serve                          a page at http://127.0.0.1:7860, and APIs
                  flowtok doctor                         tells what flowtok finds on this machine

                SHELL COMPLETION
                  flowtok --generate-completion-script bash > ~/.local/share/bash-completion/completions/flowtok
                  flowtok --generate-completion-script zsh > ~/.zfunc/_flowtok
                  flowtok --generate-completion-script fish > ~/.config/fish/completions/flowtok.fish

                EXIT STATUS
                  0 done, 64 wrong usage, 65 data that cannot be used or an output that cannot be written,
                  66 a missing file or model, 70 a fault of flowtok itself, 130 stopped by Ctrl-C.
                """,
            version: FlowTok.version,
            subcommands: [
                TextToImage.self, ImageToText.self, Variations.self, Morph.self, Serve.self, Generate.self, Tokenize.self, Detokenize.self, Reconstruct.self,
                Quantize.self, Info.self, Merge.self,
                Import.self, Convert.self, Inspect.self, BuildDataset.self, Scenes.self, Train.self, Evaluate.self, Bench.self, Doctor.self,
            ])
    }

    static func main() {
        Program.run(FlowTokCommand.self)
    }
}
