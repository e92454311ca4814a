import Checksums
import Testing

@Suite struct SHA256Tests {
    /// The examples that NIST publishes with FIPS 180-4.
    @Test(arguments: [
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
        (
            "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
            "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"
        ),
    ])
    func `Examples have their published hash`(text: String, hash: String) {
        #expect(SHA256.hexadecimal(SHA256.hash(text.utf8)) == hash)
    }

    @Test func `A million letters have their published hash, however they are split`() {
        let expected = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"
        let text = [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000)
        #expect(SHA256.hexadecimal(SHA256.hash(text)) == expected)
        for size in [63, 64, 65, 999] {
            var hash = SHA256()
            for start in stride(from: 0, to: text.count, by: size) {
                hash.update(text[start..<min(text.count, start + size)])
            }
            #expect(SHA256.hexadecimal(hash.finalize()) == expected, "parts of \(size)")
        }
    }

    /// Lengths around the ends of blocks, with hashes from Python's hashlib.
    @Test(arguments: [
        (55, "2900465fcb533e05a158fd2b3be0e5e3b03740d83060aa3580e0d98a96bf2384"),
        (56, "31454ff48ef36af2f08fd511bdc37d9d5855ac23e992e5ff5445cb6b7674a674"),
        (63, "5f6401b96532c36de4e65beec0409b69b1d181864c8009b7a04f43e5d56350d1"),
        (64, "94eb5de4943613fd048dc93393ab06877405faa39c11f53e9386083339833e7e"),
        (65, "fc518669b6eb4b4dd91827ecacef86689c725bd5bab888fd3b26dbb196eec954"),
        (119, "b0dc41b1a384e2f1203f0351b38fbeaafceef577ce1191d5bfc25da39f721eae"),
        (120, "5df24dd802ac26132ce608dcb5f09841eef039ee0f152acf98d26d17fe4e88e6"),
        (128, "0aedd4856f8eba0963627336ad5144a9a7dbe12498e6066f0165fc97d8ddee4c"),
        (200, "5e48d64839a8bff5e2471507af6a49f9990817df437857f4a2007df41266e1b5"),
    ])
    func `Any split of a text gives the hash of the whole`(length: Int, expected: String) {
        let text = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let whole = SHA256.hash(text)
        #expect(SHA256.hexadecimal(whole) == expected)
        for split in 0...length {
            var hash = SHA256()
            hash.update(text[..<split])
            hash.update(text[split...])
            #expect(hash.finalize() == whole, "split at \(split)")
        }
        var single = SHA256()
        for byte in text { single.update(CollectionOfOne(byte)) }
        #expect(single.finalize() == whole)
    }

    @Test func `A hash can be taken, and gone on with`() {
        var hash = SHA256()
        hash.update("a".utf8)
        let copy = hash
        #expect(hash.finalize() == SHA256.hash("a".utf8))
        hash.update("bc".utf8)
        #expect(hash.finalize() == SHA256.hash("abc".utf8))
        #expect(copy.finalize() == SHA256.hash("a".utf8))
    }

    @Test func `Bytes without a common storage are hashed as well`() {
        #expect(SHA256.hash("cba".utf8.reversed()) == SHA256.hash("abc".utf8))
    }

    @Test func `Digits are two for each byte`() {
        #expect(SHA256.hexadecimal([0, 1, 15, 16, 171, 255]) == "00010f10abff")
        #expect(SHA256.hexadecimal([]).isEmpty)
    }
}
