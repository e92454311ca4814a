import Foundation
public import SpecSearch

/// What a forward pass of each model costs on this machine, by batch size, and what follows from it for how to run the models.
///
/// ```swift
/// let cost = try CostModel.measure(models, threads: [1, 2, 4])
/// options.adopt(cost, of: models)
/// ```
/// Threads and flash attention leave the text as it is. The number of speculative tokens does not: with another the same
/// seed gives other thoughts, of the same distribution.
public struct CostModel: Sendable, Hashable, Codable {
    /// Passes of one model in one setting.
    public struct Curve: Sendable, Hashable, Codable {
        public var role: ModelRole
        public var threads: Int
        public var flashAttention: Bool
        /// The tokens in the cache.
        public var occupied: Int
        /// The milliseconds of a pass that continues so many sequences by one token each: the fastest of some.
        public var milliseconds: [Int: Double] = [:]
        /// The same for the slowest of the repetitions.
        public var slowest: [Int: Double] = [:]
        /// The milliseconds of a pass over a prompt of so many tokens.
        public var prefill: [Int: Double] = [:]

        package init(role: ModelRole, threads: Int, flashAttention: Bool, occupied: Int) {
            self.role = role
            self.threads = threads
            self.flashAttention = flashAttention
            self.occupied = occupied
        }
    }

    /// How to run one model.
    public struct Choice: Sendable, Hashable, Codable {
        public var threads = 1
        public var flashAttention = false

        public init() {}
    }

    /// What was measured.
    public package(set) var curves: [Curve] = []
    /// The seconds of a pilot problem by the number of speculative tokens; empty where there were no problems.
    public var speculationSeconds: [Int: Double] = [:]
    /// How long the measurement took, in seconds.
    public private(set) var seconds = 0.0

    package init() {}

    static let batchSizes = [1, 2, 4, 8, 12, 16, 24, 32, 48]
    static let prefills = [16, 64, 192]
    /// A search alone, and several in one cache.
    static let occupancies = [256, 1024]

    /// Measures the models of a set.
    ///
    /// - Parameters:
    ///   - threads: The numbers of threads to try; the first is the default, the others have to earn their place.
    ///   - limit: After so many seconds only the defaults are measured.
    ///   - options: Where the models are computed.
    public static func measure(
        _ models: ModelSet, threads: [Int] = [1], limit: Double = 3, options: LlamaEngine.Options = .init()
    ) throws -> CostModel {
        var cost = CostModel()
        let plan = try PlacementPlan(models, options: options)
        let begin = ContinuousClock.now
        var elapsed: Double { (ContinuousClock.now - begin) / .seconds(1) }
        for role in [ModelRole.target, .draft, .rewardModel] {
            guard let path = models[role] else { continue }
            let model = try LlamaModel(path: path, placement: plan.assignments[role] ?? .processor)
            for count in threads {
                for flashAttention in [false, true] where elapsed < limit || (count == threads[0] && !flashAttention) {
                    let timer = try DecodeTimer(
                        model: model, threads: count, flashAttention: flashAttention, slots: 2048)
                    if let usual = cost.usual(role), count != threads[0],
                        try timer.milliseconds(sequences: [12], occupied: 32, passes: 3)[0].upperBound > 2 * usual
                    {
                        // Threads that wait for one another on a busy machine can take hundreds of times as long.
                        continue
                    }
                    for occupied in occupancies {
                        try Task.checkCancellation()
                        var curve = Curve(
                            role: role, threads: count, flashAttention: flashAttention, occupied: occupied)
                        let sizes = elapsed < limit ? batchSizes : [1, 12]
                        let times = try timer.milliseconds(sequences: sizes, occupied: occupied, passes: 3)
                        for (size, time) in zip(sizes, times) {
                            curve.milliseconds[size] = time.lowerBound
                            curve.slowest[size] = time.upperBound
                        }
                        for size in prefills where occupied == occupancies[0] && elapsed < limit {
                            curve.prefill[size] = try timer.milliseconds(prefill: size, passes: 2)
                        }
                        cost.curves.append(curve)
                    }
                }
            }
        }
        cost.seconds = elapsed
        return cost
    }

    /// How many tokens the draft is to propose at once: the usual number unless another is faster by a twentieth and more
    /// in what was measured; 0 where token-level speculation does not pay.
    public func numSpeculativeTokens(usual: Int) -> Int {
        guard let best = speculationSeconds.min(by: { ($0.value, $0.key) < ($1.value, $1.key) }) else { return usual }
        guard let seconds = speculationSeconds[usual] else { return best.key }
        return best.value < 0.95 * seconds ? best.key : usual
    }

    /// The milliseconds of a typical pass of a model, run as by default.
    private func usual(_ role: ModelRole) -> Double? {
        curves.first { $0.role == role && !$0.flashAttention }?.milliseconds[12]
    }

    /// How to run a model: as by default, unless something else is faster by a tenth and more in what was measured.
    ///
    /// - Parameter width: The sequences of a typical pass.
    public func choice(for role: ModelRole, width: Int = 12) -> Choice {
        func cost(_ choice: Choice, slowest: Bool) -> Double? {
            let fitting = curves.filter {
                $0.role == role && $0.threads == choice.threads && $0.flashAttention == choice.flashAttention
            }
            let times = fitting.compactMap { slowest ? $0.slowest[width] : $0.milliseconds[width] }
            return times.isEmpty || times.count < Self.occupancies.count ? nil : times.reduce(0, +)
        }
        var best = Choice()
        guard var least = cost(best, slowest: false) else { return best }
        for curve in curves where curve.role == role {
            var other = Choice()
            other.threads = curve.threads
            other.flashAttention = curve.flashAttention
            // Several threads that have to wait for one another are judged by their worst.
            guard let time = cost(other, slowest: other.threads > 1), time < 0.9 * least else { continue }
            best = other
            least = time
        }
        return best
    }
}
