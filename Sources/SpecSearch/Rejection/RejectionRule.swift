/// A rule that says which drafts are kept: what a variant of the method changes.
///
/// ```swift
/// struct AtLeastHalf: RejectionRule {
///     func rejects(_ draft: ScoredDraft, at depth: Int) -> Bool { draft.score < 0.5 }
///     mutating func update(at depth: Int, with scores: DepthScores) {}
/// }
/// let search = Search(engine, generator: .specsearch(rule: AtLeastHalf()))
/// ```
/// A rule is a value: each search works on a copy, asks it about every draft of a depth, and then updates it once.
public protocol RejectionRule: Sendable {
    /// Whether a draft is rejected; the target then generates in its place.
    func rejects(_ draft: ScoredDraft, at depth: Int) -> Bool

    /// Takes in what was seen at a depth; 0 is the first step, which is all the target's unless ``draftsFirstStep``.
    mutating func update(at depth: Int, with scores: DepthScores)

    /// The estimate of the target's quality at a depth, for people; nil where there is none.
    func threshold(at depth: Int) -> Double?

    /// The score that a draft has to reach at a depth, for people, and for drafts that are given up early; the threshold unless
    /// said, and nil where there is none.
    func bound(at depth: Int) -> Double?

    /// Whether the first step is drafted too; else the target writes it, and its scores set the threshold. Not unless said.
    var draftsFirstStep: Bool { get }

    /// Whether the threshold of a depth no longer follows that of the depth before it; for searches that come back to a
    /// depth.
    func hasOwnThreshold(at depth: Int) -> Bool
}

extension RejectionRule {
    public func threshold(at depth: Int) -> Double? { nil }
    public func bound(at depth: Int) -> Double? { threshold(at: depth) }
    public func hasOwnThreshold(at depth: Int) -> Bool { false }
    public var draftsFirstStep: Bool { false }
}

/// A draft that a rule decides about.
public struct ScoredDraft: Sendable, Hashable {
    public var thought: Thought
    /// The reward model's score, from 0 to 1.
    public var score: Double
    /// The draft's random key, for rules that draw: `key.uniform(position: 0, purpose: .search)`.
    public var key: RandomKey

    public init(thought: Thought, score: Double, key: RandomKey) {
        self.thought = thought
        self.score = score
        self.key = key
    }
}

/// The scores of one depth; a thought counts as often as it was sampled.
public struct DepthScores: Sendable, Hashable {
    /// V_p: the target's thoughts.
    public var target: [Double]
    /// V_q: the drafts that were kept.
    public var keptDrafts: [Double]

    public init(target: [Double] = [], keptDrafts: [Double] = []) {
        self.target = target
        self.keptDrafts = keptDrafts
    }
}
