import Foundation
import Tensors

/// Tables that positions give, computed in double and rounded once.
public enum PositionTables {
    /// sin(p w_j) in the first half of the channels, cos(p w_j) in the second, w_j = 10000^(-j/(width/2)):
    /// [positions, width].
    public static func sinusoidal(positions: Int, width: Int) -> Tensor {
        let half = width / 2
        return Tensor(uninitialized: [positions, width]) { buffer in
            for p in 0..<positions {
                for j in 0..<half {
                    let angle = Double(p) * pow(10000, -Double(j) / Double(half))
                    buffer[p * width + j] = Float(sin(angle))
                    buffer[p * width + half + j] = Float(cos(angle))
                }
            }
        }
    }

    /// Rotary angles of a grid of side×side patches, row-major: the first half of a head's channels turns with the row,
    /// the second with the column, every frequency on two adjacent channels (FlowTok's reference, 7.1).
    public static func rotary2D(side: Int, headDimension: Int) -> RotaryTable {
        let quarter = headDimension / 4
        var cosines = [Float](repeating: 1, count: side * side * headDimension)
        var sines = [Float](repeating: 0, count: side * side * headDimension)
        for row in 0..<side {
            for column in 0..<side {
                let at = (row * side + column) * headDimension
                for m in 0..<quarter {
                    let frequency = pow(10000, -2 * Double(m) / Double(headDimension / 2))
                    for (offset, position) in [(0, row), (headDimension / 2, column)] {
                        let angle = Double(position) * frequency
                        for twin in 0..<2 {
                            cosines[at + offset + 2 * m + twin] = Float(cos(angle))
                            sines[at + offset + 2 * m + twin] = Float(sin(angle))
                        }
                    }
                }
            }
        }
        let shape = [side * side, headDimension]
        return RotaryTable(cosines: Tensor(cosines, shape: shape), sines: Tensor(sines, shape: shape))
    }

    /// Positions of a grid, row-major: a quarter of the channels each for sin(r w_j), cos(r w_j), sin(c w_j) and cos(c w_j)
    /// of row r and column c, w_j = 10000^(-j/(width/4)): [rows·columns, width].
    public static func sinusoidal2D(rows: Int, columns: Int, width: Int) -> Tensor {
        let quarter = width / 4
        func axis(_ count: Int) -> [[(sine: Float, cosine: Float)]] {
            (0..<count).map { position in
                (0..<quarter).map { j in
                    let angle = Double(position) * pow(10000, -Double(j) / Double(quarter))
                    return (Float(sin(angle)), Float(cos(angle)))
                }
            }
        }
        let (down, across) = (axis(rows), axis(columns))
        return Tensor(uninitialized: [rows * columns, width]) { buffer in
            buffer.update(repeating: 0)
            for row in 0..<rows {
                for column in 0..<columns {
                    let at = (row * columns + column) * width
                    for j in 0..<quarter {
                        (buffer[at + j], buffer[at + quarter + j]) = down[row][j]
                        (buffer[at + 2 * quarter + j], buffer[at + 3 * quarter + j]) = across[column][j]
                    }
                }
            }
        }
    }

    /// cos(t f_k) and then sin(t f_k), f_k = exp(-ln(10000) k / half): [times, 2·half] (the embedding of t in DiT).
    public static func timeEmbedding(_ times: [Float], half: Int = 128) -> Tensor {
        Tensor(uninitialized: [times.count, 2 * half]) { buffer in
            for (i, t) in times.enumerated() {
                for k in 0..<half {
                    let frequency = Float(exp(-log(10000) * Float(k) / Float(half)))
                    buffer[i * 2 * half + k] = cos(t * frequency)
                    buffer[i * 2 * half + half + k] = sin(t * frequency)
                }
            }
        }
    }
}
