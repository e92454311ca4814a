internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// How far an evaluation is, for people.
actor EvaluationProgress {
    private let terminal: Terminal
    private let total: Int
    private var finished: Int
    private var failed = 0
    /// Searches left, and seconds and counts of those that ended in this process, by variant.
    private var left: [String: Int]
    private var seconds: [String: Double] = [:]
    private var counts: [String: Int] = [:]
    private var right: [String: Int] = [:]
    private let variants: [String]
    private let concurrency: Int
    /// The search that began last, and when.
    private var current: (name: String, begin: ContinuousClock.Instant)?

    init(variants: [String], each: Int, done: [EvaluationRecord] = [], concurrency: Int = 1, _ terminal: Terminal) {
        self.terminal = terminal
        self.variants = variants
        self.concurrency = concurrency
        total = variants.count * each
        finished = done.count
        left = Dictionary(uniqueKeysWithValues: variants.map { ($0, each) })
        for record in done { left[record.variant, default: 0] -= 1 }
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
        left[record.variant, default: 0] -= 1
        if record.hasFailed {
            failed += 1
            return show()
        }
        seconds[record.variant, default: 0] += record.seconds
        counts[record.variant, default: 0] += 1
        right[record.variant, default: 0] += record.isRight ? 1 : 0
        show()
    }

    private func show() {
        let estimate = variants.reduce(0) { sum, variant in
            let count = counts[variant] ?? 0
            return count == 0 ? sum : sum + (seconds[variant] ?? 0) / Double(count) * Double(left[variant] ?? 0)
        }
        let accuracies = variants.prefix(4).compactMap { variant in
            counts[variant].map { "\(variant) \((Double(right[variant] ?? 0) / Double($0)).percent)" }
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
