/// A way to generate the thoughts of a search, by name.
public enum SearchMethod: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    /// The fastest of `specsearch`, `sps` and `ar`, chosen for each batch of thoughts.
    case auto
    /// Drafts by the draft model, corrections by the target, which speculates on tokens too.
    case specsearch
    /// The target alone, with token-level speculation.
    case sps
    /// The target alone, autoregressive.
    case ar
    /// The draft model alone.
    case draft
    /// Guided speculative inference, for comparison.
    case gsi
}

/// A search algorithm, by name.
///
/// With the same ``SearchConfiguration/beams`` and width, every search but Monte Carlo's asks for at most beams × width
/// thoughts a depth, so that they compare on equal terms.
public enum SearchKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// ``BeamSearch``.
    case beam
    /// ``MonteCarloTreeSearch``: select, expand, evaluate, back up.
    case mcts
    /// ``OpenRTreeSearch``: every iteration walks to an end.
    case mctsOpenR = "mcts-openr"
    /// ``BestOfN``.
    case bestOfN = "best-of-n"
    /// ``BestOfN`` by majority of the answers.
    case selfConsistency = "self-consistency"
    /// One path, a thought a step: ``BestOfN`` of one chain.
    case chain
    /// ``DiverseVerifierTreeSearch``.
    case dvts
    /// ``RewardBalancedSearch``.
    case rebase
}

/// A search by the names of its settings, as commands, requests, variants and traces give it; ``SearchSetting`` is the
/// table of them.
///
/// ```swift
/// var configuration = SearchConfiguration()
/// try configuration.apply(["search": "mcts", "iterations": "16"])
/// let search = try Search(engine, configuration: configuration)
/// ```
public struct SearchConfiguration: Sendable, Hashable {
    /// The published method whose settings were taken, if any; what was changed since is not told.
    public internal(set) var preset: SearchPreset?
    /// The way to generate thoughts.
    public var method = SearchMethod.specsearch
    /// The search algorithm.
    public var search = SearchKind.beam
    /// Paths that are followed side by side: a beam's slots, and DVTS's subtrees; best-of-N follows beams × width
    /// chains, and REBASE shares out as many thoughts a depth.
    public var beams = 2
    /// N: thoughts for each of them at every step.
    public var width = 6
    /// Whether a finished path gives its beam slot back (off, as in OpenR: it keeps the slot).
    public var keepBeamFull = false
    /// Iterations of Monte Carlo tree search; nil takes 32, and the paper's 4 in OpenR's way.
    public var iterations: Int?
    /// The way in which Monte Carlo tree search goes down its tree.
    public var treePolicy = MonteCarloTreeSearch.Policy.puct
    /// The exploration constant; nil takes 1.25, and √2 for UCT.
    public var exploration: Double?
    /// How `mcts-openr` weighs children before they are visited.
    public var prior = OpenRTreeSearch.Prior.nativeLogProbability
    /// The softmax temperature of REBASE.
    public var rebaseTemperature = 0.2
    /// Greedy steps beyond every new thought that only serve its score.
    public var lookahead = 0
    /// Drafts a node, as a multiple of its width.
    public var draftFactor = 2
    /// The parts in which they are drafted; later ones only where the earlier ones left too few.
    ///
    /// Nil takes 1, and for auto as many as the draft factor.
    public var draftWaves: Int?
    /// The steps of a path that are drafted before they are scored; for chains and beams of one.
    public var draftSteps = 1
    /// The parts in which the target's thoughts of a node are sampled; later ones only until the search has as many of the full
    /// score as it can use.
    ///
    /// With ``lookahead``, which ranks otherwise, all are sampled at once.
    public var targetWaves = 1
    /// The temperature of drafts; nil takes that of the other thoughts.
    public var draftTemperature: Double?
    /// The rule for rejection.
    public var rejection = ThresholdRule.Configuration()
    /// The number of thoughts that the target generates in place of rejected drafts.
    public var correction = SpeculativeThoughtGenerator.Correction.fill
    /// The cases in which it generates one more.
    public var extraThought = SpeculativeThoughtGenerator.ExtraThought.whenCorrecting
    /// Whether the best rejected draft goes to the search where it outscores what the target generated in its place.
    public var salvages = false
    /// How far below the threshold the beginning of a draft scores that is given up; nil gives up none.
    public var earlyRejection: Double?
    /// The tokens of a draft after which its beginning is scored.
    public var earlyTokens = 16
    /// The most entropy, in nats, that the draft's first token may have; where it has more, the target generates the step.
    public var draftEntropy: Double?
    /// GSI's settings.
    public var gsi = GuidedThoughtGenerator.Configuration()
    /// The judge, which scores steps.
    public var judge = StepJudge.rewardModel
    /// The sampling parameters, where it is not as suits the models.
    public var sampling = SamplingParameters.Changes()
    /// The options that every search has; ``sampling`` completes it.
    public var options = SearchOptions()

