/// The hash function SHA-256 (FIPS 180-4), over bytes that may come in parts.
///
/// ```swift
/// var hash = SHA256()
/// while let part = try handle.read(upToCount: 1 << 20), !part.isEmpty { hash.update(part) }
/// let text = SHA256.hexadecimal(hash.finalize())
/// ```
package struct SHA256: Sendable {
    /// Bytes that are hashed at once.
    private static let blockSize = 64

    private var state = Self.initial
    /// The bytes that do not fill a block yet.
    private var pending: [UInt8] = []
    private var count: UInt64 = 0

    package init() {}

    /// Takes the next bytes; how a text is split changes nothing.
    package mutating func update(_ bytes: some Collection<UInt8>) {
        let isDone: Void? = bytes.withContiguousStorageIfAvailable { take(UnsafeRawBufferPointer($0)) }
        if isDone == nil { Array(bytes).withUnsafeBytes { take($0) } }
    }

    private mutating func take(_ bytes: UnsafeRawBufferPointer) {
        count += UInt64(bytes.count)
        var rest = bytes[...]
        if !pending.isEmpty {
            let part = rest.prefix(Self.blockSize - pending.count)
            pending += part
            rest = rest.dropFirst(part.count)
            guard pending.count == Self.blockSize else { return }
            pending.withUnsafeBytes { Self.compress($0, into: &state) }
            pending.removeAll(keepingCapacity: true)
        }
        let whole = rest.prefix(rest.count / Self.blockSize * Self.blockSize)
        Self.compress(UnsafeRawBufferPointer(rebasing: whole), into: &state)
        pending += rest.dropFirst(whole.count)
    }

    /// The hash of what was taken so far, 32 bytes; more may follow.
    package func finalize() -> [UInt8] {
        var last = self
        let zeros = (2 * Self.blockSize - 9 - pending.count) % Self.blockSize
        last.update([0x80] + [UInt8](repeating: 0, count: zeros) + Self.bytes(of: count * 8))
        return last.state.flatMap { Self.bytes(of: $0) }
    }

    /// The hash of bytes that are all there.
    package static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finalize()
    }

    /// Bytes in hexadecimal digits, two for each.
    package static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static func bytes<Word: FixedWidthInteger>(of word: Word) -> [UInt8] {
        withUnsafeBytes(of: word.bigEndian) { Array($0) }
    }
}

extension SHA256 {
    /// Mixes whole blocks into a state.
    ///
    /// Only operations that cost no call even in a debug build, so that files can be hashed there, too.
    private static func compress(_ blocks: UnsafeRawBufferPointer, into state: inout [UInt32]) {
        guard let base = blocks.baseAddress, !blocks.isEmpty else { return }
        state.withUnsafeMutableBufferPointer { state in
            constants.withUnsafeBufferPointer { constants in
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: constants.count) { schedule in
                    guard let state = state.baseAddress, let constants = constants.baseAddress,
                        let schedule = schedule.baseAddress
                    else { return }
                    var offset = 0
                    while offset < blocks.count {
                        expand(base + offset, constants, into: schedule)
                        mix(schedule, into: state)
                        offset &+= blockSize
                    }
                }
            }
        }
    }

    /// The 64 words of a block's schedule, each with its round's constant added.
    @inline(__always)
    private static func expand(
        _ block: UnsafeRawPointer, _ constants: UnsafePointer<UInt32>, into schedule: UnsafeMutablePointer<UInt32>
    ) {
        var round = 0
        while round < 16 {
            schedule[round] = block.loadUnaligned(fromByteOffset: round &* 4, as: UInt32.self).bigEndian
            round &+= 1
        }
        while round < 64 {
            let early = schedule[round &- 15]
            let late = schedule[round &- 2]
            let first = (early &>> 7 | early &<< 25) ^ (early &>> 18 | early &<< 14) ^ (early &>> 3)
            let second = (late &>> 17 | late &<< 15) ^ (late &>> 19 | late &<< 13) ^ (late &>> 10)
            schedule[round] = schedule[round &- 16] &+ first &+ schedule[round &- 7] &+ second
            round &+= 1
        }
        round = 0
        while round < 64 {
            schedule[round] = schedule[round] &+ constants[round]
            round &+= 1
        }
    }

    /// The 64 rounds, eight at a time: after eight, each variable has its old name again.
    @inline(__always)
    private static func mix(_ schedule: UnsafePointer<UInt32>, into state: UnsafeMutablePointer<UInt32>) {
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        var round = 0
        while round < 64 {
            step(a, b, c, &d, e, f, g, &h, schedule[round])
            step(h, a, b, &c, d, e, f, &g, schedule[round &+ 1])
            step(g, h, a, &b, c, d, e, &f, schedule[round &+ 2])
            step(f, g, h, &a, b, c, d, &e, schedule[round &+ 3])
            step(e, f, g, &h, a, b, c, &d, schedule[round &+ 4])
            step(d, e, f, &g, h, a, b, &c, schedule[round &+ 5])
            step(c, d, e, &f, g, h, a, &b, schedule[round &+ 6])
            step(b, c, d, &e, f, g, h, &a, schedule[round &+ 7])
            round &+= 8
        }
        state[0] = state[0] &+ a
        state[1] = state[1] &+ b
        state[2] = state[2] &+ c
        state[3] = state[3] &+ d
        state[4] = state[4] &+ e
        state[5] = state[5] &+ f
        state[6] = state[6] &+ g
        state[7] = state[7] &+ h
    }

    /// One round; `d` becomes the next round's `e`, and `h` its `a`.
    @inline(__always)
    private static func step(
        _ a: UInt32, _ b: UInt32, _ c: UInt32, _ d: inout UInt32, _ e: UInt32, _ f: UInt32, _ g: UInt32,
        _ h: inout UInt32, _ word: UInt32
    ) {
        let upper = (e &>> 6 | e &<< 26) ^ (e &>> 11 | e &<< 21) ^ (e &>> 25 | e &<< 7)
        let lower = (a &>> 2 | a &<< 30) ^ (a &>> 13 | a &<< 19) ^ (a &>> 22 | a &<< 10)
        let sum = h &+ upper &+ (g ^ (e & (f ^ g))) &+ word
        d = d &+ sum
        h = sum &+ lower &+ ((a & b) | (c & (a | b)))
    }

    /// The first 32 bits of the fractions of the square roots of the first 8 primes.
    private static let initial: [UInt32] = [
        0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
    ]

    /// The first 32 bits of the fractions of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ]
}
