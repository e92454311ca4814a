import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct SearchTreeTests {
    private let empty = SearchTree(problem: Handwritten.problem, aggregation: .min)

    @Test func `Nodes keep their ids, and know their parents, children and depths`() {
        var tree = empty
        let first = tree.grow(SearchTree.root, "a 0.5", "b 0.9")
        let second = tree.grow(first[1], "c 0.7!")
        #expect(first == [NodeID(1), NodeID(2)] && second == [NodeID(3)])
        #expect(tree.count == 4 && Array(tree.ids) == (0..<4).map(NodeID.init))
        #expect(tree[SearchTree.root].children == first && tree[first[1]].children == second)
        #expect(tree[second[0]].parent == first[1] && tree[second[0]].depth == 2)
        #expect(tree[SearchTree.root].parent == nil && !tree[SearchTree.root].isFinished && tree[second[0]].isFinished)
        #expect(tree.contains(NodeID(3)) && !tree.contains(NodeID(4)) && !tree.contains(NodeID(-1)))
    }

    @Test func `A path is the walk from the root`() {
        var tree = empty
        let first = tree.grow(SearchTree.root, "a 0.5", "b 0.9")
        let end = tree.grow(first[1], "c 0.7!")[0]
        #expect(tree.ancestry(of: end) == [first[1], end] && tree.ancestry(of: SearchTree.root) == [])
        #expect(tree.path(to: end).thoughts.map(\.text) == ["b", "c"] && tree.path(to: end).isFinished)
        #expect(tree.path(to: SearchTree.root) == ReasoningPath(problem: Handwritten.problem))
        #expect(tree.text(to: end) == "bc")
        #expect(tree.steps(to: end).map(\.score) == [0.9, 0.7])
        #expect(tree.pathScore(of: end) == 0.7 && tree.pathScore(of: SearchTree.root) == 1)
    }

    @Test func `Nodes rank by their paths, then by samples, then in order`() {
        var tree = empty
        let first = tree.grow(SearchTree.root, "a 0.5", "b 0.9", "c 0.5", "d 0.5")
        let end = tree.grow(first[0], "e 0.95")[0]
        tree[first[3]].samples = 2
        #expect(tree.ranked(first + [end]) == [first[1], first[3], first[0], first[2], end])
        #expect(tree.ranked([]) == [])
    }

    @Test func `An id is a number in JSON`() throws {
        #expect(String(decoding: try JSONEncoder().encode([NodeID(7)]), as: UTF8.self) == "[7]")
        #expect(try JSONDecoder().decode([NodeID].self, from: Data("[7]".utf8)) == [NodeID(7)])
    }

    @Test func `Events build the tree that the search built`() async throws {
        let search = ToySearch()
        let result = try await search.run(Toy.configuration { $0.lookahead = 1 })
        var tree = SearchTree(problem: Toy.problem, aggregation: .mean, maximumDepth: 50)
        for event in search.log.events { try tree.apply(event) }
        #expect(tree == result.tree && tree.count > 20)
    }

    @Test func `Events that name nodes out of turn are refused`() async throws {
        let search = ToySearch()
        _ = try await search.run(Toy.configuration())
        let events = search.log.events
        let thoughts = events.compactMap { event -> SearchEvent.NewThought? in
            if case .thought(let new) = event { new } else { nil }
        }
        func refuses(_ event: SearchEvent, after count: Int = 0) -> Bool {
            var tree = SearchTree(problem: Toy.problem)
            do {
                for thought in thoughts.prefix(count) { try tree.apply(.thought(thought)) }
                try tree.apply(event)
                return false
            } catch { return error.code == .badTrace }
        }
        #expect(
            !refuses(.thought(thoughts[0])) && refuses(.thought(thoughts[1]))
                && refuses(.thought(thoughts[0]), after: 1))
        var other = thoughts[0]
        other.depth = 2
        #expect(refuses(.thought(other)))
        (other.depth, other.parent) = (1, NodeID(1))
        #expect(refuses(.thought(other)))
        (other.parent, other.samples) = (SearchTree.root, 0)
        #expect(refuses(.thought(other)))
        let unknown = NodeID(9)
        #expect(refuses(.selected(depth: 0, nodes: [unknown])) && refuses(.lookedAhead(node: unknown, score: 1)))
        for json in [
            #"{"type":"scored","depth":0,"nodes":[0],"scores":[],"seconds":0}"#,
            #"{"type":"scored","depth":0,"nodes":[],"scores":[],"twin":9,"seconds":0}"#,
            #"{"type":"accepted","parent":9,"nodes":[0]}"#, #"{"type":"accepted","parent":0,"nodes":[9]}"#,
            #"{"type":"accepted","parent":0,"nodes":[-1]}"#,
        ] {
            #expect(refuses(try JSONDecoder().decode(SearchEvent.self, from: Data(json.utf8))), "\(json)")
        }
        for event in events {
            if case .thought = event { continue }
            if case .started = event { continue }
            if case .thresholdUpdated = event { continue }
            #expect(refuses(event), "\(event.type)")
        }
    }
}
