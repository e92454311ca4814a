public import ArgumentParser
internal import Foundation
internal import SpecSearch
public import SpecSearchEvaluation

/// `specsearch calibrate`.
struct CalibrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "calibrate",
        abstract: "Choose the rejection rule whose loss of accuracy is certified to be small.",
        discussion: """
            Runs the target alone and SpecSearch with a grid of rules on calibration problems, and writes the fastest \
            rule that loses less than --epsilon points of accuracy against the target, with a probability of at \
            least 1 - --delta (Learn-then-Test, Angelopoulos et al. 2021). DIR/calibration.json, with its certificate, \
            is for --calibration of solve, bench and evaluate. The grid is gone through from the strictest rule on, one sequence \
            for each estimator, and one for --router, which takes its least advantage from the grid; nothing may be chosen on the same problems otherwise. A rule's search that fails counts as \
            lost, and a problem on which the target alone fails is left out.
            """)

    @OptionGroup
    var recording: RecordingArguments

    @Option(help: ArgumentHelp("The accepted loss of accuracy, in points.", valueName: "points"))
    var epsilon = 2.0

    @Option(help: ArgumentHelp("The accepted probability that the chosen rule loses more.", valueName: "share"))
    var delta = 0.1

    @Option(help: "The test: betting, or hoeffdingBentkus, which needs many more problems.")
    var test = RiskTest.betting

    func validate() throws {
        guard epsilon > 0, epsilon < 100 else { throw ValidationError("--epsilon lies between 0 and 100 points.") }
        guard delta > 0, delta < 1 else { throw ValidationError("--delta lies between 0 and 1.") }
        let search = recording.search
        guard search.calibration == nil else { throw ValidationError("--calibration is what this command writes.") }
        guard search.theta == nil, search.estimator == nil, search.margin == nil, search.firstThreshold == nil else {
            throw ValidationError("theta, estimator, margin and first-threshold are what this command chooses.")
        }
        guard search.preset == nil else {
            throw ValidationError("preset has a rule of its own, and rules are what this command chooses.")
        }
        _ = try search.configurations([.ar, .specsearch])
    }

    func run() async throws {
        let terminal = Terminal()
        let (run, interruption) = try await Interruption.guarding { [self] in
            try await recording.run(terminal) { base, _ in
                RunPlan(
                    title: "Calibration", question: "Which rules of rejection lose little accuracy?",
                    variants: Self.variants(base, LearnThenTest.sequences(for: base.rejection)),
                    comparisons: .against(["ar"]))
            }
        }
        terminal.endProgress()
        guard run.records.count == run.manifest.items else {
            recording.sayHowToGoOn("calibrate")
            if let failure = run.failure, interruption == nil { throw failure }
            throw interruption ?? .failure
        }
        sayFailures(run)
        let certificate = certificate(run)
        try StandardStreams.print(table(certificate))
        guard let file = CalibrationFile(certificate) else {
            Terminal.say("No rule is certified: calibrate on more problems, or accept a larger --epsilon or --delta.")
            throw ExitCode.failure
        }
        let path = URL(fileURLWithPath: recording.output).appending(path: "calibration.json")
        try file.encoded().write(to: path, options: .atomic)
        try StandardStreams.print("\nChosen: \(Self.name(file.policy)); use it with --calibration \(path.relativePath)")
        try run.end(interruption)
    }

    private static func name(_ policy: ThresholdRule.Configuration) -> String {
        "\(policy.estimator), θ \(policy.theta), margin \(policy.margin)"
            + (policy.firstThreshold.map { ", first threshold \($0)" } ?? "")
            + (policy.router.map { ", advantage ≥ \($0.leastAdvantage)" } ?? "")
    }

    private static func variants(
        _ base: SearchConfiguration, _ sequences: [[ThresholdRule.Configuration]]
    ) -> [Variant] {
        var ar = Variant(name: "ar", configuration: base)
        ar.configuration.method = .ar
        return [ar]
            + sequences.joined().map { policy in
                var variant = Variant(name: name(policy), configuration: base)
                variant.configuration.rejection = policy
                return variant
            }
    }

    /// The rules of a run that may have been begun with other arguments, by sequence.
    private static func sequences(of variants: [Variant]) -> [[ThresholdRule.Configuration]] {
        let policies = variants.filter { $0.name != "ar" }.map(\.configuration.rejection)
        var sequences: [(kind: String, policies: [ThresholdRule.Configuration])] = []
        for policy in policies {
            let kind = policy.router == nil ? String(policy.estimator.description.prefix { $0 != ":" }) : "router"
            if sequences.last?.kind != kind { sequences.append((kind, [])) }
            sequences[sequences.count - 1].policies.append(policy)
        }
        return sequences.map(\.policies)
    }

    private func certificate(_ run: RecordingArguments.RecordedRun) -> CalibrationCertificate {
        let records = run.records
        // Without the baseline's answer nobody knows a rule's loss.
        let unknown = Set(records.filter { $0.hasFailed && $0.variant == "ar" }.map { Item($0) })
        let byVariant = Dictionary(grouping: records.filter { !unknown.contains(Item($0)) }, by: \.variant)
        let baseline = byVariant["ar"] ?? []
        let sequences = Self.sequences(of: run.manifest.variants).map { sequence in
            sequence.map { policy in
                let found = byVariant[Self.name(policy)] ?? []
                let finished = found.filter { !$0.hasFailed }
                return LearnThenTest.Candidate(
                    policy: policy,
                    losses: LearnThenTest.losses(
                        problems: baseline.map(\.problem), method: found.map(\.isRight),
                        baseline: baseline.map(\.isRight)),
                    // A search that failed has no time: it takes as long as the others do.
                    seconds: finished.reduce(0) { $0 + $1.seconds } * Double(found.count)
                        / Double(max(1, finished.count)))
            }
        }
        return LearnThenTest(epsilon: epsilon / 100, delta: delta, test: test).certify(sequences)
    }

    /// A problem with a seed.
    private struct Item: Hashable {
        let problem: String
        let seed: UInt64

        init(_ record: EvaluationRecord) { (problem, seed) = (record.problem, record.seed) }
    }

    private func sayFailures(_ run: RecordingArguments.RecordedRun) {
        for line in SummaryText(RunSummary(run.records, run.manifest)).failures where !line.isEmpty {
            Terminal.say(line)
        }
    }

    private func table(_ certificate: CalibrationCertificate) -> String {
        MarkdownTable(
            header: ["rule", "problems", "loss, points", "p", "certified", "seconds"],
            rows: certificate.tested.map { tested in
                [
                    Self.name(tested.policy), "\(tested.problems)", (100 * tested.meanLoss).signed(2),
                    tested.pValue.fixed(4), tested.isCertified ? "yes" : "no", tested.seconds.fixed(2),
                ]
            }
        ).lines.joined(separator: "\n")
    }
}

extension RiskTest: ExpressibleByArgument {}
