package import SpecSearch

extension LearnThenTest {
    /// The rules of rejection to test, by sequence, each from the strictest on.
    ///
    /// - Parameter base: The rule of the searches that are calibrated for. Where it drafts the first step, as for programs, which
    ///   are one step, the first threshold is what is chosen; where it has a router, its least advantage is too.
    package static func sequences(for base: ThresholdRule.Configuration) -> [[ThresholdRule.Configuration]] {
        func rules(_ values: [Double], _ change: (inout ThresholdRule.Configuration, Double) -> Void)
            -> [ThresholdRule.Configuration]
        {
            values.map {
                var rule = base
                rule.router = nil
                change(&rule, $0)
                return rule
            }
        }
        let thresholds =
            base.firstThreshold != nil
            ? [rules([1, 0.9, 0.75, 0.5, 0.25]) { $0.firstThreshold = $1 }]
            : [
                rules([0, 0.02, 0.05, 0.1, 0.2]) { ($0.estimator, $0.margin) = (.maximum, $1) },
                rules([-0.02, 0, 0.05, 0.1, 0.2]) { ($0.estimator, $0.margin) = (.mean, $1) },
                rules([0.95, 0.9, 0.8, 0.5]) { $0.estimator = .quantile($1) },
            ]
        guard let router = base.router else { return thresholds }
        return thresholds + [
            rules([0.05, 0.1, 0.2, 0.3, 0.5]) {
                $0.router = router
                $0.router?.leastAdvantage = $1
            }
        ]
    }
}
