import SpecSearch
import SpecSearchTesting
import Testing

/// The target's thoughts a few at a time, until none can be better than what is there.
@Suite struct TargetWaveTests {
    private func run(
        _ target: [[String]], draft: [[String]] = [["-"]], waves: Int, beams: Int = 1,
        _ change: (inout SearchConfiguration) -> Void = { $0.method = .ar }
    ) async throws -> HandwrittenSearch {
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: beams) {
                $0.targetWaves = waves
                change(&$0)
            },
            draft: Handwritten.model(.draft, draft), target: Handwritten.model(.target, target))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        return run
    }

    private func counts(_ run: HandwrittenSearch, _ depth: Int = 0) -> [Int] {
        run.target.requests.filter { $0.path.depth == depth }.map(\.count)
    }

    private func answer(_ run: HandwrittenSearch) -> [String] { run.result.steps.map(\.thought.text) }

    @Test(arguments: [
        // What comes first, and the calls of at most three.
        (["1 a!", "0.5 b!", "1 c!"], [1]),
        (["0.9 a!", "1 b!", "1 c!"], [1, 1]),
        (["0.9 a!", "0.2 b!", "0.95 c!"], [1, 1, 1]),
        // One that was cut is no thought, however good its text; an open one may be the best step, too.
        (["1 a~", "0.5 b!", "1 c!"], [1, 1, 1]),
    ])
    func `A node has enough once one thought cannot be better, and the answer is the same`(
        first: [String], calls: [Int]
    ) async throws {
        let (waves, whole) = (try await run([first], waves: 3), try await run([first], waves: 1))
        #expect(counts(waves) == calls && counts(whole) == [3])
        #expect(answer(waves) == answer(whole))
        #expect(waves.result.outcome.answer == whole.result.outcome.answer)
    }

    @Test func `Samples of later waves are those that one wave would have had`() async throws {
        let rows = [["0.1 a", "0.2 b", "0.3 c"], ["0.4 d!", "0.6 e!", "0.5 f!"]]
        let (waves, whole) = (try await run(rows, waves: 2), try await run(rows, waves: 1))
        #expect(counts(waves) == [2, 1] && counts(waves, 1) == [2, 1])
        #expect(answer(waves) == answer(whole) && answer(waves) == ["0.3 c\n\n", "0.6 e"])
        #expect(waves.result.tree.count == whole.result.tree.count)
        #expect(waves.scoredTexts(at: 0).count == 3 && waves.scoredTexts(at: 1).count == 3)
    }

    @Test func `A wider beam wants more of the best`() async throws {
        let run = try await run([["1 a", "1 b", "0.1 c"], ["0.5 d!"]], waves: 3, beams: 2)
        #expect(counts(run) == [1, 1])
    }

    @Test func `Searches that use every thought, or look at no scores, have them all`() async throws {
        for search in [SearchKind.rebase, .mcts, .selfConsistency] {
            let whole = try await run([["1 a!", "1 b!", "1 c!"]], waves: 1) {
                $0.method = .ar
                $0.search = search
                $0.iterations = 1
            }
            let waves = try await run([["1 a!", "1 b!", "1 c!"]], waves: 3) {
                $0.method = .ar
                $0.search = search
                $0.iterations = 1
            }
            #expect(counts(waves).reduce(0, +) == counts(whole).reduce(0, +), "\(search)")
        }
    }

    @Test func `Lookahead ranks otherwise, so nothing is left out`() async throws {
        let run = try await run([["1 a", "0.9 b", "0.8 c"], ["0.5 d!"]], waves: 3) {
            $0.method = .ar
            $0.lookahead = 1
        }
        #expect(counts(run).first == 3)
    }

    @Test func `A raw score has no end that is known`() async throws {
        let target = Handwritten.model(.target, [["a!", "bb!", "ccc!"]])
        let engine = Engine(
            draft: Handwritten.model(.draft, [["-"]]), target: target, rewardModel: CalibratedRewardModel())
        let configuration = Handwritten.configuration {
            $0.method = .ar
            $0.targetWaves = 3
        }
        let result = try await Search(engine, configuration: configuration).solve(Handwritten.problem)
        #expect(result.steps.map(\.thought.text) == ["ccc"])
        #expect(target.requests.map(\.count) == [1, 1, 1])
    }

    /// It calls everything certain, and longer texts better.
    private struct CalibratedRewardModel: RewardModel {
        let aggregation = ScoreAggregation.last

        func score(_ paths: [ReasoningPath]) async throws -> StepScores {
            StepScores(scores: paths.map { _ in 1 }, rawScores: paths.map { Double($0.text.count) })
        }
    }

    /// The first step sets the threshold 0.9; of the drafts none is kept.
    @Test(arguments: [
        (["0.3 k!", "1 l!", "0.1 m!", "0.2 n!"], [1, 1]),
        (["1 k!", "0.1 l!"], [1]),
        // What a draft said already has its score.
        (["0.5 d!", "0.5 d!", "0.6 l!", "0.7 m!"], [1, 1, 1, 1]),
    ])
    func `Corrections end as early`(corrections: [String], calls: [Int]) async throws {
        func run(_ waves: Int) async throws -> HandwrittenSearch {
            try await self.run(
                [["0.9 a", "0.9 b", "0.9 c"], corrections], draft: [["-"], ["0.5 d!", "0.4 e!", "0.3 f!"]],
                waves: waves
            ) { $0.method = .specsearch }
        }
        let (waves, whole) = (try await run(4), try await run(1))
        #expect(counts(waves, 1) == calls && counts(whole, 1) == [4])
        #expect(answer(waves) == answer(whole))
        #expect(Set(waves.scoredTexts(at: 1)).count == waves.scoredTexts(at: 1).count)
    }

    @Test func `What a kept draft says already is no second thought`() async throws {
        let run = try await run(
            [["0.9 a", "0.9 b", "0.9 c"], ["1 d", "1 d", "1 k", "0.2 m"]],
            draft: [["-"], ["1 d", "0.4 e", "0.3 f", "0.2 g", "0.1 h", "0.15 i"]], waves: 4, beams: 2
        ) { $0.method = .specsearch }
        // Two are wanted at each of two nodes; the draft's words come twice before others.
        #expect(counts(run, 1) == [1, 1, 1, 1, 1, 1])
    }

    @Test func `A kept draft of the full score leaves one correction to do`() async throws {
        let run = try await run(
            [["0.9 a", "0.9 b", "0.9 c"], ["0.2 k!"]], draft: [["-"], ["1 d!", "0.4 e!", "0.3 f!"]], waves: 4
        ) { $0.method = .specsearch }
        #expect(counts(run, 1) == [1] && answer(run).last == "1 d")
    }

    @Test func `Traces are read again, and replayed`() async throws {
        for method in [SearchMethod.ar, .sps, .specsearch, .auto] {
            let search = ToySearch()
            let result = try await search.run(
                Toy.configuration {
                    $0.method = method
                    $0.targetWaves = 3
                })
            #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
            let again = try await TraceReplay(
                SearchTrace(data: SearchTrace(events: search.log.events).encoded())
            ).run()
            #expect(again.withoutTimes == result.withoutTimes, "\(method)")
        }
    }
}
