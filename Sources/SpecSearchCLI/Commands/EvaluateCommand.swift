internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation

/// `specsearch evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Run variants of a search on a data set, recorded and resumable.",
        discussion: """
            Every problem is solved by every variant before the next one, in rotating order, after a warm-up. Times are \
            wall-clock seconds of the searches; loading and grading are left out. Each result is on disk, in \
            DIR/records.jsonl, before the next search begins: stop at any time, by Ctrl-C or otherwise, and go on with \
            --output DIR --resume.

            A variant is "name: key=value, …": \(Variant.keys.joined(separator: ", ")); for example \
            --variant "half: width=3, theta=0.8". Experiments are \(Experiment.all.map(\.id).joined(separator: ", ")).
            """)

    @OptionGroup
    var recording: RecordingArguments

    @Option(help: ArgumentHelp("One of the paper's experiments.", valueName: "name"))
    var experiment: String?

    @OptionGroup
    var methods: MethodsArguments

    @Option(help: ArgumentHelp("A variant of the search; several times for several.", valueName: "variant"))
    var variant: [String] = []

    @Option(
        help: ArgumentHelp("Variants that the others are compared with. (default: those before)", valueName: "list"))
    var baselines: String?

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        if let experiment, Experiment(id: experiment) == nil {
            throw ValidationError(
                "There is no experiment \(experiment); there are \(Experiment.all.map(\.id).joined(separator: ", ")).")
        }
        let base = try recording.search.base()
        try ValidationError.wrapping {
            let variants =
                try experiment.flatMap(Experiment.init(id:))?.variants(base: base) ?? (try variants(base: base))
            try recording.search.check(variants.map(\.configuration))
        }
    }

    func run() async throws {
        let terminal = Terminal(quiet: json)
        let (run, interruption) = try await Interruption.guarding { [self] in
            try await recording.run(terminal, plan: plan)
        }
        terminal.endProgress()
        if interruption != nil { recording.sayHowToGoOn("evaluate") }
        let summary = RunSummary(run.records, run.manifest)
        try StandardStreams.print(json ? summary.json() : SummaryText(summary).text)
        try run.end(interruption)
    }

    private func plan(
        _ base: SearchConfiguration, _ rejectionRate: () async throws -> Double
    ) async throws -> RunPlan {
        guard let experiment = experiment.flatMap(Experiment.init(id:)) else {
            return RunPlan(
                title: "Evaluation", variants: try variants(base: base),
                comparisons: baselines.map { .against($0.split(separator: ",").map(String.init)) } ?? .all)
        }
        let rate = experiment.needsRejectionRate ? try await rejectionRate() : 0
        return RunPlan(
            title: experiment.title, question: experiment.question,
            variants: try experiment.variants(base: base, rejectionRate: rate), comparisons: experiment.comparisons)
    }

    private func variants(base: SearchConfiguration) throws -> [Variant] {
        let texts = variant.isEmpty ? try methods.parsed().map(\.rawValue) : variant
        let variants = try texts.map { try Variant($0, base: base) }
        guard !variants.isEmpty, Set(variants.map(\.name)).count == variants.count else {
            throw ValidationError("There must be at least one variant, and each needs a name of its own.")
        }
        return variants
    }
}
