internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import Synchronization

/// A few searches by each method, to see what searches are like: for `specsearch plan`.
struct PlanPilot {
    let engine: LlamaEngine
    let search: SearchArguments
    let setting: SearchSetting

    /// A call of a sampler.
    fileprivate struct Call {
        var depth: Int
        /// The nodes' counts of thoughts.
        var counts: [Int]
        /// The tokens of the longest thought.
        var longest: Int
        var usage: Usage
    }

    /// The calls of one method's searches.
    private struct Trial {
        var target: [Call] = []
        var draft: [Call] = []
        var depths = 0
        var kept = 0
        var judged = 0
        /// Seconds outside passes.
        var outside = 0.0
        var usage = Usage()
    }

    /// Completes a plan whose costs are those of bare passes.
    func measure(
        _ problems: [Problem], _ plan: inout SearchCostPlan, progress: (Int) -> Void
    ) async throws {
        await engine.measureProcessorTime()
        var trials: [SearchMethod: Trial] = [:]
        for (index, problem) in problems.enumerated() {
            for method in [SearchMethod.ar, .sps, .specsearch] {
                try await solve(problem, method, &trials[method, default: Trial()])
                try Task.checkCancellation()
            }
            progress(index + 1)
        }
        let passes = await engine.passStatistics()
        guard let ar = trials[.ar], let sps = trials[.sps], let both = trials[.specsearch], both.judged > 0 else {
            throw PlanError(
                "The pilot problems were solved in one step, so no draft was judged.",
                remedy: "Give longer problems with --problems, or --no-pilot and figures.")
        }
        let searches = Double(problems.count)
        var workload = SearchWorkload(
            steps: Double(ar.depths + sps.depths + both.depths) / 3 / searches,
            stepTokens: Dictionary(ar.target.map { (max(1, $0.longest), 1) }, uniquingKeysWith: +),
            acceptance: Double(both.kept) / Double(both.judged), tokenAcceptance: 1)
        workload.promptTokens =
            Double(ar.target.filter { $0.depth == 0 }.reduce(0) { $0 + $1.usage[.target].prefillTokens }) / searches
        let later = ar.target.filter { $0.depth > 0 }
        let nodes = Self.mean(later) { Double($0.counts.count) }
        workload.occupancy = min(1, nodes / Double(setting.beams))
        workload.targetSharing = Self.sharing(later, .target)
        workload.draftSharing = Self.sharing(both.draft, .draft)
        plan.workload = workload
        let rounds = sps.target.filter { $0.depth > 0 }
        plan.workload.fitTokenAcceptance(
            rounds: Self.mean(rounds) { Double($0.usage[.target].decodes) },
            lanes: Self.mean(rounds) { Double($0.counts.reduce(0, +)) }, draftLength: setting.draftLength)
        let missing = both.target.filter { $0.depth > 0 }.reduce(0) { $0 + $1.counts.reduce(0) { $0 + $1 - 1 } }
        plan.fitAgreement(
            unfilled: Double(missing) / Double(max(1, both.draft.reduce(0) { $0 + $1.counts.count })), setting)
        for (role, cost) in [
            (ModelRole.draft, \SearchCostPlan.draft), (.target, \.target), (.rewardModel, \.rewardModel),
        ] { plan[keyPath: cost] = try plan[keyPath: cost].merging(Self.points(passes, role)) }
        // What surrounds a pass is charged to the target's where it writes alone, and what is left elsewhere to the draft's.
        plan.target.overhead = max(0, ar.outside / Double(max(1, ar.usage[.target].decodes)))
        let known = sps.usage[.target].decodes + both.usage[.target].decodes
        let rest = sps.outside + both.outside - plan.target.overhead * Double(known)
        plan.draft.overhead = max(0, rest / Double(max(1, sps.usage[.draft].decodes + both.usage[.draft].decodes)))
    }

    private func solve(_ problem: Problem, _ method: SearchMethod, _ trial: inout Trial) async throws {
        let (draft, target) = (CallLog(), CallLog())
        var models = engine.models(for: method)
        models.draft = models.draft.map { LoggedSampler(base: $0, log: draft) }
        models.target = models.target.map { LoggedSampler(base: $0, log: target) }
        let result = try await engine.timed(
            Search(try search.configuration(method, for: engine.models), models: models), problem)
        trial.target += target.calls
        trial.draft += draft.calls
        trial.depths += result.depths.count
        trial.kept += result.acceptance.kept
        trial.judged += result.acceptance.judged
        trial.usage += result.usage
        trial.outside += max(0, result.seconds - result.usage.models.values.reduce(0) { $0 + $1.seconds })
    }

    /// What passes cost in the searches, where there were several of a size: caches are colder there than in a loop.
    private static func points(_ passes: [LlamaEngine.PassStatistics], _ role: ModelRole) -> [PassCost.Point] {
        passes.filter { $0.role == role && $0.passes >= 5 && $0.seconds > 0 }
            .map { PassCost.Point(tokens: Double($0.batchSize), seconds: $0.seconds / Double($0.passes)) }
    }

    private static func mean(_ calls: [Call], _ value: (Call) -> Double) -> Double {
        calls.reduce(0) { $0 + value($1) } / Double(max(1, calls.count))
    }

    /// The exponent with which the distinct rows of a node's samples grow.
    private static func sharing(_ calls: [Call], _ role: ModelRole) -> Double {
        let samples = mean(calls) { Double($0.counts.reduce(0, +)) / Double(max(1, $0.counts.count)) }
        let nodes = mean(calls) { Double($0.counts.count) }
        // The first pass reads what came before.
        let written = mean(calls) { Double($0.usage[role].evaluatedTokens - $0.usage[role].prefillTokens) }
        let passes = mean(calls) { Double($0.usage[role].decodes - 1) }
        guard samples > 1, nodes > 0, written > 0, passes > 0 else { return 1 }
        return min(1, max(0, log(written / passes / nodes) / log(samples)))
    }
}

extension LlamaEngine {
    /// A search's result, with processor seconds in place of the clock's where passes have one thread: those are the same
    /// whatever else the machine does.
    func timed(_ search: Search, _ problem: Problem) async throws -> SearchResult {
        let begin = ConcurrencyBench.processorSeconds()
        var result = try await search.run(problem)
        if options.threads == 1 { result.seconds = ConcurrencyBench.processorSeconds() - begin }
        return result
    }
}

/// The calls of a sampler.
private final class CallLog: Sendable {
    private let noted = Mutex<[PlanPilot.Call]>([])

    var calls: [PlanPilot.Call] { noted.withLock { $0 } }

    func note(_ call: PlanPilot.Call) { noted.withLock { $0.append(call) } }
}

/// Notes the calls of a sampler.
private struct LoggedSampler: ThoughtSampler, WrappingResource {
    let base: any ThoughtSampler
    var wrapped: any SearchResource { base }
    let log: CallLog

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        let answer = try await base.sample(requests)
        log.note(
            PlanPilot.Call(
                depth: requests.first?.path.depth ?? 0, counts: requests.map(\.count),
                longest: answer.thoughts.joined().map(\.tokens.count).max() ?? 0, usage: answer.usage))
        return answer
    }
}
