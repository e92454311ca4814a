internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// Which models a command runs: in this process, or where a configuration says.
struct ModelArguments: ParsableArguments {
    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @OptionGroup(title: "Models elsewhere")
    var cluster: ClusterArguments

    func validate() throws { try cluster.check(with: engine) }

    /// The models, ready for one kind of search: how they write, and those of each method.
    func load(
        _ terminal: Terminal, for search: SearchArguments
    ) async throws -> (set: ModelSet, models: @Sendable (SearchMethod) -> SearchModels) {
        guard let configuration = try await cluster.read() else {
            let engine = try await engine.load(terminal, for: search.search)
            let judge = try engine.evaluator(search.judging)
            return (engine.models, { engine.models(for: $0, judge: judge) })
        }
        let models = try await ClusterModels(configuration, options: engine.untuned.options(for: search.search))
        let judge = try models.evaluator(search.judging)
        return (configuration.set, { models.models(for: $0, judge: judge) })
    }

    /// The sets of models that variants choose from.
    func engines() async throws -> EngineSet { try EngineSet(engine, cluster: try await cluster.read()) }
}

/// Held-out problems, which comparisons and pilots draw from.
struct HeldOutArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A JSON Lines file of {\"id\", \"problem\", \"answer\"}. (default: heldout.jsonl of the models)",
            valueName: "file"))
    var problems: String?

    /// As many as asked for, or all, drawn by a seed.
    func sample(_ count: Int, of engine: EngineArguments, seed: UInt64) throws -> [GradedProblem] {
        let file = try problems ?? (try engine.modelsFolder()) + "/heldout.jsonl"
        return try ProblemSet(contentsOf: URL(fileURLWithPath: file)).sample(count, seed: seed)
    }
}
