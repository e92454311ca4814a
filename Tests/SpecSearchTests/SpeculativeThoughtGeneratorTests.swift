import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct SpeculativeGeneratorTests {
    @Test func `With every draft rejected and no extra thought the search is AR's to the letter`() async throws {
        for seed in 0..<20 as Range<UInt64> {
            var configuration = Toy.configuration(estimator: .infinite, seed: seed)
            configuration.speculation.extraThought = .never
            let speculative = try await ToySearch().run(configuration)
            let autoregressive = try await ToySearch().run(Toy.configuration(.ar, seed: seed))
            #expect(speculative.best.steps.map(\.thought) == autoregressive.best.steps.map(\.thought))
            #expect(speculative.paths.map(\.score) == autoregressive.paths.map(\.score))
        }
    }

    @Test func `Without a threshold the large model writes only the first step`() async throws {
        let search = ToySearch()
        let result = try await search.run(Toy.configuration(estimator: .none))
        #expect(search.target.calls.count == 1)
        #expect(search.target.calls[0][0].path.depth == 0)
        #expect(result.best.steps.dropFirst().allSatisfy { $0.thought.author == .draft })
    }

    @Test func `A draft model equal to the target gives the target's distribution of scores`() async throws {
        var counts = [[Double: Int]](repeating: [:], count: 2)
        let runs = 1500
        for run in 0..<runs {
            for (index, method) in [SearchMethod.ar, .specsearch].enumerated() {
                var configuration = Toy.configuration(method, estimator: .none, seed: UInt64(run))
                configuration.speculation.draftFactor = 1
                configuration.speculation.width = 2
                configuration.beams = 1
                let search = ToySearch(draft: Toy.sampler(.draft), target: Toy.sampler(.target))
                let result = try await search.run(configuration)
                counts[index][result.best.steps[1].score, default: 0] += 1
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

    @Test func `Corrections follow the large model's law, although drafts were rejected`() async throws {
        // Reusing rejected drafts would give (.142, .286, .144, .428) in place of (.1, .2, .3, .4).
        var counts: [Character: Int] = [:]
        var total = 0
        for run in 0..<2500 {
            var configuration = Toy.configuration(estimator: .fixed(0.95), seed: UInt64(run))
            configuration.speculation.extraThought = .never
            configuration.speculation.width = 1
            configuration.beams = 1
            let search = ToySearch()
            _ = try await search.run(configuration)
            for case .sampled(let sampled) in search.log.events where sampled.phase == .correct && sampled.depth == 1 {
                for thought in sampled.thoughts.joined() {
                    counts[thought.text.first ?? "?", default: 0] += 1
                    total += 1
                }
            }
        }
        #expect(total == 2500)
        let law: [(Character, Double)] = [("a", 0.1), ("b", 0.2), ("c", 0.3), ("d", 0.4)]
        let chiSquare = law.reduce(0.0) { sum, entry in
            let expected = entry.1 * Double(total)
            let seen = Double(counts[entry.0] ?? 0)
            return sum + (seen - expected) * (seen - expected) / expected
        }
        #expect(chiSquare < 16.3)
        // The naive law is far outside: the same test sees it.
        let naive = zip([0.1429, 0.2857, 0.1429, 0.4286], law).reduce(0.0) { sum, entry in
            let expected = entry.1.1 * Double(total)
            let seen = entry.0 * Double(total)
            return sum + (seen - expected) * (seen - expected) / expected
        }
        #expect(naive > 16.3)
    }

    @Test func `A node never costs more large thoughts than it lacks, the extra aside`() async throws {
        for seed in 0..<30 as Range<UInt64> {
            let search = ToySearch()
            _ = try await search.run(Toy.configuration(estimator: .mean, seed: seed))
            var kept: [[Int]: Int] = [:]
            for event in search.log.events {
                if case .sampled(let drafts) = event, drafts.phase == .draft {
                    for (node, thoughts) in zip(drafts.nodes, drafts.thoughts) {
                        kept[[drafts.depth, node]] = thoughts.count
                    }
                }
                if case .rejected(let depth, let node, let steps) = event {
                    // Each rejected text takes all of its samples out of the node's kept ones.
                    for step in steps {
                        let samples = search.samples(depth: depth, node: node, text: step.thought.text)
                        kept[[depth, node], default: 0] -= samples
                    }
                }
            }
            for case .sampled(let call) in search.log.events where call.phase == .correct {
                for (node, thoughts) in zip(call.nodes, call.thoughts) {
                    let need = max(0, 6 - (kept[[call.depth, node]] ?? 0))
                    #expect(need > 0)
                    #expect(thoughts.count == need + 1)
                }
            }
        }
    }

    @Test func `Duplicates fill the slots that they were sampled for`() async throws {
        // Twelve equal drafts fill all six slots with one text: nothing is corrected.
        let draft = ScriptedSampler(.draft) { path in
            path.depth < 3 ? [.init("a\(path.depth)\n\n")] : [.init("E", stop: .endOfSequence)]
        }
        let search = ToySearch(draft: draft)
        let result = try await search.run(Toy.configuration(estimator: .fixed(0.5)))
        #expect(search.target.calls.count == 1)
        #expect(result.acceptance.judged > result.acceptance.unique)
        #expect(search.evaluator.calls.dropFirst().allSatisfy { $0.count <= 2 })
    }

    @Test func `Each correction rule asks for what it says`() async throws {
        func corrections(
            _ rule: SpeculativeThoughtGenerator.Correction, _ extra: SpeculativeThoughtGenerator.ExtraThought
        ) async throws -> Int {
            var configuration = Toy.configuration(estimator: .fixed(0.6), seed: 4)
            configuration.beams = 1
            configuration.speculation.correction = rule
            configuration.speculation.extraThought = extra
            // Every third sample of the draft is too bad: 4 of 12 expected.
            let search = ToySearch(draft: Toy.sampler(.draft, weights: [0.3, 0.1, 0.4, 0.2]))
            _ = try await search.run(configuration)
            return search.target.calls.dropFirst().joined().reduce(0) { $0 + $1.count }
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
        for paths in search.evaluator.calls {
            for path in paths {
                #expect(seen.insert(path.thoughts.map(\.text)).inserted)
            }
        }
    }

    @Test func `Both thresholds and their updates are told`() async throws {
        let search = ToySearch()
        let result = try await search.run(Toy.configuration())
        let thresholds = search.log.events.compactMap { event -> Double? in
            if case .thresholdUpdated(_, let threshold) = event { return threshold }
            return nil
        }
        let first = try #require(thresholds.first)
        let scores = search.evaluator.calls[0].compactMap { $0.thoughts.last?.text.first.flatMap { Toy.scores[$0] } }
        #expect(first == scores.max())
        #expect(result.depths.count == 4)
        #expect(result.depths[1].threshold == first)
    }
}

extension ToySearch {
    /// How many of a node's drafts had a text.
    func samples(depth: Int, node: Int, text: String) -> Int {
        for case .sampled(let call) in log.events where call.phase == .draft && call.depth == depth {
            for (place, thoughts) in zip(call.nodes, call.thoughts) where place == node {
                return thoughts.count { $0.text == text }
            }
        }
        return 0
    }
}
