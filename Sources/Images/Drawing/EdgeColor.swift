extension Image {
    /// The colour around the edge: the median of each channel, so that things may reach it in places.
    public var edgeColor: Color {
        var channels: [[UInt8]] = [[], [], []]
        func add(_ x: Int, _ y: Int) {
            let color = self[x, y]
            channels[0].append(color.red)
            channels[1].append(color.green)
            channels[2].append(color.blue)
        }
        for x in 0..<width {
            add(x, 0)
            add(x, height - 1)
        }
        for y in 0..<height {
            add(0, y)
            add(width - 1, y)
        }
        let middle = channels.map { $0.sorted()[$0.count / 2] }
        return Color(red: middle[0], green: middle[1], blue: middle[2])
    }
}
