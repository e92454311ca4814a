internal import ArgumentParser
internal import SpecSearch
internal import SpecSearchEvaluation

/// Models and a machine that are not there: for `specsearch plan`.
struct MachineArguments: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Plan for models that are not here: the draft's parameters, such as 1.5e9; of a mixture of experts the active ones.",
            valueName: "n"))
    var draftParameters: Double?

    @Option(help: ArgumentHelp("The target's parameters.", valueName: "n"))
    var targetParameters: Double?

    @Option(help: ArgumentHelp("The reward model's parameters.", valueName: "n"))
    var prmParameters: Double?

    @Option(help: ArgumentHelp("Bytes of a weight: 2 for 16 bits, 0.5 for 4.", valueName: "bytes"))
    var bytesPerWeight = 2.0

    @Option(help: ArgumentHelp("The memory bandwidth of what runs each model, in GB/s.", valueName: "GB/s"))
    var bandwidth: Double?

    @Option(help: ArgumentHelp("Its speed, in TFLOP/s.", valueName: "TFLOP/s"))
    var flops: Double?

    @Option(
        help: ArgumentHelp("What each forward pass costs beside the model's work, in milliseconds.", valueName: "ms"))
    var overhead: Double?

    /// Whether a machine is described.
    var isGiven: Bool { parameters.contains { $0 != nil } || bandwidth != nil || flops != nil }

    private var parameters: [Double?] { [draftParameters, targetParameters, prmParameters] }

    func validate() throws {
        guard !isGiven || (parameters + [bandwidth, flops]).allSatisfy({ $0 != nil }) else {
            throw ValidationError(
                "--draft-parameters, --target-parameters, --prm-parameters, --bandwidth and --flops go together.")
        }
        guard isGiven || overhead == nil else { throw ValidationError("--overhead goes with --target-parameters.") }
        guard
            (parameters + [bandwidth, flops, bytesPerWeight]).allSatisfy({ $0.map { $0 > 0 && $0.isFinite } ?? true })
        else { throw ValidationError("Parameters, bytes, bandwidth and speed are above 0.") }
        guard overhead.map({ $0 >= 0 && $0.isFinite }) ?? true else {
            throw ValidationError("--overhead is not negative.")
        }
    }

    /// The cost of a model's forward passes; nil unless a machine is described.
    func cost(_ role: ModelRole) throws(SpecSearchError) -> ForwardPassCost? {
        let parameters: Double? =
            switch role {
            case .draft: draftParameters
            case .target: targetParameters
            case .rewardModel: prmParameters
            }
        guard let parameters, let bandwidth, let flops else { return nil }
        var cost = try ForwardPassCost(
            parameters: parameters, bytesPerWeight: bytesPerWeight, bandwidth: bandwidth * 1e9, flops: flops * 1e12)
        cost.overhead = (overhead ?? 0) / 1000
        return cost
    }
}

/// What searches are like, where nothing is to be measured.
struct WorkloadArguments: ParsableArguments {
    @Option(help: ArgumentHelp("How many problems to solve first, to see what searches are like.", valueName: "n"))
    var pilot = 20

    @Flag(help: "Solve none: --acceptance, --token-acceptance, --step-tokens and --steps say what searches are like.")
    var noPilot = false

    @Option(help: ArgumentHelp("The share of the drafts that reach the threshold.", valueName: "share"))
    var acceptance: Double?

    @Option(
        help: ArgumentHelp(
            "The share of the nodes whose drafts are all kept or all rejected. (default: 0.6)", valueName: "share"))
    var agreement: Double?

    @Option(
        help: ArgumentHelp("The share of token-level proposals that the target accepts.", valueName: "share"))
    var tokenAcceptance: Double?

    @Option(help: ArgumentHelp("The tokens of a step, of the longest that are generated at once.", valueName: "tokens"))
    var stepTokens: Int?

    @Option(help: ArgumentHelp("The steps of a path.", valueName: "n"))
    var steps: Double?

    @Option(help: ArgumentHelp("The tokens of a prompt. (default: 0)", valueName: "tokens"))
    var promptTokens: Double?

    @Option(
        help: ArgumentHelp(
            """
            How the distinct sequences of n samples grow: n to this power, 1 (default) where nothing is shared, 0 where all \
            samples of a node say the same.
            """, valueName: "exponent"))
    var sharing: Double?

    func validate() throws {
        guard pilot >= 1 else { throw ValidationError("--pilot is at least 1; --no-pilot does without.") }
        let shares = [acceptance, agreement, tokenAcceptance, sharing]
        guard shares.allSatisfy({ $0.map { (0...1).contains($0) } ?? true }) else {
            throw ValidationError("--acceptance, --agreement, --token-acceptance and --sharing lie in 0 ... 1.")
        }
        guard stepTokens.map({ (1...1 << 16).contains($0) }) ?? true, steps.map({ (1...1e6).contains($0) }) ?? true,
            promptTokens.map({ (0...1e9).contains($0) }) ?? true
        else { throw ValidationError("--step-tokens and --steps are at least 1, --prompt-tokens at least 0.") }
    }

    /// What was said of the searches, without anything measured.
    func described() throws -> SearchWorkload {
        guard let acceptance, let tokenAcceptance, let stepTokens, let steps else {
            throw ValidationError(
                "Without a pilot, --acceptance, --token-acceptance, --step-tokens and --steps are needed.")
        }
        var workload = SearchWorkload(
            steps: steps, stepTokens: [stepTokens: 1], acceptance: acceptance, tokenAcceptance: tokenAcceptance)
        adjust(&workload)
        return workload
    }

    /// What was said of the searches, and for the rest what grade-school problems were like with models of 1.5e9 parameters.
    func assumed() -> SearchWorkload {
        var workload = SearchWorkload(steps: 6, stepTokens: [60: 1], acceptance: 0.7, tokenAcceptance: 0.65)
        workload.promptTokens = 120
        adjust(&workload)
        return workload
    }

    /// What was said takes the place of what was measured.
    func adjust(_ workload: inout SearchWorkload) {
        if let acceptance { workload.acceptance = acceptance }
        if let agreement { workload.agreement = agreement }
        if let tokenAcceptance { workload.tokenAcceptance = tokenAcceptance }
        if let stepTokens { workload.stepTokens = [stepTokens: 1] }
        if let steps { workload.steps = steps }
        if let promptTokens { workload.promptTokens = promptTokens }
        if let sharing { (workload.targetSharing, workload.draftSharing) = (sharing, sharing) }
    }
}
