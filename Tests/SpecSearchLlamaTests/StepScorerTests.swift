import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct StepScorerTests {
    private func scorer(_ toy: Toy, _ configuration: RewardModelConfiguration) throws -> StepScorer {
        try toy.scorer(configuration)
    }

    private let likelihood = RewardModelConfiguration(template: "{problem}")
    private let label = RewardModelConfiguration(
        template: "{problem} ", stepToken: " =", good: "+", bad: "-", stepSeparator: " ")

    private func tokens(_ text: String) -> [Token] { text.map { ToyModel.id(of: String($0)) } }

    private func thought(_ text: String) -> Thought {
        Thought(text: text, tokens: tokens(text), stop: .delimiter, source: .draft)
    }

    private func path(_ problem: String, _ steps: [String]) -> ReasoningPath {
        ReasoningPath(problem: Problem(id: problem, text: problem), thoughts: steps.map(thought))
    }

    private func probability(_ logits: [Float], _ token: Token) -> Double {
        let best = Double(logits.max() ?? 0)
        return exp(Double(logits[Int(token)]) - best) / logits.reduce(0) { $0 + exp(Double($1) - best) }
    }

    @Test func likelihoodIsThatOfTheStep() async throws {
        let toy = try Toy(.init(layers: 2), role: .rewardModel)
        let steps = ["ab, ", "c d"]
        let score = try await scorer(toy, likelihood).score([path("xyz", steps)]).scores[0]
        var expected = 1.0
        var prefix = tokens("xyz" + steps[0])
        for token in tokens(steps[1]) {
            expected *= probability(try toy.freshLogits(after: prefix), token)
            prefix.append(token)
        }
        #expect(abs(log(score) - log(expected)) < 1e-2)
        toy.expectClean()
    }

    @Test(arguments: [true, false]) func incrementalBatchedAndShuffledAgree(isLikelihood: Bool) async throws {
        let toy = try Toy(.init(layers: 2), role: .rewardModel)
        let scorer = try scorer(toy, isLikelihood ? likelihood : label)
        var paths: [ReasoningPath] = []
        for first in ["ab,", "ac,", "bcd."] {
            for second in ["e f,", "e g,", "hh.", "h"] { paths.append(path("xyz", [first, second])) }
        }
        var alone: [Double] = []
        for path in paths {
            toy.runner.reset()
            alone += try await scorer.score([path]).scores
        }
        toy.runner.reset()
        let together = try await scorer.score(paths).scores
        toy.runner.reset()
        // Step by step: the second call evaluates only what is new.
        _ = try await scorer.score(paths.map { ReasoningPath(problem: $0.problem, thoughts: [$0.thoughts[0]]) })
        let before = toy.runner.evaluatedCount
        let result = try await scorer.score(paths)
        #expect(toy.runner.evaluatedCount - before < 12 * 6)
        let reversed = try await scorer.score(Array(paths.reversed())).scores
        #expect(toy.runner.evaluatedCount - before == result.usage[.rewardModel].evaluatedTokens)
        for index in paths.indices {
            for other in [together[index], result.scores[index], reversed[paths.count - 1 - index]] {
                #expect(abs(alone[index] - other) < 1e-5)
            }
        }
        #expect(Set(alone).count > 6)
        toy.expectClean()
    }

    @Test func labelIsReadAtTheStepToken() async throws {
        let toy = try Toy(.init(layers: 2), role: .rewardModel, template: label.template)
        let score = try await scorer(toy, label).score([path("xyz", ["ab,\n\n", "cd\n"])]).scores[0]
        let logits = try toy.freshLogits(after: toy.tokenizer.vocabulary.tokenize("xyz ab, = cd ="))
        let difference = Double(logits[Int(ToyModel.id(of: "+"))]) - Double(logits[Int(ToyModel.id(of: "-"))])
        #expect(abs(score - 1 / (1 + exp(-difference))) < 1e-3)
    }

    @Test func manyPathsWaitForOneAnother() async throws {
        let small = try Toy(role: .rewardModel, slots: 256, sequences: 5, batch: 16)
        let large = try Toy(role: .rewardModel)
        let paths = "abcdefghijklmnopqrstuvwxyz".map { path("xyz \($0)", ["\($0)bc,", "de\($0)f gh."]) }
        let a = try await scorer(small, likelihood).score(paths).scores
        let b = try await scorer(large, likelihood).score(paths).scores
        for (a, b) in zip(a, b) { #expect(abs(a - b) < 1e-5) }
        small.expectClean()
    }

    @Test func calibrationIsAStepFunction() async throws {
        let calibration = RewardModelConfiguration.Calibration(thresholds: [0.1, 0.5], values: [0, 0.4, 0.9])
        #expect([0, 0.0999, 0.1, 0.4999, 0.5, 1].map { calibration($0) } == [0, 0, 0.4, 0.4, 0.9, 0.9])
        let toy = try Toy(role: .rewardModel)
        var calibrated = likelihood
        calibrated.calibration = .init(thresholds: [], values: [0.25])
        let scores = try await scorer(toy, calibrated).score([path("x", ["ab"])])
        #expect(scores.scores == [0.25])
        // What ranks is what the model said.
        let raw = try await scorer(toy, likelihood).score([path("x", ["ab"])])
        #expect(raw.rawScores == nil && scores.rawScores == raw.scores)
    }

    @Test func unknownTokensAreNamed() throws {
        let toy = try Toy(role: .rewardModel)
        let wrong: [RewardModelConfiguration] = [
            .init(template: "{problem} ", stepToken: "=", stepTokenId: 3, good: "+", bad: "-"),
            .init(template: "{problem} ", stepToken: "=", stepTokenId: 100_000, good: "+", bad: "-"),
            .init(template: "{problem} ", stepToken: "=", goodId: 648, badId: 387),
            .init(template: "{problem} ", stepToken: "=", good: "good", bad: "-"),
            .init(template: "{problem} ", stepToken: "=", good: "+", goodId: 5, bad: "-"),
            .init(template: "{problem} ", stepToken: "=", good: "+", bad: "+"),
            .init(template: "{problem} ", stepToken: "", good: "+", bad: "-"),
            .init(template: "no place", stepToken: "=", good: "+", bad: "-"),
        ]
        for configuration in wrong {
            #expect {
                try scorer(toy, configuration)
            } throws: { error in
                guard let error = error as? SpecSearchError else { return false }
                return error.code == .badModelFile && error.message.contains("prm.json") && !error.remedy.isEmpty
            }
        }
    }

    @Test func whatCannotBeScoredIsAnError() async throws {
        let toy = try Toy(role: .rewardModel)
        let likelihood = try scorer(toy, likelihood)
        let label = try scorer(toy, label)
        let foreign = ReasoningPath(
            problem: Problem(text: "x"),
            thoughts: [Thought(text: "", tokens: [99_999], stop: .delimiter, source: .draft)])
        await expectError(.badScore) { _ = try await likelihood.score([path("x", [])]) }
        // The paths beside it are scored.
        let marked = try await label.score([path("x", ["a"]), path("x", ["a = b"]), path("x", ["b"])])
        #expect(marked.lost.mapValues(\.code) == [1: .badScore])
        #expect(marked.lost[1]?.message.contains("contains the step token") == true)
        let alone = try await label.score([path("x", ["a"]), path("x", ["b"])])
        #expect(alone.lost.isEmpty)
        #expect(abs(marked.scores[0] - alone.scores[0]) < 1e-5 && abs(marked.scores[2] - alone.scores[1]) < 1e-5)
        await expectError(.mismatch) { _ = try await likelihood.score([foreign]) }
        let long = try await likelihood.score([path("x", [String(repeating: "ab", count: 400)])])
        #expect(long.lost.mapValues(\.code) == [0: .contextOverflow])
        toy.expectClean()
    }
}
