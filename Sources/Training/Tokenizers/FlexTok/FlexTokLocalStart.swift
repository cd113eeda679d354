import Files
import Layers
import Networks
import Tensors

/// Where the parameters of a FlexTok start that is to learn in reasonable time at a small size: registers begin at the middles of
/// the cells of ever finer grids, the first two over the whole image, the next two over its halves, and so on to the last half of
/// them, so that nested dropout cuts at the borders of the grids. Queries and keys begin with the same map, and the decoder's gates
/// are open. Nothing is known of FlexTok's own start but that its positions of registers are learned.
struct FlexTokLocalStart {
    private(set) var parameters: [String: Tensor] = [:]

    init(_ configuration: FlexTokConfiguration) {
        let (registers, grid) = (configuration.registers, configuration.grid)
        for (part, shape) in [("enc", configuration.encoder), ("dec", configuration.decoder)] {
            let (place, width) = ((part == "enc" ? "encoder" : "decoder") + ".module_dict.\(part)_", shape.width)
            let positions = PositionTables.sinusoidal2D(rows: grid, columns: grid, width: width)
            let cells = LocalStart.cells(of: positions, side: grid, tokens: registers)
            if part == "enc" {
                parameters[place + "register_module.registers"] = cells
            } else {
                parameters[place + "registers_posemb_module.posembs"] = cells.permuted(1, 0).reshaped([1, 1, width, registers])
                parameters[place + "from_latents.proj.weight"] = LocalStart.normal(place, [width, configuration.levels.count], gain: 1.5)
            }
            for layer in 0..<shape.depth {
                let attention = place + "transformer.blocks.\(layer).attn."
                let maps = LocalStart.maps(attention, width: width)
                parameters[attention + "wq.weight"] = maps.queries
                parameters[attention + "wk.weight"] = maps.queries
                parameters[attention + "wv.weight"] = maps.values
                parameters[attention + "proj.weight"] = maps.output
                guard part == "dec" else { continue }
                // The first two of six vectors are gates, for patches and for registers. Were they zero, what the attention reads
                // would have no gradient before they have grown.
                let gates = Tensor.concatenated([.filled([2 * width], with: 1), .zeros([4 * width])], axis: 0)
                parameters[place + "transformer.blocks.\(layer).adaLN_modulation.1.bias"] = .concatenated([gates, gates], axis: 0)
            }
        }
    }

    /// - Throws: `InvalidValue` where the registers are not as many as such cells.
    static func validate(_ configuration: FlexTokConfiguration) throws(InvalidValue) {
        guard QueryGrid.divides(side: configuration.grid, tokens: configuration.registers) else {
            let grid = "\(configuration.grid)×\(configuration.grid)"
            throw InvalidValue(
                "network.registers is \(configuration.registers), expected with local_start a power of two whose half is cells of a grid of \(grid)")
        }
    }
}
