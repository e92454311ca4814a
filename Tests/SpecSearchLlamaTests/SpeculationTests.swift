import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Token-level speculation must follow the target's distribution exactly.
///
/// The vocabulary is cut to its first 8 tokens: unknown, begin, end, and the bytes 0 ... 4, of which byte 1 is the
/// delimiter. Thoughts have at most 3 tokens, so the distribution is enumerated.
@Suite struct SpeculationTests {
    private static let vocabularyCount = 8
    private static let delimiter = "\u{1}"
    private static let delimiterToken = ToyModel.firstByte + 1

    private func sampler(_ target: Toy, _ draft: Toy? = nil, sharesPrefixes: Bool = true) -> ThoughtSampler {
        target.sampler(
            draft: draft, delimiter: Self.delimiter, vocabularyCount: Self.vocabularyCount,
            sharesPrefixes: sharesPrefixes)
    }

    /// The probability of every thought, by enumeration.
    private func distribution(_ toy: Toy, _ request: SampleRequest) throws -> [[Token]: Double] {
        let prompt = try toy.tokenizer.promptTokens(request.path.problem)
        var processor = LogitsProcessor(count: Self.vocabularyCount)
        var result: [[Token]: Double] = [:]
        var open: [([Token], Double)] = [([], 1)]
        while let (tokens, probability) = open.popLast() {
            var row = [Float](repeating: 0, count: Self.vocabularyCount)
            try processor.apply(request.sampling, to: try toy.logits(after: prompt + tokens), into: &row)
            for (token, p) in row.enumerated() where p > 0 {
                let next = tokens + [Token(token)]
                let isWhole =
                    Token(token) == ToyModel.end || Token(token) == Self.delimiterToken
                    || next.count == request.sampling.maximumTokens
                if isWhole {
                    result[next, default: 0] += probability * Double(p)
                } else {
                    open.append((next, probability * Double(p)))
                }
            }
        }
        toy.runner.reset()
        return result
    }

    /// How many standard deviations Pearson's statistic is above what it should be.
    private func deviation(_ thoughts: [Thought], from distribution: [[Token]: Double]) -> Double {
        var counts: [[Token]: Int] = [:]
        for thought in thoughts { counts[thought.tokens, default: 0] += 1 }
        guard counts.keys.allSatisfy({ distribution[$0] != nil }) else { return .infinity }
        let total = Double(thoughts.count)
        var statistic = 0.0
        var cells = 0
        var rare = (observed: 0.0, expected: 0.0)
        for (tokens, probability) in distribution {
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
    func followsTheTargetsDistribution(parameters: (temperature: Double, topP: Double), numSpeculativeTokens: Int)
        async throws
    {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let wanted = request(
            "ab", count: 4000, temperature: parameters.temperature, topP: parameters.topP, maximumTokens: 3, seed: 5)
        let distribution = try distribution(target, wanted)
        #expect(abs(distribution.values.reduce(0, +) - 1) < 1e-4)
        let speculative = sampler(target, draft)
        let result = try await speculative.sample([wanted], numSpeculativeTokens: numSpeculativeTokens)
        #expect(abs(deviation(result.thoughts[0], from: distribution)) < 4)
        // Proposals that end where the draft is unsure follow the same distribution.
        speculative.draftConfidence = 0.4
        let confident = try await speculative.sample([wanted], numSpeculativeTokens: numSpeculativeTokens)
        #expect(abs(deviation(confident.thoughts[0], from: distribution)) < 4)
        #expect(confident.usage[.target].proposedTokens < result.usage[.target].proposedTokens)
        #expect(confident.usage[.target].proposedTokens > 0)
        let usage = result.usage[.target]
        #expect(usage.acceptedTokens > 0 && usage.acceptedTokens < usage.proposedTokens)
        #expect(result.usage[.draft].decodes > 0)
        target.expectClean()
        draft.expectClean()
        // The token-by-token sampler follows it too.
        let plain = try await sampler(target).sample([wanted])
        #expect(abs(deviation(plain.thoughts[0], from: distribution)) < 4)
    }

    @Test func aWrongResidualIsNoticed() async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let wanted = request("ab", count: 4000, maximumTokens: 3, seed: 5)
        let distribution = try distribution(target, wanted)
        let wrong = sampler(target, draft)
        wrong.replacement = .target
        #expect(
            deviation(try await wrong.sample([wanted], numSpeculativeTokens: 3).thoughts[0], from: distribution) > 10)
    }

