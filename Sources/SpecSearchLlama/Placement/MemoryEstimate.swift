import Foundation
package import SpecSearch

/// What a model takes in memory, known from its header before anything is loaded.
///
/// Weights and KV cache are exact for transformers with one kind of attention. The compute buffer is an allowance, as
/// llama.cpp reserves it for a full batch over a full cache: the larger of attention scores, logits and feed-forward.
package struct MemoryEstimate: Sendable, Hashable {
    /// What takes memory, in bytes.
    package struct Bytes: Sendable, Hashable, Codable {
        package var weights = 0
        package var cache = 0
        package var compute = 0

        package var total: Int { weights + cache + compute }

        package static func + (left: Bytes, right: Bytes) -> Bytes {
            Bytes(
                weights: left.weights + right.weights, cache: left.cache + right.cache,
                compute: left.compute + right.compute)
        }
    }

    /// The weights of each layer.
    private(set) var layerWeights: [Int]
    /// The embedding and whatever else belongs to no layer: always in the processor's memory.
    private(set) var inputWeights = 0
    /// The output's, which are with the last layer.
    private(set) var outputWeights = 0
    /// Whether the output's weights are those of the embedding, so that on a GPU there is a second copy of them.
    private let tiesOutput: Bool
    /// A token's keys and values in each layer, at half precision.
    let cachePerToken: [Int]
    private let heads: Int
    private let width: Int
    private let feedForward: Int
    private let vocabulary: Int

    /// The bytes of all weights.
    package var weights: Int { layerWeights.reduce(inputWeights + outputWeights, +) }

    /// How many layers can be placed: those with attention, and the output.
    package var placeableLayers: Int { layerWeights.count + 1 }

    /// Reads the headers of a model and of its adapters.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    package init(path: String, adapters: [String] = []) throws(SpecSearchError) {
        let files = try GGUFFile.parts(of: path)
        let head = files[0]
        let name = head.architecture
        // A damaged file can say anything, and llama.cpp will refuse it: limits beyond all models keep sums in range.
        func whole(_ value: Int, upTo limit: Int) -> Int { min(max(0, value), limit) }
        let layers = whole(head.integer("\(name).block_count") ?? 0, upTo: 1 << 10)
        func perLayer(_ key: String, _ usual: Int, upTo limit: Int) -> [Int] {
            let values = head.integers("\(name).\(key)").map { whole($0, upTo: limit) }
            if values.count == layers { return values }
            return [Int](repeating: values.first ?? usual, count: layers)
        }
        width = whole(head.integer("\(name).embedding_length") ?? 0, upTo: 1 << 20)
        heads = max(1, perLayer("attention.head_count", 1, upTo: 1 << 10).max() ?? 1)
        let keys = whole(head.integer("\(name).attention.key_length") ?? width / heads, upTo: 1 << 20)
        let values = whole(head.integer("\(name).attention.value_length") ?? width / heads, upTo: 1 << 20)
        cachePerToken = perLayer("attention.head_count_kv", heads, upTo: 1 << 10).map {
            whole(2 * $0 * (keys + values), upTo: 1 << 20)
        }
        feedForward = perLayer("feed_forward_length", 4 * width, upTo: 1 << 20).max() ?? 0
        vocabulary = max(head.count("tokenizer.ggml.tokens"), 1)
        layerWeights = [Int](repeating: 0, count: layers)
        var tensors = files.flatMap(\.tensors)
        tiesOutput = !tensors.contains { $0.name == "output.weight" }
        for adapter in adapters {
            let more = try GGUFFile(path: adapter).tensors
            tensors += more
        }
        for tensor in tensors {
            let words = tensor.name.split(separator: ".")
            let bytes = whole(tensor.bytes, upTo: 1 << 46)
            if words.count > 2, words[0] == "blk", let layer = Int(words[1]), layerWeights.indices.contains(layer) {
                layerWeights[layer] += bytes
            } else if tensor.name.hasPrefix("output") || tensor.name.hasPrefix("cls") {
                outputWeights += bytes
            } else {
                inputWeights += bytes
            }
        }
    }

    /// What goes where.
    struct Spread {
        /// In the processor's memory.
        var host = Bytes()
        /// On each of the devices.
        var devices: [Bytes]
    }

    /// The memory that the model takes, by place.
    ///
    /// - Parameters:
    ///   - gpuLayers: How many layers are on devices, the output included.
    ///   - shares: The devices' shares of those layers, which add up to 1.
    ///   - contexts: How many contexts there are, each with its own cache and compute buffer, as far as they are in the
    ///     processor's memory.
    ///   - deviceContexts: The same on the devices.
    func spread(
        gpuLayers: Int, shares: [Double], configuration: LlamaContext.Configuration, contexts hostContexts: Int,
        deviceContexts: Int
    ) -> Spread {
        var spread = Spread(devices: shares.map { _ in Bytes() })
        let places = placeableLayers
        let placed = shares.isEmpty ? 0 : min(max(0, gpuLayers), places)
        // llama.cpp rounds a cache up to whole blocks.
        let slots = (configuration.slots + 255) / 256 * 256
        let tokens = min(configuration.batch, configuration.slots)
        spread.host.weights = inputWeights
        var computing = Set<Int>()
        for layer in 0..<places {
            let index = layer - (places - placed)
            let device = index < 0 ? nil : Self.device(of: index, among: placed, shares)
            let contexts = device == nil ? hostContexts : deviceContexts
            let isOutput = layer == places - 1
            var bytes = Bytes()
            if isOutput {
                bytes.weights = outputWeights + (tiesOutput && device != nil ? inputWeights : 0)
            } else {
                bytes.weights = layerWeights[layer]
                bytes.cache = contexts * cachePerToken[layer] * slots
            }
            if computing.insert(device ?? -1).inserted {
                bytes.compute += contexts * 4 * tokens * layerNumbers(slots, configuration)
            }
            if isOutput {
                // The buffer is used again and again: only what the logits need beyond the layers adds to it.
                let more = vocabulary - scores(slots, configuration)
                bytes.compute += contexts * 4 * tokens * max(0, more)
            }
            if let device {
                spread.devices[device] = spread.devices[device] + bytes
            } else {
                spread.host = spread.host + bytes
            }
        }
        // The logits that are read.
        spread.host.compute += hostContexts * 4 * vocabulary * configuration.sequences
        return spread
    }

    /// The numbers that a token takes in the attention or the feed-forward of a layer.
    private func scores(_ slots: Int, _ configuration: LlamaContext.Configuration) -> Int {
        max(configuration.flashAttention ? slots / 2 : (heads + 1) * slots, 3 * feedForward)
    }

    private func layerNumbers(_ slots: Int, _ configuration: LlamaContext.Configuration) -> Int {
        scores(slots, configuration) + 6 * width
    }

    /// Which device a layer is on, as llama.cpp shares them.
    static func device(of index: Int, among count: Int, _ shares: [Double]) -> Int {
        var sum = 0.0
        let place = Double(index) / Double(count)
        for (device, share) in shares.enumerated() {
            sum += share
            if place < sum { return device }
        }
        return shares.count - 1
    }
}
