internal import Foundation

/// Monte Carlo tree search over thoughts, with the reward model in the place of random playouts.
///
/// With ``Selection/puct(exploration:)`` and ``Selection/uct(exploration:)`` an iteration selects a leaf from the root
/// down, expands it, takes the best score of its new children as its value (0 for a leaf that cannot go on), and backs the
/// value up to the root. A finished leaf, or one at the depth limit, is worth its own score; it is visited once, then
/// closed, and so is a node all of whose children are closed: no iteration is spent twice on one end. Every finished
/// child that an expansion finds counts. Where no path is finished after the last iteration, one more walk follows the
/// most visited, then the best child to an end.
///
/// ``Selection/openR(exploration:)`` is what the OpenR framework calls vanilla: an iteration walks to an end and expands
/// every new node on its way, the value of that end is backed up, and ends may be visited again, which is told and not
/// counted twice.
///
/// UCT: Kocsis, Szepesvári, "Bandit Based Monte-Carlo Planning", ECML 2006. PUCT: Silver et al., "A general
/// reinforcement learning algorithm that masters chess, shogi, and Go through self-play", Science 2018; the prior is
/// uniform, since mean log-probabilities of a small and a large model are not comparable.
public struct MonteCarloTreeSearch: SearchAlgorithm {
    /// How an iteration goes down the tree: to the child with the largest Q plus bonus, the first on a tie.
    ///
    /// Q is the mean of the values backed up, and before the first visit the child's own score.
    public enum Selection: Sendable, Hashable {
        /// Bonus (ln((N + 19653) ÷ 19652) + c) · √N ÷ (n + 1) ÷ children, N and n visits of the parent and the child.
        case puct(exploration: Double)
        /// Bonus c · √(ln N ÷ n); unvisited children first, the best of them before the others.
        case uct(exploration: Double)
        /// PUCT, walking to an end.
        case openR(exploration: Double)
    }

    private struct Entry: Sendable {
        let node: Node
        let parent: Int?
        /// The path's score.
        let score: Double
        /// The places of the children; nil before the expansion.
        var children: [Int]?
        var visits = 0
        /// The sum of the values backed up.
        var total = 0.0
        /// Whether everything below was visited.
        var isClosed = false

        /// The mean value, or the path's own score before the first visit.
        var quality: Double { visits > 0 ? total / Double(visits) : score }
    }

    public let selection: Selection
    /// Thoughts for each expansion.
    public let width: Int
    public let iterations: Int
    public let maximumDepth: Int
    public let aggregation: ScoreAggregation
    public private(set) var finished: [Node] = []
    private var tree: [Entry]
    /// Expansions so far, by depth: the next one's identity there.
    private var expansions: [Int: Int] = [:]
    /// The place of the node that is being expanded; nil once the search is over.
    private var pending: Int?
    private var iteration = 0
    /// Whether the last walk to an end is under way.
    private var isFinishing = false

    public init(
        problem: Problem, width: Int, iterations: Int, maximumDepth: Int, selection: Selection,
        aggregation: ScoreAggregation
    ) {
        self.selection = selection
        self.width = width
        self.iterations = iterations
        self.maximumDepth = maximumDepth
        self.aggregation = aggregation
        tree = [Entry(node: Node(problem: problem), parent: nil, score: 1)]
        if iterations > 0, maximumDepth > 0 { pending = 0 }
    }

    public var next: ExpansionBatch {
        guard let pending else { return ExpansionBatch() }
        let node = tree[pending].node
        return ExpansionBatch([
            Expansion(node: node, identity: expansions[node.depth] ?? 0, width: width, needed: width)
        ])
    }

    /// The deepest unfinished paths.
    public var unfinished: [Node] {
        let nodes = tree.map(\.node).filter { !$0.isFinished }
        let depth = nodes.map(\.depth).max()
        return nodes.filter { $0.depth == depth }
    }

