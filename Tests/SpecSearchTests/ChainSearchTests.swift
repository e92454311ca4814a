import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct ChainSearchTests {
    @Test func `DVTS keeps the best of each subtree, though another has two better ones`() {
        var search = DiverseVerifierTreeSearch.dvts(subtrees: 2, width: 3)
        var tree = SearchTree(problem: Handwritten.problem)
        func open() -> [String] { search.next(in: tree).expansions.map { tree.text(to: $0.node) } }
        let first = search.next(in: tree).expansions
        #expect(first.map(\.identity) == [0, 1])
        #expect(first.allSatisfy { $0.node == SearchTree.root && $0.width == 3 && $0.needed == 1 })
        let one = tree.grow(SearchTree.root, "a 0.8", "b 0.9")
        let two = tree.grow(SearchTree.root, "c 0.3", "d 0.3")
        _ = search.receive([one, two], in: tree)
        #expect(open() == ["b", "c"])
        // A finished subtree leaves, and the other keeps its identity.
        let three = [tree.grow(one[1], "x 0.2!"), tree.grow(two[0], "y 0.4", "z 0.1!")]
        _ = search.receive(three, in: tree)
        #expect(open() == ["cy"])
        #expect(search.next(in: tree).expansions.map(\.identity) == [1])
        _ = search.receive([[]], in: tree)
        #expect(search.next(in: tree).expansions.isEmpty)
        #expect(tree.texts(search.finished) == ["bx"])
    }

    @Test func `Best-of-N follows N chains of its own, equal beginnings included`() async throws {
        // Every first step is one of two; each chain goes on by itself.
        let target = ScriptedModel(.target) { path, key in
            Handwritten.choice(path.depth == 0 ? "0.5 a" : "0.\(key.node + 1) end!")
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 2, width: 3, depth: 9) {
                $0.method = .ar
                $0.search = .bestOfN
            }, draft: target, target: target)
        #expect(target.calls.map { $0.requests.map(\.key.node) } == [Array(0..<6), Array(0..<6)])
        #expect(target.requests.allSatisfy { $0.count == 1 })
        #expect(run.result.paths.map(\.score) == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
        #expect(run.result.best.score == 0.6)
    }

    @Test func `Self-consistency takes the majority, and asks for no scores`() async throws {
        let answers = ["1,000", "7", "1000", "7", "1000 ", "8"]
        let target = ScriptedModel(.target) { path, key in
            path.depth == 0
                ? .init("so \(key.node)\n\n") : .init("The answer is \(answers[key.node])", stop: .endOfSequence)
        }
        func run(_ kind: SearchKind, _ rule: AnswerRule?) async throws -> HandwrittenSearch {
            try await HandwrittenSearch(
                Handwritten.configuration(beams: 2, width: 3, depth: 9) {
                    $0.method = .ar
                    $0.search = kind
                    $0.options.answerRule = rule
                    $0.options.answerMarker = "The answer is "
                }, draft: target, target: target,
                rewardModel: ScriptedRewardModel { $0.text.contains("8") ? 1 : 0.3 })
        }
        let consistent = try await run(.selfConsistency, nil)
        #expect(consistent.result.answer == "1,000")
        #expect(consistent.result.best.answer == "1,000")
        #expect(consistent.rewardModel.calls.isEmpty)
        #expect(try await run(.bestOfN, nil).result.answer == "8")
        // .3 three times, .3 twice, and 1.
        #expect(try await run(.bestOfN, .vote).result.answer == "8")
        #expect(try await run(.bestOfN, .majority).result.answer == "1,000")
    }

    @Test(
        arguments: [
            // The chains end after these steps with these answers; what is the answer, and how many need not end?
            ([1, 1, 1, 9], ["18", "18", "18", "7"], "18", 1), ([1, 1, 2, 9], ["18", "7", "18.0", "7"], "18", nil),
            ([1, 2, 2, 9], ["18", "7", "18", "18"], "18", nil), ([1, 1, 1, 9], ["none", "18", "18", "7"], "18", 1),
            ([1, 1, 9, 9], ["18", "18", "7", "7"], "18", nil), ([1, 1, 1, 9], ["none", "none", "18", "7"], "18", nil),
        ] as [([Int], [String], String, Int?)])
    func `A vote ends once the paths that are left cannot change it`(
        ends: [Int], answers: [String], answer: String, undecisive: Int?
    ) async throws {
        let target = ScriptedModel(.target) { path, key in
            guard path.depth + 1 == ends[key.node] else { return .init("so \(path.depth)\n\n") }
            let text = answers[key.node] == "none" ? "I do not know" : "The answer is \(answers[key.node])"
            return .init(text, stop: .endOfSequence)
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 1, width: 4, depth: 20) {
                $0.method = .ar
                $0.search = .selfConsistency
                $0.options.answerMarker = "The answer is "
            }, draft: target, target: target)
        #expect(run.result.answer == answer)
        #expect(run.result.undecisive == undecisive)
        #expect(run.result.end == .finished && run.result.paths.count == 4 - (undecisive ?? 0))
        #expect(target.calls.count == (undecisive == nil ? 9 : 1))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test(
        arguments: [
            // The chains' steps; how many need not end, and the best score.
            (.min, [["0.8 a!"], ["0.7 a", "0.9 b!"], ["0.6 a", "0.9 b!"]], 2, 0.8),
            // As good is not worse, and a last step may be better than all.
            (.min, [["0.7 a!"], ["0.7 a", "0.9 b!"]], nil, 0.7), (.last, [["0.8 a!"], ["0.1 a", "0.9 b!"]], nil, 0.9),
            (.mean, [["0.8 a!"], ["0.1 a", "0.9 b!"]], nil, 0.8),
            (.product, [["0.5 a!"], ["0.7 a", "0.6 b", "0.9 c!"], ["0.4 a", "1 b!"]], 1, 0.5),
            (.product, [["0.5 a!"], ["0.6 a", "0.9 b!"]], nil, 0.54),
        ] as [(ScoreAggregation, [[String]], Int?, Double)])
    func `The best path is known once the steps of all others rank lower`(
        aggregation: ScoreAggregation, chains: [[String]], undecisive: Int?, best: Double
    ) async throws {
        let target = ScriptedModel(.target) { path, key in Handwritten.choice(chains[key.node][path.depth]) }
        func run(_ rewardModel: ScriptedRewardModel) async throws -> HandwrittenSearch {
            try await HandwrittenSearch(
                Handwritten.configuration(beams: 1, width: chains.count, depth: 9) {
                    $0.method = .ar
                    $0.search = .bestOfN
                }, draft: target, target: target, rewardModel: rewardModel)
        }
        let found = try await run(Handwritten.rewardModel(aggregation))
        #expect(found.result.undecisive == undecisive && abs(found.result.best.score - best) < 1e-12)
        #expect(found.result.paths.count == chains.count - (undecisive ?? 0) && found.result.end == .finished)
        #expect(SearchInvariants.violations(in: found.events, of: found.result) == [])
        // A vote of some of the paths is nobody's.
        #expect((found.result.vote == nil) == (undecisive != nil || found.result.answer == nil))
        let trace = try SearchTrace(data: SearchTrace(events: found.events).encoded())
        #expect(try await TraceReplay(trace).run().withoutTimes == found.result.withoutTimes)
    }

    @Test(arguments: [AnswerRule.best, .majority]) func `All paths are followed for whoever asks`(rule: AnswerRule)
        async throws
    {
        let chains = [["0.9 \\boxed{8}!"], ["0.9 \\boxed{8}!"], ["0.1 a", "0.1 b", "0.1 \\boxed{7}!"]]
        let target = ScriptedModel(.target) { path, key in Handwritten.choice(chains[key.node][path.depth]) }
        for follows in [false, true] {
            let run = try await HandwrittenSearch(
                Handwritten.configuration(beams: 1, width: 3, depth: 9) {
                    $0.method = .ar
                    $0.search = .bestOfN
                    $0.options.answerRule = rule
                    $0.options.followsAllPaths = follows
                }, draft: target, target: target, rewardModel: Handwritten.rewardModel(.min))
            #expect(run.result.answer == "8" && run.result.paths.count == (follows ? 3 : 2))
            #expect(run.result.undecisive == (follows ? nil : 1))
        }
    }

    @Test func `A vote by scores is decided by no more than they can weigh`() {
        func isDecided(_ ballots: [(String?, Double)], open: Int) -> Bool {
            AnswerVote.isDecided(ballots.map { (answer: $0.0, weight: $0.1) }, open: open)
        }
        #expect(isDecided([("1", 0.9), ("1.0", 0.9), ("2", 0.5)], open: 1))
        #expect(!isDecided([("1", 0.9), ("1.0", 0.5), ("2", 0.5)], open: 1))
        // As many as are open may agree on what nobody has said yet; without a ballot nothing is decided.
        #expect(!isDecided([("1", 1), ("1", 1)], open: 2) && !isDecided([(nil, 1)], open: 0))
    }

    @Test func `A chain gets its own corrections, also where only the uncovered is corrected`() async throws {
        // The first chain's drafts are good, the second's are not.
        let draft = ScriptedModel(.draft) { path, key in
            Handwritten.choice(key.node == 0 ? "0.9 d\(path.depth)" : "0.1 d\(path.depth)")
        }
        let target = ScriptedModel(.target) { path, _ in Handwritten.choice("0.5 t\(path.depth)") }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 2, width: 1, depth: 2) {
                $0.search = .bestOfN
                $0.correction = .cover
                $0.extraThought = .never
            }, draft: draft, target: target)
        #expect(target.calls.map { $0.requests.map(\.key.node) } == [[0, 1], [1]])
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }
}

