internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import SpecSearchMeasurement

/// `specsearch plan`.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan", abstract: "Predict how much SpecSearch saves, and with which settings.",
        discussion: """
            Counts the forward passes of a beam search by each method and adds up what they cost: as tune measured it on this \
            machine (or a short measurement, where it has not), or as models and a machine would by their figures:

              specsearch plan --draft-parameters 1.5e9 --target-parameters 72e9 --prm-parameters 7e9 \\
                --bandwidth 3350 --flops 989 --acceptance 0.8 --token-acceptance 0.8 --step-tokens 60 --steps 9

            Such a machine's forward passes read all weights once (--bytes-per-weight) or compute two operations a weight and \
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
        let configuration = try configuration()
        guard configuration.search == .beam else {
            throw ValidationError("plan counts the passes of beam search only.")
        }
        guard configuration.judge == .rewardModel else {
            throw ValidationError("plan counts the passes of a reward model only.")
        }
        guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
        if machine.isGiven {
            guard !check else { throw ValidationError("--check needs the models themselves.") }
            guard !engine.namesModels, heldOut.problems == nil else {
                throw ValidationError("Give either models, or parameters and a machine.")
            }
        }
        if machine.isGiven || workload.noPilot { _ = try workload.described() }
    }

    func run() async throws {
        let terminal = Terminal(quiet: json)
        let (report, interruption) = try await Interruption.guarding { [self] in
            defer { terminal.endProgress() }
            return machine.isGiven ? try hypothetical() : try await measured(terminal)
        }
        try StandardStreams.print(json ? report.json() : report.text)
        if let interruption { throw interruption }
    }

    /// The settings of SpecSearch, with which it is compared with the others.
    private func configuration() throws -> SearchConfiguration {
        try search.configuration(SearchMethod.specsearch.rawValue)
    }

    private func hypothetical() throws -> PlanReport {
        guard let draft = try machine.cost(.draft), let target = try machine.cost(.target),
            let rewardModel = try machine.cost(.rewardModel)
        else { throw ValidationError("A model's parameters are missing.") }
        return try PlanReport(
            SearchCostPlan(
                draft: draft, target: target, rewardModel: rewardModel, workload: try workload.described()),
            try setting(numSpeculativeTokens: engine.numSpeculativeTokens ?? 4))
    }

    private func measured(_ terminal: Terminal) async throws -> PlanReport {
        let models = try engine.modelSet()
        let options = engine.options(for: models)
        let cost: CostModel
        if let known = CostModelCache(models, placement: options.placement).load() {
            cost = known
        } else {
            cost = try CostModel.measure(models, options: options) {
                terminal.progress("Measuring \(models.name), \($0) …")
            }
        }
        var setting = try setting(
            numSpeculativeTokens: options.numSpeculativeTokens ?? models.numSpeculativeTokens
                ?? LlamaEngine.Options.usualNumSpeculativeTokens)
        var plan = try SearchCostPlan(cost, options)
        guard !workload.noPilot || check else {
            plan.workload = try workload.described()
            return try PlanReport(plan, setting)
        }
        if models.rewardModel == nil, !check {
            plan.workload = workload.assumed()
            Terminal.say(
                "The set has no reward model, so no drafts can be judged: what searches are like is assumed (see --acceptance, "
                    + "--token-acceptance, --step-tokens, --steps), and scoring as if by the draft.")
            return try PlanReport(plan, setting)
        }
        let engine = try await engine.load(terminal)
        let pairs = engine.engine.pairsAtTokenLevel
        if !pairs { setting.numSpeculativeTokens = 0 }
        let configuration = try search.calibrated(configuration())
        let seed = configuration.options.seed
        let chosen = try heldOut.sample(workload.pilot + (check ? limit : 0), of: self.engine, seed: seed)
        if workload.noPilot {
            plan.workload = try workload.described()
        } else {
            let count = min(workload.pilot, chosen.count)
            try await PlanPilot(engine, configuration, setting)
                .measure(chosen.prefix(count).map(\.problem), &plan) {
                    terminal.progress("Pilot: \($0) of \(count) problems …")
                }
            workload.adjust(&plan.workload)
        }
        var report = try PlanReport(plan, setting, pairs: pairs)
        if check {
            let rest = Array(chosen.dropFirst(workload.pilot))
            guard !rest.isEmpty else {
                throw ValidationError("No problem is left for --check: there are \(chosen.count).")
            }
            let records = try await BenchCommand.records(
                of: report.variants(configuration), rest, seed, VariantEngines(engine, problems: rest), terminal)
            try Task.checkCancellation()
            report.check(against: records)
        }
        return report
    }

    private func setting(numSpeculativeTokens: Int) throws -> PlanSetting {
        let configuration = try configuration()
        return PlanSetting(configuration, numSpeculativeTokens: numSpeculativeTokens)
    }
}
