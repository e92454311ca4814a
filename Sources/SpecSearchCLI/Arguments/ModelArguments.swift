internal import ArgumentParser
internal import SpecSearch
internal import SpecSearchLlama

/// Which models a command runs: in this process, on servers, or some here and some there.
struct ModelArguments: ParsableArguments {
    @OptionGroup(title: "Models")
    var local: EngineArguments

    @OptionGroup(title: "Models elsewhere")
    var cluster: ClusterArguments

    func validate() throws {
        guard cluster.config == nil || !local.namesModels && local.adapter.isEmpty else {
            throw ValidationError(
                "--config goes without --models, --draft, --target, --prm and --adapter: it names the models.")
        }
    }

    /// Where the models are.
    func source() async throws -> EngineSource {
        #if Cluster
            if let configuration = try await cluster.read() {
                return EngineSource(
                    models: configuration.set, options: local.options(for: configuration.set, isTuned: false),
                    cluster: configuration)
            }
        #endif
        let models = try local.modelSet()
        return EngineSource(models: models, options: local.options(for: models))
    }

    /// Loads the models, or asks their servers, and says so on a terminal.
    func engine(_ terminal: Terminal) async throws -> Engine {
        let source = try await source()
        terminal.progress("Loading \(source.models.name) …")
        defer { terminal.endProgress() }
        return try await source.engine()
    }
}
