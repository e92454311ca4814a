import SpecSearch
import SpecSearchTesting
import Testing

/// Which samples are candidates, seen on the tree of a search of one or two steps.
@Suite struct CandidateTests {
    /// The nodes of a search's last depth, by AR, whose samples are these.
    private func nodes(after first: String? = nil, _ samples: ScriptedModel.Choice...) async throws -> [SearchTree.Node]
    {
        let target = ScriptedModel(.target) { path, key in
            if let first, path.depth == 0 { return .init(first) }
            return samples[key.sampleIndex % samples.count]
        }
        let depth = first == nil ? 1 : 2
        let configuration = Handwritten.configuration(width: samples.count, depth: depth) { $0.method = .ar }
        let search = ToySearch(target: target, rewardModel: ScriptedRewardModel { $0.depth == 1 ? 0.25 : 0.75 })
        let result = try await search.run(configuration)
        #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
        return result.tree.ids.map { result.tree[$0] }.filter { $0.depth == depth }
    }

    private func candidates(_ nodes: [SearchTree.Node]) -> [String] {
        nodes.filter { $0.state == .sampled }.map(\.thought.text)
    }

    @Test func `Duplicates up to trailing white space are merged, and counted`() async throws {
        let found = try await nodes(.init("a  b\n\n"), .init("c\n\n"), .init("a  b \n"))
        #expect(found.map(\.thought.text) == ["a  b\n\n", "c\n\n"])
        #expect(found.map(\.samples) == [2, 1])
        #expect(found.map(\.sampleIndex) == [0, 1])
    }

    @Test func `Texts that differ in their indentation are different thoughts`() async throws {
        #expect(try await nodes(.init("a b\n\n"), .init(" a b\n\n"), .init("a  b\n\n")).count == 3)
    }

    @Test func `Cut, empty, repeated and header-only thoughts are no candidates`() async throws {
        let found = try await nodes(
            after: "previous \n\n", .init("cut", stop: .length), .init("\n\n"), .init("previous\n\n"),
            .init("Step 3:\n\n"), .init("## Step 12.\n\n"), .init("Step 3: add\n\n"))
        #expect(candidates(found) == ["Step 3: add\n\n"])
        #expect(found.count == 6 && found.filter { $0.state == .unusable }.allSatisfy { $0.score == nil })
    }

    @Test func `The same words that end the text are another thought`() async throws {
        #expect(try await nodes(.init("a\n\n"), .init("a", stop: .endOfSequence)).count == 2)
    }

    @Test func `An end without words is a candidate with the score of the step that it ends`() async throws {
        let found = try await nodes(after: "a\n\n", .init("", stop: .endOfSequence), .init(" \n", stop: .endOfSequence))
        #expect(found.map(\.state) == [.sampled] && found.map(\.samples) == [2])
        #expect(found[0].score == 0.25 && found[0].isFinished)
    }

    @Test func `An end without words that ends nothing is asked again, and is no solution`() async throws {
        let target = ScriptedModel(.target) { _, _ in .init("", stop: .endOfSequence) }
        let search = ToySearch(target: target)
        let result = try await search.run(Handwritten.configuration { $0.method = .ar })
        #expect(result.end == .dead && result.steps.isEmpty && target.calls.count == 2)
    }

    @Test func `Ends by answer and by end of sequence with the same words are one thought`() async throws {
        let nodes = try await nodes(
            after: "a\n\n", .init("\\boxed{1}", stop: .endOfSequence), .init("\\boxed{1}\n\n"), .init("b\n\n"))
        #expect(nodes.map(\.samples) == [2, 1] && nodes.map(\.isFinished) == [true, false])
    }
}
