import Foundation

/// A line plot of named series, such as loss curves, drawn into an image.
public struct Plot: Sendable {
    /// One curve. Points that are not finite, or not positive on a logarithmic axis, leave a gap.
    public struct Series: Sendable {
        public var name: String
        public var points: [SIMD2<Double>]
        /// nil takes the next colour of the palette.
        public var color: Color?

        /// A curve through `points`, each x and y.
        public init(_ name: String, points: [SIMD2<Double>], color: Color? = nil) {
            self.name = name
            self.points = points
            self.color = color
        }
    }

    public var title: String
    public var xLabel: String
    public var yLabel: String
    public var series: [Series]
    /// Whether the vertical axis is logarithmic.
    public var isLogarithmic: Bool
    /// Whether the horizontal axis is.
    public var isLogarithmicAcross: Bool

    public init(
        title: String = "", xLabel: String = "", yLabel: String = "", series: [Series], isLogarithmic: Bool = false,
        isLogarithmicAcross: Bool = false
    ) {
        self.title = title
        self.xLabel = xLabel
        self.yLabel = yLabel
        self.series = series
        self.isLogarithmic = isLogarithmic
        self.isLogarithmicAcross = isLogarithmicAcross
    }

    /// The plot as a picture. Traps below 160 by 120 pixels, where labels leave no room for curves.
    public func image(width: Int = 800, height: Int = 480) -> Image {
        precondition(width >= 160 && height >= 120, "a plot of \(width)x\(height) pixels")
        var image = Image(width: width, height: height, filled: .white)
        let curves = series.map { curve in curve.points.map(transformed) }
        let shown = curves.joined().filter(isShown)
        let x = Axis(shown.map(\.x), isLogarithmic: isLogarithmicAcross)
        let y = Axis(shown.map(\.y), isLogarithmic: isLogarithmic, padding: 0.03)

        let letter = Image.textHeight()
        let labelWidth = y.ticks.map { Image.width(ofText: $0.label) }.max() ?? 0
        let left = labelWidth + 14
        let top = 12 + (title.isEmpty ? 0 : 2 * letter + 8) + (yLabel.isEmpty ? 0 : letter + 6)
        let frame = PixelRect(
            x: left, y: top, width: width - left - 16,
            height: height - top - 2 * letter - 14 - (xLabel.isEmpty ? 0 : letter + 4))

        image.draw(text: title, x: max(4, (width - Image.width(ofText: title, scale: 2)) / 2), y: 10, scale: 2)
        image.draw(text: yLabel, x: 8, y: top - letter - 6, color: ink)
        image.draw(
            text: xLabel, x: frame.x + (frame.width - Image.width(ofText: xLabel)) / 2, y: height - letter - 6, color: ink)
        draw(x, y, frame, into: &image)
        for (index, curve) in curves.enumerated() {
            draw(curve, color: color(index), x, y, frame, into: &image)
        }
        // The upper corner that has fewer points in it.
        let places = shown.map { SIMD2(x.place(of: $0.x), y.place(of: $0.y)) }.filter { $0.y > 0.5 }
        drawLegend(in: frame, left: places.count { $0.x < 0.5 } < places.count { $0.x >= 0.5 }, into: &image)
        return image
    }

    /// The place of a point on the axes: a logarithmic value by its exponent.
    private func transformed(_ point: SIMD2<Double>) -> SIMD2<Double> {
        SIMD2(isLogarithmicAcross ? log10(point.x) : point.x, isLogarithmic ? log10(point.y) : point.y)
    }

    private func isShown(_ point: SIMD2<Double>) -> Bool {
        point.x.isFinite && point.y.isFinite
    }

    private func color(_ index: Int) -> Color {
        series[index].color ?? palette[index % palette.count]
    }

    private func draw(_ x: Axis, _ y: Axis, _ frame: PixelRect, into image: inout Image) {
        for tick in y.ticks {
            let row = frame.y + Int((1 - tick.place) * Double(frame.height - 1))
            image.fill(PixelRect(x: frame.x, y: row, width: frame.width, height: 1), with: faint)
            let labelX = frame.x - 6 - Image.width(ofText: tick.label)
            image.draw(text: tick.label, x: labelX, y: row - Image.textHeight() / 2, color: ink)
        }
        for tick in x.ticks {
            let column = frame.x + Int(tick.place * Double(frame.width - 1))
            image.fill(PixelRect(x: column, y: frame.y, width: 1, height: frame.height + 4), with: faint)
            let labelX = column - Image.width(ofText: tick.label) / 2
            let lastX = image.width - Image.width(ofText: tick.label) - 2
            image.draw(text: tick.label, x: min(labelX, lastX), y: frame.y + frame.height + 7, color: ink)
        }
        image.fill(PixelRect(x: frame.x, y: frame.y, width: 1, height: frame.height), with: ink)
        image.fill(PixelRect(x: frame.x, y: frame.y + frame.height - 1, width: frame.width, height: 1), with: ink)
    }

    private func draw(
        _ curve: [SIMD2<Double>], color: Color, _ x: Axis, _ y: Axis, _ frame: PixelRect, into image: inout Image
    ) {
        let origin = SIMD2(Double(frame.x) + 0.5, Double(frame.y) + 0.5)
        let size = SIMD2(Double(frame.width - 1), Double(frame.height - 1))
        var last: SIMD2<Double>?
        for (index, point) in curve.enumerated() {
            guard isShown(point) else {
                last = nil
                continue
            }
            let place = origin + size * SIMD2(x.place(of: point.x), 1 - y.place(of: point.y))
            let isAlone = last == nil && (index + 1 == curve.count || !isShown(curve[index + 1]))
            if let last {
                image.drawLine(from: last, to: place, color: color, thickness: 1.5)
            } else if isAlone {
                image.drawLine(from: place, to: place, color: color, thickness: 4)
            }
            last = place
        }
    }

    private func drawLegend(in frame: PixelRect, left isLeft: Bool, into image: inout Image) {
        let names = series.map(\.name)
        guard names.contains(where: { !$0.isEmpty }) else { return }
        let line = Image.textHeight() + 6
        let width = (names.map { Image.width(ofText: $0) }.max() ?? 0) + 34
        let box = PixelRect(
            x: isLeft ? frame.x + 5 : frame.x + frame.width - width - 4, y: frame.y + 4, width: width, height: names.count * line + 6)
        image.fill(box, with: faint)
        image.fill(PixelRect(x: box.x + 1, y: box.y + 1, width: box.width - 2, height: box.height - 2), with: .white)
        for (index, name) in names.enumerated() {
            let y = box.y + 6 + index * line
            image.fill(PixelRect(x: box.x + 6, y: y + 2, width: 16, height: 3), with: color(index))
            image.draw(text: name, x: box.x + 28, y: y, color: ink)
        }
    }
}

private let ink = Color(gray: 64)
private let faint = Color(gray: 225)
/// Told apart by people with any colour vision (Okabe and Ito).
private let palette = [0x0072B2, 0xD55E00, 0x009E73, 0xCC79A7, 0xE69F00, 0x56B4E9, 0x000000].map { Color(hex: $0) }
