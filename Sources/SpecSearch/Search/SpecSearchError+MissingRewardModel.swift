extension SpecSearchError {
    /// A search scores steps, and nobody can: a likelihood, which any model has, says nothing of whether a step is right.
    ///
    /// - Parameter name: The set of models.
    package static func missingRewardModel(of name: String?) -> SpecSearchError {
        SpecSearchError(
            .badSetting,
            "This search scores steps, and " + (name.map { "the model set \"\($0)\" has" } ?? "there is")
                + " no reward model.",
            remedy:
                "Give one (prm), have the target grade steps (judge target) or, for programs of a data set, run their "
                + "examples (judge examples), or search with self-consistency by ar, which needs no scores.")
    }
}
