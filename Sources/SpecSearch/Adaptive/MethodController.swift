internal import Synchronization

/// Chooses, batch by batch, who generates the thoughts: the target alone (AR), the target with token-level speculation
/// (SpS), or the draft with corrections by the target (SpecSearch).
///
/// Every method's seconds for a token of progress are estimated as a share of AR's: at first from the measured costs of
/// forward passes and the usual acceptance (``SearchCostPlan``), then from what was seen. The cheapest is taken. Another is
/// tried only where it may well be cheaper, and only while all trials together have lost less than ``tolerance`` of the
/// time, so that on a machine where drafts never pay a user loses no more than that.
///
/// A value without a clock: it is told what took how long.
struct MethodController {
    /// The share of all time that trials may lose.
    static let tolerance = 0.03
    /// How much of the sums is left after each further batch.
    private static let fading = 0.98
    /// The batches that the expectation before any observation is worth.
    private static let priorBatches = 2.0
    /// The most tokens of a step that costs are foreseen for: longer ones cost as much for each token.
    private static let longestStep = 1024

    /// The batch that a choice is for.
    struct Task {
        var nodes: Int
        /// Thoughts of a node.
        var width: Int
        /// Drafts of a node, as a multiple of its width.
        var draftFactor: Int
        var draftWaves: Int
        var targetWaves = 1
        /// Whether some drafts are given up, or not begun.
        var givesUp = false
        var correction: SpeculativeThoughtGenerator.Correction
        var numSpeculativeTokens: Int

        fileprivate var thoughts: Int { nodes * width }
    }

    /// What one method is expected to cost, as a share of what AR was expected to by the costs of passes alone.
    struct Estimate {
        var mean: Double
        /// What it may well be.
        var low: Double
        /// Whether it was ever seen.
        var isSeen: Bool
    }

    /// The costs of passes; nil where they are not known.
    let costs: SearchCostPlan?
    /// What they come to, which takes longer to compute than a small model's passes.
    private let ratios = RatioCache()

    init(costs: SearchCostPlan?) { self.costs = costs }

    /// The method for a batch.
    ///
    /// - Parameters:
    ///   - methods: Those that are possible, `ar` among them.
    ///   - depth: The depth of the batch.
    func choice(
        for task: Task, among methods: [SearchMethod], depth: Int, by history: MethodHistory
    ) -> MethodChoice {
        let estimates = Dictionary(
            uniqueKeysWithValues: methods.map { ($0, estimate($0, task, history, among: methods)) })
        let ranked = methods.sorted { (estimates[$0]?.mean ?? 1, $0.rank) < (estimates[$1]?.mean ?? 1, $1.rank) }
        let best = ranked.first ?? .ar
        let least = estimates[best]?.mean ?? 1
        let budget = Self.tolerance * history.seconds - history.lost
        let typical = history.typicalExpectedSeconds
        let trial = ranked.dropFirst().first { method in
            guard let estimate = estimates[method], estimate.low < 0.95 * least else { return false }
            // What was never seen may be half as dear again as anything.
            let loss = estimate.isSeen ? estimate.mean - least : max(estimate.mean - least, 0.5 * least)
            return loss * typical < budget
        }
        let ar = estimates[.ar]?.mean ?? 1
        // Traces hold them, and JSON has no other numbers.
        let costs = estimates.mapValues { ($0.mean / ar).isFinite ? $0.mean / ar : 1 }
        return MethodChoice(
            depth: depth, method: trial ?? best, costs: costs, isTrial: trial != nil,
            acceptance: history.acceptance.isFinite ? history.acceptance : 0)
    }

    /// Takes in what a batch took.
    ///
    /// - Parameters:
    ///   - tokens: The mean tokens of its children.
    ///   - usage: What the models did for it.
    ///   - drafts: Drafts judged, and of these kept.
    func record(
        _ choice: MethodChoice, _ task: Task, seconds: Double, tokens: Double, usage: ModelUsage,
        drafts: (judged: Int, kept: Int), in history: inout MethodHistory
    ) {
        guard seconds > 0, tokens > 0 else { return }
        let expected = tokens * secondsOfAR(task)
        guard [seconds, expected].allSatisfy(ModelUsage.plausibleSeconds.contains) else { return }
        if choice.isTrial {
            let methods = Array(choice.costs.keys)
            let least = methods.map { estimate($0, task, history, among: methods).mean }.min() ?? 1
            history.lost += seconds - least * expected
        }
        history.tallies[key(choice.method, task), default: .init()].add(seconds, expected, fading: Self.fading)
        history.lengths.add(Int(rounding: tokens, in: 1...Self.longestStep), of: 1, fading: Self.fading)
        history.seconds += seconds
        // Of the nodes that are drafted all the same, or of drafts that may end early, it says nothing of others.
        if drafts.judged > 0, !task.givesUp { history.drafts.add(drafts.kept, of: drafts.judged, fading: Self.fading) }
        if usage.proposedTokens > 0 {
            history.tokens.add(usage.acceptedTokens, of: usage.proposedTokens, fading: Self.fading)
        }
    }

