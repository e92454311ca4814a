/// An event of a search; nodes go by their ids in the search's ``SearchTree``.
///
/// A trace has one event a line, as a flat JSON object with a `type`: see `SearchEvent+Coding.swift`. ``SearchTree/apply(_:)``
/// builds the tree from events.
public enum SearchEvent: Sendable, Hashable {
    /// The problem and the settings.
    public struct Started: Sendable, Hashable, Codable {
        /// The version of the trace format.
        public static let currentVersion = 2

        public var version = Self.currentVersion
        public var problem: Problem
        /// The settings by name; nil for a search that was put together from values.
        public var configuration: SearchConfiguration?
        /// The way in which paths are ranked: the settings' way, or the reward model's own.
        public var aggregation: ScoreAggregation
        /// The most steps of a path.
        public var maximumDepth: Int
        /// The name of the models.
        public var models: String
        /// The sampling parameters, by the settings or by the models.
        public var sampling: SamplingParameters
        /// The text before an answer, by the settings or by the models.
        public var answerMarker: String?

        init(_ search: Search, problem: Problem, aggregation: ScoreAggregation) {
            self.problem = problem
            configuration = search.configuration
            self.aggregation = aggregation
            maximumDepth = search.options.maximumDepth
            models = search.engine.defaults.name
            sampling = search.options.sampling ?? search.engine.defaults.sampling
            answerMarker = search.options.answerMarker ?? search.engine.defaults.answerMarker
        }
    }

    /// A thought that is new in the tree; each stands once in a trace.
    public struct NewThought: Sendable, Hashable, Codable {
        public var node: NodeID
        public var parent: NodeID
        public var depth: Int
        public var text: String
        public var tokens: [Token]
        public var stop: Thought.Stop
        public var source: ModelRole
        public var logProbability: Double?
        public var partialScore: Double?
        /// The number of samples that said the same.
        public var samples: Int
        /// The index of the first of them.
        public var sampleIndex: Int
        /// Nil for a candidate; `unusable` or `lookahead`.
        public var state: SearchTree.State?

        init(_ id: NodeID, in tree: SearchTree) {
            let entry = tree[id]
            node = id
            parent = entry.parent ?? SearchTree.root
            depth = entry.depth
            text = entry.thought.text
            tokens = entry.thought.tokens
            stop = entry.thought.stop
            source = entry.thought.source
            logProbability = entry.thought.logProbability
            partialScore = entry.thought.partialScore
            samples = entry.samples
            sampleIndex = entry.sampleIndex
            state = entry.state == .sampled ? nil : entry.state
        }

        /// The thought itself.
        public var thought: Thought {
            Thought(
                text: text, tokens: tokens, stop: stop, source: source, logProbability: logProbability,
                partialScore: partialScore)
        }
    }

    /// A model sampled thoughts for nodes of one depth.
    public struct Sampled: Sendable, Hashable, Codable {
        public var role: ModelRole
        public var phase: SearchPhase
        public var depth: Int
        /// The nodes that the thoughts continue.
        public var parents: [NodeID]
        /// The identities of their expansions at this depth.
        public var identities: [Int]
        /// For each of them its samples' nodes, duplicates and unusable ones included.
        public var samples: [[NodeID]]
        public var usage: Usage
        public var seconds: Double
    }

    /// The reward model scored nodes.
    public struct Scored: Sendable, Hashable, Codable {
        public var depth: Int
        public var nodes: [NodeID]
        public var scores: [Double]
        /// What the model said before calibration; nil where scores are not calibrated.
        public var rawScores: [Double]?
        /// The node whose score was taken over, since it says the same or is what an end without words ends; nil where the
        /// model was asked.
        public var twin: NodeID?
        public var usage: Usage?
        public var seconds: Double
    }

    /// The log-likelihoods of thoughts by a model, or the expected ones of the tokens after them.
    public struct Likelihoods: Sendable, Hashable, Codable {
        public var role: ModelRole
        public var nodes: [NodeID]
        public var values: [Double]
        /// Whether the values are those to be expected of the next token, its negative entropy, rather than the thoughts'.
        public var ofNextToken: Bool?
        public var usage: Usage
        public var seconds: Double
    }

    /// The fate of thoughts of one node.
    public struct Resolved: Sendable, Hashable {
        public var state: SearchTree.State
        public var parent: NodeID
        public var nodes: [NodeID]
        /// The score that drafts had to reach.
        public var threshold: Double?
    }

    /// Branches that a model cannot go on with: they end here, and the search goes on with the others.
    ///
    /// Those that only the draft cannot continue go on with the target's thoughts.
    public struct Lost: Sendable, Hashable, Codable {
        /// The model.
        public var role: ModelRole
        /// What it was to do: in the phase `score` the nodes are lost, else it cannot continue them.
        public var phase: SearchPhase
        public var nodes: [NodeID]
        /// The code, the words and the remedy of the first one's error.
        public var code: String
        public var message: String
        public var remedy: String

        init(role: ModelRole, phase: SearchPhase, nodes: [NodeID], error: SpecSearchError) {
            self.role = role
            self.phase = phase
            self.nodes = nodes
            code = error.code.description
            message = error.message
            remedy = error.remedy
        }

