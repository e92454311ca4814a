internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// How far an evaluation is, for people.
actor EvaluationProgress {
    private let terminal: Terminal
    private let total: Int
    private var finished: Int
    private var failed = 0
    private var tally: Tally
    private let variants: [String]
    private let concurrency: Int
    /// The search that began last, and when.
    private var current: (name: String, begin: ContinuousClock.Instant)?

    /// Searches left, and what is known of those that ended, earlier runs' included, by variant.
    private struct Tally {
        var left: [String: Int]
        var seconds: [String: Double] = [:]
        var counts: [String: Int] = [:]
        var right: [String: Int] = [:]

        mutating func add(_ record: EvaluationRecord) {
            left[record.variant, default: 0] -= 1
            if record.hasFailed { return }
            seconds[record.variant, default: 0] += record.seconds
            counts[record.variant, default: 0] += 1
            right[record.variant, default: 0] += record.isRight ? 1 : 0
        }

        /// The seconds that all searches left take, one after another; a variant that was not seen yet takes as long as others.
        var secondsLeft: Double {
            let usual = seconds.values.reduce(0, +) / Double(max(1, counts.values.reduce(0, +)))
            return left.reduce(0) { sum, entry in
                let each = counts[entry.key].map { (seconds[entry.key] ?? 0) / Double($0) } ?? usual
                return sum + each * Double(entry.value)
            }
        }
    }

    init(variants: [String], each: Int, done: [EvaluationRecord] = [], concurrency: Int = 1, _ terminal: Terminal) {
        self.terminal = terminal
        self.variants = variants
        self.concurrency = concurrency
        total = variants.count * each
        finished = done.count
        var tally = Tally(left: Dictionary(uniqueKeysWithValues: variants.map { ($0, each) }))
        for record in done { tally.add(record) }
        self.tally = tally
    }

    func begin(_ variant: Variant, _ problem: Problem) {
        current = ("\(problem.id) by \(variant.name)", .now)
    }

    /// Does something long, and shows every few seconds what is going on.
    nonisolated func watching<Value>(_ body: () async throws -> Value) async throws -> Value {
        let beat = Task {
            while (try? await Task.sleep(for: .seconds(10))) != nil { await show() }
        }
        defer { beat.cancel() }
        return try await body()
    }

    func count(_ record: EvaluationRecord) {
        finished += 1
        failed += record.hasFailed ? 1 : 0
        tally.add(record)
        show()
    }

    private func show() {
        let estimate = tally.secondsLeft
        let accuracies = variants.prefix(4).compactMap { variant in
            tally.counts[variant].map { "\(variant) \((Double(tally.right[variant] ?? 0) / Double($0)).percent)" }
        }
        let parts = [
            "\(finished) of \(total) searches\(failed > 0 ? ", \(failed) failed" : "")",
            estimate > 0 ? "about \((estimate / Double(concurrency)).duration) left" : "",
            accuracies.joined(separator: ", "),
            current.map { "\($0.name) for \(Double($0.begin.duration(to: .now).components.seconds).duration)" } ?? "",
        ]
        terminal.progress(parts.filter { !$0.isEmpty }.joined(separator: "; "))
    }
}

extension Double {
    /// Seconds as people say them.
    var duration: String {
        switch self {
        case ..<100: "\(fixed(0)) s"
        case ..<6000: "\((self / 60).fixed(0)) min"
        default: "\((self / 3600).fixed(1)) h"
        }
    }
}
