internal import Foundation

/// The cost of a search by each method, computed from the cost of forward passes.
///
/// So it says, without an engine, whether SpecSearch pays for a pair of models on a machine, and with which settings.
///
/// Of each depth it counts the passes. AR: as many as the longest thought has tokens, each over all thoughts. SpS: steps
/// of γ passes of the draft and one of the target over all blocks. SpecSearch: the draft's thoughts, wave by wave, one pass
/// of the reward model, then SpS for the nodes with too few kept drafts; the first step is the target's. The reward model
/// reads each distinct token once. What a model has not read, prompts and other models' steps, is prefilled in the first
/// pass.
public struct SearchCostPlan: Sendable, Hashable, Codable {
    public var draft: ForwardPassCost
    public var target: ForwardPassCost
    public var rewardModel: ForwardPassCost
    public var workload: SearchWorkload
    /// Whether the reward model reads drafts off the states that the draft itself left: their scores cost nothing.
    public var draftScoresAreFree = false

    public init(draft: ForwardPassCost, target: ForwardPassCost, rewardModel: ForwardPassCost, workload: SearchWorkload)
    {
        self.draft = draft
        self.target = target
        self.rewardModel = rewardModel
        self.workload = workload
    }

    /// The seconds of a search by what they are spent on.
    public struct Account: Sendable, Hashable, Codable {
        /// Thoughts that the target generates: all of AR and SpS, SpecSearch's first step.
        public var target = 0.0
        public var drafting = 0.0
        public var scoring = 0.0
        public var corrections = 0.0

        public init() {}

        /// All of it.
        public var total: Double { target + drafting + scoring + corrections }
    }

    /// The seconds of a search.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming what is out of range.
    public func seconds(_ method: SearchMethod, _ setting: PlanSetting) throws(SpecSearchError) -> Double {
        try account(method, setting).total
    }

    /// The seconds of a search by what they are spent on.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming what is out of range.
    public func account(_ method: SearchMethod, _ setting: PlanSetting) throws(SpecSearchError) -> Account {
        try workload.validate()
        try setting.validate()
        let later = workload.steps - 1
        let nodes = max(1, workload.occupancy * Double(setting.beams))
        let width = Double(setting.width)
        let prompt = workload.promptTokens
        var account = Account()
        switch method {
        case .ar, .draft:
            let (cost, sharing) =
                method == .ar ? (target, workload.targetSharing) : (draft, workload.draftSharing)
            let seconds =
                generating(cost, nodes: 1, samples: width, sharing, unread: prompt)
                + later * generating(cost, nodes: nodes, samples: width, sharing)
            if method == .ar { account.target = seconds } else { account.drafting = seconds }
            account.scoring =
                scoring(nodes: 1, samples: width, sharing, unread: prompt)
                + later * scoring(nodes: nodes, samples: width, sharing)
        case .sps:
            let sharing = workload.targetSharing
            account.target =
                speculating(nodes: 1, samples: width, setting, unread: prompt)
                + later * speculating(nodes: nodes, samples: width, setting)
            account.scoring =
                scoring(nodes: 1, samples: width, sharing, unread: prompt)
                + later * scoring(nodes: nodes, samples: width, sharing)
        case .specsearch:
            let samples = width * Double(setting.draftFactor)
            let need = correction(setting, nodes: nodes)
            account.target = speculating(nodes: 1, samples: width, setting, unread: prompt)
            // Without token-level speculation the draft has read neither the prompt and the first step nor corrections.
            var unreadByDraft = 0.0
            if setting.numSpeculativeTokens == 0, later > 0 {
                unreadByDraft = (prompt + nodes * workload.meanStepTokens) / later
                unreadByDraft += need.probability * need.nodes * workload.meanStepTokens
            }
            account.scoring = scoring(nodes: 1, samples: width, workload.targetSharing, unread: prompt)
            // The later waves are for the nodes that the earlier ones left short.
            let wave = (samples / Double(setting.draftWaves)).rounded(.up)
            var drafted = 0.0
            var left = nodes
            while drafted < samples {
                let size = min(wave, samples - drafted)
                account.drafting +=
                    later
                    * generating(
                        draft, nodes: left, samples: size, workload.draftSharing,
                        unread: drafted == 0 ? unreadByDraft : 0)
                if !draftScoresAreFree {
                    account.scoring += later * scoring(nodes: left, samples: size, workload.draftSharing)
                }
                drafted += size
                // Nor for those of which it kept none.
                let short = shortage(setting, drafts: Int(drafted), nodes: nodes).probability
                left = nodes * max(0, short - noneKept(of: drafted))
                guard left > 1e-6 else { break }
            }
            if need.probability > 0 {
                // The target has not read what the draft generated since the last correction.
                let unread = need.nodes * workload.meanStepTokens * unreadSteps(need.probability, later)
                account.corrections =
                    later * need.probability
                    * (speculating(
                        nodes: need.nodes, samples: need.samples, setting, unread: unread, draftHasRead: true)
                        + scoring(nodes: need.nodes, samples: need.samples, workload.targetSharing))
            }
        case .gsi, .auto:
            throw SpecSearchError(
                .badSetting, "The cost of \(method.rawValue) is not modelled.",
                remedy: "Plan for specsearch, sps, ar or draft.")
        }
        return account
    }

