import Files
import Foundation
import Layers
import Networks
import Tensors

/// Where the parameters of a FlexTok start that is to learn in reasonable time at a small size. The published start is not known;
/// with one at random all registers of an image soon hold the same code, for a decoder that cannot tell them apart has use for
/// nothing but what is the same everywhere.
///
/// Registers begin at the middles of the cells of ever finer grids, the first two over the whole image, the next two over its
/// halves, and so on to the last half of them, so that nested dropout cuts at the borders of the grids. The first attention of the
/// encoder reads what lies in a register's cell, so that its code begins as a map of the mean latents there; the rest of the encoder
/// adds nothing yet. The first attention of the decoder brings the codes of the cells around a patch to it, and its gates are open.
package struct FlexTokLocalStart {
    package private(set) var parameters: [String: Tensor] = [:]

    package init(_ configuration: FlexTokConfiguration) {
        encoder(configuration)
        decoder(configuration)
    }

    private mutating func encoder(_ configuration: FlexTokConfiguration) {
        let (place, width, values) = ("encoder.module_dict.enc_", configuration.encoder.width, configuration.patchValues)
        let room = Room(width: width, grid: configuration.grid)
        parameters[place + "register_module.registers"] = room.cells(of: configuration)
        // A patch's means of latents by channel first, then maps of all its values at random.
        let parts = min(room.pairs.count, values)
        let channels = configuration.autoencoder.latentChannels
        let mean = 1 / Float(configuration.patchSize)
        let random = LocalStart.normal(place, [parts, values]).values
        let reading = (0..<parts * values).map { i in
            i / values < channels ? (i % values % channels == i / values ? mean : 0) : random[i]
        }
        parameters[place + "patch_emb.patch_proj.weight"] = room.written(parts).matrixProduct(Tensor(reading, shape: [parts, values]))
        let code = configuration.levels.count
        parameters[place + "to_latents.proj.weight"] = room.written(code).permuted(1, 0) * Self.codeGain
        let carried = room.carried(parts)
        for layer in 0..<configuration.encoder.depth {
            let block = place + "transformer.blocks.\(layer)."
            let compared = room.compared(block)
            parameters[block + "attn.wq.weight"] = compared
            parameters[block + "attn.wk.weight"] = compared
            parameters[block + "attn.proj.weight"] = layer == 0 ? carried.output : .zeros([width, width])
            parameters[block + "mlp.fc2.weight"] = .zeros([width, configuration.encoder.hidden])
        }
        parameters[place + "transformer.blocks.0.attn.wv.weight"] = carried.values
    }

    private mutating func decoder(_ configuration: FlexTokConfiguration) {
        let (place, width, values) = ("decoder.module_dict.dec_", configuration.decoder.width, configuration.patchValues)
        let room = Room(width: width, grid: configuration.grid)
        let code = configuration.levels.count
        parameters[place + "registers_posemb_module.posembs"] = room.cells(of: configuration).permuted(1, 0)
            .reshaped([1, 1, width, configuration.registers])
        parameters[place + "from_latents.proj.weight"] = room.written(code) * Self.readGain
        // What lies in a patch stays off the waves that are compared and off the codes.
        let kept = Set(room.near).union(room.pairs.prefix(code).flatMap { [$0.0, $0.1] })
        let random = LocalStart.normal(place, [width, values]).values
        parameters[place + "noise_patch_emb.patch_proj.weight"] = Tensor(
            random.indices.map { kept.contains($0 / values) ? 0 : random[$0] * 0.5 }, shape: [width, values])
        for layer in 0..<configuration.decoder.depth {
            let attention = place + "transformer.blocks.\(layer).attn."
            let maps = LocalStart.maps(attention, width: width)
            let compared = layer == 0 ? room.compared(attention) : maps.queries
            let carried = layer == 0 ? room.carried(code) : (values: maps.values, output: maps.output)
            parameters[attention + "wq.weight"] = compared
            parameters[attention + "wk.weight"] = compared
            parameters[attention + "wv.weight"] = carried.values
            parameters[attention + "proj.weight"] = carried.output
            // The first two of six vectors are gates, for patches and for registers. Were they zero, what the attention reads
            // would have no gradient before they have grown.
            let gates = Tensor.concatenated([.filled([2 * width], with: 1), .zeros([4 * width])], axis: 0)
            parameters[place + "transformer.blocks.\(layer).adaLN_modulation.1.bias"] = .concatenated([gates, gates], axis: 0)
        }
    }

    /// What a code's numbers are multiplied by as they are read, found by trying: with 1 those of the sprites' latents lay at the ends
    /// of their ranges, with 0.3 they spread over them; and what the decoder multiplies them by.
    private static let (codeGain, readGain) = (Float(0.3), Float(1.5))

    /// - Throws: `InvalidValue` where the registers are not as many as such cells, or there is no room for a code.
    static func validate(_ configuration: FlexTokConfiguration) throws(InvalidValue) {
        guard QueryGrid.divides(side: configuration.grid, tokens: configuration.registers) else {
            let grid = "\(configuration.grid)×\(configuration.grid)"
            throw InvalidValue(
                "network.registers is \(configuration.registers), expected with local_start a power of two whose half is cells of a grid of \(grid)")
        }
        for (part, width) in [("encoder", configuration.encoder.width), ("decoder", configuration.decoder.width)] {
            let room = Room(width: width, grid: configuration.grid).pairs.count
            guard room >= configuration.levels.count else {
                throw InvalidValue(
                    "network.\(part).width is \(width), which with local_start has room for \(room) numbers of a code, expected at least \(configuration.levels.count)"
                )
            }
        }
    }
}