        /// The first one's error.
        public var error: SpecSearchError { SpecSearchError(.init(code), message, remedy: remedy) }
    }

    /// An iteration of Monte Carlo tree search.
    public struct BackUp: Sendable, Hashable, Codable {
        /// The iteration, from 0.
        public var iteration: Int
        /// The leaf that it led to.
        public var node: NodeID
        /// The value that was added to the node and to all nodes above it.
        public var value: Double
        /// Whether the leaf is an end that was visited before; it does not vote again.
        public var isRevisit: Bool

        public init(iteration: Int, node: NodeID, value: Double, isRevisit: Bool) {
            self.iteration = iteration
            self.node = node
            self.value = value
            self.isRevisit = isRevisit
        }
    }

    case started(Started)
    /// The method auto chose who generates the next batch.
    case chosen(MethodChoice)
    case thought(NewThought)
    /// A later wave of samples said again what a node says.
    case repeated(node: NodeID, samples: Int)
    case sampled(Sampled)
    case scored(Scored)
    case lost(Lost)
    case likelihoods(Likelihoods)
    case resolved(Resolved)
    /// β̂ of a depth: of the next one, or of this one where the next has its own already; nil where nothing, or
    /// everything, is rejected.
    case thresholdUpdated(depth: Int, threshold: Double?)
    /// The score of one more greedy step beyond a node.
    case lookedAhead(node: NodeID, score: Double)
    /// The nodes that go on, finished ones included.
    case selected(depth: Int, nodes: [NodeID])
    /// A value was added to a leaf and to all nodes above it.
    case backedUp(BackUp)
    case finished(SearchOutcome)
}

extension SearchEvent {
    /// The event with its own time set to zero; what models report of theirs stays.
    var withoutTimes: SearchEvent {
        switch self {
        case .sampled(var call):
            call.seconds = 0
            return .sampled(call)
        case .scored(var call):
            call.seconds = 0
            return .scored(call)
        case .likelihoods(var call):
            call.seconds = 0
            return .likelihoods(call)
        default: return self
        }
    }
}

extension SearchTree {
    /// The empty tree that a search's first event describes.
    public init(_ started: SearchEvent.Started) {
        self.init(problem: started.problem, aggregation: started.aggregation, maximumDepth: started.maximumDepth)
    }

    /// Takes in what an event says about nodes.
    ///
    /// - Throws: ``SpecSearchError`` `badTrace` for an event that names nodes out of turn.
    public mutating func apply(_ event: SearchEvent) throws(SpecSearchError) {
        func check(_ nodes: [NodeID]) throws(SpecSearchError) {
            if let node = nodes.first(where: { !contains($0) }) {
                throw SpecSearchError(.badTrace, "An event names node \(node), which is not there yet.")
            }
        }
        switch event {
        case .thought(let new):
            try check([new.parent])
            guard new.node.rawValue == count, new.depth == self[new.parent].depth + 1, new.samples > 0 else {
                throw SpecSearchError(.badTrace, "Node \(new.node) is out of turn.")
            }
            let id = insert(new.thought, below: new.parent)
            self[id].samples = new.samples
            self[id].sampleIndex = new.sampleIndex
            if let state = new.state { self[id].state = state }
        case .repeated(let node, let samples):
            try check([node])
            let (sum, overflows) = self[node].samples.addingReportingOverflow(samples)
            guard samples > 0, !overflows else {
                throw SpecSearchError(.badTrace, "Node \(node) is repeated \(samples) times.")
            }
            self[node].samples = sum
        case .lost(let loss):
            try check(loss.nodes)
            if loss.phase == .score { for id in loss.nodes { self[id].state = .lost } }
        case .sampled(let call):
            try check(call.parents)
            for samples in call.samples { try check(samples) }
            guard call.parents.count == call.samples.count, call.parents.count == call.identities.count else {
                throw SpecSearchError(
                    .badTrace, "There are samples for \(call.samples.count) of \(call.parents.count) nodes.")
            }
        case .scored(let call):
            try check(call.nodes + (call.twin.map { [$0] } ?? []))
            guard call.nodes.count == call.scores.count else {
                throw SpecSearchError(.badTrace, "There are \(call.scores.count) scores for \(call.nodes.count) nodes.")
            }
            for (id, score) in zip(call.nodes, call.scores) { self[id].score = score }
            if let raw = call.rawScores {
                guard raw.count == call.nodes.count else {
                    throw SpecSearchError(.badTrace, "There are \(raw.count) raw scores for \(call.nodes.count) nodes.")
                }
                for (id, score) in zip(call.nodes, raw) { self[id].rawScore = score }
            }
        case .resolved(let event):
            try check([event.parent] + event.nodes)
            for id in event.nodes {
                self[id].state = event.state
                self[id].threshold = event.threshold
            }
        case .lookedAhead(let node, let score):
            try check([node])
            self[node].lookahead = (self[node].lookahead ?? []) + [score]
        case .likelihoods(let call): try check(call.nodes)
        case .selected(_, let nodes): try check(nodes)
        case .backedUp(let backUp): try check([backUp.node])
        case .finished(let outcome): try check([outcome.best.node] + outcome.paths.map(\.node))
        case .started, .chosen, .thresholdUpdated: break
        }
    }
}
