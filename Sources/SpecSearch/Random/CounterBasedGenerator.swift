/// Philox 4x32-10, a counter-based random function (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1,
/// 2, 3", SC 2011): the same key and counter always give the same 128 bits, in any order and on any thread.
public enum Philox {
    /// The random block of a counter (4 words) under a key (2 words).
    public static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
        var c = counter
        var k = key
        for _ in 0..<10 {
            let a = UInt64(c[0]) &* 0xD251_1F53
            let b = UInt64(c[2]) &* 0xCD9E_8D57
            c = SIMD4(
                UInt32(truncatingIfNeeded: b >> 32) ^ c[1] ^ k[0], UInt32(truncatingIfNeeded: b),
                UInt32(truncatingIfNeeded: a >> 32) ^ c[3] ^ k[1], UInt32(truncatingIfNeeded: a))
            k &+= SIMD2(0x9E37_79B9, 0xBB67_AE85)
        }
        return c
    }
}

/// Names one thought's stream of random numbers, so that batching, concurrency and resumption change nothing.
public struct RandomKey: Sendable, Hashable, Codable {
    /// What a number decides; numbers of different purposes at the same position are independent.
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
    /// The thought's index among those of its parent and author.
    public var sampleIndex: Int
    /// The thought's author.
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
