import SpecSearch

/// A byte-level vocabulary of real size and layout in which only some tokens mean anything: bytes have the ids that GPT-2,
/// Llama 3 and Qwen 2 give them, and `words` and `controls` those that a test gives them.
struct BytePairVocabulary {
    /// The pre-tokenizer's name in llama.cpp.
    var preTokenizer: String
    var begin: Token
    var end: Token
    private(set) var tokens: [String]
    private(set) var types: [Int32]
    private(set) var merges: [String] = []

    /// - Parameter words: Earlier ones merge before later ones.
    init(
        preTokenizer: String, count: Int, begin: Token, end: Token, controls: [(String, Token)],
        words: [(String, Token)]
    ) {
        self.preTokenizer = preTokenizer
        self.begin = begin
        self.end = end
        tokens = (0..<count).map { "[PAD\($0)]" }
        types = [Int32](repeating: 5, count: count)
        for byte in UInt8.min...UInt8.max { place(Self.symbol(byte), Int(Self.id(of: byte)), type: 1) }
        for (text, id) in controls { place(text, Int(id), type: 3) }
        let places = Set(words.map { Int($0.1) })
        var free = 1000
        var known = Set<String>()
        let whole = Dictionary(words.map { (Self.symbols($0.0), Int($0.1)) }) { first, _ in first }
        for (text, _) in words {
            let symbols = text.utf8.map(Self.symbol)
            var sofar = symbols[0]
            for symbol in symbols.dropFirst() {
                let next = sofar + symbol
                if known.insert(next).inserted {
                    merges.append("\(sofar) \(symbol)")
                    while types[free] != 5 || places.contains(free) { free += 1 }
                    place(next, whole[next] ?? free, type: 1)
                }
                sofar = next
            }
        }
    }

    /// Qwen 2.5's, with the ids that its models publish.
    static func qwen2(count: Int = 151_936) -> BytePairVocabulary {
        BytePairVocabulary(
            preTokenizer: "qwen2", count: count, begin: 151_643, end: 151_645,
            controls: [
                ("<|endoftext|>", 151_643), ("<|im_start|>", 151_644), ("<|im_end|>", 151_645), ("<extra_0>", 151_651),
            ],
            words: [
                (" \n\n\n\n\n", 76_325), (".\n\n", 382), ("\n\n", 271), (" +", 488), (" -", 481), ("system", 8_948),
                ("user", 872), ("assistant", 77_091),
            ])
    }

    /// A small one with Qwen 2's pre-tokenizer.
    static func small() -> BytePairVocabulary {
        BytePairVocabulary(
            preTokenizer: "qwen2", count: 1_536, begin: 300, end: 301,
            controls: [("<|endoftext|>", 300), ("<|im_end|>", 301)], words: [("\n\n", 271), ("bc", 310)])
    }

    /// Llama 3's, with the ids that its models publish.
    static func llama3() -> BytePairVocabulary {
        BytePairVocabulary(
            preTokenizer: "llama-bpe", count: 128_256, begin: 128_000, end: 128_009,
            controls: [
                ("<|begin_of_text|>", 128_000), ("<|end_of_text|>", 128_001), ("<|start_header_id|>", 128_006),
                ("<|end_header_id|>", 128_007), ("<|eot_id|>", 128_009),
            ],
            words: [(".\n\n", 382), ("\n\n", 271), ("system", 9_125), ("user", 882), ("assistant", 78_191)])
    }

    /// The id of a byte: printable ones first, then the others.
    static func id(of byte: UInt8) -> Token {
        if let place = printable.firstIndex(of: byte) { return Token(place) }
        return Token(188 + (UInt8.min..<byte).filter { !printable.contains($0) }.count)
    }

    /// The ids of a text, byte by byte.
    static func bytes(_ text: String) -> [Token] { text.utf8.map(id) }

    private static let printable: [UInt8] = Array(33...126) + Array(161...172) + Array(174...255)

    private static func symbol(_ byte: UInt8) -> String {
        let isPrintable = printable.contains(byte)
        let scalar = isPrintable ? UInt32(byte) : 256 + UInt32(id(of: byte)) - 188
        return Unicode.Scalar(scalar).map { String(Character($0)) } ?? "?"
    }

    private static func symbols(_ text: String) -> String { text.utf8.map(symbol).joined() }

    private mutating func place(_ text: String, _ id: Int, type: Int32) {
        tokens[id] = text
        types[id] = type
    }
}
