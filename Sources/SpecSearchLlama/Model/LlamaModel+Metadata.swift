import CLlama
import Foundation

extension LlamaModel {
    /// A value of the file's metadata, as text.
    package func metadata(_ key: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 512)
        let length = llama_model_meta_val_str(pointer, key, &buffer, buffer.count)
        guard length >= 0 else { return nil }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The architecture's name, such as `llama`.
    package var architecture: String { metadata("general.architecture") ?? "unknown" }

    /// The bytes of the weights.
    package var weightBytes: Int { Int(llama_model_size(pointer)) }

    /// How many layers it has.
    package var layerCount: Int { Int(llama_model_n_layer(pointer)) }

    /// The length of its hidden state.
    package var width: Int { Int(llama_model_n_embd_out(pointer)) }

    /// The window of its attention in tokens, if that is limited.
    package var attentionWindow: Int? {
        let window = Int(llama_model_n_swa(pointer))
        return window > 0 ? window : nil
    }

    /// The bytes that one token takes in the cache, at half precision.
    package var cacheBytesPerToken: Int {
        let heads = max(1, Int(llama_model_n_head(pointer)))
        func stated(_ name: String) -> Int? { metadata("\(architecture).attention.\(name)").flatMap { Int($0) } }
        let usual = Int(llama_model_n_embd(pointer)) / heads
        let numbers = (stated("key_length") ?? usual) + (stated("value_length") ?? usual)
        return 2 * layerCount * Int(llama_model_n_head_kv(pointer)) * numbers
    }
}
