/// How a server is run.
package struct ServerOptions: Sendable {
    /// What happens where a client asks for another size than the model draws.
    package enum SizePolicy: String, Sendable, CaseIterable {
        /// The image is drawn at the model's own size and resized.
        case resize
        /// The image is sent at the model's own size.
        case native
        /// The request is refused.
        case reject
    }

    package var host = "127.0.0.1"
    /// 0 for one that is free.
    package var port = 7860
    /// What clients must show; nil where everybody may draw.
    package var apiKey: String?
    /// The origins of other pages that may use this server; `*` for all.
    package var corsOrigins: [String] = []
    /// Batches that are drawn at the same time.
    package var slots = 1
    /// The most requests that wait.
    package var queue = 64
    /// The most images of a request.
    package var maximumCount = 10
    /// The most steps of an image.
    package var maximumSteps = 200
    /// The most bytes of a body.
    package var maximumUpload = 16 << 20
    /// Seconds that a request may wait and be worked on; jobs have no limit.
    package var timeout = 300.0
    /// Seconds in which a body must arrive.
    package var bodyTimeout = 30.0
    /// Seconds after which a connection on which nothing comes is closed. More than those of a body, so that a client whose body
    /// stops is told so.
    package var idleTimeout = 40.0
    /// Connections at a time.
    package var maximumConnections = 1024
    package var sizePolicy = SizePolicy.resize
    /// Seconds that requests have to end after SIGTERM.
    package var drain = 30.0
    /// Whether `/metrics` is there.
    package var hasMetrics = false
    /// Seconds that a job can be asked for after its end, and how many such are kept.
    package var keptSeconds = 900.0
    package var keptJobs = 200
    /// Seconds after the last image until the memory that drawing needs is given back.
    package var idleMemory = 10.0

    package init() {}

    /// Whether only programs of this machine reach the address.
    package var isLocal: Bool { ["127.0.0.1", "::1", "localhost"].contains(host) || host.hasPrefix("127.") }
}
