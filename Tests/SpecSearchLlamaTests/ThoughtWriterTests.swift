import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ThoughtWriterTests {
    @Test func thoughtsEndAtDelimiterEndOrLimit() async throws {
        let toy = try Toy()
        let result = try await toy.writer().write([request("abc", count: 60)])
        #expect(result.thoughts[0].count == 60)
        for thought in result.thoughts[0] {
            switch thought.stop {
            case .delimiter: #expect(thought.text.hasSuffix("a"))
            case .endOfSequence: #expect(thought.tokens.last == ToyModel.end)
            case .length: #expect(thought.tokens.count == 12)
            }
            #expect(thought.text.dropLast().contains("a") == false)
            #expect(thought.author == .target)
        }
        #expect(Set(result.thoughts[0].map(\.stop)).count >= 2)
        toy.expectClean()
    }

    @Test func batchingChangesNothing() async throws {
        let toy = try Toy(.init(layers: 2))
        let requests = (0..<6).map { request("problem \($0 / 2)", count: 4, seed: 7, node: $0) }
        let together = try await toy.writer().write(requests).thoughts
        var alone: [[Thought]] = []
        for request in requests {
            toy.decoder.reset()
            var thoughts: [Thought] = []
            for sample in 0..<request.count {
                var one = request
                one.count = 1
                one.key = request.key.sample(sample)
                thoughts += try await toy.writer(sharesSamples: false).write([one]).thoughts[0]
            }
            alone.append(thoughts)
        }
        #expect(together == alone)
        #expect(try await toy.writer(sharesSamples: false).write(requests).thoughts == together)
        toy.expectClean()
    }

    @Test func smallCacheGivesTheSameInSeveralGroups() async throws {
        let requests = (0..<4).map { request("problem \($0)", count: 9, node: $0) }
        let large = try Toy()
        let expected = try await large.writer().write(requests).thoughts
        let small = try Toy(cells: 256, sequences: 7, batch: 16)
        #expect(try await small.writer().write(requests).thoughts == expected)
        small.expectClean()
    }

    @Test func zeroTemperatureIsArgMax() async throws {
        let toy = try Toy()
        let thoughts = try await toy.writer().write([request("xyz", count: 3, temperature: 0)]).thoughts[0]
        #expect(Set(thoughts).count == 1)
        var tokens = try toy.runtime.promptTokens(Problem(id: "xyz", text: "xyz"))
        for token in thoughts[0].tokens {
            let logits = try toy.freshLogits(after: tokens)
            #expect(logits[Int(token)] == logits.max())
            tokens.append(token)
        }
        toy.expectClean()
    }

    @Test func nothingIsEvaluatedTwice() async throws {
        let toy = try Toy()
        let writer = toy.writer()
        var distinct = Set<[Token]>()
        func note(_ tokens: [Token]) {
            for length in tokens.indices { distinct.insert(Array(tokens[...length])) }
        }
        let prompt = try toy.runtime.promptTokens(Problem(id: "abc", text: "abc"))
        var beam: [[[Token]]] = [[]]
        for depth in 0..<4 {
            let requests = beam.enumerated().map {
                request("abc", thoughts: $0.element, count: 6, temperature: 0.5, seed: UInt64(depth), node: $0.offset)
            }
            let result = try await writer.write(requests)
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
        #expect(toy.decoder.evaluatedCount == distinct.count)
        #expect(toy.decoder.tree.cellCount == distinct.count)
        #expect(toy.decoder.repeatedCount == 0)
        toy.expectClean()
    }

    @Test func sharedLogitsEqualFreshOnes() async throws {
        let toy = try Toy(.init(layers: 2))
        let thoughts = try await toy.writer().write([request("abc", count: 8)]).thoughts[0]
        let prompt = try toy.runtime.promptTokens(Problem(id: "abc", text: "abc"))
        var cached: [[Float]] = []
        for thought in thoughts { cached.append(try toy.logits(after: prompt + thought.tokens)) }
        for (thought, logits) in zip(thoughts, cached) {
            #expect(logits.maximumDifference(try toy.freshLogits(after: prompt + thought.tokens)) < 2e-2)
        }
        toy.expectClean()
    }

    @Test func rowsThatWereDroppedAreEvaluatedAgain() async throws {
        let directory = try ToyDirectory()
        let model = try LlamaModel(path: try directory.model("model.gguf"))
        let context = try LlamaContext(model: model, configuration: .init())
        let decoder = PrefixDecoder(context: context, rowBytes: 1)
        let runtime = ModelRuntime(
            role: .target, decoder: decoder, template: try PromptTemplate("{problem}", model: model),
            contextLength: 512)
        let writer = ThoughtWriter(
            runtime: runtime, delimiter: StepDelimiter("a"), vocabularyCount: model.vocabulary.count)
        let wanted = request("abc", count: 9)
        let first = try await writer.write([wanted]).thoughts
        _ = try await writer.write([request("def", count: 9)])
        #expect(try await writer.write([wanted]).thoughts == first)
        #expect(decoder.repeatedCount > 0)
        #expect(decoder.tree.pinCount == 0)
        #expect(decoder.tree.isConsistent)
    }

    @Test func aPathTooLongIsRefused() async throws {
        let toy = try Toy(cells: 256)
        await expectError(.contextOverflow) {
            _ = try await toy.writer().write([request(String(repeating: "ab", count: 200), count: 1)])
        }
        #expect(try await toy.writer().write([request("ab", count: 2)]).thoughts[0].count == 2)
        toy.expectClean()
    }
}