    public init() {}

    /// The algorithm that these settings describe.
    public var algorithm: any SearchAlgorithm {
        let iterations = iterationCount ?? 0
        return switch search {
        case .beam: .beam(beams: beams, width: width, keepBeamFull: keepBeamFull)
        case .mcts: .mcts(iterations: iterations, width: width, policy: treePolicy, exploration: exploration)
        case .mctsOpenR:
            .openR(iterations: iterations, width: width, exploration: exploration ?? 1.25, prior: prior)
        case .bestOfN: .bestOfN(count: beams * width)
        case .selfConsistency: .selfConsistency(count: beams * width)
        // Scores serve rejection only.
        case .chain: BestOfN(.init(count: 1, isScored: drafts))
        case .dvts: .dvts(subtrees: beams, width: width)
        case .rebase: .rebase(budget: beams * width, temperature: rebaseTemperature)
        }
    }

    /// The iterations that the search makes; nil for a search that goes on until it is over.
    package var iterationCount: Int? {
        switch search {
        case .mcts: iterations ?? 32
        case .mctsOpenR: iterations ?? 4
        case .beam, .bestOfN, .selfConsistency, .chain, .dvts, .rebase: nil
        }
    }

    /// The generator that these settings describe.
    public var generator: any ThoughtGenerator {
        // Self-consistency looks at no scores.
        lookahead > 0 && search != .selfConsistency ? Lookahead(plain, steps: lookahead) : plain
    }

    private var plain: any ThoughtGenerator {
        switch method {
        case .auto:
            return .adaptive(speculation, rule: ThresholdRule(rejection))
        case .specsearch:
            return .specsearch(speculation, rule: ThresholdRule(rejection))
        case .sps, .ar: return SingleModelGenerator(isSpeculative: method == .sps, waves: speculation.targetWaves)
        case .draft: return .draftOnly
        case .gsi:
            var configuration = gsi
            configuration.draftFactor = draftFactor
            return .gsi(configuration)
        }
    }

    package var speculation: SpeculativeThoughtGenerator.Configuration {
        var configuration = SpeculativeThoughtGenerator.Configuration()
        configuration.draftFactor = draftFactor
        configuration.draftWaves = draftWaves ?? (method == .auto ? draftFactor : 1)
        configuration.draftSteps = isNarrow ? draftSteps : 1
        configuration.draftTemperature = draftTemperature
        configuration.targetWaves = targetMayStop ? targetWaves : 1
        configuration.correction = correction
        configuration.extraThought = extraThought
        configuration.salvages = salvages
        configuration.earlyRejection = mayRejectEarly ? earlyRejection : nil
        configuration.earlyTokens = earlyTokens
        configuration.draftEntropy = draftSteps == 1 ? draftEntropy : nil
        return configuration
    }

    /// Whether the beginning of a draft is scored on the scale of what it has to reach, and known before it is drafted.
    var mayRejectEarly: Bool { rejects && judge == .rewardModel && draftSteps == 1 && !options.overlaps }

    /// Whether a step is a whole program, which ends with the code block that holds it.
    package var writesPrograms: Bool {
        options.answerMarker?.hasPrefix("```") == true && sampling.delimiter?.contains("```") == true
    }

    /// Whether each path goes on from one node alone, whose expansions have one name at every depth.
    var isNarrow: Bool {
        switch search {
        case .chain, .bestOfN, .selfConsistency, .dvts: true
        case .beam: beams == 1
        case .mcts, .mctsOpenR, .rebase: false
        }
    }

    /// Whether the search may have as many of a node's thoughts as it can use before the target has written all.
    ///
    /// Lookahead ranks by more than their scores.
    var targetMayStop: Bool { [.beam, .dvts].contains(search) && lookahead == 0 }

    /// Checks every setting's range, and that the whole is no more than any machine could run.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` that names the first setting out of range.
    public func validate() throws(SpecSearchError) {
        for setting in SearchSetting.all {
            if let value = setting.value(in: self) { try setting.check(value) }
        }
        let most = SearchSetting.most
        let draws = beams.multipliedReportingOverflow(by: width)
        let drafts = draws.partialValue.multipliedReportingOverflow(by: draftFactor)
        guard !draws.overflow, !drafts.overflow, drafts.partialValue <= most else {
            throw SpecSearchError(
                .badSetting, "beams × width × draft-factor is more than \(most).", remedy: "Lower one of them.")
        }
    }
}