    @discardableResult
    public mutating func receive(_ children: [[Step]]) -> [SearchEvent] {
        guard let place = pending, let steps = children.first else { return [] }
        pending = nil
        let parent = tree[place].node
        expansions[parent.depth, default: 0] += 1
        tree[place].children = Array(tree.count..<tree.count + steps.count)
        for step in steps {
            let node = parent.appending(step)
            tree.append(Entry(node: node, parent: place, score: node.score(aggregation)))
        }
        if case .openR = selection { return walk(from: place) }
        let found = places(below: place)
        finished += found.map { tree[$0].node }.filter(\.isFinished)
        if isFinishing {
            if let best = found.first(where: { tree[$0].score == found.map { tree[$0].score }.max() }), canGrow(best) {
                pending = best
            }
            return []
        }
        let value = found.map { tree[$0].score }.max() ?? 0
        if found.isEmpty { close(place) }
        return [backUp(value, from: place)] + iterate()
    }

    // MARK: Iterations

    /// Selects until a leaf is to be expanded, or the search is over.
    private mutating func iterate() -> [SearchEvent] {
        var events: [SearchEvent] = []
        while iteration < iterations, !tree[0].isClosed {
            let leaf = descend()
            if canGrow(leaf) {
                pending = leaf
                return events
            }
            close(leaf)
            events.append(backUp(tree[leaf].score, from: leaf))
        }
        if finished.isEmpty, !tree[0].isClosed {
            isFinishing = true
            let leaf = descend(robust: true)
            if canGrow(leaf) { pending = leaf }
        }
        return events
    }

    /// OpenR's walk to an end, and further walks until something is to be expanded.
    private mutating func walk(from start: Int) -> [SearchEvent] {
        var events: [SearchEvent] = []
        var place = start
        while iteration < iterations {
            if let next = choose(among: places(below: place), of: place) {
                place = next
            } else if canGrow(place) {
                pending = place
                break
            } else {
                let end = tree[place]
                let isDead = end.children != nil
                if end.node.isFinished, end.visits == 0 { finished.append(end.node) }
                events.append(backUp(isDead ? 0 : end.quality, from: place))
                place = 0
            }
        }
        return events
    }

    private mutating func backUp(_ value: Double, from place: Int) -> SearchEvent {
        let event = SearchEvent.backedUp(
            SearchEvent.BackUp(
                iteration: iteration, node: tree[place].node, value: value, isRevisit: tree[place].visits > 0))
        var next: Int? = place
        while let place = next {
            tree[place].visits += 1
            tree[place].total += value
            next = tree[place].parent
        }
        iteration += 1
        return event
    }

    /// Closes a node, and the nodes above it that have nothing open left.
    private mutating func close(_ place: Int) {
        tree[place].isClosed = true
        var next = tree[place].parent
        while let place = next, places(below: place).allSatisfy({ tree[$0].isClosed }) {
            tree[place].isClosed = true
            next = tree[place].parent
        }
    }

    // MARK: Looking

    private func places(below place: Int) -> [Int] { tree[place].children ?? [] }

    /// Whether the node can be expanded, and was not.
    private func canGrow(_ place: Int) -> Bool {
        let entry = tree[place]
        return entry.children == nil && !entry.node.isFinished && entry.node.depth < maximumDepth
    }

    /// The leaf that selection leads to, past everything closed.
    private func descend(robust: Bool = false) -> Int {
        var place = 0
        while let next = choose(among: places(below: place).filter { !tree[$0].isClosed }, of: place, robust: robust) {
            place = next
        }
        return place
    }

    /// The child to go to, the first on a tie; nil for none.
    private func choose(among children: [Int], of parent: Int, robust: Bool = false) -> Int? {
        var best: (place: Int, priority: Double, quality: Double)?
        for place in children {
            let priority = robust ? Double(tree[place].visits) : priority(of: place, below: parent)
            // Only visits, and the infinite priority of the unvisited, need a second look.
            let quality = robust || priority == .infinity ? tree[place].quality : 0
            if best.map({ (priority, quality) > ($0.priority, $0.quality) }) ?? true {
                best = (place, priority, quality)
            }
        }
        return best?.place
    }

    private func priority(of place: Int, below parent: Int) -> Double {
        let parentVisits = Double(tree[parent].visits)
        let visits = Double(tree[place].visits)
        switch selection {
        case .puct(let exploration), .openR(let exploration):
            let rate = log((parentVisits + 19653) / 19652) + exploration
            let prior = 1 / Double(places(below: parent).count)
            return tree[place].quality + rate * prior * parentVisits.squareRoot() / (visits + 1)
        case .uct(let exploration):
            if visits == 0 { return .infinity }
            return tree[place].quality + exploration * (log(parentVisits) / visits).squareRoot()
        }
    }
}
