internal import Foundation
package import SpecSearch
package import SpecSearchLlama
internal import Synchronization

/// A few searches by each method, to see what searches are like: for `specsearch plan`.
package struct PlanPilot {
    private let engine: Engine
    private let configuration: SearchConfiguration
    private let setting: PlanSetting
    private let passes: @Sendable () async -> [EngineMeasurement.Passes]

    /// - Parameters:
    ///   - configuration: The settings of the searches, whose method changes.
    ///   - setting: The same, as the plan has them.
    ///   - passes: The forward passes so far, however they are measured.
    package init(
        _ engine: Engine, _ configuration: SearchConfiguration, _ setting: PlanSetting,
        passes: @escaping @Sendable () async -> [EngineMeasurement.Passes]
    ) {
        var engine = engine
        engine.defaults.numSpeculativeTokens = setting.numSpeculativeTokens
        self.engine = engine
        self.configuration = configuration
        self.setting = setting
        self.passes = passes
    }

    /// A pilot on an embedded engine.
    package init(_ engine: LlamaEngine, _ configuration: SearchConfiguration, _ setting: PlanSetting) {
        self.init(engine.engine, configuration, setting) { await engine.measurement.passes() }
    }

    /// The calls of one method's searches.
    private struct Trial {
        var target: [CallLog.Call] = []
        var draft: [CallLog.Call] = []
        var depths = 0
        var kept = 0
        var judged = 0
        /// Seconds outside passes.
        var outside = 0.0
        var usage = Usage()
    }

    /// Completes a plan whose costs are those of bare passes.
    ///
    /// - Parameter progress: Called after every problem with how many are done.
    /// - Throws: ``SpecSearchError`` `badSetting` where the problems are too short to learn from.
    package func measure(
        _ problems: [Problem], _ plan: inout SearchCostPlan, progress: (Int) -> Void
    ) async throws {
        var trials: [SearchMethod: Trial] = [:]
        let pairs = engine.pairsAtTokenLevel
        for (index, problem) in problems.enumerated() {
            for method in PlanReport.methods(pairs: pairs) {
                try await solve(problem, method, &trials[method, default: Trial()])
            }
            progress(index + 1)
        }
        guard let ar = trials[.ar], let both = trials[.specsearch], both.judged > 0 else {
            throw SpecSearchError(
                .badSetting, "The pilot problems were solved in one step, so no draft was judged.",
                remedy: "Give longer problems with --problems, or --no-pilot and figures.")
        }
        plan.workload = workload(trials, ar, both, problems: problems.count)
        let sps = trials[.sps] ?? Trial()
        if pairs {
            let decodes = sps.target.filter { $0.depth > 0 }
            plan.workload.fitTokenAcceptance(
                decodeSteps: Self.mean(decodes) { Double($0.usage[.target].decodes) },
                sequences: Self.mean(decodes) { Double($0.counts.reduce(0, +)) },
                numSpeculativeTokens: setting.numSpeculativeTokens)
        }
        let missing = both.target.filter { $0.depth > 0 }.reduce(0) { $0 + $1.counts.reduce(0) { $0 + $1 - 1 } }
        plan.fitAgreement(
            unfilled: Double(missing) / Double(max(1, both.draft.reduce(0) { $0 + $1.counts.count })), setting)
        let passes = await passes()
        for (role, cost) in [
            (ModelRole.draft, \SearchCostPlan.draft), (.target, \.target), (.rewardModel, \.rewardModel),
        ] {
            plan[keyPath: cost] = try plan[keyPath: cost].merging(
                Self.points(passes.filter { !$0.isPrefill }, role),
                prefill: Self.points(passes.filter(\.isPrefill), role))
        }
        // What surrounds a pass is charged to the target's where it generates alone, and what is left elsewhere to the
        // draft's.
        plan.target.overhead = max(0, ar.outside / Double(max(1, ar.usage[.target].decodes)))
        let known = sps.usage[.target].decodes + both.usage[.target].decodes
        let rest = sps.outside + both.outside - plan.target.overhead * Double(known)
        plan.draft.overhead = max(0, rest / Double(max(1, sps.usage[.draft].decodes + both.usage[.draft].decodes)))
    }

    private func solve(_ problem: Problem, _ method: SearchMethod, _ trial: inout Trial) async throws {
        var configuration = configuration
        configuration.method = method
        let log = CallLog()
        let result = try await Search(engine, configuration: configuration).intercepted(by: log).solve(problem)
        try Task.checkCancellation()
        trial.target += log.calls.filter { $0.role == .target }
        trial.draft += log.calls.filter { $0.role == .draft }
        trial.depths += result.depths.count
        trial.kept += result.acceptance.kept
        trial.judged += result.acceptance.judged
        trial.usage += result.usage
        trial.outside += max(0, result.seconds - result.usage.models.values.reduce(0) { $0 + $1.seconds })
    }

    private func workload(
        _ trials: [SearchMethod: Trial], _ ar: Trial, _ both: Trial, problems: Int
    ) -> SearchWorkload {
        let searches = Double(problems)
        var workload = SearchWorkload(
            steps: Double(trials.values.reduce(0) { $0 + $1.depths }) / Double(trials.count) / searches,
            stepTokens: Dictionary(ar.target.map { (max(1, $0.longest), 1) }, uniquingKeysWith: +),
            acceptance: Double(both.kept) / Double(both.judged), tokenAcceptance: 1)
        let prompts = ar.target.filter { $0.depth == 0 }.reduce(0) { $0 + $1.usage[.target].prefillTokens }
        workload.promptTokens = Double(prompts) / searches
        let later = ar.target.filter { $0.depth > 0 }
        workload.occupancy = min(1, Self.mean(later) { Double($0.counts.count) } / Double(setting.beams))
        workload.targetSharing = Self.sharing(later, .target)
        workload.draftSharing = Self.sharing(both.draft, .draft)
        return workload
    }

    /// What passes cost in the searches, where there were several of a size: caches are colder there than in a loop.
    private static func points(_ passes: [EngineMeasurement.Passes], _ role: ModelRole) -> [ForwardPassCost.Point] {
        passes.filter { $0.role == role && $0.count >= 5 && $0.seconds > 0 }.map {
            ForwardPassCost.Point(tokens: Double($0.batchSize), seconds: $0.seconds / Double($0.count))
        }
    }

    private static func mean(_ calls: [CallLog.Call], _ value: (CallLog.Call) -> Double) -> Double {
        calls.reduce(0) { $0 + value($1) } / Double(max(1, calls.count))
    }

    /// The exponent with which the distinct sequences of a node's samples grow.
    private static func sharing(_ calls: [CallLog.Call], _ role: ModelRole) -> Double {
        let samples = mean(calls) { Double($0.counts.reduce(0, +)) / Double(max(1, $0.counts.count)) }
        let nodes = mean(calls) { Double($0.counts.count) }
        // The first pass reads what came before.
        let generated = mean(calls) { Double($0.usage[role].evaluatedTokens - $0.usage[role].prefillTokens) }
        let passes = mean(calls) { Double($0.usage[role].decodes - 1) }
        guard samples > 1, nodes > 0, generated > 0, passes > 0 else { return 1 }
        return min(1, max(0, log(generated / passes / nodes) / log(samples)))
    }
}

/// A log of the calls of an engine's language models.
private final class CallLog: ModelInterceptor {
    struct Call {
        var role: ModelRole
        var depth: Int
        /// The nodes' counts of thoughts.
        var counts: [Int]
        /// The tokens of the longest thought.
        var longest: Int
        var usage: Usage
    }

    private let noted = Mutex<[Call]>([])

    var calls: [Call] { noted.withLock { $0 } }

    func sample(
        _ requests: [SampleRequest], by role: ModelRole, isSpeculative: Bool,
        _ next: ([SampleRequest]) async throws -> Samples
    ) async throws -> Samples {
        let answer = try await next(requests)
        let call = Call(
            role: role, depth: requests.first?.path.depth ?? 0, counts: requests.map(\.count),
            longest: answer.thoughts.joined().map(\.tokens.count).max() ?? 0, usage: answer.usage)
        noted.withLock { $0.append(call) }
        return answer
    }
}