    private func estimate(
        _ method: SearchMethod, _ task: Task, _ history: MethodHistory, among methods: [SearchMethod]
    ) -> Estimate {
        let (prior, hope) = foreseen(method, task, history)
        // How far the costs of passes are off altogether: believed once some batches say so, since it may be one method's.
        let few = costs == nil ? 0 : 8 * history.typicalExpectedSeconds
        var (seen, planned) = (few, few)
        for other in methods {
            guard let tally = history.tallies[key(other, task)] else { continue }
            seen += tally.seconds
            planned += tally.expected * foreseen(other, task, history).mean
        }
        let scale = planned > 0 ? seen / planned : 1
        guard let tally = history.tallies[key(method, task)], tally.batches > 0 else {
            // That passes take longer than they were measured need not be so for this method.
            return Estimate(mean: scale * prior, low: min(1, scale) * hope, isSeen: false)
        }
        let weight = Self.priorBatches * tally.expected / tally.batches
        let mean = (tally.seconds + weight * scale * prior) / (tally.expected + weight)
        let doubt = max(0, 1 - 0.8 / tally.batches.squareRoot())
        return Estimate(mean: mean, low: min(mean, max(scale * hope, mean * doubt)), isSeen: true)
    }

    /// A method's seconds as a share of AR's, by the costs of passes: with the acceptances so far, and at best.
    private func foreseen(
        _ method: SearchMethod, _ task: Task, _ history: MethodHistory
    ) -> (mean: Double, hope: Double) {
        guard method != .ar else { return (1, 1) }
        guard let costs else {
            // Nothing is known: no worse than AR, and perhaps twice as fast.
            return (1, 0.5)
        }
        func ratio(_ acceptance: Double, _ tokenAcceptance: Double) -> Double {
            // To a fiftieth: nothing that is chosen by hangs on less.
            let key = RatioCache.Key(
                method: method, setting: task.setting,
                stepTokens: 4 * Int(rounding: (history.stepTokens / 4).rounded(.down), in: 1...Self.longestStep / 4),
                acceptance: Int(rounding: 50 * acceptance, in: 0...50),
                tokenAcceptance: Int(rounding: 50 * tokenAcceptance, in: 0...50))
            return ratios.value(key) {
                var plan = costs
                plan.workload = SearchWorkload(
                    steps: 1, stepTokens: [key.stepTokens: 1], acceptance: Double(key.acceptance) / 50,
                    tokenAcceptance: Double(key.tokenAcceptance) / 50)
                guard let all = try? plan.laterDepth(method, task.setting),
                    let ar = try? plan.laterDepth(.ar, task.setting), ar > 0
                else { return 1 }
                let ratio = all / ar
                return ratio.isFinite ? ratio : 1
            }
        }
        return (ratio(history.acceptance, history.tokenAcceptance), ratio(1, 1))
    }

    /// The seconds for a token of AR by the costs of passes; 1 where they are not known.
    private func secondsOfAR(_ task: Task) -> Double { costs?.target.seconds(tokens: Double(task.thoughts)) ?? 1 }

    /// Where the costs of passes are not known, batches of other sizes tell nothing; and waves that may end early, or drafts that
    /// may, tell nothing of whole ones.
    private func key(_ method: SearchMethod, _ task: Task) -> String {
        var key = method.rawValue
        if costs == nil { key += "/\(Int.bitWidth - max(1, task.thoughts).leadingZeroBitCount)" }
        if task.targetWaves > 1 { key += "/waves" }
        if task.givesUp, method == .specsearch { key += "/early" }
        return key
    }
}

/// The ratios that a plan's costs come to, computed once.
private final class RatioCache: Sendable {
    struct Key: Hashable {
        var method: SearchMethod
        var setting: PlanSetting
        var stepTokens: Int
        var acceptance: Int
        var tokenAcceptance: Int
    }

    private let known = Mutex<[Key: Double]>([:])

    func value(_ key: Key, _ compute: () -> Double) -> Double {
        known.withLock { known in
            if let value = known[key] { return value }
            let value = compute()
            known[key] = value
            return value
        }
    }
}

extension MethodController.Task {
    fileprivate var setting: PlanSetting {
        var setting = PlanSetting(
            beams: max(1, nodes), width: width, draftFactor: draftFactor, numSpeculativeTokens: numSpeculativeTokens)
        setting.draftWaves = draftWaves
        setting.correction = correction
        return setting
    }
}

extension MethodHistory {
    /// The seconds that a batch was expected to take on average.
    fileprivate var typicalExpectedSeconds: Double {
        let sums = tallies.values.reduce(into: (expected: 0.0, batches: 0.0)) {
            $0.expected += $1.expected
            $0.batches += $1.batches
        }
        return sums.batches > 0 ? sums.expected / sums.batches : 0
    }
}

extension MethodHistory.Tally {
    fileprivate mutating func add(_ seconds: Double, _ expected: Double, fading: Double) {
        batches = batches * fading + 1
        self.seconds = self.seconds * fading + seconds
        self.expected = self.expected * fading + expected
    }
}

extension SearchMethod {
    /// Where two cost the same, the simpler comes first.
    fileprivate var rank: Int { Self.allCases.reversed().firstIndex(of: self) ?? 0 }
}

extension SearchCostPlan {
    /// The seconds of a depth after the first.
    fileprivate func laterDepth(_ method: SearchMethod, _ setting: PlanSetting) throws(SpecSearchError) -> Double {
        var plan = self
        // Enough that the first step does not count, and what was not read since the last correction does.
        plan.workload.steps = 6
        let all = try plan.seconds(method, setting)
        plan.workload.steps = 1
        return try (all - plan.seconds(method, setting)) / 5
    }
}
