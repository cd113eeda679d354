import Checkpoints
import Layers
import Networks
import Sampling
import Tensors
import TestSupport
import Testing

/// LlamaGen as GigaTok was published with it: forward, and drawing the likeliest codes under every schedule.
func compareLlamaGen(_ comparison: Comparison) throws {
    let golden = comparison.golden
    let configuration = try golden.decode("config", as: LlamaGenConfiguration.self)
    #expect(configuration.invalidReason == nil, "\(configuration.invalidReason ?? "")")
    let model = try comparison.generator(ignoring: LlamaGenConfiguration.ignores) { LlamaGen(configuration, weights: $0) }
    let tolerance: Float = comparison.isFull ? 1e-3 : 1e-4

    let batch = try golden.decode("config", "batch", as: Int.self)
    let labels = syntheticIndices("input/\(golden.name)/label", count: batch, below: configuration.classes)
    try comparison.compare("labels", labels)
    let count = try golden.golden("idx").values.count
    let ids = syntheticIndices("input/\(golden.name)/idx", count: count, below: configuration.codebookSize)
    try comparison.compare("idx", ids)

    let codes = ids.map { Int32($0) }
    let sequence = model.embed(codes, labels: labels)
    let logits = model.logits(codes, labels: labels)
    var results: [String: () throws -> Tensor] = [
        "block_0_out": { model.transformed(sequence, first: 1) },
        "logits": { logits },
        "logits_uncond": { model.logits(codes, labels: labels.map { _ in configuration.noClass }) },
    ]
    if golden.contains("loss") {
        let targets = try comparison.givenIntegers("targets").map { Int32($0) }
        results["loss"] = { logits.crossEntropy(targets).reshaped([1]) }
    }
    if golden.contains("logits_argmax") { try comparison.compare("logits_argmax", logits.argmax().map { Int($0) }) }
    for (name, result) in results where golden.contains(name + "_strided") {
        try comparison.compareStrided(name, try result(), tolerance: tolerance)
    }
    // Code by code, what whole sequences give.
    let places = logits.shape[1]
    let reader = LlamaGen.Reader(model, labels: labels, length: places)
    for place in 0..<places {
        let last = place == 0 ? [] : labels.indices.map { codes[$0 * (places - 1) + place - 1] }
        let found = reader.logits(place, after: last)
        let expected = logits.sliced(axis: 1, place..<place + 1).reshaped(found.shape)
        let worst = zip(found.values, expected.values).reduce(0) { max($0, abs($1.0 - $1.1)) }
        #expect(worst <= tolerance, "\(golden.name): code \(place) differs by \(worst) where it is read with a cache")
    }

    for name in golden.outputs {
        if name.hasPrefix("greedy_") {
            let sampling = try #require(LlamaGenSampling(goldenName: name), "\(name) names no settings")
            let length = try golden.golden(name).values.count / batch
            var noise = ListedNoise([])
            let drawn = try model.generate(classes: labels, sampling: sampling, length: length, noise: &noise)
            try comparison.compare(name, drawn.flatMap { $0.map { Int($0) } })
        } else if name.hasPrefix("probs_") {
            let sampling = try #require(TokenSampling(goldenName: name), "\(name) names no settings")
            let last = logits.sliced(axis: 1, places - 1..<places).reshaped([batch, configuration.codebookSize])
            results[name] = { sampling.probabilities(of: last * 3) }
        }
    }
    try comparison.compareRest(results) { _ in tolerance }
}

extension LlamaGenSampling {
    /// The settings that a name tells: "greedy_cfg3_step018" guides by 3 from 0.18 on.
    fileprivate init?(goldenName name: String) {
        guard let found = name.wholeMatch(of: /greedy_cfg([0-9]+)(?:_([a-z]+)([0-9]*))?/), let scale = Double(found.1) else {
            return nil
        }
        self.init(temperature: 0, guidance: scale)
        switch (found.2.map(String.init), found.3.map(String.init) ?? "") {
        case (nil, _): break
        case ("interval", let number): interval = Int(number) ?? -1
        case ("step", let number):
            schedule = .step
            windowStart = decimal(number) ?? 0
        case (let other?, _):
            guard let found = Schedule(rawValue: other) else { return nil }
            schedule = found
        }
    }
}

extension TokenSampling {
    /// The settings that a name tells: "probs_t07_k10" has the temperature 0.7 and the ten likeliest codes.
    fileprivate init?(goldenName name: String) {
        guard let found = name.wholeMatch(of: /probs_t([0-9]+)(?:_k([0-9]+))?(?:_p([0-9]+))?/),
            let temperature = decimal(String(found.1))
        else { return nil }
        self.init(
            temperature: temperature, topK: found.2.flatMap { Int($0) } ?? 0,
            topP: found.3.flatMap { decimal(String($0)) } ?? 1)
    }
}

/// "07" for 0.7, "018" for 0.18, "2" for 2.
private func decimal(_ digits: String) -> Double? {
    digits.count > 1 && digits.hasPrefix("0") ? Double("0." + digits.dropFirst()) : Double(digits)
}
