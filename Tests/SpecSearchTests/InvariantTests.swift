import SpecSearch
import SpecSearchTesting
import Testing

/// The invariants that need many searches of models with a known distribution.
@Suite struct InvariantTests {
    private static let large = [0.1, 0.2, 0.3, 0.4]
    private static let small = [0.4, 0.3, 0.2, 0.1]

    private func run(
        _ problem: Int, draft: [Double] = small, target: [Double] = large, _ configuration: SearchConfiguration
    ) async throws -> HandwrittenSearch {
        let run = try await HandwrittenSearch(
            configuration, draft: ScriptedModel(.draft, distribution: Handwritten.steps(draft)),
            target: ScriptedModel(.target, distribution: Handwritten.steps(target)),
            problem: Problem(id: "p\(problem)", text: "?"))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        return run
    }

    private func chiSquare(_ counts: [Int], _ shares: [Double]) -> Double {
        let total = Double(counts.reduce(0, +))
        return zip(counts, shares).reduce(0) {
            $0 + (Double($1.0) - total * $1.1) * (Double($1.0) - total * $1.1) / (total * $1.1)
        }
    }

    /// 3 degrees of freedom: 99.9 % below.
    private let critical = 16.27

    @Test func `A draft that is the target does not lose quality`() async throws {
        var difference = 0.0
        for problem in 0..<300 {
            let base = Handwritten.configuration(beams: 2, width: 2, depth: 9)
            let speculative = try await run(problem, draft: Self.large, base)
            var plain = base
            plain.method = .ar
            difference += speculative.result.best.score - (try await run(problem, plain).result.best.score)
        }
        #expect(difference / 300 > -0.01)
    }

    @Test func `Corrections follow the target's distribution; reusing rejected drafts does not`() async throws {
        var corrections = [0, 0, 0, 0]
        var reuse = [0, 0, 0, 0]
        for problem in 0..<1500 {
            let run = try await run(
                problem,
                Handwritten.configuration(beams: 1, width: 1, depth: 2) {
                    $0.draftFactor = 1
                    $0.rejection.estimator = .fixed(0.5)
                    $0.extraThought = .never
                })
            for node in run.nodes(.correction) { corrections[Int(((node.score ?? 0) * 5).rounded()) - 1] += 1 }
            for node in run.nodes(.rejected) {
                reuse[naive(Int(((node.score ?? 0) * 5).rounded()) - 1, problem: problem)] += 1
            }
        }
        #expect(corrections.reduce(0, +) > 950)
        #expect(chiSquare(corrections, Self.large) < critical)
        // The defect that the method must not have is one that this test can see.
        #expect(chiSquare(reuse, Self.large) > 5 * critical)
        #expect(chiSquare(reuse, [1 / 7, 2 / 7, 1 / 7, 3 / 7]) < critical)
    }

    /// Token-level verification of a draft that was rejected: accept with p/q, else draw from norm(max(0, p − q)).
    private func naive(_ draft: Int, problem: Int) -> Int {
        let key = RandomKey(seed: 0, problem: UInt64(problem), depth: 0, node: 0, role: .target)
        if key.uniform(position: 0, purpose: .acceptance) < Self.large[draft] / Self.small[draft] { return draft }
        return key.uniform(position: 0, purpose: .residual) < 0.25 ? 2 : 3
    }

    @Test func `Invariants hold on every option`() async throws {
        let estimators: [ThresholdEstimator] = [
            .maximum, .mean, .upperConfidenceBound(z: 1.645), .quantile(0.5), .fixed(0.5), .random(rejectRate: 0.5),
        ]
        var results: Set<[String]> = []
        for estimator in estimators {
            for correction in SpeculativeThoughtGenerator.Correction.allCases {
                for extra in SpeculativeThoughtGenerator.ExtraThought.allCases {
                    let run = try await run(
                        7,
                        Handwritten.configuration(beams: 2, width: 3, depth: 9) {
                            $0.rejection.estimator = estimator
                            $0.correction = correction
                            $0.extraThought = extra
                        })
                    results.insert(["\(run.target.requestedThoughts)", "\(estimator)"])
                }
            }
        }
        #expect(results.count > estimators.count)
    }

    @Test func `Batched and one by one are the same trace, byte for byte`() async throws {
        let configuration = Handwritten.configuration(beams: 3, width: 3, depth: 9)
        var traces: Set<[UInt8]> = []
        for isSplit in [false, true, false, true] {
            let log = EventLog()
            let engine = OneByOne.engine(isSplit: isSplit, draft: Self.small, target: Self.large)
            _ = try await Search(timeless: engine, configuration).solve(Handwritten.problem, onEvent: log.listener)
            traces.insert(Array(try SearchTrace(events: log.events).encoded()))
        }
        #expect(traces.count == 1)
    }
}

/// A model that generates each thought in a call of its own, last first, all at once.
struct OneByOne: SpeculativeTarget {
    let inner: ScriptedModel

    /// An engine of two distributions, batched or not.
    static func engine(isSplit: Bool, draft: [Double], target: [Double]) -> Engine {
        func model(_ role: ModelRole, _ weights: [Double]) -> any LanguageModel {
            let inner = ScriptedModel(role, distribution: Handwritten.steps(weights))
            return isSplit ? OneByOne(inner: inner) : inner
        }
        return Engine(
            draft: model(.draft, draft), target: model(.target, target), rewardModel: Handwritten.rewardModel())
    }

    func checkDraft(_ draft: any LanguageModel) {}

    func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples { try await sample(requests) }

    func logLikelihoods(of paths: [ReasoningPath], sampling: SamplingParameters) async throws -> LogLikelihoods {
        try await inner.logLikelihoods(of: paths, sampling: sampling)
    }

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        let inner = inner
        var usage = Usage()
        var thoughts = requests.map { [Thought?](repeating: nil, count: $0.count) }
        try await withThrowingTaskGroup(of: (Int, Int, Samples).self) { group in
            for (place, request) in requests.enumerated().reversed() {
                for index in (0..<request.count).reversed() {
                    var single = request
                    single.count = 1
                    single.key = request.key.sample(index)
                    group.addTask { [single] in (place, index, try await inner.sample([single])) }
                }
            }
            for try await (place, index, answer) in group {
                thoughts[place][index] = answer.thoughts.first?.first
                usage += answer.usage
            }
        }
        usage[inner.role].decodes = 1
        return Samples(thoughts: thoughts.map { $0.compactMap(\.self) }, usage: usage)
    }
}
