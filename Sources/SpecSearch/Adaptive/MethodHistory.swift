internal import Synchronization

/// What searches by one set of models on one machine have shown of each method: what ``MethodController`` decides by.
///
/// Sums, in which what is older than some dozens of batches fades.
public struct MethodHistory: Sendable, Hashable, Codable {
    /// Batches that one method generated.
    struct Tally: Sendable, Hashable, Codable {
        var batches = 0.0
        var seconds = 0.0
        /// The seconds that AR was expected to take for as many tokens.
        var expected = 0.0
    }

    /// A share, of which so much was seen.
    struct Share: Sendable, Hashable, Codable {
        var part = 0.0
        var whole = 0.0

        /// The share, pulled towards `usual` as strongly as `weight` observations would.
        func estimate(usual: Double, weight: Double) -> Double { (part + usual * weight) / (whole + weight) }

        mutating func add(_ part: Int, of whole: Int, fading: Double) {
            self.part = self.part * fading + Double(part)
            self.whole = self.whole * fading + Double(whole)
        }
    }

    /// By the method's name and, where the cost of passes is not known, the batch's size.
    var tallies: [String: Tally] = [:]
    /// Drafts that were kept, of those that were judged.
    var drafts = Share()
    /// Proposed tokens that the target took.
    var tokens = Share()
    /// Tokens of steps, of so many batches.
    var lengths = Share()
    /// All seconds so far.
    var seconds = 0.0
    /// Of these, the seconds that trials took beyond what the cheapest method was expected to.
    var lost = 0.0

    public init() {}

    /// Whether the sums can be: what comes from a file may have been edited.
    public var isPlausible: Bool {
        let sums =
            tallies.values.flatMap { [$0.batches, $0.seconds, $0.expected] }
            + [drafts, tokens, lengths].flatMap { [$0.part, $0.whole] } + [seconds, abs(lost)]
        return sums.allSatisfy { (0...1e12).contains($0) } && (0...1).contains(acceptance)
            && (0...1).contains(tokenAcceptance) && stepTokens < 1e4
    }

    /// The share of drafts that is expected to be kept.
    public var acceptance: Double { drafts.estimate(usual: 0.6, weight: 16) }

    /// The tokens of a step.
    var stepTokens: Double { lengths.estimate(usual: 40, weight: 2) }

    /// The probability with which the target is expected to take a proposed token.
    public var tokenAcceptance: Double { tokens.estimate(usual: 0.65, weight: 64) }
}

/// A ``MethodHistory`` that the searches of an engine share.
///
public final class MethodMemory: Sendable {
    private let state: Mutex<MethodHistory>
    private let onChange: @Sendable (MethodHistory) -> Void

    /// - Parameter onChange: Called after every batch with all that was seen, to be kept between runs.
    public init(
        _ history: MethodHistory = MethodHistory(), onChange: @escaping @Sendable (MethodHistory) -> Void = { _ in }
    ) {
        state = Mutex(history)
        self.onChange = onChange
    }

    /// All that was seen so far.
    public var history: MethodHistory { state.withLock { $0 } }

    func update(_ body: (inout MethodHistory) -> Void) {
        let history = state.withLock { history in
            body(&history)
            return history
        }
        onChange(history)
    }
}