@Suite struct RewardBalancedSearchTests {
    private func search(_ budget: Int, temperature: Double = 0.2) -> RewardBalancedSearch {
        .rebase(budget: budget, temperature: temperature)
    }

    @Test func `The budget is shared by the softmax of the scores, the best first`() {
        var search = search(6)
        // Weights 1, e⁻¹, e⁻³ of 1.418: 4.2, 1.6 and 0.2 of 6, so 5, then the 1 that is left.
        let run = TreeScript(":c 0.2, a 0.8, b 0.6", "a:1 0.7, 2 0.7, 3 0.7", "b:1 0.1!").run(&search)
        #expect(run.batches[0] == ["#0x6"])
        #expect(run.batches[1] == ["a#0x5", "b#1x1"])
        // One path is finished, 5 places are left for three equal leaves.
        #expect(run.batches[2] == ["a1#0x2", "a2#1x2", "a3#2x1"])
        #expect(run.tree.texts(search.finished) == ["b1"])
    }

    @Test func `A high temperature shares equally, a low one gives all to the best`() {
        let tree = TreeScript(":a 0.9, b 0.5, c 0.1")
        // A share just above 2 is rounded up.
        var hot = search(6, temperature: 1e6)
        #expect(tree.run(&hot).batches[1] == ["a#0x3", "b#1x2", "c#2x1"])
        var cold = search(6, temperature: 1e-6)
        #expect(tree.run(&cold).batches[1] == ["a#0x6"])
    }

    @Test func `The search ends when every place of the budget is a finished path`() {
        var search = search(3)
        let run = TreeScript(":a 0.5!, b 0.4", "b:1 0.3!, 2 0.2!, 3 0.9").run(&search)
        #expect(run.batches == [["#0x3"], ["b#0x2"]])
        #expect(search.finished.count == 3)
        #expect(search.ranked(in: run.tree).first.map(run.tree.text) == "a")
    }
}
