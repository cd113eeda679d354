/// Draws sprites by weight, in logarithmic time.
struct SpriteSampler: Sendable {
    private var indices: [Int] = []
    private var sums: [Double] = []

    /// A sampler of the sprites that `include` admits.
    init(_ sprites: [Sprite], skinToneWeight: Double, include: (SpriteDescription) -> Bool) {
        var sum = 0.0
        for (index, sprite) in sprites.enumerated() where include(sprite.description) {
            let weight = max(0, Double(sprite.description.weight)) * (sprite.description.skinTone ? skinToneWeight : 1)
            guard weight > 0, weight.isFinite else { continue }
            sum += weight
            indices.append(index)
            sums.append(sum)
        }
    }

    var isEmpty: Bool { indices.isEmpty }

    /// The index of a sprite. The sampler must not be empty.
    func draw(_ random: inout SceneRandom) -> Int {
        let target = random.unit() * (sums.last ?? 0)
        var low = 0
        var high = sums.count - 1
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > target { high = middle } else { low = middle + 1 }
        }
        return indices[low]
    }
}
