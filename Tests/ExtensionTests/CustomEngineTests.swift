import SpecSearch
import Testing

/// A language model of one's own: every step is "a" or "b", and the third is the last.
struct Letters: LanguageModel {
    var role: ModelRole

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        var usage = Usage()
        let thoughts = requests.map { request in
            (0..<request.count).map { index in
                let isEnd = request.path.depth == 2
                let letter = (request.key.sampleIndex + index) % 2 == 0 ? "a" : "b"
                usage[role].outputTokens += 1
                return Thought(
                    text: letter + "\(request.path.depth)" + (isEnd ? "" : " "), tokens: [1],
                    stop: isEnd ? .endOfSequence : .delimiter, source: role)
            }
        }
        return Samples(thoughts: thoughts, usage: usage)
    }
}

/// A reward model of one's own: "b" is the better letter, unless it is to fall.
struct LetterScores: RewardModel {
    var falls = false
    let aggregation = ScoreAggregation.last

    func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        StepScores(
            scores: paths.map { path in
                if falls, path.depth > 1, path.text.hasPrefix("b") { return 0.1 }
                return path.thoughts.last?.text.first == "b" ? 0.8 : 0.4
            })
    }
}

/// An engine of one's own, as a type that opens what it needs.
struct LettersEngine: EngineConvertible {
    let engine = Engine(
        draft: Letters(role: .draft), target: Letters(role: .target), rewardModel: LetterScores(),
        defaults: Engine.Defaults(name: "letters", sampling: SamplingParameters(temperature: 0.7)))
}

@Suite struct CustomEngineTests {
    @Test func `An engine of one's own solves a problem`() async throws {
        let result = try await Search(LettersEngine()).solve("Spell it.")
        #expect(result.isFinished && result.end == .finished)
        #expect(result.steps.map(\.thought.text).joined() == "b0 b1 b2")
        #expect(result.best.score == 0.8 && result.answer == "2")
    }

    @Test func `Models of several engines are one engine`() async throws {
        let parts = LettersEngine().engine
        let mixed = Engine(target: parts.target, rewardModel: parts.rewardModel)
        let result = try await Search(mixed, algorithm: .bestOfN(count: 4), generator: .targetOnly).solve("Spell it.")
        #expect(result.paths.count == 4)
    }

    @Test func `A wrong engine is an error with a remedy, and not a wrong result`() async throws {
        struct Silent: RewardModel {
            let aggregation = ScoreAggregation.last
            func score(_ paths: [ReasoningPath]) async throws -> StepScores { StepScores(scores: []) }
        }
        var engine = LettersEngine().engine
        engine.rewardModel = Silent()
        let search = Search(engine)
        let error = await #expect(throws: SpecSearchError.self) { try await search.solve("Spell it.") }
        #expect(error?.code == .badScore && error?.remedy.isEmpty == false)
        let own = SpecSearchError(.init("outOfPaper"), "The printer is empty.", remedy: "Fill it.")
        #expect(own.code.description == "outOfPaper" && "\(own)" == "The printer is empty. Fill it.")
    }
}
