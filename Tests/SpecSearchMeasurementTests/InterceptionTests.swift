import SpecSearch
import SpecSearchMeasurement
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct InterceptionTests {
    /// Steps "a" and "b", and an end at depth 3.
    private func model(_ role: ModelRole, pairs: Bool = true, sessions: SessionLog? = nil) -> ScriptedModel {
        ScriptedModel(role, pairs: pairs, sessions: sessions) { path in
            ["a", "b"].map { text in
                path.depth < 3
                    ? .init("\(text)\(path.depth)\n\n") : .init("so \(text)", stop: .endOfSequence)
            }
        }
    }

    private let rewardModel = ScriptedRewardModel(aggregation: .product) { path in
        path.thoughts.last?.text.hasPrefix("a") == true ? 0.7 : 0.6
    }

    @Test(arguments: [SearchMethod.ar, .sps, .specsearch, .draft, .gsi])
    func `An intercepted search finds the same, in the same sessions, and speculates where it did`(
        method: SearchMethod
    ) async throws {
        let sessions = SessionLog()
        let (draft, target) = (model(.draft, sessions: sessions), model(.target, sessions: sessions))
        var configuration = SearchConfiguration()
        configuration.method = method
        let search = try Search(
            Engine(draft: draft, target: target, rewardModel: rewardModel), configuration: configuration)
        let plain = try await search.solve("?")
        let (calls, opened) = (target.calls, sessions.opened)
        let observed = try await search.intercepted(by: PathLedger()).solve("?")
        #expect(observed.withoutTimes == plain.withoutTimes)
        #expect(Array(target.calls.dropFirst(calls.count)) == calls)
        #expect(sessions.opened == opened + opened && sessions.isBalanced && !opened.isEmpty)
    }

    @Test func `An intercepted target knows its intercepted draft, and refuses one that does not fit`() throws {
        let (draft, target) = (model(.draft), Choosy(draft: model(.draft)))
        let fitting = Engine(draft: target.draft, target: target).intercepted(by: PathLedger())
        #expect(fitting.pairsAtTokenLevel)
        #expect(!Engine(draft: draft, target: target).intercepted(by: PathLedger()).pairsAtTokenLevel)
        // What does not verify proposals does not begin to.
        let plain = Engine(draft: draft, target: Plain(base: target.draft)).intercepted(by: PathLedger())
        #expect(!plain.pairsAtTokenLevel && plain.target is any SpeculativeTarget == false)
    }

    @Test func `A reward model keeps its aggregation, and a judge is intercepted too`() async throws {
        let ledger = PathLedger()
        let engine = Engine(rewardModel: rewardModel, judge: rewardModel).intercepted(by: ledger)
        #expect(engine.rewardModel?.aggregation == .product)
        let path = ReasoningPath(problem: "?")
        _ = try await engine.judge?.score([path])
        #expect(ledger.paths == [.rewardModel: [path]])
    }

    @Test func `A ledger has what each model read or generated`() async throws {
        let engine = Engine(draft: model(.draft), target: model(.target), rewardModel: rewardModel)
        func ledger(_ generator: some ThoughtGenerator) async throws -> PathLedger {
            let ledger = PathLedger()
            _ = try await Search(engine, algorithm: .bestOfN(count: 2), generator: generator)
                .intercepted(by: ledger).solve("?")
            return ledger
        }
        let alone = try await ledger(.targetOnly)
        #expect(alone.paths[.draft] == nil && alone.paths[.target]?.count == 8)
        let speculative = try await ledger(.speculativeDecoding)
        #expect(speculative.paths[.draft] == speculative.paths[.target])
        #expect(speculative.paths[.rewardModel]?.isEmpty == false)
        // What was only read to see how unsure the draft is was read.
        var gated = SpeculativeThoughtGenerator.Configuration()
        gated.draftEntropy = 0
        let unsure = try await ledger(.specsearch(gated))
        #expect(unsure.paths[.draft]?.isEmpty == false && unsure.paths[.draft]?.allSatisfy { $0.depth > 0 } == true)
    }

    @Test func `Restarting asks for one path at a time, after forgetting`() async throws {
        let target = model(.target)
        let search = Search(Engine(target: target, rewardModel: rewardModel), generator: .targetOnly)
        let plain = try await search.solve("?")
        let calls = target.calls.count
        let restarting = Restarting()
        let other = try await search.intercepted(by: restarting.models).solve("?")
        #expect(other.answer == plain.answer && other.usage[.target].outputTokens == plain.usage[.target].outputTokens)
        let later = target.calls.dropFirst(calls)
        #expect(later.allSatisfy { $0.requests.count == 1 } && later.count > calls)
        #expect(restarting.count > later.count)
    }

    private final class Restarting: Sendable {
        private let counter = Mutex(0)
        var count: Int { counter.withLock { $0 } }
        var models: RestartingModels { RestartingModels { [self] in counter.withLock { $0 += 1 } } }
    }

    /// A target that takes proposals of one draft only, as one of an embedded engine does.
    private struct Choosy: SpeculativeTarget {
        let draft: ScriptedModel

        func checkDraft(_ draft: any LanguageModel) throws {
            guard draft as? ScriptedModel === self.draft else { throw SpecSearchError(.mismatch, "Another draft.") }
        }

        func sample(_ requests: [SampleRequest]) async throws -> Samples { try await draft.sample(requests) }

        func sample(
            _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
        ) async throws -> Samples { try await draft.sample(requests) }
    }

    /// A language model that verifies nothing.
    private struct Plain: LanguageModel {
        let base: ScriptedModel

        func sample(_ requests: [SampleRequest]) async throws -> Samples { try await base.sample(requests) }
    }
}
