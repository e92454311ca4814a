/// The account of a search's thoughts, depth by depth: read off the tree after every batch.
struct SearchAccount {
    private(set) var acceptance = SearchOutcome.Acceptance()
    private var accounts: [DepthAccount] = []
    private var counted: Set<NodeID> = []

    var depths: [SearchOutcome.Depth] { accounts.map(SearchOutcome.Depth.init) }

    /// Notes what drafts of a depth have to reach.
    mutating func note(threshold: Double?, bound: Double?, depth: Int) {
        let place = place(of: depth)
        if accounts[place].batches == 0 { accounts[place].threshold = threshold }
        accounts[place].pendingBound = bound
    }

    /// Takes in one batch: the children of its nodes, some of which may have been drafted ahead of it.
    ///
    /// - Parameter children: Those that the search gets.
    mutating func add(_ expanded: ExpansionBatch, _ children: [[NodeID]], in tree: SearchTree) {
        var batch = DepthAccount(depth: expanded.depth)
        let parents = Set(expanded.expansions.map(\.node))
        let nodes = parents.flatMap { tree[$0].children }.sorted().filter { !counted.contains($0) }
        counted.formUnion(nodes)
        let handed = Set(children.joined())
        // By parent: the best rejected draft, and what the target generated.
        var rejected: [NodeID: Double] = [:]
        var corrections: [(parent: NodeID, score: Double, samples: Int)] = []
        for id in nodes {
            let node = tree[id]
            let scores = Array(repeating: node.score ?? 1, count: node.samples)
            switch (node.thought.source, node.state) {
            case (_, .unusable), (_, .lookahead), (_, .lost): continue
            // Drafted ahead, and not asked for after all.
            case (.draft, .sampled) where !handed.contains(id): continue
            case (.draft, .sampled): batch.keptDrafts += scores
            case (.draft, _):
                // What a draft that was given up would have scored is not known.
                let isWhole = node.thought.stop != .rejected
                batch.judged = (batch.judged ?? []) + (isWhole ? scores : [])
                acceptance.judged += node.samples
                acceptance.unique += 1
                if node.state == .accepted { batch.keptDrafts += scores }
                let isRejected = node.state == .rejected || node.state == .salvaged
                if !isWhole {
                    batch.early += node.samples
                    acceptance.early += node.samples
                }
                if isRejected, let parent = node.parent {
                    if isWhole { rejected[parent] = max(rejected[parent] ?? 0, node.score ?? 1) }
                } else {
                    batch.accepted += node.samples
                    acceptance.kept += node.samples
                }
            case (_, let state):
                batch.targetThoughts += scores
                if state == .correction || state == .duplicate, let parent = node.parent {
                    acceptance.corrections += node.samples
                    corrections.append((parent, node.score ?? 1, node.samples))
                }
            }
        }
        for correction in corrections where correction.score <= rejected[correction.parent] ?? -1 {
            acceptance.wasted += correction.samples
        }
        // Without scores there is nothing to account for.
        guard expanded.isScored else { return }
        accounts[place(of: expanded.depth)].merge(batch)
    }

    private mutating func place(of depth: Int) -> Int {
        if let place = accounts.firstIndex(where: { $0.depth == depth }) { return place }
        accounts.append(DepthAccount(depth: depth))
        return accounts.count - 1
    }
}

/// The scores behind one depth's account.
private struct DepthAccount {
    let depth: Int
    var threshold: Double?
    var keptDrafts: [Double] = []
    var targetThoughts: [Double] = []
    /// Of the drafts that were judged as a whole.
    var judged: [Double]?
    /// Drafts that were given up.
    var early = 0
    var accepted = 0
    var batches = 0
    /// The bound of the batch that is under way.
    var pendingBound: Double?
    /// Each batch's bound, and how many thoughts the target generated there.
    private var bounds: [(bound: Double, weight: Int)] = []

    init(depth: Int) { self.depth = depth }

    /// Takes in a batch.
    mutating func merge(_ batch: DepthAccount) {
        keptDrafts += batch.keptDrafts
        targetThoughts += batch.targetThoughts
        if let more = batch.judged { judged = (judged ?? []) + more }
        early += batch.early
        accepted += batch.accepted
        if let pendingBound { bounds.append((pendingBound, batch.targetThoughts.count)) }
        pendingBound = nil
        batches += 1
    }

    var bound: Double? {
        let weighted = bounds.filter { $0.weight > 0 }
        if weighted.isEmpty { return Self.mean(bounds.map(\.bound)) }
        return Self.mean(weighted.flatMap { Array(repeating: $0.bound, count: $0.weight) })
    }

    /// Never beyond the values through rounding: scores are compared with it.
    static func mean(_ values: [Double]) -> Double? {
        guard let low = values.min(), let high = values.max() else { return nil }
        return min(max(values.reduce(0, +) / Double(values.count), low), high)
    }
}

extension SearchOutcome.Depth {
    fileprivate init(_ account: DepthAccount) {
        let target = DepthAccount.mean(account.targetThoughts)
        self.init(
            depth: account.depth, threshold: account.threshold, bound: account.bound,
            keptDrafts: account.keptDrafts.count, targetThoughts: account.targetThoughts.count,
            meanDraftScore: DepthAccount.mean(account.keptDrafts), meanTargetScore: target)
        if let target, targetThoughts > 1 {
            let squares = account.targetThoughts.reduce(0) { $0 + ($1 - target) * ($1 - target) }
            targetDeviation = (squares / Double(targetThoughts - 1)).squareRoot()
        }
        if let judged = account.judged {
            judgedDrafts = judged.count + account.early
            acceptedDrafts = account.accepted
            // As drafts are kept at the bound; on the plateaus of calibrated scores most are equal to the mean.
            draftsAboveTarget = account.early > 0 ? nil : target.map { mean in judged.count { $0 >= mean } }
        }
        batches = account.batches
    }
}
