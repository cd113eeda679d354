extension Image {
    /// Draws a straight, antialiased line `thickness` pixels wide. Coordinates lie between pixels: the middle of the top
    /// left pixel is (0.5, 0.5). What leaves the picture is cut off; an end that is not finite draws nothing.
    public mutating func drawLine(
        from start: SIMD2<Double>, to end: SIMD2<Double>, color: Color, thickness: Double = 1
    ) {
        let reach = thickness / 2 + 1
        let low = SIMD2(min(start.x, end.x), min(start.y, end.y)) - reach
        let high = SIMD2(max(start.x, end.x), max(start.y, end.y)) + reach
        guard (start + end).x.isFinite, (start + end).y.isFinite, low.x < Double(width), low.y < Double(height),
            high.x > 0, high.y > 0
        else { return }
        let rows = Int(max(low.y, 0))..<Int(min(high.y, Double(height)).rounded(.up))
        let along = end - start
        let squared = (along * along).sum()
        for y in rows {
            // The part of the line that comes near this row decides which columns it can touch.
            var left = low.x
            var right = high.x
            if along.y != 0 {
                let a = start.x + along.x * ((Double(y) - reach - start.y) / along.y)
                let b = start.x + along.x * ((Double(y) + 1 + reach - start.y) / along.y)
                left = max(left, min(a, b) - reach)
                right = min(right, max(a, b) + reach)
            }
            let first = Int(min(max(left, 0), Double(width)))
            let last = Int(max(min(right, Double(width)), 0).rounded(.up))
            guard first < last else { continue }
            for x in first..<last {
                let point = SIMD2(Double(x) + 0.5, Double(y) + 0.5) - start
                let place = squared == 0 ? 0 : min(max((point * along).sum() / squared, 0), 1)
                let away = point - along * place
                let distance = (away * away).sum().squareRoot()
                let coverage = min(max(thickness / 2 + 0.5 - distance, 0), 1)
                if coverage > 0 { blend(color, coverage: coverage, x: x, y: y) }
            }
        }
    }

    private mutating func blend(_ color: Color, coverage: Double, x: Int, y: Int) {
        let old = self[x, y]
        func mix(_ a: UInt8, _ b: UInt8) -> UInt8 { UInt8(Double(a) + (Double(b) - Double(a)) * coverage + 0.5) }
        self[x, y] = Color(
            red: mix(old.red, color.red), green: mix(old.green, color.green), blue: mix(old.blue, color.blue))
    }
}
