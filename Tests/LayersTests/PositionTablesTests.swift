import Foundation
import Layers
import Tensors
import Testing

/// The tables against the formulas of FlowTok's reference (sections 6 and 7.1), written out again.
@Suite struct PositionTablesTests {
    @Test func sinusoids() {
        let (positions, width) = (7, 12)
        let table = PositionTables.sinusoidal(positions: positions, width: width)
        #expect(table.shape == [7, 12])
        for p in 0..<positions {
            for j in 0..<width {
                let frequency = pow(10000, -Double(j % 6) / 6)
                let expected = j < 6 ? sin(Double(p) * frequency) : cos(Double(p) * frequency)
                #expect(abs(Double(table.values[p * width + j]) - expected) < 1e-7)
            }
        }
        // By hand: position 1 has sin 1 first and cos 1 in the middle; position 0 has zeros and ones.
        #expect(abs(table.values[12] - 0.841471) < 1e-6 && abs(table.values[18] - 0.540302) < 1e-6)
        #expect(table.values[..<6].allSatisfy { $0 == 0 } && table.values[6..<12].allSatisfy { $0 == 1 })
    }

    @Test func timesCosineFirst() {
        let table = PositionTables.timeEmbedding([0, 0.37, 1])
        #expect(table.shape == [3, 256])
        for (row, t) in [0, 0.37, 1.0].enumerated() {
            for k in 0..<128 {
                let frequency = exp(-log(10000) * Double(k) / 128)
                #expect(abs(Double(table.values[row * 256 + k]) - cos(t * frequency)) < 1e-6)
                #expect(abs(Double(table.values[row * 256 + 128 + k]) - sin(t * frequency)) < 1e-6)
            }
        }
    }

    @Test func rotaryAnglesRowsBeforeColumns() {
        let (side, dimension) = (3, 16)
        let table = PositionTables.rotary2D(side: side, headDimension: dimension)
        #expect(table.cosines.shape == [9, 16] && table.sines.shape == [9, 16])
        for row in 0..<side {
            for column in 0..<side {
                for channel in 0..<dimension {
                    let position = channel < dimension / 2 ? row : column
                    let m = channel % (dimension / 2) / 2
                    let angle = Double(position) * pow(10000, -2 * Double(m) / (Double(dimension) / 2))
                    let place = (row * side + column) * dimension + channel
                    #expect(abs(Double(table.cosines.values[place]) - cos(angle)) < 1e-7)
                    #expect(abs(Double(table.sines.values[place]) - sin(angle)) < 1e-7)
                }
            }
        }
    }
}
