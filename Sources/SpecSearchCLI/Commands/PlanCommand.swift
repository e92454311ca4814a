internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import Synchronization

/// `specsearch plan`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Predict how much SpecSearch saves, and with which settings.",
        discussion: """
            Counts the passes of a beam search by each method and adds up what they cost: as tune measured it on this \
            machine (or a short measurement, where it has not), or as models and a machine would by their figures:

              specsearch plan --draft-parameters 1.5e9 --target-parameters 72e9 --prm-parameters 7e9 \\
                --bandwidth 3350 --flops 989 --acceptance 0.8 --token-acceptance 0.8 --step-tokens 60 --steps 9

            Such a machine's passes read all weights once (--bytes-per-weight) or compute two operations a weight and \
            token, whichever takes longer; the cache's traffic, queues and the network are left out (--overhead). \
            Otherwise a few problems are solved first, to see what searches are like. What it cannot know is quality: a \
            smaller draft factor may cost accuracy.
            """)

    @OptionGroup(title: "Models that are not here")
    var machine: MachineArguments

    @OptionGroup(title: "What searches are like")
    var workload: WorkloadArguments

    @Flag(help: "Run the methods, and print how far the predictions are off.")
    var check = false

    @Option(help: ArgumentHelp("How many problems --check solves.", valueName: "n"))
    var limit = 40

    @OptionGroup
    var heldOut: HeldOutArguments

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        guard search.search == .beam else { throw ValidationError("plan reckons with beam search only.") }
        guard search.judging == .rewardModel, search.estimator?.isGuided != true else {
            throw ValidationError("plan reckons with a reward model and rejection by a threshold only.")
        }
        guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
        if machine.isGiven {
            guard !check else { throw ValidationError("--check needs the models themselves.") }
            guard engine.models == nil, engine.draft == nil, heldOut.problems == nil else {
                throw ValidationError("Give either models, or parameters and a machine.")
            }
        }
        if machine.isGiven || workload.noPilot { _ = try workload.described() }
    }

    func run() async throws {
        let terminal = Terminal(quiet: json)
        let (report, _) = try await Interruption.guarding { [self] in
            defer { terminal.endProgress() }
            return machine.isGiven ? try hypothetical() : try await measured(terminal)
        }
        print(try json ? report.json() : report.text)
    }

    private func hypothetical() throws -> PlanReport {
        guard let draft = try machine.cost(.draft), let target = try machine.cost(.target),
            let rewardModel = try machine.cost(.rewardModel)
        else { throw ValidationError("A model's parameters are missing.") }
        return try PlanReport(
            SearchCostPlan(
                draft: draft, target: target, rewardModel: rewardModel, workload: try workload.described()),
            setting(draftLength: engine.draftLength ?? 4))
    }

    private func measured(_ terminal: Terminal) async throws -> PlanReport {
        let models = try engine.modelSet()
        let cost: CostModel
        if let known = CostModelCache(models).load() {
            cost = known
        } else {
            terminal.progress("Measuring \(models.name) …")
            cost = try CostModel.measure(models, limit: 10)
        }
        let options = engine.options(for: .beam)
        let setting = setting(
            draftLength: options.draftLength ?? models.draftLength ?? EngineOptions.usualDraftLength)
        var plan = SearchCostPlan(
            draft: try PassCost(cost, .draft, options), target: try PassCost(cost, .target, options),
            rewardModel: try PassCost(cost, .rewardModel, options),
            workload: SearchWorkload(steps: 1, stepTokens: [1: 1], acceptance: 1, tokenAcceptance: 1))
        guard !workload.noPilot || check else {
            plan.workload = try workload.described()
            return try PlanReport(plan, setting)
        }
        let engine = try await engine.load(terminal, for: .beam)
        guard engine.pairsAtTokenLevel else {
            throw PlanError(
                "Draft and target have different vocabularies, so SpS cannot be tried.",
                remedy: "Use --no-pilot with figures and without --check; the rows without token-level drafts hold.")
        }
        let chosen = try heldOut.sample(
            workload.pilot + (check ? limit : 0), of: self.engine, seed: search.seed)
        if workload.noPilot {
            plan.workload = try workload.described()
        } else {
            let count = min(workload.pilot, chosen.count)
            try await PlanPilot(engine: engine, search: search, setting: setting)
                .measure(chosen.prefix(count).map(\.problem), &plan) {
                    terminal.progress("Pilot: \($0) of \(count) problems …")
                }
            workload.adjust(&plan.workload)
        }
        var report = try PlanReport(plan, setting)
        if check {
            let rest = Array(chosen.dropFirst(workload.pilot))
            guard !rest.isEmpty else {
                throw ValidationError("No problem is left for --check: there are \(chosen.count).")
            }
            report.check = try await measure(rest, engine, report, terminal)
        }
        return report
    }

    private func setting(draftLength: Int) -> SearchSetting {
        SearchSetting(
            beams: search.beams, width: search.width, draftFactor: search.draftFactor, draftLength: draftLength)
    }

    /// Runs the methods side by side.
    private func measure(
        _ problems: [GradedProblem], _ engine: LlamaEngine, _ report: PlanReport, _ terminal: Terminal
    ) async throws -> [PlanReport.Comparison] {
        let variants = try [SearchMethod.ar, .sps, .specsearch].map {
            Variant(name: $0.rawValue, configuration: try search.configuration($0, for: engine.models))
        }
        let progress = EvaluationProgress(variants: variants.map(\.name), each: problems.count, terminal)
        let records = Mutex<[EvaluationRecord]>([])
        let grader = ResultGrader()
        let run = EvaluationRun(
            variants: variants, problems: problems, seeds: [search.seed],
            solve: { variant, problem in
                try await engine.timed(
                    Search(variant.configuration, models: engine.models(for: variant.configuration.method)), problem)
            }, grade: { await grader.grade($0, $1) })
        try await run.run { record in
            records.withLock { $0.append(record) }
            await progress.count(record)
        }
        let summary = RunSummary(records.withLock { $0 }, variants: variants.map(\.name))
        return summary.comparisons.compactMap { comparison in
            guard let mine = report.accounts[comparison.method], let theirs = report.accounts[comparison.baseline]
            else { return nil }
            return PlanReport.Comparison(
                method: comparison.method, baseline: comparison.baseline, predicted: theirs.total / mine.total,
                measured: comparison.speedup, measuredInterval: comparison.speedupInterval)
        }
    }
}

extension PassCost {
    /// What passes of a model cost by measurement, run as an engine would: by branches, and beyond those by prompts.
    init(_ cost: CostModel, _ role: ModelRole, _ options: EngineOptions) throws(PlanError) {
        let flashAttention = options.flashAttention.contains(role)
        let curves = cost.curves.filter { $0.role == role && $0.flashAttention == flashAttention }
        let curve = curves.first { $0.threads == options.threads } ?? curves.first
        let branches = curve?.milliseconds ?? [:]
        let widest = branches.keys.max() ?? 0
        let prompts = (curve?.prefill ?? [:]).filter { $0.key > widest }
        try self.init(
            branches.merging(prompts) { old, _ in old }
                .map { Point(tokens: Double($0.key), seconds: $0.value / 1000) })
    }
}
