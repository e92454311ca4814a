import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct SpeculativeThoughtGeneratorTests {
    @Test func `With every draft rejected and no extra thought the search is AR's to the letter`() async throws {
        for seed in 0..<20 as Range<UInt64> {
            var configuration = Toy.configuration(estimator: .infinite, seed: seed)
            configuration.extraThought = .never
            let speculative = try await ToySearch().run(configuration)
            let autoregressive = try await ToySearch().run(Toy.configuration(.ar, seed: seed))
            #expect(speculative.steps.map(\.thought) == autoregressive.steps.map(\.thought))
            #expect(speculative.paths.map(\.score) == autoregressive.paths.map(\.score))
        }
    }

    @Test func `Without a threshold the target generates only the first step`() async throws {
        let search = ToySearch()
        let result = try await search.run(Toy.configuration(estimator: .none))
        #expect(search.target.calls.count == 1)
        #expect(search.target.calls[0].requests[0].path.depth == 0)
        #expect(result.steps.dropFirst().allSatisfy { $0.thought.source == .draft })
    }

    @Test func `With a threshold for it the first step is drafted, and the target writes what was rejected`()
        async throws
    {
        for threshold in [0.0, 1.0] {
            var configuration = Toy.configuration(estimator: .maximum)
            configuration.rejection.firstThreshold = threshold
            let search = ToySearch()
            let result = try await search.run(configuration)
            let first = search.log.events.compactMap { event -> SearchEvent.Sampled? in
                if case .sampled(let sampled) = event, sampled.depth == 0 { sampled } else { nil }
            }
            #expect(first.map(\.phase) == (threshold == 0 ? [.draft] : [.draft, .correct]))
            #expect(result.steps[0].thought.source == (threshold == 0 ? .draft : .target))
            #expect(result.isFinished)
        }
    }

    @Test func `A draft model equal to the target gives the target's distribution of scores`() async throws {
        var counts = [[Double: Int]](repeating: [:], count: 2)
        let runs = 1500
        for run in 0..<runs {
            for (index, method) in [SearchMethod.ar, .specsearch].enumerated() {
                var configuration = Toy.configuration(method, estimator: .none, seed: UInt64(run))
                configuration.draftFactor = 1
                configuration.width = 2
                configuration.beams = 1
                let search = ToySearch(draft: Toy.model(.draft), target: Toy.model(.target))
                let result = try await search.run(configuration)
                counts[index][result.steps[1].score, default: 0] += 1
            }
        }
        // Two samples of the same multinomial: homogeneity chi-square, 3 degrees of freedom, 99.9 % below 16.3.
        var chiSquare = 0.0
        for score in Set(counts[0].keys).union(counts[1].keys) {
            let (a, b) = (Double(counts[0][score] ?? 0), Double(counts[1][score] ?? 0))
            chiSquare += (a - b) * (a - b) / (a + b)
        }
        #expect(chiSquare < 16.3)
        #expect(counts[0].count == 4)
    }

    @Test func `Corrections follow the target's distribution, although drafts were rejected`() async throws {
        // Reusing rejected drafts would give (.142, .286, .144, .428) in place of (.1, .2, .3, .4).
        var counts: [Character: Int] = [:]
        var total = 0
        for run in 0..<2500 {
            var configuration = Toy.configuration(estimator: .fixed(0.95), seed: UInt64(run))
            configuration.extraThought = .never
            configuration.width = 1
            configuration.beams = 1
            let search = ToySearch()
            let result = try await search.run(configuration)
            for case .sampled(let sampled) in search.log.events where sampled.phase == .correct && sampled.depth == 1 {
                for id in sampled.samples.joined() {
                    counts[result.tree[id].thought.text.first ?? "?", default: 0] += 1
                    total += 1
                }
            }
        }
        #expect(total == 2500)
        let shares: [(Character, Double)] = [("a", 0.1), ("b", 0.2), ("c", 0.3), ("d", 0.4)]
        let chiSquare = shares.reduce(0.0) { sum, entry in
            let expected = entry.1 * Double(total)
            let seen = Double(counts[entry.0] ?? 0)
            return sum + (seen - expected) * (seen - expected) / expected
        }
        #expect(chiSquare < 16.3)
        // The naive distribution is far outside: the same test sees it.
        let naive = zip([0.1429, 0.2857, 0.1429, 0.4286], shares).reduce(0.0) { sum, entry in
            let expected = entry.1.1 * Double(total)
            let seen = entry.0 * Double(total)
            return sum + (seen - expected) * (seen - expected) / expected
        }
        #expect(naive > 16.3)
    }

    @Test func `A node never costs more target thoughts than it lacks, the extra aside`() async throws {
        for seed in 0..<30 as Range<UInt64> {
            let search = ToySearch()
            let result = try await search.run(Toy.configuration(estimator: .mean, seed: seed))
            for case .sampled(let call) in search.log.events where call.phase == .correct {
                for (parent, samples) in zip(call.parents, call.samples) {
                    var kept = 0
                    for child in result.tree[parent].children.map({ result.tree[$0] }) {
                        if child.state == .accepted || child.state == .surplus { kept += child.samples }
                    }
                    #expect(kept < 6)
                    #expect(samples.count == 6 - kept + 1)
                }
            }
        }
    }

    @Test func `Duplicates fill the slots that they were sampled for`() async throws {
        // Twelve equal drafts fill all six slots with one text: nothing is corrected.
        let draft = ScriptedModel(.draft) { path in
            path.depth < 3 ? [.init("a\(path.depth)\n\n")] : [.init("E", stop: .endOfSequence)]
        }
        let search = ToySearch(draft: draft)
        let result = try await search.run(Toy.configuration(estimator: .fixed(0.5)))
        #expect(search.target.calls.count == 1)
        #expect(result.acceptance.judged > result.acceptance.unique)
        #expect(search.rewardModel.calls.dropFirst().allSatisfy { $0.count <= 2 })
    }

    @Test func `Each correction rule asks for what it says`() async throws {
        func corrections(
            _ rule: SpeculativeThoughtGenerator.Correction, _ extra: SpeculativeThoughtGenerator.ExtraThought
        ) async throws -> Int {
            var configuration = Toy.configuration(estimator: .fixed(0.6), seed: 4)
            configuration.beams = 1
            configuration.correction = rule
            configuration.extraThought = extra
            // Every third sample of the draft is too bad: 4 of 12 expected.
            let search = ToySearch(draft: Toy.model(.draft, weights: [0.3, 0.1, 0.4, 0.2]))
            _ = try await search.run(configuration)
            return search.target.calls.dropFirst().flatMap(\.requests).reduce(0) { $0 + $1.count }
        }
        let fill = try await corrections(.fill, .never)
        #expect(try await corrections(.cover, .never) == 0)
        #expect(try await corrections(.all, .never) > fill)
        #expect(try await corrections(.fill, .whenCorrecting) >= fill)
        // Two steps are drafted and the end, one node each: `always` adds one to each.
        #expect(try await corrections(.cover, .always) == 3)
    }

    @Test func `A text that was scored as a draft is not scored again`() async throws {
        let search = ToySearch()
        _ = try await search.run(Toy.configuration(estimator: .infinite))
        var seen: Set<[String]> = []
        for paths in search.rewardModel.calls {
            for path in paths {
                #expect(seen.insert(path.thoughts.map(\.text)).inserted)
            }
        }
    }

    @Test func `Both thresholds and their updates are reported`() async throws {
        let search = ToySearch()
        let result = try await search.run(Toy.configuration())
        let thresholds = search.log.events.compactMap { event -> Double? in
            if case .thresholdUpdated(_, let threshold) = event { return threshold }
            return nil
        }
        let first = try #require(thresholds.first)
        let scores = search.rewardModel.calls[0].compactMap { $0.thoughts.last?.text.first.flatMap { Toy.scores[$0] } }
        #expect(first == scores.max())
        #expect(result.depths.count == 4)
        #expect(result.depths[1].threshold == first)
    }

    @Test func `A draft that reaches the threshold and is not among the N best is surplus`() async throws {
        let run = try await HandwrittenSearch(
            Handwritten.configuration(),
            draft: Handwritten.model(.draft, [["-"], ["0.8 d", "0.9 e", "0.8 f", "0.7 g", "0.1 h", "0.8 i"]]),
            target: Handwritten.model(.target, [["0.5 a", "0.6 b", "0.7 c"]]))
        #expect(run.nodes(.accepted).map(\.thought.text) == ["0.9 e\n\n", "0.8 d\n\n", "0.8 f\n\n"])
        #expect(run.nodes(.surplus).map(\.thought.text) == ["0.8 i\n\n", "0.7 g\n\n"])
        #expect(run.nodes(.rejected).map(\.thought.text) == ["0.1 h\n\n"])
        #expect(run.result.acceptance.kept == 5 && run.result.acceptance.judged == 6)
        #expect(run.result.depths[1].keptDrafts == 3 && run.result.depths[1].acceptedDrafts == 5)
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test func `A correction that repeats a surplus draft has its score, and is not asked about again`() async throws {
        let run = try await HandwrittenSearch(
            Handwritten.configuration { $0.extraThought = .always },
            draft: Handwritten.model(.draft, [["-"], ["0.8 d", "0.9 e", "0.8 f", "0.7 g", "0.1 h", "0.8 i"]]),
            target: Handwritten.model(.target, [["0.5 a", "0.6 b", "0.7 c"], ["0.7 g"]]))
        #expect(run.scoredTexts(at: 1).filter { $0.hasPrefix("0.7 g") }.count == 1)
        #expect(run.nodes(.correction).map(\.score) == [0.7])
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test func `Of equal drafts those that were sampled more often are kept`() async throws {
        let run = try await HandwrittenSearch(
            Handwritten.configuration(width: 1) { $0.draftFactor = 3 },
            draft: Handwritten.model(.draft, [["-"], ["0.8 d", "0.8 e", "0.8 e"]]),
            target: Handwritten.model(.target, [["0.7 a"]]))
        #expect(run.nodes(.accepted).map(\.thought.text) == ["0.8 e\n\n"])
    }

    @Test func `A retried draft is known by the number of its sample`() async throws {
        let draft = ScriptedModel(.draft) { path, key in
            key.sampleIndex < 6 ? .init("\n\n") : Handwritten.choice("0.9 d\(key.sampleIndex)")
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(), draft: draft, target: Handwritten.model(.target, [["0.7 a"]]))
        #expect(run.nodes(.accepted).map(\.sampleIndex) == [6, 7, 8])
    }

    @Test func `An end without words counts as a draft with its parent's score`() async throws {
        let draft = ScriptedModel(.draft) { path, key in
            key.sampleIndex == 0 ? .init("", stop: .endOfSequence) : Handwritten.choice("0.1 d\(key.sampleIndex)")
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(), draft: draft, target: Handwritten.model(.target, [["0.7 a"], ["0.2 z"]]))
        #expect(run.nodes(.accepted).map(\.score) == [0.7])
        #expect(run.result.isFinished && run.result.best.score == 0.7)
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        let replayed = try await TraceReplay(SearchTrace(events: run.events)).run()
        #expect(replayed.withoutTimes == run.result.withoutTimes)
    }

    @Test(arguments: [SearchMethod.specsearch, .auto, .gsi, .draft])
    func `Drafts that are judged have a temperature of their own, and nothing else has`(method: SearchMethod)
        async throws
    {
        let run = try await HandwrittenSearch(
            Handwritten.configuration {
                $0.method = method
                $0.sampling.temperature = 0.7
                $0.draftTemperature = 0
            },
            draft: ScriptedModel(.draft, distribution: Handwritten.steps([1, 1, 1, 1])),
            target: ScriptedModel(.target, distribution: Handwritten.steps([1, 1, 1, 1])))
        let temperatures = Set(run.draft.requests.map(\.sampling.temperature))
        #expect(
            temperatures == ([.specsearch, .auto].contains(method) ? (run.draft.requests.isEmpty ? [] : [0]) : [0.7]))
        #expect(Set(run.target.requests.map(\.sampling.temperature)).isSubset(of: [0.7]))
    }
}
