package import SpecSearch

extension ForwardPassCost {
    /// The cost of forward passes of a model by measurement, run as an engine would.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` where the model was not measured.
    package init(_ cost: CostModel, _ role: ModelRole, _ options: LlamaEngine.Options) throws(SpecSearchError) {
        let flashAttention = options.flashAttention.contains(role)
        let curves = cost.curves.filter { $0.role == role && $0.flashAttention == flashAttention }
        let threads = options.roleThreads[role] ?? options.threads
        let fitting = curves.filter { $0.threads == threads ?? cost.choice(for: role).threads }
        // Several texts in one cache were measured in curves of their own; the fullest curve is of a search alone.
        let curve = (fitting.isEmpty ? curves : fitting).max {
            ($0.milliseconds.count, -$0.occupied) < ($1.milliseconds.count, -$1.occupied)
        }
        func points(_ times: [Int: Double]) -> [Point] {
            times.map { Point(tokens: Double($0.key), seconds: $0.value / 1000) }
        }
        try self.init(points(curve?.milliseconds ?? [:]), prefill: points(curve?.prefill ?? [:]))
    }
}

extension SearchCostPlan {
    /// A plan by measured costs, whose workload is still to be told or measured; without a reward model scoring costs
    /// what the draft's reading would.
    package init(_ cost: CostModel, _ options: LlamaEngine.Options) throws(SpecSearchError) {
        let scorer = cost.curves.contains { $0.role == .rewardModel } ? ModelRole.rewardModel : .draft
        self.init(
            draft: try ForwardPassCost(cost, .draft, options), target: try ForwardPassCost(cost, .target, options),
            rewardModel: try ForwardPassCost(cost, scorer, options),
            workload: SearchWorkload(steps: 1, stepTokens: [1: 1], acceptance: 1, tokenAcceptance: 1))
    }
}
