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

    /// Whether nothing is named, and so the shipped models run.
    var runsShippedModels: Bool { cluster.config == nil && (!local.namesModels || local.models == "trio") }

    /// Where the models are.
    ///
    /// - Parameter files: Those of a run that is resumed: what tune has made since does not run in it. Nil for a new one.
    func source(resuming files: Set<String>? = nil) async throws -> EngineSource {
        #if Cluster
            if let configuration = try await cluster.read() {
                try ModelTrial.check(configuration.set)
                return EngineSource(
                    named: configuration.set, models: configuration.set,
                    options: local.options(for: configuration.set, isTuned: false),
                    cluster: configuration)
            }
        #endif
        let noTune = local.noTune
        let tuned: @Sendable (ModelSet) -> ModelSet = { set in
            noTune ? set : RequantizedModels().replacing(in: set) { files?.contains($0.path) ?? true }
        }
        let named = try local.namedSet()
        let models = tuned(named)
        return EngineSource(named: named, models: models, options: local.options(for: models), tuned: tuned)
    }

    /// Loads the models, or asks their servers, and says so on a terminal.
    ///
    /// - Parameter method: The method that is asked for; nil for the usual one.
    func engine(_ terminal: Terminal, for method: String?) async throws -> Engine {
        var source = try await source()
        source.isAdaptive = method ?? SearchMethod.auto.rawValue == SearchMethod.auto.rawValue
        terminal.progress("Loading \(source.models.name) …")
        defer { terminal.endProgress() }
        return try await source.engine()
    }
}
