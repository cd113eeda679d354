import Datasets
import Images

/// Reads the background of a picture off its edge.
package enum BackgroundReader {
    /// The colour around the edge: the median of each channel, so that an object may reach it in places.
    package static func edgeColor(of image: Image) -> Color {
        var channels: [[UInt8]] = [[], [], []]
        func add(_ x: Int, _ y: Int) {
            let color = image[x, y]
            channels[0].append(color.red)
            channels[1].append(color.green)
            channels[2].append(color.blue)
        }
        for x in 0..<image.width {
            add(x, 0)
            add(x, image.height - 1)
        }
        for y in 0..<image.height {
            add(0, y)
            add(image.width - 1, y)
        }
        let middle = channels.map { $0.sorted()[$0.count / 2] }
        return Color(red: middle[0], green: middle[1], blue: middle[2])
    }

    /// White or the colour of the palette that is nearest to the edge's.
    package static func background(of image: Image) -> BackgroundColour {
        let edge = edgeColor(of: image)
        func distance(_ color: Color) -> Int {
            [(color.red, edge.red), (color.green, edge.green), (color.blue, edge.blue)]
                .reduce(0) { $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1)) }
        }
        return BackgroundColour.palette.reduce(.white) { distance($1.color) < distance($0.color) ? $1 : $0 }
    }
}
