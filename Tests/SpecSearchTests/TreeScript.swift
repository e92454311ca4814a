import SpecSearch

/// A tree written by hand, for running a search algorithm without generator or models.
///
/// A line "a: b 0.6, c 0.5!" gives the node whose text is "a" the children "ab" and "ac"; "!" ends a path, and the root's
/// text is empty.
struct TreeScript {
    private var children: [String: [(thought: Thought, score: Double)]] = [:]

    init(_ lines: String...) {
        for line in lines {
            let parts = line.split(separator: ":", omittingEmptySubsequences: false)
            children[String(parts[0])] = parts[1].split(separator: ",").map { entry in
                let words = entry.split(separator: " ")
                let stop: Thought.Stop = words[1].hasSuffix("!") ? .endOfSequence : .delimiter
                return (
                    Thought(text: String(words[0]), tokens: [], stop: stop, source: .target),
                    Double(words[1].filter { $0 != "!" }) ?? .nan
                )
            }
        }
    }

    /// What a search did.
    struct Run {
        var tree: SearchTree
        /// The texts of the nodes of each batch, with identity and width.
        var batches: [[String]] = []
        var events: [SearchEvent] = []

        /// The iterations: the leaf's text, its value, and "again" where it was visited before.
        var visits: [String] {
            events.compactMap { event in
                guard case .backedUp(let visit) = event else { return nil }
                let value = (visit.value * 100).rounded() / 100
                return "\(tree.text(to: visit.node)) \(value)" + (visit.isRevisit ? " again" : "")
            }
        }
    }

    /// Runs a search to its end; nodes that the script does not name have no children.
    func run(_ algorithm: inout some SearchAlgorithm, maximumDepth: Int = 9) -> Run {
        var run = Run(tree: SearchTree(problem: Handwritten.problem, aggregation: .last, maximumDepth: maximumDepth))
        while run.batches.count < 100 {
            let batch = algorithm.next(in: run.tree)
            if batch.expansions.isEmpty { break }
            run.batches.append(batch.expansions.map { "\(run.tree.text(to: $0.node))#\($0.identity)x\($0.width)" })
            let received = batch.expansions.map { expansion in
                (children[run.tree.text(to: expansion.node)] ?? []).map { child in
                    let id = run.tree.insert(child.thought, below: expansion.node)
                    run.tree[id].score = child.score
                    return id
                }
            }
            run.events += algorithm.receive(received, in: run.tree)
        }
        return run
    }
}
