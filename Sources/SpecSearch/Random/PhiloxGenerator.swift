/// A seeded random number generator over ``Philox``, for code that takes a `RandomNumberGenerator`.
public struct PhiloxGenerator: RandomNumberGenerator, Sendable {
    private let key: SIMD2<UInt32>
    private var counter: UInt64 = 0

    public init(seed: UInt64) {
        key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    }

    public mutating func next() -> UInt64 {
        let block = Philox.block(
            counter: SIMD4(UInt32(truncatingIfNeeded: counter), UInt32(truncatingIfNeeded: counter >> 32), 0, 0),
            key: key)
        counter += 1
        return UInt64(block[0]) << 32 | UInt64(block[1])
    }
}
