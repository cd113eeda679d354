import FlowTok

/// The report on a picture that was drawn: as a line for people, or as JSON.
struct PictureReport: Encodable {
    let file: String
    let record: GenerationMetadata
    let trajectory: String?
    /// Nil in lines of a batch, which say the same however long a picture took.
    let seconds: Double?

    enum CodingKeys: String, CodingKey {
        case file, trajectory, seconds
    }

    func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(file, forKey: .file)
        try values.encodeIfPresent(trajectory, forKey: .trajectory)
        try values.encodeIfPresent(seconds.map { ($0 * 1000).rounded() / 1000 }, forKey: .seconds)
    }

    /// "a-red-fox.png: seed 7, 20 steps, 0.41 s"
    var line: String {
        let steps = record.settings.steps
        return "\(file): seed \(record.seed), \(steps) step\(steps == 1 ? "" : "s"), \((seconds ?? 0).formatted(digits: 2)) s"
    }
}
