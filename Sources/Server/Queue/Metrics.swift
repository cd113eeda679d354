import Foundation
import Synchronization

/// Counters and histograms in the text form that Prometheus reads.
final class Metrics: Sendable {
    private struct Histogram {
        var counts: [Int]
        var sum = 0.0
        var count = 0
    }

    private struct State {
        var counters: [String: Double] = [:]
        var histograms: [String: Histogram] = [:]
    }

    private let state = Mutex(State())

    private static let bounds: [String: [Double]] = [
        "flowtok_batch_size": [1, 2, 3, 4, 5, 6, 7, 8],
        "flowtok_batch_seconds": [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
        "flowtok_http_request_seconds": [0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
    ]

    private static let help: [(name: String, type: String, text: String)] = [
        ("flowtok_http_requests_total", "counter", "Requests, by route, method and status."),
        ("flowtok_http_request_seconds", "histogram", "Seconds until a reply began."),
        ("flowtok_images_total", "counter", "Images drawn."),
        ("flowtok_queue_full_total", "counter", "Requests that were turned away since the queue was full."),
        ("flowtok_batch_size", "histogram", "Images drawn together."),
        ("flowtok_batch_seconds", "histogram", "Seconds that a batch took."),
        ("flowtok_queue_waiting", "gauge", "Jobs that wait."),
        ("flowtok_queue_running", "gauge", "Jobs that are being worked on."),
        ("flowtok_jobs_kept", "gauge", "Jobs that can be asked for."),
        ("process_resident_memory_bytes", "gauge", "Resident memory."),
        ("process_open_fds", "gauge", "Open file descriptors."),
        ("process_start_time_seconds", "gauge", "When the process began, since the epoch."),
    ]

    private static let started = Date().timeIntervalSince1970

    init() { _ = Self.started }

    /// - Parameter labels: in the form `method="GET"`.
    func add(_ name: String, _ amount: Double = 1, labels: String = "") {
        state.withLock { $0.counters[labels.isEmpty ? name : "\(name){\(labels)}", default: 0] += amount }
    }

    func observe(_ name: String, _ value: Double) {
        guard let bounds = Self.bounds[name] else { return }
        state.withLock { state in
            var histogram = state.histograms[name] ?? Histogram(counts: Array(repeating: 0, count: bounds.count))
            for (index, bound) in bounds.enumerated() where value <= bound { histogram.counts[index] += 1 }
            histogram.sum += value
            histogram.count += 1
            state.histograms[name] = histogram
        }
    }

    /// The text of all metrics.
    ///
    /// - Parameter gauges: values of this moment.
    func text(gauges: [String: Double]) -> String {
        var gauges = gauges
        gauges["process_resident_memory_bytes"] = Self.residentBytes.map(Double.init)
        gauges["process_open_fds"] = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count).map(Double.init)
        gauges["process_start_time_seconds"] = Self.started
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        var lines: [String] = []
        for (name, type, text) in Self.help {
            lines += ["# HELP \(name) \(text)", "# TYPE \(name) \(type)"]
            if let value = gauges[name] { lines.append("\(name) \(value)") }
            for (key, value) in counters.sorted(by: { $0.key < $1.key }) where key == name || key.hasPrefix(name + "{") {
                lines.append("\(key) \(value)")
            }
            if let histogram = histograms[name], let bounds = Self.bounds[name] {
                for (bound, count) in zip(bounds, histogram.counts) { lines.append("\(name)_bucket{le=\"\(bound)\"} \(count)") }
                lines += [
                    "\(name)_bucket{le=\"+Inf\"} \(histogram.count)", "\(name)_sum \(histogram.sum)",
                    "\(name)_count \(histogram.count)",
                ]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// Bytes of memory that the process holds.
    static var residentBytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8),
            let pages = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }
}
