public import SpecSearch

/// One of the paper's experiments: the variants that answer a question.
public struct Experiment: Sendable {
    /// The name in commands.
    public var id: String
    public var title: String
    public var question: String
    public var comparisons: ComparisonPlan
    /// The variants, as ``Variant/init(_:base:)`` reads them; `{rate}` stands for the rejection rate of a pilot.
    public var variants: [String]

    /// Whether a pilot must measure SpecSearch's rejection rate first.
    public var needsRejectionRate: Bool { variants.contains { $0.contains("{rate}") } }

    /// The variants over base settings.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`.
    public func variants(base: SearchConfiguration, rejectionRate: Double = 0) throws(SpecSearchError) -> [Variant] {
        try variants.map { text throws(SpecSearchError) in
            try Variant(text.replacing("{rate}", with: "\((rejectionRate * 1e4).rounded() / 1e4)"), base: base)
        }
    }

    /// All of them.
    public static let all: [Experiment] = [
        Experiment(
            id: "main", title: "The main table",
            question: "How much faster is SpecSearch than the same search by the large model, at what accuracy?",
            variants: ["ar", "sps", "specsearch"]),
        Experiment(
            id: "ablations", title: "Ablations",
            question: "What does each part of the method contribute?", comparisons: .against(["ar", "specsearch"]),
            variants: [
                "ar", "specsearch", "no evaluation: estimator=none", "fixed threshold 0.5: estimator=fixed:0.5",
                "fixed threshold 0.95: estimator=fixed:0.95", "random rejection: estimator=random:{rate}",
                "drafts alone: draft",
            ]),
        Experiment(
            id: "estimators", title: "Estimators of the threshold",
            question: "Which estimate of the large model's quality serves best?", comparisons: .against(["max"]),
            variants: [
                "max: estimator=max", "mean: estimator=mean", "ucb: estimator=ucb",
                "median: estimator=quantile:0.5", "max of the target's only: statistics=target-only",
                "mean of the target's only: estimator=mean, statistics=target-only",
                "everything rejected: estimator=infinite",
            ]),
        Experiment(
            id: "corrections", title: "What the large model regenerates",
            question: "How many corrections, and is the extra thought worth its cost?", comparisons: .against(["fill"]),
            variants: [
                "fill: correction=fill", "all: correction=all", "cover: correction=cover",
                "fill, extra always: extra-thought=always", "fill, never extra: extra-thought=never",
                "cover, never extra: correction=cover, extra-thought=never", "N = 3: width=3",
            ]),
        Experiment(
            id: "theta", title: "Sensitivity to θ",
            question: "How much does the smoothing of the threshold matter?", comparisons: .against(["θ = 0.9"]),
            variants: [
                "θ = 0.5: theta=0.5", "θ = 0.8: theta=0.8", "θ = 0.85: theta=0.85", "θ = 0.9: theta=0.9",
                "θ = 0.95: theta=0.95", "θ = 1: theta=1",
            ]),
        Experiment(
            id: "drafting", title: "Sensitivity to the number of drafts and the width",
            question: "How many drafts, and how wide a tree?", comparisons: .against(["2N drafts"]),
            variants: [
                "N drafts: draft-factor=1", "2N drafts: draft-factor=2", "3N drafts: draft-factor=3",
                "4N drafts: draft-factor=4", "width 3: width=3", "width 12: width=12",
            ]),
        Experiment(
            id: "searches", title: "Every search, by every method",
            question: "What does each search gain from SpecSearch, and at what accuracy?",
            comparisons: .groups(of: 3),
            variants: searches.flatMap { search in
                ["ar", "sps", "specsearch"].map { "\(search.name), \($0): \($0), \(search.settings)" }
            }),
        Experiment(
            id: "reward-models", title: "Reward models",
            question: "How much of the result is the reward model's?", comparisons: .groups(of: 2),
            variants: ["shipped", "target's likelihood", "draft's likelihood"].flatMap { name in
                let file = name == "shipped" ? "" : ", prm=\(name.prefix { $0 != "'" }).gguf"
                return ["ar", "specsearch"].map { "\(name), \($0): \($0)\(file)" }
            }),
        Experiment(
            id: "probe", title: "Drafts against the large model's thoughts",
            question: "What share of draft thoughts is at least as good as the large model's mean, on the same nodes?",
            comparisons: .against([]),
            variants: ["probe: estimator=infinite, correction=all, extra-thought=never"]),
        Experiment(
            id: "beyond", title: "What came after, and its neighbours",
            question: "What do other rules and judges gain or lose against SpecSearch?",
            comparisons: .against(["specsearch"]),
            variants: [
                "specsearch", "ar", "draft", "salvage: salvage=true", "RSD: preset=rsd",
                "SpecReason: preset=specreason",
                "GSI: preset=gsi", "confidence: judge=confidence", "likelihood: judge=likelihood",
                "entropy: draft-entropy=0.5",
            ]),
    ]

    /// The searches of the experiment, each with a width that gives it about as many thoughts.
    private static let searches: [(name: String, settings: String)] = [
        ("beam", "search=beam"), ("best-of-n", "search=best-of-n"),
        ("self-consistency", "search=self-consistency"), ("dvts", "search=dvts"), ("rebase", "search=rebase"),
        ("mcts", "search=mcts, iterations=8"), ("mcts-openr", "search=mcts-openr"),
        ("lookahead", "search=beam, lookahead=1"),
    ]

    /// The experiment with a name.
    public init?(id: String) {
        guard let found = Self.all.first(where: { $0.id == id }) else { return nil }
        self = found
    }

    private init(id: String, title: String, question: String, comparisons: ComparisonPlan = .all, variants: [String]) {
        self.id = id
        self.title = title
        self.question = question
        self.comparisons = comparisons
        self.variants = variants
    }
}
