import Images
import Testing

@Suite("Plots")
struct PlotTests {
    @Test func drawsCurvesInTheirColours() {
        let red = Color(red: 200, green: 0, blue: 0)
        let plot = Plot(
            title: "Loss", xLabel: "step", yLabel: "nats",
            series: [Plot.Series("train", points: (0..<50).map { SIMD2(Double($0), 1 / (1 + Double($0))) }, color: red)])
        let image = plot.image(width: 400, height: 240)
        #expect((image.width, image.height) == (400, 240))
        let inked = (0..<400 * 240).filter { image[$0 % 400, $0 / 400] == red }
        #expect(inked.count > 100)
        #expect(plot.image(width: 400, height: 240) == image)
    }

    @Test(
        "odd data is drawn without a trap",
        arguments: [
            [], [SIMD2(1, 1)], [SIMD2(0, 0), SIMD2(0, 0)], [SIMD2(0, 5), SIMD2(1, 5)],
            [SIMD2(.nan, 1), SIMD2(1, .infinity)], [SIMD2(0, 1), SIMD2(1, .nan), SIMD2(2, 3)],
            [SIMD2(0, -1), SIMD2(1, 0), SIMD2(2, 10)], [SIMD2(0, 1e-300), SIMD2(1, 1e308)],
            [SIMD2(-1e308, -1e308), SIMD2(1e308, 1e308)], [SIMD2(1e300, 1), SIMD2(1e300, 2)],
            [SIMD2(0, 1), SIMD2(1, 1 + 1e-15)], [SIMD2(0, 1e-8), SIMD2(1e9, 1)],
            [SIMD2(0, 0.301), SIMD2(1, 0.302)],
        ] as [[SIMD2<Double>]])
    func oddData(points: [SIMD2<Double>]) {
        for isLogarithmic in [false, true] {
            let plot = Plot(
                series: [Plot.Series("a", points: points), Plot.Series("b", points: points)],
                isLogarithmic: isLogarithmic, isLogarithmicAcross: isLogarithmic)
            #expect(plot.image().width == 800)
            #expect(plot.image(width: 160, height: 120).height == 120)
        }
        #expect(Plot(series: []).image().height == 480)
    }
}
