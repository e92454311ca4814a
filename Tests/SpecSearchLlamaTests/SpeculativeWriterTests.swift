import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Token-level speculation must follow the target's law exactly.
///
/// The vocabulary is cut to its first 8 tokens: unknown, begin, end, and the bytes 0 ... 4, of which byte 1 is the
/// delimiter. Thoughts have at most 3 tokens, so the law is enumerated.
@Suite struct SpeculativeWriterTests {
    private static let vocabularyCount = 8
    private static let delimiter = "\u{1}"
    private static let delimiterToken = ToyModel.firstByte + 1

    private func writer(
        _ target: Toy, _ draft: Toy, draftLength: Int, sharesSamples: Bool = true
    ) -> SpeculativeWriter {
        SpeculativeWriter(
            target: target.runtime, draft: draft.runtime, delimiter: StepDelimiter(Self.delimiter),
            vocabularyCount: Self.vocabularyCount, draftLength: draftLength, sharesSamples: sharesSamples)
    }

    private func autoregressive(_ target: Toy) -> ThoughtWriter {
        ThoughtWriter(
            runtime: target.runtime, delimiter: StepDelimiter(Self.delimiter), vocabularyCount: Self.vocabularyCount)
    }

    /// The probability of every thought, by enumeration.
    private func law(_ toy: Toy, _ request: ThoughtRequest) throws -> [[Token]: Double] {
        let prompt = try toy.runtime.promptTokens(request.path.problem)
        var warp = TokenWarp(count: Self.vocabularyCount)
        var result: [[Token]: Double] = [:]
        var open: [([Token], Double)] = [([], 1)]
        while let (tokens, probability) = open.popLast() {
            var row = [Float](repeating: 0, count: Self.vocabularyCount)
            try warp.apply(request.parameters, to: try toy.logits(after: prompt + tokens), into: &row)
            for (token, p) in row.enumerated() where p > 0 {
                let next = tokens + [Token(token)]
                let isWhole =
                    Token(token) == ToyModel.end || Token(token) == Self.delimiterToken
                    || next.count == request.parameters.maximumTokens
                if isWhole {
                    result[next, default: 0] += probability * Double(p)
                } else {
                    open.append((next, probability * Double(p)))
                }
            }
        }
        toy.decoder.reset()
        return result
    }

    /// How many standard deviations Pearson's statistic is above what it should be.
    private func deviation(_ thoughts: [Thought], from law: [[Token]: Double]) -> Double {
        var counts: [[Token]: Int] = [:]
        for thought in thoughts { counts[thought.tokens, default: 0] += 1 }
        guard counts.keys.allSatisfy({ law[$0] != nil }) else { return .infinity }
        let total = Double(thoughts.count)
        var statistic = 0.0
        var cells = 0
        var rare = (observed: 0.0, expected: 0.0)
        for (tokens, probability) in law {
            let expected = probability * total
            let observed = Double(counts[tokens] ?? 0)
            if expected < 5 {
                rare.observed += observed
                rare.expected += expected
            } else {
                statistic += (observed - expected) * (observed - expected) / expected
                cells += 1
            }
        }
        if rare.expected >= 1 {
            statistic += (rare.observed - rare.expected) * (rare.observed - rare.expected) / rare.expected
            cells += 1
        }
        let freedom = Double(max(1, cells - 1))
        return (statistic - freedom) / (2 * freedom).squareRoot()
    }

