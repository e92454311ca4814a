import SpecSearch
import SpecSearchTesting
import Testing

/// A reward model that reads a raw score off the text and calibrates it to one of two plateaus.
private struct PlateauModel: RewardModel {
    let aggregation = ScoreAggregation.last

    func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        let raw = paths.map { $0.thoughts.last?.text.split(separator: " ").first.flatMap { Double($0) } ?? .nan }
        return StepScores(scores: raw.map { $0 < 0.5 ? 0.1 : 0.9 }, rawScores: raw)
    }
}

@Suite struct CalibratedScoreTests {
    private func solve(
        drafts: [String], target: [[String]]
    ) async throws -> (result: SearchResult, events: [SearchEvent]) {
        let engine = Engine(
            draft: Handwritten.model(.draft, [["0.1 none"], drafts]), target: Handwritten.model(.target, target),
            rewardModel: PlateauModel())
        let log = EventLog()
        let search = try Search(timeless: engine, Handwritten.configuration(beams: 1, width: 2, depth: 2))
        let result = try await search.solve(Handwritten.problem, onEvent: log.listener)
        return (result, log.events)
    }

    @Test func `Raw scores rank, and calibrated ones reject`() async throws {
        let (result, events) = try await solve(
            drafts: ["0.7 c!", "0.8 d!", "0.55 e!", "0.99 f!"], target: [["0.6 b", "0.95 a"]])
        // All drafts are on the first step's plateau, which is the threshold, and so all are kept.
        #expect(result.acceptance.kept == 4)
        #expect(result.steps.map(\.thought.text) == ["0.95 a\n\n", "0.99 f"])
        #expect(result.steps.map(\.score) == [0.9, 0.9])
        // Of the kept drafts the best two by their raw scores go to the search.
        let accepted = result.tree.ids.filter { result.tree[$0].state == .accepted }
        #expect(accepted.compactMap { result.tree[$0].rawScore }.sorted() == [0.8, 0.99])
        let replayed = try await TraceReplay(SearchTrace(events: events)).run()
        #expect(replayed.withoutTimes == result.withoutTimes)
    }

    @Test func `A trace holds raw scores, and a tree made of it ranks alike`() async throws {
        let (result, events) = try await solve(drafts: ["0.7 c!", "0.99 f!"], target: [["0.6 b", "0.95 a"]])
        var tree = SearchTree(problem: Handwritten.problem)
        for event in events { try tree.apply(event) }
        let nodes = Array(tree.ids.dropFirst())
        #expect(
            tree.ranked(nodes).map { tree[$0].thought.text }
                == result.tree.ranked(nodes).map { result.tree[$0].thought.text })
        #expect(tree.ranked(nodes).first.map { tree[$0].thought.text } == "0.99 f")
    }

    @Test func `A draft that scores the target's mean is counted as not below it`() async throws {
        let (result, _) = try await solve(
            drafts: ["0.7 c!", "0.2 x!", "0.3 y!", "0.4 z!"], target: [["0.6 b", "0.95 a"], ["0.6 p!", "0.7 q!"]])
        let depth = try #require(result.depths.last)
        #expect(depth.meanTargetScore == 0.9)
        #expect(depth.judgedDrafts == 4)
        #expect(depth.draftsAboveTarget == 1)
    }
}
