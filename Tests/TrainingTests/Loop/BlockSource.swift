import Datasets
import Images
import Tensors
import Training

/// Pictures of a coloured block in one quarter of a coloured ground, with captions: little to learn, and quickly drawn.
struct BlockSource: SampleSource {
    static let colours: [(name: String, color: Color)] = [
        ("red", Color(hex: 0xE03030)), ("green", Color(hex: 0x30A040)), ("blue", Color(hex: 0x3060E0)),
        ("white", Color(hex: 0xFFFFFF)),
    ]
    var side = 32

    func sample(_ index: UInt64) -> CaptionedImage {
        var random = CounterRandom(seed: 77, stream: index)
        let ground = BlockSource.colours[Int(random.next() % 4)]
        let block = BlockSource.colours[Int(random.next() % 4)]
        let place = Int(random.next() % 4)
        var image = Image(width: side, height: side, filled: ground.color)
        image.fill(
            PixelRect(x: place % 2 * side / 2, y: place / 2 * side / 2, width: side / 2, height: side / 2),
            with: block.color)
        return CaptionedImage(image: image, caption: "\(block.name) on \(ground.name)")
    }
}