    @Test(arguments: [(0.7, 1.0), (1.0, 1.0), (0.7, 0.9), (1.0, 0.9)], [1, 3])
    func followsTheTargetsLaw(parameters: (temperature: Double, topP: Double), draftLength: Int) async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let wanted = request(
            "ab", count: 4000, temperature: parameters.temperature, topP: parameters.topP, maximumTokens: 3, seed: 5)
        let law = try law(target, wanted)
        #expect(abs(law.values.reduce(0, +) - 1) < 1e-4)
        let speculative = writer(target, draft, draftLength: draftLength)
        let result = try await speculative.write([wanted])
        #expect(abs(deviation(result.thoughts[0], from: law)) < 4)
        // Blocks that end where the draft is unsure follow the same law.
        speculative.minimumConfidence = 0.4
        let confident = try await speculative.write([wanted])
        #expect(abs(deviation(confident.thoughts[0], from: law)) < 4)
        #expect(confident.usage[.target].proposedTokens < result.usage[.target].proposedTokens)
        #expect(confident.usage[.target].proposedTokens > 0)
        let usage = result.usage[.target]
        #expect(usage.acceptedTokens > 0 && usage.acceptedTokens < usage.proposedTokens)
        #expect(result.usage[.draft].decodes > 0)
        target.expectClean()
        draft.expectClean()
        // The token-by-token writer follows it too.
        let plain = try await autoregressive(target).write([wanted])
        #expect(abs(deviation(plain.thoughts[0], from: law)) < 4)
    }

    @Test func aWrongResidualIsNoticed() async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let wanted = request("ab", count: 4000, maximumTokens: 3, seed: 5)
        let law = try law(target, wanted)
        let wrong = writer(target, draft, draftLength: 3)
        wrong.correction = .target
        #expect(deviation(try await wrong.write([wanted]).thoughts[0], from: law) > 10)
    }

    @Test(arguments: 0...5) func zeroTemperatureGivesTheGreedyText(draftLength: Int) async throws {
        let target = try Toy(.init(seed: 11, layers: 2))
        let draft = try Toy(.init(seed: 12), role: .draft)
        for problem in ["ab", "cde", "x"] {
            let wanted = request(problem, count: 2, temperature: 0, maximumTokens: 9)
            let greedy = try await autoregressive(target).write([wanted]).thoughts
            target.decoder.reset()
            #expect(try await writer(target, draft, draftLength: draftLength).write([wanted]).thoughts == greedy)
        }
        target.expectClean()
        draft.expectClean()
    }

    @Test(arguments: [1, 2, 4]) func endsAtEveryPlaceOfABlock(draftLength: Int) async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let wanted = request("ab", count: 400, maximumTokens: 8, seed: 3)
        let result = try await writer(target, draft, draftLength: draftLength).write([wanted])
        var lengths: [Thought.Stop: Set<Int>] = [:]
        for thought in result.thoughts[0] {
            lengths[thought.stop, default: []].insert(thought.tokens.count)
            let inner = thought.tokens.dropLast()
            #expect(!inner.contains(ToyModel.end) && !inner.contains(Self.delimiterToken))
            #expect(thought.tokens.count <= 8)
        }
        #expect(lengths[.delimiter]?.isSuperset(of: 1...draftLength + 1) == true)
        #expect(lengths[.endOfSequence]?.isSuperset(of: 1...draftLength + 1) == true)
        #expect(result.usage[.target].outputTokens == result.thoughts[0].reduce(0) { $0 + $1.tokens.count })
        target.expectClean()
        draft.expectClean()
    }

    @Test func batchingAndSharingChangeNothing() async throws {
        let target = try Toy(.init(seed: 11, layers: 2))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let requests = (0..<6).map { request("problem \($0 / 2)", count: 4, maximumTokens: 9, seed: 8, node: $0) }
        let together = try await writer(target, draft, draftLength: 3).write(requests).thoughts
        let unshared = try await writer(target, draft, draftLength: 3, sharesSamples: false).write(requests).thoughts
        #expect(unshared == together)
        for (index, request) in requests.enumerated() {
            target.decoder.reset()
            draft.decoder.reset()
            for sample in 0..<request.count {
                var one = request
                one.count = 1
                one.key = request.key.sample(sample)
                let alone = try await writer(target, draft, draftLength: 3).write([one]).thoughts[0]
                #expect(alone == [together[index][sample]])
            }
        }
        target.expectClean()
        draft.expectClean()
    }

    @Test func aPerfectDraftIsAlwaysAccepted() async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 11), role: .draft)
        let usage = try await writer(target, draft, draftLength: 3).write(
            [request("ab", count: 40, maximumTokens: 9)]
        ).usage
        #expect(usage[.target].acceptedTokens == usage[.target].proposedTokens)
        #expect(usage[.target].decodes <= 4)
        // Nothing is evaluated twice in either cache.
        #expect(target.decoder.evaluatedCount == target.decoder.tree.cellCount)
        #expect(draft.decoder.evaluatedCount == draft.decoder.tree.cellCount)
    }
}
