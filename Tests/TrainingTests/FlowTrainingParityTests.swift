import Flow
import Layers
import Tensors
import TestSupport
import Testing
import TextModels
import Training

/// The losses, their gradients and four updates of FlowTok's training against the official implementation's numbers.
@Suite(.enabled(if: Goldens.areAvailable, Comment(rawValue: Goldens.absence)))
struct FlowTrainingParityTests {
    static let cases = Goldens.cases(of: "flowtok", prefix: "flowtok_", full: false).filter {
        (try? GoldenCase("flowtok", $0).contains("train_losses_4_steps")) == true
    }

    @Test("Losses and gradients agree with the official ones", arguments: cases)
    func lossesAndGradients(_ name: String) throws {
        let run = try FlowTrainingCase(name)
        let golden = run.golden
        #expect(run.problems.isEmpty, "\(run.problems)")
        let step = run.losses()
        let report = GoldenReport(name)
        for (output, actual) in [
            ("train_image_tokens_after_shuffle", step.targets), ("train_x_t", step.point),
            ("train_prediction", step.predicted), ("train_loss_fm", step.flow),
            ("train_loss_contrastive", step.alignment.reshaped([1])),
            ("train_loss_kld", step.weightedDivergence.reshaped([1])), ("train_loss_total", step.perSample),
        ] {
            report.compare(output, actual.detached, try golden.golden(output), tolerance: 2e-5)
        }
        let slopes = gradients(of: step.total, withRespectTo: run.store.leaves)
        let byName = Dictionary(uniqueKeysWithValues: zip(run.store.entries.map(\.name), slopes))
        report.compare(
            "train_grad_norms", try run.order.map { Float(try #require(byName[$0]).norm) },
            try golden.tensor("train_grad_norms").values, tolerance: 1e-4)
        for output in golden.outputs where output.hasPrefix("train_grad_") && output != "train_grad_norms" {
            let slope = try #require(byName[String(output.dropFirst("train_grad_".count))])
            report.compare(output, slope, try golden.golden(output), tolerance: 1e-4)
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }

    @Test("Four updates agree with the official ones", arguments: cases)
    func updates(_ name: String) throws {
        let run = try FlowTrainingCase(name)
        let golden = run.golden
        let optimizer = AdamW(
            run.store, settings: AdamWSettings(weightDecay: 0.03, averageDecay: 0.9, averageRamp: false))
        var losses: [Float] = []
        for index in 0..<4 {
            let total = run.losses().total
            losses.append(total.item)
            let slopes = gradients(of: total, withRespectTo: run.store.leaves)
            optimizer.update(slopes, rate: 4e-4 * min(Float(index) / 2, 1))
        }
        let report = GoldenReport(name)
        report.compare(
            "train_losses_4_steps", losses, try golden.tensor("train_losses_4_steps").values, tolerance: 5e-5)
        let finals = Dictionary(uniqueKeysWithValues: run.store.entries.map { ($0.name, $0.leaf.detached) })
        let averages = optimizer.averagedParameters
        func average(_ name: String) throws -> Tensor {
            averages.tensor(named: name, shape: try #require(finals[name]).shape, initial: .zeros)
        }
        for output in golden.outputs where !output.hasSuffix("_param_norms") {
            for (prefix, value) in [
                ("train_final_", { try #require(finals[$0]) }), ("train_ema_", average),
            ] as [(String, (String) throws -> Tensor)] where output.hasPrefix(prefix) {
                report.compare(
                    output, try value(String(output.dropFirst(prefix.count))), try golden.golden(output),
                    tolerance: 1e-5)
            }
        }
        // The true gradient of a key's bias is zero: the optimizer amplifies rounding there.
        for (biases, tolerance) in [(false, Float(1e-4)), (true, 2e-3)] {
            let places = run.order.indices.filter {
                (run.order[$0].hasSuffix("W_K.bias") || run.order[$0].hasSuffix("attn.qkv.bias")) == biases
            }
            for (output, value) in [
                ("train_final_param_norms", { try #require(finals[$0]) }), ("train_ema_param_norms", average),
            ] as [(String, (String) throws -> Tensor)] {
                let norms = try golden.tensor(output).values
                report.compare(
                    output + (biases ? " (key biases)" : ""), try places.map { Float(try value(run.order[$0]).norm) },
                    places.map { norms[$0] }, tolerance: tolerance)
            }
        }
        report.print()
        #expect(report.failures.isEmpty, "\(report.failures.joined(separator: "\n"))")
    }
}

/// The modules and the batch of a training case.
private struct FlowTrainingCase {
    let golden: GoldenCase
    let store: ParameterStore
    /// The names of the trained parameters in the order of the stored norms.
    let order: [String]
    let problems: [String]
    private let network: VelocityNetwork
    private let encoder: TextVariationalEncoder
    private let projector: TextProjector
    private let temperature: Tensor
    private let hidden, noise, images: Tensor
    private let times: [Float]
    private let unconditional: [Bool]

    struct Step {
        let targets, point, predicted: Tensor
        let flow, alignment, weightedDivergence, perSample, total: Tensor
    }

    init(_ name: String) throws {
        golden = try GoldenCase("flowtok", name)
        let shape = try golden.decode("config", as: FlowTokCaseShape.self)
        let synthetic = golden.weights
        store = ParameterStore(from: synthetic)
        let weights = Weights(store)
        network = VelocityNetwork(
            VelocityConfiguration(
                depth: shape.depth, width: shape.width, heads: shape.heads, tokens: shape.num_latent_tokens,
                channels: shape.channels), weights: weights)
        encoder = TextVariationalEncoder(
            TextVariationalConfiguration(
                width: shape.clip_dim, layers: shape.text_encoder.layers, heads: shape.text_encoder.heads,
                hidden: shape.text_encoder.ff, channels: shape.channels), weights: weights["context_encoder"])
        projector = TextProjector(
            weights["context_projector"], width: shape.clip_dim, channels: shape.channels)
        temperature = weights.tensor("t2t_temperature", [], initial: .zeros)
        problems = synthetic.problems
        order = try golden.decode("train_param_order")
        hidden = try golden.tensor("train_input_clip_hidden")
        noise = try golden.tensor("train_input_text_noise")
        images = try golden.tensor("train_input_image_tokens")
        times = try golden.tensor("train_input_t").values
        unconditional = try golden.integers("train_input_null").map { $0 == 1 }
    }

    /// The losses of the case's batch with the parameters as they are now (reference section 9).
    func losses() -> Step {
        let text = encoder(hidden)
        let tokens = text.sample(noise: noise)
        let (order, indicators) = FlowLosses.exchangedTargets(unconditional: unconditional)
        let size = images.count / images.shape[0]
        let targets = images.reshaped([images.shape[0], size]).rows(order.map { Int32($0) }).reshaped(images.shape)
        let point = ProbabilityPath.point(from: tokens, to: targets, at: times)
        let predicted = network(point, times: times, indicators: indicators)
        let flow = FlowLosses.flowMatching(
            predicted: predicted, velocity: ProbabilityPath.velocity(from: tokens, to: targets))
        let alignment = FlowLosses.alignment(tokens: tokens, projected: projector(hidden), temperature: temperature)
        let divergence = text.klDivergence * 0.01
        let shared = alignment + divergence
        return Step(
            targets: targets, point: point, predicted: predicted, flow: flow, alignment: alignment,
            weightedDivergence: divergence, perSample: flow + shared.repeated(flow.count), total: flow.mean() + shared)
    }
}
