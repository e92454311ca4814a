internal import ArgumentParser
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import SpecSearchMeasurement

/// What `specsearch bench` measures instead of comparing methods.
struct MeasurementArguments: ParsableArguments {
    @Flag(
        name: .customLong("engine"),
        help: "Measure forward passes by llama.cpp alone, and how much of that speed a search has.")
    var measuresEngine = false

    @Flag(
        help: """
            Measure how much of llama.cpp's own speed is left: prompts, and decode steps of 1, 4 and 12 sequences, against \
            the same passes by llama.cpp alone, in turn, --limit times.
            """)
    var efficiency = false

    @Option(help: ArgumentHelp("Solve this many problems at once, against one after the other.", valueName: "k"))
    var concurrency: Int?

    @Flag(
        help: """
            Measure where a search's time goes, how fast its forward passes are against llama.cpp alone, and whether any \
            token was evaluated twice.
            """)
    var profile = false

    /// A way to run a search that others have.
    enum Shape: String, ExpressibleByArgument, CaseIterable { case openr }

    @Option(
        help: ArgumentHelp(
            "Compare with the same search in another way: openr, paths one by one and everything from the start.",
            valueName: "shape"))
    var shape: Shape?

    func validate() throws {
        guard (2...256).contains(concurrency ?? 2) else { throw ValidationError("--concurrency lies in 2 ... 256.") }
    }

    /// Whether any is asked for.
    var isAny: Bool { measuresEngine || efficiency || profile || concurrency != nil || shape != nil }

    /// Measures what was asked for.
    func run(
        _ engine: LlamaEngine, _ variants: [Variant], on problems: [GradedProblem], repetitions: Int,
        json: Bool, _ terminal: Terminal
    ) async throws -> String {
        if efficiency {
            let rows = try await EfficiencyBench(engine).run(repetitions: repetitions) {
                terminal.progress("Measuring, \($0) …")
            }
            return json ? try ["efficiency": rows].json() : EfficiencyBench.text(rows)
        }
        if let concurrency {
            let rows = try await ConcurrencyBench(engine, concurrency: concurrency).run(variants, on: problems)
            return json ? try ["concurrency": rows].json() : ConcurrencyBench.text(rows)
        }
        if profile {
            let rows = try await ProfileBench(engine).run(variants, on: problems)
            return json ? try ["methods": rows].json() : ProfileBench.text(rows)
        }
        if shape != nil {
            let rows = try await ShapeBench(engine).run(variants, on: problems)
            return json ? try ["shapes": rows].json() : ShapeBench.text(rows)
        }
        let rows = try await EngineBench(engine).run(variants, on: problems)
        return json ? try ["models": rows].json() : EngineBench.text(rows)
    }
}
