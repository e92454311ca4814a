import SpecSearch
import Testing

@Suite struct RandomTests {
    /// Random123's known-answer vectors (kat_vectors, philox4x32-10).
    @Test(arguments: [
        (
            SIMD4<UInt32>(repeating: 0), SIMD2<UInt32>(repeating: 0),
            SIMD4<UInt32>(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8)
        ),
        (
            SIMD4<UInt32>(repeating: .max), SIMD2<UInt32>(repeating: .max),
            SIMD4<UInt32>(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd)
        ),
        (
            SIMD4<UInt32>(0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344), SIMD2<UInt32>(0xa409_3822, 0x299f_31d0),
            SIMD4<UInt32>(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1)
        ),
    ])
    func `Philox gives the published blocks`(counter: SIMD4<UInt32>, key: SIMD2<UInt32>, block: SIMD4<UInt32>) {
        #expect(Philox.block(counter: counter, key: key) == block)
    }

    @Test func `Every part of a key changes the number`() {
        let key = RandomKey(seed: 1, problem: 2, depth: 3, node: 4, sampleIndex: 5, role: .draft)
        var others = [key.sample(1)]
        for change in 0..<4 {
            var other = key
            switch change {
            case 0: other.seed = 9
            case 1: other.problem = 9
            case 2: other.depth = 9
            default: other.node = 9
            }
            others.append(other)
        }
        var role = key
        role.role = .target
        others.append(role)
        let number = key.uniform(position: 0, purpose: .token)
        #expect(number == key.uniform(position: 0, purpose: .token))
        for other in others { #expect(other.uniform(position: 0, purpose: .token) != number) }
        #expect(key.uniform(position: 1, purpose: .token) != number)
        #expect(key.uniform(position: 0, purpose: .acceptance) != number)
    }

    @Test func `Numbers are uniform`() {
        var buckets = [Int](repeating: 0, count: 16)
        for sample in 0..<16_000 {
            let key = RandomKey(seed: 7, problem: 1, depth: 0, node: 0, sampleIndex: sample, role: .target)
            buckets[Int(key.uniform(position: 0, purpose: .token) * 16)] += 1
        }
        let chiSquare = buckets.reduce(0.0) { $0 + (Double($1) - 1000) * (Double($1) - 1000) / 1000 }
        // 15 degrees of freedom: 99.9 % below 37.7.
        #expect(chiSquare < 37.7)
    }
}
