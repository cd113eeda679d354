import Datasets
import Images

/// Reads the background of a picture off its edge.
package enum BackgroundReader {
    /// White or the colour of the palette that is nearest to the edge's.
    package static func background(of image: Image) -> BackgroundColour { BackgroundColour.nearest(to: image.edgeColor) }
}
