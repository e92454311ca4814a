internal import SpecSearch
internal import SpecSearchEvaluation

/// A variant's search, ready to run.
struct MeasuredSearch: Sendable {
    let name: String
    let search: Search

    /// The searches of variants on one engine, whose judge may be the examples of the problems.
    static func all(_ variants: [Variant], on engine: Engine, _ problems: [GradedProblem]) throws -> [MeasuredSearch] {
        try variants.map { variant in
            MeasuredSearch(
                name: variant.name,
                search: try Search(engine, configuration: variant.configuration, examplesIn: problems))
        }
    }

    /// The same search, which tells of what it asks its models for.
    func intercepted(by ledger: PathLedger) -> MeasuredSearch {
        MeasuredSearch(name: name, search: search.intercepted(by: ledger))
    }

    /// Solves a problem; a cancelled search is no result.
    func solve(_ problem: GradedProblem) async throws -> SearchResult {
        let result = try await search.writingAlone(on: problem).solve(problem.problem)
        try Task.checkCancellation()
        return result
    }
}