    /// How many steps before a correction the target has not read, on average over the depths after the first step:
    /// those since the last correction, at most all but the first.
    private func unreadSteps(_ probability: Double, _ depths: Double) -> Double {
        // The mean over k of Σ (1 - p)^j for j from 1 to k - 1.
        if probability * depths < 1e-6 { return max(0, (depths - 1) / 2) }
        let left = 1 - probability
        return max(0, left / probability * (1 - (1 - pow(left, depths)) / (depths * probability)))
    }

    /// What the target has to correct at a depth.
    struct Correction: Hashable {
        /// The probability that it has to correct anything.
        var probability: Double
        /// If it has: nodes, and thoughts for each of them, the extra one included.
        var nodes: Double
        var samples: Double
    }

    func correction(_ setting: PlanSetting, nodes: Double) -> Correction {
        let short = shortage(setting, drafts: setting.width * setting.draftFactor, nodes: nodes)
        guard short.probability > 0 else { return Correction(probability: 0, nodes: 0, samples: 0) }
        let any = short.probability >= 1 ? 1 : -expm1(nodes * log1p(-short.probability))
        return Correction(
            probability: any, nodes: nodes * short.probability / any,
            samples: setting.correction == .whole
                ? Double(setting.width) : short.unfilled / short.probability + 1)
    }

    /// The probability that so many drafts leave a node with fewer kept ones than it needs, and how many it lacks on
    /// average: of nodes whose drafts agree all or none are kept, of the others a binomial number.
    func shortage(_ setting: PlanSetting, drafts: Int, nodes: Double) -> (probability: Double, unfilled: Double) {
        let (together, apart) = shortages(drafts, need: Self.need(setting, nodes: nodes))
        let agreement = workload.agreement
        return (
            agreement * together.probability + (1 - agreement) * apart.probability,
            agreement * together.unfilled + (1 - agreement) * apart.unfilled
        )
    }

    /// The probability that none of a node's drafts is kept.
    private func noneKept(of drafts: Double) -> Double {
        let (agreement, rejection) = (workload.agreement, 1 - workload.acceptance)
        return agreement * rejection + (1 - agreement) * pow(rejection, drafts)
    }

    /// The kept drafts that a node needs: its slots, or its share of the beam.
    private static func need(_ setting: PlanSetting, nodes: Double) -> Int {
        setting.correction.coversBeam
            ? min(setting.width, Int((Double(setting.beams) / nodes).rounded(.up))) : setting.width
    }

    private typealias Shortage = (probability: Double, unfilled: Double)

    private func shortages(_ drafts: Int, need: Int) -> (together: Shortage, apart: Shortage) {
        let p = workload.acceptance
        var apart: Shortage = (0, 0)
        for kept in 0..<min(need, drafts + 1) {
            let ways = lgamma(Double(drafts + 1)) - lgamma(Double(kept + 1)) - lgamma(Double(drafts - kept + 1))
            let share =
                p <= 0
                ? (kept == 0 ? 1 : 0)
                : p >= 1
                    ? (kept == drafts ? 1 : 0)
                    : exp(ways + Double(kept) * log(p) + Double(drafts - kept) * log1p(-p))
            apart.probability += share
            apart.unfilled += share * Double(need - kept)
        }
        return ((1 - p, (1 - p) * Double(need)), (min(1, apart.probability), apart.unfilled))
    }

