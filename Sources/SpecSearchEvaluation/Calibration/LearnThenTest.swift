public import SpecSearch

/// Learn-then-Test (Angelopoulos, Bates, Candès, Jordan and Lei 2021): which settings of rejection lose less than ε of the
/// baseline's accuracy, such that with a probability of at least 1 − δ not one of the certified settings loses more.
///
/// Settings come in sequences, each in an order fixed before the data, from the safest on. Within one every setting is
/// tested at the full level until the first that fails (fixed-sequence testing); the sequences share δ evenly
/// (Bonferroni). One sequence is plain fixed-sequence testing, and sequences of one setting each are plain Bonferroni.
/// Since the guarantee is for all certified settings together, any choice among them keeps it: the fastest is taken.
public struct LearnThenTest: Sendable, Hashable {
    /// A setting, and what it did on the calibration problems.
    public struct Candidate: Sendable, Hashable {
        public var policy: ThresholdRule.Configuration
        /// The loss of accuracy on each problem, from −1 to 1, in an order that does not depend on the losses.
        public var losses: [Double]
        /// Σ seconds over the problems: smaller is faster.
        public var seconds: Double

        public init(policy: ThresholdRule.Configuration, losses: [Double], seconds: Double) {
            self.policy = policy
            self.losses = losses
            self.seconds = seconds
        }
    }

    /// The accepted loss of accuracy, as a share.
    public var epsilon: Double
    /// The accepted probability that a certified setting loses more.
    public var delta: Double
    public var test: RiskTest

    public init(epsilon: Double, delta: Double = 0.1, test: RiskTest = .betting) {
        self.epsilon = epsilon
        self.delta = delta
        self.test = test
    }

    /// Tests the sequences of settings in their order.
    public func certify(_ sequences: [[Candidate]]) -> CalibrationCertificate {
        let level = delta / Double(max(1, sequences.count))
        var tested: [CalibrationCertificate.Tested] = []
        for (index, sequence) in sequences.enumerated() {
            for candidate in sequence {
                let pValue = test.pValue(losses: candidate.losses, epsilon: epsilon, level: level)
                let count = candidate.losses.count
                tested.append(
                    CalibrationCertificate.Tested(
                        sequence: index, policy: candidate.policy, problems: count,
                        meanLoss: candidate.losses.reduce(0, +) / Double(max(1, count)), pValue: pValue,
                        isCertified: pValue <= level, seconds: candidate.seconds))
                guard pValue <= level else { break }
            }
        }
        let fastest = tested.filter(\.isCertified).min { $0.seconds < $1.seconds }
        return CalibrationCertificate(
            epsilon: epsilon, delta: delta, level: level, test: test, tested: tested, chosen: fastest?.policy)
    }

    /// The losses of a method against a baseline, one of each for every item; items of one problem are averaged.
    ///
    /// - Parameter problems: The problem of each item; the losses stand in the order in which they first come.
    public static func losses(problems: [String], method: [Bool], baseline: [Bool]) -> [Double] {
        precondition(problems.count == method.count && method.count == baseline.count, "every item has both answers")
        var order: [String] = []
        var sums: [String: (sum: Double, count: Double)] = [:]
        for (index, problem) in problems.enumerated() {
            let loss = (baseline[index] ? 1.0 : 0) - (method[index] ? 1 : 0)
            if sums[problem] == nil { order.append(problem) }
            let known = sums[problem] ?? (0, 0)
            sums[problem] = (known.sum + loss, known.count + 1)
        }
        return order.map { problem in sums[problem].map { $0.sum / $0.count } ?? 0 }
    }
}
