import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ThoughtSamplerTests {
    @Test func thoughtsEndAtDelimiterEndOrLimit() async throws {
        let toy = try Toy()
        let result = try await toy.sampler().sample([request("abc", count: 60)])
        #expect(result.thoughts[0].count == 60)
        for thought in result.thoughts[0] {
            switch thought.stop {
            case .delimiter: #expect(thought.text.hasSuffix("a"))
            case .endOfSequence: #expect(thought.tokens.last == ToyModel.end)
            case .length: #expect(thought.tokens.count == 12)
            case .answer: Issue.record("Models do not read answers.")
            case .rejected: Issue.record("Nobody asked for it.")
            }
            #expect(thought.text.dropLast().contains("a") == false)
            #expect(thought.source == .target)
        }
        #expect(Set(result.thoughts[0].map(\.stop)).count >= 2)
        toy.expectClean()
    }

    @Test func requestsMayHaveDelimitersOfTheirOwn() async throws {
        let toy = try Toy()
        var other = request("abc", count: 60)
        other.sampling.delimiter = "b"
        let result = try await toy.sampler().sample([request("abc", count: 60), other])
        for (ending, thoughts) in zip(["a", "b"], result.thoughts) {
            #expect(thoughts.contains { $0.stop == .delimiter })
            for thought in thoughts {
                #expect(thought.text.dropLast().contains(ending) == false)
                if thought.stop == .delimiter { #expect(thought.text.hasSuffix(ending)) }
            }
        }
        toy.expectClean()
    }

    @Test func batchingChangesNothing() async throws {
        let toy = try Toy(.init(layers: 2))
        let requests = (0..<6).map { request("problem \($0 / 2)", count: 4, seed: 7, node: $0) }
        let together = try await toy.sampler().sample(requests).thoughts.said
        var alone: [[Thought]] = []
        for request in requests {
            toy.runner.reset()
            var thoughts: [Thought] = []
            for sample in 0..<request.count {
                var one = request
                one.count = 1
                one.key = request.key.sample(sample)
                thoughts += try await toy.sampler(sharesPrefixes: false).sample([one]).thoughts[0]
            }
            alone.append(thoughts.said)
        }
        #expect(together == alone)
        #expect(try await toy.sampler(sharesPrefixes: false).sample(requests).thoughts.said == together)
        toy.expectClean()
    }

    @Test func aSmallCacheGivesTheSame() async throws {
        let requests = (0..<4).map { request("problem \($0)", count: 9, node: $0) }
        let large = try Toy()
        let expected = try await large.sampler().sample(requests).thoughts.said
        let small = try Toy(slots: 256, sequences: 7, batch: 16)
        #expect(try await small.sampler().sample(requests).thoughts.said == expected)
        small.expectClean()
    }

    @Test func zeroTemperatureIsArgMax() async throws {
        let toy = try Toy()
        let thoughts = try await toy.sampler().sample([request("xyz", count: 3, temperature: 0)]).thoughts[0]
        #expect(Set(thoughts).count == 1)
        var tokens = try toy.tokenizer.promptTokens(Problem(id: "xyz", text: "xyz"))
        for token in thoughts[0].tokens {
            let logits = try toy.freshLogits(after: tokens)
            #expect(logits[Int(token)] == logits.max())
            tokens.append(token)
        }
        toy.expectClean()
    }

    @Test func nothingIsEvaluatedTwice() async throws {
        let toy = try Toy()
        let sampler = toy.sampler()
        var distinct = Set<[Token]>()
        func note(_ tokens: [Token]) {
            for length in tokens.indices { distinct.insert(Array(tokens[...length])) }
        }
        let prompt = try toy.tokenizer.promptTokens(Problem(id: "abc", text: "abc"))
        var beam: [[[Token]]] = [[]]
        for depth in 0..<4 {
            let requests = beam.enumerated().map {
                request("abc", thoughts: $0.element, count: 6, temperature: 0.5, seed: UInt64(depth), node: $0.offset)
            }
            let result = try await sampler.sample(requests)
            var next: [[[Token]]] = []
            for (parent, thoughts) in zip(beam, result.thoughts) {
                note(prompt + parent.flatMap { $0 })
                for thought in thoughts {
                    // Nothing is drawn after a thought's last token, so it is not evaluated.
                    note(prompt + parent.flatMap { $0 } + thought.tokens.dropLast())
                    if thought.stop != .endOfSequence { next.append(parent + [thought.tokens]) }
                }
            }
            beam = Array(next.prefix(2))
            if beam.isEmpty { break }
        }
        #expect(toy.runner.evaluatedCount == distinct.count)
        #expect(toy.runner.cache.slotCount == distinct.count)
        #expect(toy.runner.repeatedCount == 0)
        toy.expectClean()
    }

    @Test func sharedLogitsEqualFreshOnes() async throws {
        let toy = try Toy(.init(layers: 2))
        let thoughts = try await toy.sampler().sample([request("abc", count: 8)]).thoughts[0]
        let prompt = try toy.tokenizer.promptTokens(Problem(id: "abc", text: "abc"))
        var cached: [[Float]] = []
        for thought in thoughts { cached.append(try toy.logits(after: prompt + thought.tokens)) }
        for (thought, logits) in zip(thoughts, cached) {
            #expect(logits.maximumDifference(try toy.freshLogits(after: prompt + thought.tokens)) < 2e-2)
        }
        toy.expectClean()
    }

    @Test func logitsThatWereDroppedAreEvaluatedAgain() async throws {
        let toy = try Toy(slots: 4096, outputBytes: 1)
        let runner = toy.runner
        let sampler = toy.sampler()
        let wanted = request("abc", count: 9)
        let first = try await sampler.sample([wanted]).thoughts.said
        _ = try await sampler.sample([request("def", count: 9)])
        #expect(try await sampler.sample([wanted]).thoughts.said == first)
        #expect(runner.repeatedCount > 0)
        #expect(runner.cache.lockCount == 0)
        #expect(runner.cache.isConsistent)
    }

    @Test func aPathThatFillsTheContextGivesEmptyThoughts() async throws {
        let toy = try Toy(slots: 256)
        let long = request(String(repeating: "ab", count: 200), count: 2)
        let thoughts = try await toy.sampler().sample([long, request("ab", count: 1)]).thoughts
        #expect(thoughts[0].map(\.stop) == [.length, .length] && thoughts[0].allSatisfy { $0.tokens.isEmpty })
        #expect(thoughts[1].count == 1 && !thoughts[1][0].tokens.isEmpty)
        // One token fits.
        let last = request(String(repeating: "a", count: 255), count: 1)
        #expect(try await toy.sampler().sample([last]).thoughts[0][0].tokens.count == 1)
        #expect(try await toy.sampler().sample([request("ab", count: 2)]).thoughts[0].count == 2)
        toy.expectClean()
    }
}
