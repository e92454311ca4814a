import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct ChainSearchTests {
    @Test func `DVTS keeps the best of each subtree, though another has two better ones`() {
        var search = DiverseVerifierTreeSearch(
            problem: Handwritten.problem, subtrees: 2, width: 3, aggregation: .last)
        #expect(search.next.expansions.map(\.identity) == [0, 1])
        #expect(search.next.expansions.allSatisfy { $0.node.depth == 0 && $0.width == 3 && $0.needed == 1 })
        func steps(_ entries: (String, Double, Bool)...) -> [Step] {
            entries.map { text, score, ends in
                Step(
                    thought: Thought(text: text, tokens: [], stop: ends ? .endOfSequence : .delimiter, author: .target),
                    score: score)
            }
        }
        search.receive([steps(("a", 0.8, false), ("b", 0.9, false)), steps(("c", 0.3, false), ("d", 0.3, false))])
        #expect(search.next.expansions.map(\.node.text) == ["b", "c"])
        // A finished subtree leaves, and the other keeps its identity.
        search.receive([steps(("x", 0.2, true)), steps(("y", 0.4, false), ("z", 0.1, true))])
        #expect(search.next.expansions.map(\.node.text) == ["cy"])
        #expect(search.next.expansions.map(\.identity) == [1])
        search.receive([[]])
        #expect(search.next.expansions.isEmpty)
        #expect(search.finished.map(\.text) == ["bx"])
    }

    @Test func `Best-of-N writes N chains of its own, equal beginnings included`() async throws {
        // Every first step is one of two; each chain goes on by itself.
        let target = ScriptedSampler(.target) { path, key in
            Handwritten.choice(path.depth == 0 ? "0.5 a" : "0.\(key.node + 1) end!")
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 2, width: 3, depth: 9) {
                $0.method = .ar
                $0.search = .bestOfN
            }, draft: target, target: target)
        #expect(target.calls.map { $0.map(\.key.node) } == [Array(0..<6), Array(0..<6)])
        #expect(target.calls.joined().allSatisfy { $0.count == 1 })
        #expect(run.result.paths.map(\.score) == [0.6, 0.5, 0.4, 0.3, 0.2, 0.1])
        #expect(run.result.best.score == 0.6)
    }

    @Test func `Self-consistency takes the majority, and asks for no scores`() async throws {
        let answers = ["1,000", "7", "1000", "7", "1000 ", "8"]
        let target = ScriptedSampler(.target) { path, key in
            path.depth == 0
                ? .init("so \(key.node)\n\n") : .init("The answer is \(answers[key.node])", stop: .endOfSequence)
        }
        func run(_ kind: SearchKind, _ rule: AnswerRule?) async throws -> HandwrittenSearch {
            try await HandwrittenSearch(
                Handwritten.configuration(beams: 2, width: 3, depth: 9) {
                    $0.method = .ar
                    $0.search = kind
                    $0.answerRule = rule
                    $0.answerPrefix = "The answer is "
                }, draft: target, target: target,
                evaluator: ScriptedEvaluator { $0.text.contains("8") ? 1 : 0.3 })
        }
        let consistent = try await run(.selfConsistency, nil)
        #expect(consistent.result.answer == "1,000")
        #expect(consistent.result.best.answer == "1,000")
        #expect(consistent.evaluator.calls.isEmpty)
        #expect(try await run(.bestOfN, nil).result.answer == "8")
        // .3 three times, .3 twice, and 1.
        #expect(try await run(.bestOfN, .vote).result.answer == "8")
        #expect(try await run(.bestOfN, .majority).result.answer == "1,000")
    }

    @Test func `A chain gets its own corrections, also where only the uncovered is corrected`() async throws {
        // The first chain's drafts are good, the second's are not.
        let draft = ScriptedSampler(.draft) { path, key in
            Handwritten.choice(key.node == 0 ? "0.9 d\(path.depth)" : "0.1 d\(path.depth)")
        }
        let target = ScriptedSampler(.target) { path, _ in Handwritten.choice("0.5 t\(path.depth)") }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 2, width: 1, depth: 2) {
                $0.search = .bestOfN
                $0.speculation.correction = .cover
                $0.speculation.extraThought = .never
            }, draft: draft, target: target)
        #expect(target.calls.map { $0.map(\.key.node) } == [[0, 1], [1]])
        #expect(SearchInvariants.violations(in: run.events) == [])
    }
}

@Suite struct RewardBalancedSearchTests {
    private func search(_ budget: Int, temperature: Double = 0.2) -> RewardBalancedSearch {
        RewardBalancedSearch(
            problem: Handwritten.problem, budget: budget, temperature: temperature, aggregation: .last)
    }

    @Test func `The budget is shared by the softmax of the scores, the best first`() {
        var search = search(6)
        // Weights 1, e⁻¹, e⁻³ of 1.418: 4.2, 1.6 and 0.2 of 6, so 5, then the 1 that is left.
        let run = TreeScript(":c 0.2, a 0.8, b 0.6", "a:1 0.7, 2 0.7, 3 0.7", "b:1 0.1!").run(&search)
        #expect(run.batches[0] == ["#0x6"])
        #expect(run.batches[1] == ["a#0x5", "b#1x1"])
        // One path is finished, 5 places are left for three equal leaves.
        #expect(run.batches[2] == ["a1#0x2", "a2#1x2", "a3#2x1"])
        #expect(search.finished.map(\.text) == ["b1"])
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
        #expect(search.best?.text == "a")
    }
}
