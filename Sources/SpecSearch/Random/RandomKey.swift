/// The name of one thought's stream of random numbers, so that batching, concurrency and resumption change nothing.
public struct RandomKey: Sendable, Hashable, Codable {
    /// The decision that a number is for; numbers of different purposes at the same position are independent.
    public enum Purpose: UInt32, Sendable {
        /// Drawing a token from the model's own distribution.
        case token
        /// Drawing a token-level draft's proposal.
        case proposal
        /// Accepting or rejecting a proposal.
        case acceptance
        /// Drawing from the residual after a rejected proposal.
        case residual
        /// A decision of the search (random rejection, a prior's draw).
        case search
    }

    /// The run's seed.
    public var seed: UInt64
    /// The problem, by ``RandomKey/hash(_:)`` of its id.
    public var problem: UInt64
    /// The step of the thought, from 0.
    public var depth: Int
    /// The parent's index among the nodes of its depth.
    public var node: Int
    /// The thought's index among those of its parent and model.
    public var sampleIndex: Int
    /// The model that samples it.
    public var role: ModelRole

    public init(seed: UInt64, problem: UInt64, depth: Int, node: Int, sampleIndex: Int = 0, role: ModelRole) {
        self.seed = seed
        self.problem = problem
        self.depth = depth
        self.node = node
        self.sampleIndex = sampleIndex
        self.role = role
    }

    /// The key of the thought `offset` places further on.
    public func sample(_ offset: Int) -> RandomKey {
        var key = self
        key.sampleIndex += offset
        return key
    }

    /// A number in 0 ..< 1 with 53 random bits, for one decision at one token position of the thought.
    public func uniform(position: Int, purpose: Purpose) -> Double {
        let roleIndex: UInt64 =
            switch role {
            case .draft: 1
            case .target: 2
            case .rewardModel: 3
            }
        let stream = Self.mix(Self.mix(Self.mix(seed) ^ problem) ^ roleIndex)
        let block = Philox.block(
            counter: SIMD4(
                UInt32(truncatingIfNeeded: position) | purpose.rawValue << 28, UInt32(truncatingIfNeeded: sampleIndex),
                UInt32(truncatingIfNeeded: node), UInt32(truncatingIfNeeded: depth)),
            key: SIMD2(UInt32(truncatingIfNeeded: stream), UInt32(truncatingIfNeeded: stream >> 32)))
        let bits = UInt64(block[0]) << 32 | UInt64(block[1])
        return Double(bits >> 11) * 0x1p-53
    }

    /// A stable 64-bit hash of a name (FNV-1a): the same on every machine and in every run.
    public static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }

    /// SplitMix64's finaliser: a bijection that spreads nearby seeds apart.
    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
