import Foundation
import SpecSearch

/// Writes tiny random models of the llama architecture in F32, so that tests need no weights and no Python.
struct ToyModel {
    /// What differs between two toy models.
    struct Shape {
        var seed: UInt64 = 1
        var embedding = 32
        var layers = 1
        var heads = 2
        var feedForward = 32
        var contextLength = 512
        /// How far the logits are from uniform.
        var logitScale: Float = 1.5
        /// Entries at the end of the vocabulary that only pad it.
        var padding = 0
        /// The texts of the tokens, without the special ones.
        var words: [String] = ToyModel.words
        var addsBeginToken = false
        /// Another vocabulary than `words`.
        var vocabulary: BytePairVocabulary?
        /// `llama`, or `qwen2`, which has biases.
        var architecture = "llama"
        var chatTemplate: String?
    }

    /// Single characters, a merged delimiter, and characters of several bytes.
    static let words: [String] = "abcdefghijklmnopqrstuvwxyz0123456789 .,+-=?".map(String.init)

    /// Ids of the special tokens, which come first.
    static let unknown: Token = 0
    static let begin: Token = 1
    static let end: Token = 2
    /// The id of the first byte token; "\n" is `newline`.
    static let firstByte: Token = 3
    static let newline: Token = firstByte + 10
    /// The id of the first word.
    static let firstWord: Token = firstByte + 256

    static func id(of word: String) -> Token {
        guard let index = words.firstIndex(of: word) else { return unknown }
        return firstWord + Token(index)
    }

    /// Writes a model and answers its size in bytes.
    @discardableResult
    static func write(to url: URL, shape: Shape = Shape()) throws -> Int {
        var random = PhiloxGenerator(seed: shape.seed)
        func normal(_ count: Int, _ deviation: Float) -> [Float] {
            // A vocabulary of real size repeats its rows; drawing them all would take minutes.
            if count > 1 << 20 {
                let some = normal(65_521, deviation)
                return (0..<count).map { some[$0 % some.count] }
            }
            return (0..<count).map { _ in
                let a = Float.random(in: 1e-6..<1, using: &random)
                let b = Float.random(in: 0..<1, using: &random)
                return deviation * (-2 * Float(log(Double(a)))).squareRoot() * Float(cos(2 * Double.pi * Double(b)))
            }
        }
        var tokens = ["<unk>", "<s>", "</s>"]
        var types: [Int32] = [2, 3, 3]
        for byte in 0..<256 {
            tokens.append("<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">")
            types.append(6)
        }
        for word in shape.words {
            tokens.append(word.replacingOccurrences(of: " ", with: "\u{2581}"))
            types.append(1)
        }
        for index in 0..<shape.padding {
            tokens.append("[PAD\(index)]")
            types.append(5)
        }
        if let vocabulary = shape.vocabulary { (tokens, types) = (vocabulary.tokens, vocabulary.types) }
        let scores = tokens.indices.map { Float($0 < 259 ? 0 : -Double($0 - 258)) }
        var metadata = GGUFBuffer()
        var keys = 0
        func put(_ key: String, _ body: (inout GGUFBuffer) -> Void) {
            metadata.string(key)
            body(&metadata)
            keys += 1
        }
        put("general.architecture") { $0.value(shape.architecture) }
        put(shape.architecture + ".context_length") { $0.value(UInt32(shape.contextLength)) }
        put(shape.architecture + ".embedding_length") { $0.value(UInt32(shape.embedding)) }
        put(shape.architecture + ".block_count") { $0.value(UInt32(shape.layers)) }
        put(shape.architecture + ".feed_forward_length") { $0.value(UInt32(shape.feedForward)) }
        put(shape.architecture + ".attention.head_count") { $0.value(UInt32(shape.heads)) }
        put(shape.architecture + ".attention.head_count_kv") { $0.value(UInt32(shape.heads)) }
        put(shape.architecture + ".attention.layer_norm_rms_epsilon") { $0.value(Float(1e-5)) }
        put(shape.architecture + ".rope.dimension_count") { $0.value(UInt32(shape.embedding / shape.heads)) }
        put(shape.architecture + ".vocab_size") { $0.value(UInt32(tokens.count)) }
        put("tokenizer.ggml.model") { $0.value(shape.vocabulary == nil ? "llama" : "gpt2") }
        put("tokenizer.ggml.tokens") { $0.array(tokens) }
        put("tokenizer.ggml.token_type") { $0.array(types) }
        put("tokenizer.ggml.bos_token_id") { $0.value(UInt32(shape.vocabulary?.begin ?? begin)) }
        put("tokenizer.ggml.eos_token_id") { $0.value(UInt32(shape.vocabulary?.end ?? end)) }
        if let vocabulary = shape.vocabulary {
            put("tokenizer.ggml.pre") { $0.value(vocabulary.preTokenizer) }
            put("tokenizer.ggml.merges") { $0.array(vocabulary.merges) }
        } else {
            put("tokenizer.ggml.scores") { $0.array(scores) }
            put("tokenizer.ggml.unknown_token_id") { $0.value(UInt32(unknown)) }
        }
        put("tokenizer.ggml.add_bos_token") { $0.value(shape.addsBeginToken) }
        put("tokenizer.ggml.add_space_prefix") { $0.value(false) }
        if let template = shape.chatTemplate { put("tokenizer.chat_template") { $0.value(template) } }

        let d = shape.embedding
        let f = shape.feedForward
        var tensors: [(name: String, shape: [Int], data: [Float])] = [
            ("token_embd.weight", [d, tokens.count], normal(d * tokens.count, 1)),
            ("output_norm.weight", [d], [Float](repeating: 1, count: d)),
            ("output.weight", [d, tokens.count], normal(d * tokens.count, shape.logitScale / Float(d).squareRoot())),
        ]
        let deviation = 1 / Float(d).squareRoot()
        for layer in 0..<shape.layers {
            let prefix = "blk.\(layer)."
            tensors.append((prefix + "attn_norm.weight", [d], [Float](repeating: 1, count: d)))
            for name in ["attn_q", "attn_k", "attn_v", "attn_output"] {
                tensors.append((prefix + name + ".weight", [d, d], normal(d * d, deviation)))
            }
            for name in ["attn_q", "attn_k", "attn_v"] where shape.architecture == "qwen2" {
                tensors.append((prefix + name + ".bias", [d], normal(d, 0.5)))
            }
            tensors.append((prefix + "ffn_norm.weight", [d], [Float](repeating: 1, count: d)))
            tensors.append((prefix + "ffn_gate.weight", [d, f], normal(d * f, deviation)))
            tensors.append((prefix + "ffn_up.weight", [d, f], normal(d * f, deviation)))
            tensors.append((prefix + "ffn_down.weight", [f, d], normal(d * f, 1 / Float(f).squareRoot())))
        }
        let file = GGUFBuffer.file(metadata, keys: keys, tensors)
        try file.write(to: url)
        return file.count
    }
}

/// Writes LoRA adapters over toy models, in F32.
struct ToyAdapter {
    var architecture = "llama"
    var alpha: Float = 8
    var rank = 2
    /// The tensor whose weights it changes, with the lengths of its input and output.
    var tensor = "output.weight"
    var inputs = 32
    var outputs = 259 + ToyModel.words.count

