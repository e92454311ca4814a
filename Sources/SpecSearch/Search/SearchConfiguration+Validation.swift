extension SearchConfiguration {
    /// - Throws: ``EngineError`` that names the first setting out of range.
    ///
    /// The largest settings are beyond what any machine could run; above them sums would overflow.
    package func validate() throws {
        let most = 1 << 17
        let factors = [beams, speculation.width, speculation.draftFactor].map { max(1, $0) }
        let rules: [(Bool, String)] = [
            (beams >= 1, "The beam needs at least 1 path."),
            (speculation.width >= 1, "The width must be at least 1."),
            (
                factors.allSatisfy { $0 <= most } && factors.reduce(1, *) <= most,
                "Beams × width × draft factor must not exceed \(most)."
            ),
            ((1...most).contains(maximumDepth), "The depth lies in 1 ... \(most)."),
            ((1...most).contains(iterations ?? 1), "The iterations lie in 1 ... \(most)."),
            (
                exploration.map { $0 >= 0 && $0.isFinite } ?? true,
                "The exploration constant must be finite, and not negative."
            ),
            (
                balanceTemperature > 0 && balanceTemperature.isFinite,
                "The temperature of REBASE must be finite, and more than 0."
            ),
            ((0...most).contains(lookahead), "The lookahead lies in 0 ... \(most)."),
            (
                lookahead == 0 || search != .selfConsistency,
                "Self-consistency looks at no scores: it has no use for lookahead."
            ),
            (speculation.draftFactor >= 1, "The draft factor must be at least 1."),
            ((0...1).contains(speculation.rejection.theta), "θ lies in 0 ... 1."),
            ((-1...1).contains(speculation.rejection.margin), "The margin lies in -1 ... 1."),
            (
                speculation.rejection.estimator.isValid,
                "The threshold's estimator \(speculation.rejection.estimator) is out of range."
            ),
            (sampling.temperature >= 0, "The temperature must not be negative."),
            (sampling.maximumTokens >= 1, "A step needs at least 1 token."),
            (sampling.topP > 0 && sampling.topP <= 1, "Top-p lies above 0 and up to 1."),
            ((0...1).contains(sampling.minP), "Min-p lies in 0 ... 1."),
            (sampling.topK >= 0, "Top-k must not be negative."),
            (
                budget.seconds.map { $0 > 0 && $0 <= 1e9 } ?? true,
                "The deadline must be more than 0 and at most 1e9 seconds."
            ),
        ]
        for (holds, message) in rules where !holds {
            throw EngineError(.badSetting, message, remedy: "")
        }
    }
}