/// How the channels of a sequence are shared out between positions and what lies there.
private struct Room {
    let width: Int
    private let grid: Int
    /// Waves of positions short enough that places some patches apart differ.
    let near: [Int]
    /// Sines of waves so long that they are nothing all over the grid, in twos: a number written with opposite signs into both is
    /// not changed by a norm that takes the mean off.
    let pairs: [(Int, Int)]

    init(width: Int, grid: Int) {
        (self.width, self.grid) = (width, grid)
        let quarter = width / 4
        let rates = (0..<quarter).map { pow(10000, -Double($0) / Double(quarter)) }
        let waves = rates.indices.filter { rates[$0] > 0.3 }
        near = (0..<4).flatMap { part in waves.map { part * quarter + $0 } }
        let empty = rates.indices.filter { rates[$0] * Double(grid - 1) < 0.1 }
        let free = [0, 2].flatMap { part in empty.map { part * quarter + $0 } }
        pairs = stride(from: 0, to: free.count / 2 * 2, by: 2).map { (free[$0], free[$0 + 1]) }
    }

    /// The mean positions of the cells of registers: [registers, width].
    func cells(of configuration: FlexTokConfiguration) -> Tensor {
        LocalStart.cells(
            of: PositionTables.sinusoidal2D(rows: grid, columns: grid, width: width), side: grid, tokens: configuration.registers)
    }

    /// Writes numbers into pairs, as many as given: [width, count].
    func written(_ count: Int) -> Tensor {
        Tensor(uninitialized: [width, count]) { out in
            out.update(repeating: 0)
            for (number, pair) in pairs.prefix(count).enumerated() {
                out[pair.0 * count + number] = Float(0.5).squareRoot()
                out[pair.1 * count + number] = -Float(0.5).squareRoot()
            }
        }
    }

    /// A map of the near waves alone, to be compared: [width, width].
    func compared(_ name: String) -> Tensor {
        let random = LocalStart.normal(name, [width, width], gain: (Float(width) / Float(max(1, near.count))).squareRoot()).values
        let near = Set(near)
        return Tensor(random.indices.map { near.contains($0 % width) ? random[$0] : 0 }, shape: [width, width])
    }

    /// Maps of an attention that bring the numbers of so many pairs to the same pairs, spread over all its heads.
    func carried(_ count: Int) -> (values: Tensor, output: Tensor) {
        let written = written(count)
        let spread = Tensor(uninitialized: [width, count]) { out in
            out.update(repeating: 0)
            for number in 0..<count { out[number * width / count * count + number] = 1 }
        }
        return (
            spread.matrixProduct(written, otherTransposed: true), written.matrixProduct(spread, otherTransposed: true) * 1.5
        )
    }
}
