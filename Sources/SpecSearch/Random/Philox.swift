/// Philox 4x32-10, a counter-based random function (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1,
/// 2, 3", SC 2011): the same key and counter always give the same 128 bits, in any order and on any thread.
package enum Philox {
    /// The random block of a counter (4 words) under a key (2 words).
    package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
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

/// A seeded random number generator over ``Philox``, for code that takes a `RandomNumberGenerator`.
package struct PhiloxGenerator: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private var counter: UInt64 = 0

    package init(seed: UInt64) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    package mutating func next() -> UInt64 {
        let block = Philox.block(
            counter: SIMD4(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0),
            key: key)
        counter += 1
        return UInt64(block[0]) << 32 | UInt64(block[1])
    }
}