    /// `A`, rank rows of `inputs` numbers.
    var down: [Float] { (0..<rank * inputs).map { sin(Float($0) * 0.7) } }
    /// `B`, `outputs` rows of rank numbers.
    var up: [Float] { (0..<outputs * rank).map { 0.1 * cos(Float($0) * 0.3) } }

    /// What scale 1 adds to W · x: alpha / rank · B · A · x.
    func change(_ x: [Float]) -> [Float] {
        let inner = (0..<rank).map { row in (0..<inputs).reduce(Float(0)) { $0 + down[row * inputs + $1] * x[$1] } }
        let up = up
        return (0..<outputs).map { row in
            alpha / Float(rank) * (0..<rank).reduce(Float(0)) { $0 + up[row * rank + $1] * inner[$1] }
        }
    }

    func write(to path: String) throws {
        var metadata = GGUFBuffer()
        for (key, value) in [
            ("general.type", "adapter"), ("general.architecture", architecture), ("adapter.type", "lora"),
        ] {
            metadata.string(key)
            metadata.value(value)
        }
        metadata.string("adapter.lora.alpha")
        metadata.value(alpha)
        let tensors = [
            (name: tensor + ".lora_a", shape: [inputs, rank], data: down),
            (name: tensor + ".lora_b", shape: [rank, outputs], data: up),
        ]
        try GGUFBuffer.file(metadata, keys: 4, tensors).write(to: URL(filePath: path))
    }
}

/// Bytes in the little-endian layout of GGUF.
struct GGUFBuffer {
    var data = Data()

    /// A whole file with tensors in F32.
    static func file(
        _ metadata: GGUFBuffer, keys: Int, _ tensors: [(name: String, shape: [Int], data: [Float])]
    ) -> Data {
        var infos = GGUFBuffer()
        var data = Data()
        for tensor in tensors {
            infos.string(tensor.name)
            infos.raw(UInt32(tensor.shape.count))
            for size in tensor.shape { infos.raw(UInt64(size)) }
            infos.raw(UInt32(0))
            infos.raw(UInt64(data.count))
            tensor.data.withUnsafeBytes { data.append(contentsOf: $0) }
            while data.count % 32 != 0 { data.append(0) }
        }
        var file = GGUFBuffer()
        file.data.append(contentsOf: "GGUF".utf8)
        file.raw(UInt32(3))
        file.raw(UInt64(tensors.count))
        file.raw(UInt64(keys))
        file.data.append(metadata.data)
        file.data.append(infos.data)
        while file.data.count % 32 != 0 { file.data.append(0) }
        file.data.append(data)
        return file.data
    }

    mutating func raw(_ value: some FixedWidthInteger) {
        withUnsafeBytes(of: value.littleEndian) { data.append(contentsOf: $0) }
    }

    mutating func raw(_ value: Float) { raw(value.bitPattern) }

    mutating func string(_ text: String) {
        raw(UInt64(text.utf8.count))
        data.append(contentsOf: text.utf8)
    }

    mutating func value(_ value: UInt32) {
        raw(UInt32(4))
        raw(value)
    }
    mutating func value(_ value: Float) {
        raw(UInt32(6))
        raw(value)
    }
    mutating func value(_ value: Bool) {
        raw(UInt32(7))
        data.append(value ? 1 : 0)
    }
    mutating func value(_ value: String) {
        raw(UInt32(8))
        string(value)
    }

    mutating func array(_ values: [String]) {
        raw(UInt32(9))
        raw(UInt32(8))
        raw(UInt64(values.count))
        for value in values { string(value) }
    }

    mutating func array(_ values: [Float]) {
        raw(UInt32(9))
        raw(UInt32(6))
        raw(UInt64(values.count))
        for value in values { raw(value) }
    }

    mutating func array(_ values: [Int32]) {
        raw(UInt32(9))
        raw(UInt32(5))
        raw(UInt64(values.count))
        for value in values { raw(value) }
    }
}