    /// Sets the workload's agreement so that the model's nodes lack as many thoughts as was counted.
    ///
    /// - Parameter unfilled: The mean thoughts that a node's kept drafts left to the target.
    public mutating func fitAgreement(unfilled: Double, _ setting: PlanSetting) {
        let need = Self.need(setting, nodes: max(1, workload.occupancy * Double(setting.beams)))
        let (together, apart) = shortages(setting.width * setting.draftFactor, need: need)
        let range = together.unfilled - apart.unfilled
        if range > 1e-9 { workload.agreement = min(1, max(0, (unfilled - apart.unfilled) / range)) }
    }

    // MARK: Phases of a depth

    /// The distinct sequences of a node's samples; less than one for samples that are mostly at their end.
    private func distinct(_ samples: Double, _ sharing: Double) -> Double {
        samples > 1 ? pow(samples, sharing) : samples
    }

    /// Thoughts token by token, after `unread` tokens.
    private func generating(
        _ cost: ForwardPassCost, nodes: Double, samples: Double, _ sharing: Double, unread: Double = 0
    ) -> Double {
        let sequences = nodes * distinct(samples, sharing)
        let each = cost.seconds(tokens: sequences)
        return workload.meanStepTokens * each - each + cost.seconds(tokens: sequences, prefill: unread)
    }

    /// Thoughts with token-level speculation, after `unread` tokens.
    private func speculating(
        nodes: Double, samples: Double, _ setting: PlanSetting, unread: Double = 0, draftHasRead: Bool = false
    ) -> Double {
        if setting.numSpeculativeTokens == 0 {
            return generating(target, nodes: nodes, samples: samples, workload.targetSharing, unread: unread)
        }
        return workload.lengths.reduce(0) { sum, length in
            let steps = SpeculativeDecodeSteps(
                length: length.tokens, numSpeculativeTokens: setting.numSpeculativeTokens,
                acceptance: workload.tokenAcceptance,
                sequences: nodes * samples
            ).steps
            var seconds = 0.0
            for (place, step) in steps.enumerated() {
                let active = samples * step.active
                let drafts = nodes * distinct(active, workload.draftSharing)
                let proposing = draft.seconds(tokens: drafts)
                let checked = nodes * distinct(active, workload.targetSharing) * (step.proposals + 1)
                let text = place == 0 ? unread : 0
                let reading = text > 0 && !draftHasRead ? draft.seconds(tokens: drafts, prefill: text) - proposing : 0
                seconds +=
                    step.probability
                    * (step.proposals * proposing + reading + target.seconds(tokens: checked, prefill: text))
            }
            return sum + length.share * seconds
        }
    }

    /// One pass of the reward model over thoughts.
    private func scoring(nodes: Double, samples: Double, _ sharing: Double, unread: Double = 0) -> Double {
        let thoughts = nodes * distinct(samples, sharing)
        return rewardModel.seconds(tokens: thoughts, prefill: thoughts * (workload.meanStepTokens - 1) + unread)
    }

    // MARK: The best setting

    /// The fastest setting for a method, with the beams and width of `setting`, among some draft factors and lengths.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming what is out of range.
    public func best(
        _ method: SearchMethod, _ setting: PlanSetting, draftFactors: [Int] = [1, 2, 3],
        numSpeculativeTokens: [Int] = [0, 1, 2, 3, 4, 6, 8, 12, 16]
    ) throws(SpecSearchError) -> (setting: PlanSetting, seconds: Double) {
        var best = (setting: setting, seconds: Double.infinity)
        for factor in method == .specsearch ? draftFactors : [setting.draftFactor] {
            for length in method == .ar || method == .draft ? [setting.numSpeculativeTokens] : numSpeculativeTokens {
                var other = setting
                other.draftFactor = factor
                other.numSpeculativeTokens = length
                let seconds = try seconds(method, other)
                if seconds < best.seconds { best = (other, seconds) }
            }
        }
        return best
    }
}
