package import SpecSearch
package import SpecSearchEvaluation
package import SpecSearchLlama

extension ForwardPassCost {
    /// The cost of forward passes of a model by measurement, run as an engine would: by sequences, and beyond those by
    /// prompts.
    package init(_ cost: CostModel, _ role: ModelRole, _ options: LlamaEngine.Options) throws(SpecSearchError) {
        let flashAttention = options.flashAttention.contains(role)
        let curves = cost.curves.filter { $0.role == role && $0.flashAttention == flashAttention }
        let curve = curves.first { $0.threads == options.roleThreads[role] ?? options.threads } ?? curves.first
        let decodes = curve?.milliseconds ?? [:]
        let widest = decodes.keys.max() ?? 0
        let prompts = (curve?.prefill ?? [:]).filter { $0.key > widest }
        try self.init(
            decodes.merging(prompts) { old, _ in old }
                .map { Point(tokens: Double($0.key), seconds: $0.value / 1000) })
    }
}

extension SearchCostPlan {
    /// A plan by measured costs, whose workload is still to be told or measured.
    package init(_ cost: CostModel, _ options: LlamaEngine.Options) throws(SpecSearchError) {
        self.init(
            draft: try ForwardPassCost(cost, .draft, options), target: try ForwardPassCost(cost, .target, options),
            rewardModel: try ForwardPassCost(cost, .rewardModel, options),
            workload: SearchWorkload(steps: 1, stepTokens: [1: 1], acceptance: 1, tokenAcceptance: 1))
    }
}
