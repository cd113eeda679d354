public import Foundation
import Images
import Networks
import Synchronization
import Tensors

extension FlowTok {
    /// Loads the model that this package ships, away from the calling task's thread.
    ///
    /// - Throws: as `init(precision:)`.
    public static func load(precision: Precision? = nil) async throws -> FlowTok {
        try await Compute.run { _ in try FlowTok(precision: precision) }
    }

    /// Loads a model folder, away from the calling task's thread.
    ///
    /// - Throws: as `init(model:precision:)`.
    public static func load(model path: String, precision: Precision? = nil) async throws -> FlowTok {
        try await Compute.run { _ in try FlowTok(model: path, precision: precision) }
    }

    /// Loads a model folder, away from the calling task's thread.
    public static func load(model url: URL, precision: Precision? = nil) async throws -> FlowTok {
        try await load(model: url.path, precision: precision)
    }

    /// Loads a model folder.
    ///
    /// - Throws: as `init(model:precision:)`.
    public convenience init(model url: URL, precision: Precision? = nil) throws {
        try self.init(model: url.path, precision: precision)
    }

    /// Draws one image of `prompt` with the model's own settings. Cancelling the task stops it within one step.
    ///
    /// - Parameter seed: the same seed gives the same image, whatever the number of threads.
    /// - Throws: as `generate(_:progress:)`; `CancellationError`.
    public func generate(_ prompt: String, seed: UInt64) async throws -> Image {
        try await generate(GenerationRequest(prompt, seed: seed))[0].image
    }

    /// Draws `request.count` images. Cancelling the task stops it within one step.
    ///
    /// - Throws: as `generate(_:progress:)`; `CancellationError`.
    public func generate(_ request: GenerationRequest) async throws -> [GeneratedImage] {
        try await Compute.run { stop in
            try self.generate(request) { _ in try stop.check() }
        }
    }

    /// The most likely caption of an image. Cancelling the task stops it within one step.
    ///
    /// - Throws: as `caption(_:)`; `CancellationError`.
    public func caption(_ image: Image) async throws -> String {
        try await captions(of: image, count: 1)[0]
    }

    /// Up to `count` different captions of an image, the most likely first.
    ///
    /// - Throws: as `captions(of:count:steps:precision:)`; `CancellationError`.
    public func captions(of image: Image, count: Int) async throws -> [String] {
        try await Compute.run { stop in
            try self.captions(of: image, count: count) { try stop.check() }
        }
    }

    /// Draws a request as a stream of its steps and its images. Ending the iteration, or cancelling the task that iterates,
    /// stops the drawing within one step.
    ///
    /// ```swift
    /// for try await event in flowtok.generation(of: GenerationRequest("a red fox", seed: 7)) {
    ///     switch event {
    ///     case .step(let step, let steps, let previews): print("\(step) of \(steps)")
    ///     case .image(let image): try image.image.write(to: "fox.png")
    ///     }
    /// }
    /// ```
    /// - Parameter previewEvery: after how many steps the images on their way are decoded; nil for none, since each time
    ///   costs as much as decoding the result.
    public func generation(
        of request: GenerationRequest, previewEvery: Int? = 1
    ) -> AsyncThrowingStream<GenerationEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    let images = try await Compute.run { stop in
                        try self.generate(request) { progress in
                            try stop.check()
                            let wanted = previewEvery.map { $0 > 0 && progress.step % $0 == 0 } ?? false
                            let previews = wanted && progress.step < progress.steps ? try progress.previews() : []
                            continuation.yield(
                                .step(
                                    progress.step, of: progress.steps,
                                    previews: previews.enumerated().map { (progress.image + $0, $1) }))
                        }
                    }
                    images.forEach { continuation.yield(.image($0)) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// The same for one image of a prompt with a random seed.
    public func generation(of prompt: String) -> AsyncThrowingStream<GenerationEvent, any Error> {
        generation(of: GenerationRequest(prompt))
    }
}

/// What a stream of a drawing tells.
public enum GenerationEvent: Sendable {
    /// Steps done and steps in all for the images that are being drawn now, and what those look like, by their index in the
    /// request; none where no preview was asked for.
    case step(Int, of: Int, previews: [(index: Int, image: Image)])
    /// A finished image.
    case image(GeneratedImage)
}

/// Threads of their own for work that keeps a core busy: Swift's cooperative pool has as many threads as there are cores and
/// must not be kept from other tasks.
enum Compute {
    /// Whether the one who waits wants no result any more.
    final class Stop: Sendable {
        private let isWanted = Atomic<Bool>(false)

        func request() { isWanted.store(true, ordering: .relaxed) }

        /// - Throws: `CancellationError` where the work is to stop.
        func check() throws {
            if isWanted.load(ordering: .relaxed) { throw CancellationError() }
        }
    }

    private static let queue = DispatchQueue(label: "flowtok.compute", qos: .userInitiated, attributes: .concurrent)

    /// Runs `work` on such a thread and waits for it without holding one. A cancelled task asks the work to stop.
    static func run<Result: Sendable>(_ work: @escaping @Sendable (Stop) throws -> Result) async throws -> Result {
        let stop = Stop()
        return try await withTaskCancellationHandler {
            try Task.checkCancellation()
            return try await withCheckedThrowingContinuation { continuation in
                queue.async {
                    continuation.resume(with: Swift.Result { try work(stop) })
                }
            }
        } onCancel: {
            stop.request()
        }
    }
}
