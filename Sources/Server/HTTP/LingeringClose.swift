import NIOCore

/// Ends a connection whose client may still be sending. To close it with bytes unread makes the system reset it, which takes
/// the reply back before the client has read it: so the server's side is ended, what comes is read and dropped until the client
/// ends its own side, and only a client that takes too long about it, or sends too much, is cut off.
///
/// It stands between the socket and all other handlers, which hear and read nothing more.
final class LingeringClose: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    struct Limits: Sendable {
        var bytes: Int
        var time: TimeAmount
        /// The longest time in which nothing comes.
        var silence: TimeAmount

        /// For a body that is too large, which some clients send to its end before they read anything.
        static let largeBody = Limits(bytes: 256 << 20, time: .seconds(30), silence: .seconds(5))
        /// For a body that arrives too slowly.
        static let slowBody = Limits(bytes: 1 << 20, time: .seconds(2), silence: .seconds(1))
    }

    private let limits: Limits
    private var bytesLeft: Int
    private var isEnding = false
    private var hasHeard = false
    private var deadline: Scheduled<Void>?
    private var silence: Scheduled<Void>?
    private var waiting: [EventLoopPromise<Void>] = []

    private init(_ limits: Limits) {
        self.limits = limits
        bytesLeft = limits.bytes
    }

    /// Ends a connection after what has been written to it.
    static func end(_ channel: any Channel, _ limits: Limits) async {
        let ended = channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(LingeringClose(limits), position: .first)
            channel.close(mode: .output, promise: nil)
        }
        // A connection that is closed already has no pipeline.
        try? await ended.get()
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        deadline = context.eventLoop.scheduleTask(in: limits.time) { own.value.finish(bound.value) }
        listen(context)
        context.read()
    }

    private func listen(_ context: ChannelHandlerContext) {
        hasHeard = false
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        silence = context.eventLoop.scheduleTask(in: limits.silence) {
            if own.value.hasHeard { own.value.listen(bound.value) } else { own.value.finish(bound.value) }
        }
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard !isEnding else { return }
        isEnding = true
        stopTimers()
        context.close(promise: nil)
    }

    private func stopTimers() {
        deadline?.cancel()
        silence?.cancel()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        hasHeard = true
        bytesLeft -= unwrapInboundIn(data).readableBytes
        if bytesLeft < 0 { finish(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if !isEnding { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent { return finish(context) }
        if case .inputClosed? = event as? ChannelEvent { return finish(context) }
        context.fireUserInboundEventTriggered(event)
    }

    /// Others that want the connection closed wait for its end.
    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, !isEnding else { return context.close(mode: mode, promise: promise) }
        if let promise { waiting.append(promise) }
    }

    func channelInactive(context: ChannelHandlerContext) {
        isEnding = true
        stopTimers()
        waiting.forEach { $0.succeed(()) }
        waiting = []
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopTimers()
        waiting.forEach { $0.succeed(()) }
        waiting = []
    }
}
