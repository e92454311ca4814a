extension SearchConfiguration {
    /// The search for those who choose none: what the models of an engine can do.
    ///
    /// A beam by whichever method is the fastest; by the target alone where there is no draft, by the draft alone where there is no target.
    /// Without a reward model it is self-consistency of four chains by the target, which needs no scores.
    public static func usual(for engine: Engine) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = .auto
        if engine.target == nil {
            configuration.method = .draft
        } else if engine.draft == nil {
            configuration.method = .ar
        }
        if engine.rewardModel == nil {
            configuration.search = .selfConsistency
            (configuration.beams, configuration.width) = (1, 4)
        }
        return configuration
    }

    /// Whether the search looks at scores, or its method does.
    public var needsScores: Bool {
        generator.needs.scores || algorithm.next(in: SearchTree(problem: Problem(text: ""))).isScored
    }
}