    @Test(arguments: 0...5) func zeroTemperatureGivesTheGreedyText(numSpeculativeTokens: Int) async throws {
        let target = try Toy(.init(seed: 11, layers: 2))
        let draft = try Toy(.init(seed: 12), role: .draft)
        for problem in ["ab", "cde", "x"] {
            let wanted = request(problem, count: 2, temperature: 0, maximumTokens: 9)
            let greedy = try await sampler(target).sample([wanted]).thoughts.said
            target.runner.reset()
            #expect(
                try await sampler(target, draft).sample([wanted], numSpeculativeTokens: numSpeculativeTokens).thoughts
                    .said == greedy)
        }
        target.expectClean()
        draft.expectClean()
    }

    @Test(arguments: [1, 2, 4]) func endsAtEveryPlaceOfAProposal(numSpeculativeTokens: Int) async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let wanted = request("ab", count: 400, maximumTokens: 8, seed: 3)
        let result = try await sampler(target, draft).sample([wanted], numSpeculativeTokens: numSpeculativeTokens)
        var lengths: [Thought.Stop: Set<Int>] = [:]
        for thought in result.thoughts[0] {
            lengths[thought.stop, default: []].insert(thought.tokens.count)
            let inner = thought.tokens.dropLast()
            #expect(!inner.contains(ToyModel.end) && !inner.contains(Self.delimiterToken))
            #expect(thought.tokens.count <= 8)
        }
        #expect(lengths[.delimiter]?.isSuperset(of: 1...numSpeculativeTokens + 1) == true)
        #expect(lengths[.endOfSequence]?.isSuperset(of: 1...numSpeculativeTokens + 1) == true)
        #expect(result.usage[.target].outputTokens == result.thoughts[0].reduce(0) { $0 + $1.tokens.count })
        target.expectClean()
        draft.expectClean()
    }

    @Test func batchingAndSharingChangeNothing() async throws {
        let target = try Toy(.init(seed: 11, layers: 2))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let requests = (0..<6).map { request("problem \($0 / 2)", count: 4, maximumTokens: 9, seed: 8, node: $0) }
        let together = try await sampler(target, draft).sample(requests, numSpeculativeTokens: 3).thoughts.said
        let unshared = try await sampler(target, draft, sharesPrefixes: false).sample(requests, numSpeculativeTokens: 3)
            .thoughts.said
        #expect(unshared == together)
        for (index, request) in requests.enumerated() {
            target.runner.reset()
            draft.runner.reset()
            for sample in 0..<request.count {
                var one = request
                one.count = 1
                one.key = request.key.sample(sample)
                let alone = try await sampler(target, draft).sample([one], numSpeculativeTokens: 3).thoughts[0].said
                #expect(alone == [together[index][sample]])
            }
        }
        target.expectClean()
        draft.expectClean()
    }

    @Test func aPerfectDraftIsAlwaysAccepted() async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 11), role: .draft)
        let usage = try await sampler(target, draft).sample(
            [request("ab", count: 40, maximumTokens: 9)], numSpeculativeTokens: 3
        ).usage
        #expect(usage[.target].acceptedTokens == usage[.target].proposedTokens)
        #expect(usage[.target].decodes <= 4)
        // Nothing is evaluated twice in either cache.
        #expect(target.runner.evaluatedCount == target.runner.cache.slotCount)
        #expect(draft.runner.evaluatedCount == draft.runner.cache.slotCount)
    }
}
