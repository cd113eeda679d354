import ArgumentParser

/// What somebody may have meant by a command or an option that there is not.
enum Suggestion {
    /// What other programs of the field call these commands.
    private static let commands: [String: String] = [
        "txt2img": "t2i", "text2img": "t2i", "text2image": "t2i", "text-to-image": "t2i", "txt2image": "t2i", "texttoimage": "t2i", "draw": "t2i",
        "paint": "t2i", "sample": "t2i", "imagine": "t2i", "img2txt": "i2t", "img2text": "i2t", "image2text": "i2t", "image-to-text": "i2t",
        "imagetotext": "i2t", "caption": "i2t", "describe": "i2t", "interrogate": "i2t", "encode": "tokenize", "decode": "detokenize",
        "metadata": "info", "exif": "info", "benchmark": "bench", "eval": "evaluate", "gen": "generate", "check": "doctor", "show": "inspect",
        "img2img": "reconstruct",
    ]

    /// What other programs of the field call these options.
    private static let options: [String: String] = [
        "--cfg": "--guidance", "--cfg-scale": "--guidance", "--guidance-scale": "--guidance", "--scale": "--guidance", "--num-steps": "--steps",
        "--num-inference-steps": "--steps", "--sampling-steps": "--steps", "--n": "--count", "--num": "--count", "--batch": "--count",
        "--batch-size": "--count", "--num-images": "--count", "--n-samples": "--count", "--out": "--output", "--outfile": "--output",
        "--outdir": "--output", "--output-dir": "--output", "--dtype": "--precision", "--sampler": "--solver", "--scheduler": "--solver",
        "--ckpt": "--model", "--checkpoint": "--model", "--model-path": "--model", "--from-file": "--prompt-file", "--prompts": "--prompt-file",
        "--txt": "--sidecar", "--overwrite": "--existing", "--image": "--from", "--silent": "--quiet",
    ]

    /// The command that `word` may stand for, among some.
    static func command(for word: String, among names: [String]) -> String? {
        let word = word.lowercased()
        if let name = commands[word], names.contains(name) { return name }
        return nearest(to: word, among: names)
    }

    /// The option that one of another name may stand for, if `command` has it.
    static func option(for name: String, in help: String) -> String? {
        options[name.lowercased()].flatMap { help.contains($0) ? $0 : nil }
    }

    /// The name that takes the fewest changed, missing, additional or swapped letters, if they are few.
    private static func nearest(to word: String, among names: [String]) -> String? {
        let found = names.map { (name: $0, distance: distance(word, $0)) }.min { $0.distance < $1.distance }
        guard let found, found.distance <= max(1, min(3, found.name.count / 3)) else { return nil }
        return found.name
    }

    private static func distance(_ a: String, _ b: String) -> Int {
        let (a, b) = (Array(a.prefix(40)), Array(b.prefix(40)))
        var rows = [Array(0...b.count)]
        for i in 0..<a.count {
            var row = [i + 1]
            for j in 0..<b.count {
                var cost = min(rows[i][j + 1] + 1, row[j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, rows[i - 1][j - 1] + 1) }
                row.append(cost)
            }
            rows.append(row)
        }
        return rows[a.count][b.count]
    }
}
