public import CoreMetrics
internal import Synchronization

/// A backend of swift-metrics that writes Prometheus's text format (version 0.0.4).
///
/// Timers are in seconds. Recorders and timers that aggregate are histograms; gauges keep the last value.
public final class PrometheusMetrics: MetricsFactory {
    /// The `Content-Type` of ``text()``.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    private struct Family {
        var type: String
        var series: [String: Series]
    }

    private let families = Mutex<[String: Family]>([:])
    private let help: [String: String]
    private let buckets: [String: [Double]]

    /// - Parameters:
    ///   - help: What each metric is, by name.
    ///   - buckets: Upper bounds of histograms by name, rising; others have bounds that suit seconds.
    public init(help: [String: String] = [:], buckets: [String: [Double]] = [:]) {
        self.help = help
        self.buckets = buckets
    }

    /// Everything as text.
    public func text() -> String {
        let families = families.withLock { $0 }
        var lines: [String] = []
        for (name, family) in families.sorted(by: { $0.key < $1.key }) {
            if let help = help[name] { lines.append("# HELP \(name) \(Self.escaped(help, quotes: false))") }
            lines.append("# TYPE \(name) \(family.type)")
            for (labels, series) in family.series.sorted(by: { $0.key < $1.key }) {
                lines += series.lines(name: name, labels: labels)
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Labels as they stand between braces.
    static func labels(_ dimensions: [(String, String)]) -> String {
        dimensions.map { "\(name($0.0))=\"\(escaped($0.1, quotes: true))\"" }.joined(separator: ",")
    }

    private static func name(_ label: String) -> String {
        let name = String(label.map { $0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" ? $0 : "_" })
        return name.first?.isNumber ?? true ? "_" + name : name
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where quotes: result += "\\\""
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private func series(_ label: String, _ dimensions: [(String, String)], _ type: String) -> Series {
        let name = Self.name(label)
        let labels = Self.labels(dimensions)
        return families.withLock { families in
            if let known = families[name]?.series[labels] { return known }
            let bounds = type == "histogram" ? buckets[name] ?? Series.secondsBuckets : []
            let series = Series(bounds: bounds, isHistogram: type == "histogram")
            families[name, default: Family(type: type, series: [:])].series[labels] = series
            return series
        }
    }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        series(label, dimensions, "counter")
    }

    public func makeFloatingPointCounter(
        label: String, dimensions: [(String, String)]
    ) -> any FloatingPointCounterHandler {
        series(label, dimensions, "counter")
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        series(label, dimensions, "gauge")
    }

    public func makeRecorder(
        label: String, dimensions: [(String, String)], aggregate: Bool
    ) -> any RecorderHandler {
        series(label, dimensions, aggregate ? "histogram" : "gauge")
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        series(label, dimensions, "histogram")
    }

    // Series live as long as the server: Prometheus wants counters that never go away.
    public func destroyCounter(_ handler: any CounterHandler) {}
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) {}
    public func destroyMeter(_ handler: any MeterHandler) {}
    public func destroyRecorder(_ handler: any RecorderHandler) {}
    public func destroyTimer(_ handler: any TimerHandler) {}
}

/// The numbers of one metric with one set of labels.
private final class Series: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, TimerHandler {
    static let secondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

    private struct State {
        var value = 0.0
        var counts: [Int]
        var count = 0
    }

    private let bounds: [Double]
    private let isHistogram: Bool
    private let state: Mutex<State>

    init(bounds: [Double], isHistogram: Bool) {
        self.bounds = bounds
        self.isHistogram = isHistogram
        state = Mutex(State(counts: Array(repeating: 0, count: bounds.count)))
    }

    func lines(name: String, labels: String) -> [String] {
        let state = state.withLock { $0 }
        func line(_ suffix: String, _ labels: String, _ value: String) -> String {
            labels.isEmpty ? "\(name)\(suffix) \(value)" : "\(name)\(suffix){\(labels)} \(value)"
        }
        guard isHistogram else { return [line("", labels, number(state.value))] }
        let comma = labels.isEmpty ? "" : labels + ","
        var cumulative = 0
        var lines: [String] = []
        for (bound, count) in zip(bounds, state.counts) {
            cumulative += count
            lines.append(line("_bucket", comma + "le=\"\(number(bound))\"", "\(cumulative)"))
        }
        lines.append(line("_bucket", comma + "le=\"+Inf\"", "\(state.count)"))
        lines.append(line("_sum", labels, number(state.value)))
        lines.append(line("_count", labels, "\(state.count)"))
        return lines
    }

    private func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    }

    private func add(_ amount: Double) { state.withLock { $0.value += amount } }

    private func observe(_ value: Double) {
        guard isHistogram else { return set(value) }
        state.withLock { state in
            state.value += value
            state.count += 1
            if let place = bounds.firstIndex(where: { value <= $0 }) { state.counts[place] += 1 }
        }
    }

    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0.value = value } }
    func record(_ value: Int64) { observe(Double(value)) }
    func record(_ value: Double) { observe(value) }
    func recordNanoseconds(_ duration: Int64) { observe(Double(duration) * 1e-9) }
    func reset() {
        state.withLock { $0 = State(counts: Array(repeating: 0, count: bounds.count)) }
    }
}
