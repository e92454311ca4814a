import Foundation
package import SpecSearch

/// The layers that a classifier puts on a language model's hidden state: linear, with ReLU between them.
package struct ScoringHead: Sendable {
    private struct Layer: Sendable {
        var weight: [Float]
        var bias: [Float]
        var width: Int
    }
    private let layers: [Layer]
    private let good: Int

    /// Reads the layers from their safetensors file.
    ///
    /// - Parameters:
    ///   - width: The length of the model's hidden state.
    ///   - configuration: The configuration's file, for errors.
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file, where a layer is missing or does not fit.
    package init(_ head: RewardModelConfiguration.Head, width: Int, configuration: String) throws(SpecSearchError) {
        let file = try Safetensors(path: head.file)
        var layers: [Layer] = []
        var width = width
        for name in head.layers {
            let weight = try file.tensor(name + ".weight")
            guard weight.shape.count == 2, weight.shape[1] == width else {
                throw SpecSearchError(
                    .badModelFile,
                    "The layer \(name) of \(head.file) has the shape \(weight.shape), and \(width) numbers go into it.",
                    remedy: "Take the head and the model from one checkpoint.")
            }
            var bias = [Float](repeating: 0, count: weight.shape[0])
            if file.names.contains(name + ".bias") { bias = try file.tensor(name + ".bias").values }
            guard bias.count == weight.shape[0] else {
                throw SpecSearchError(
                    .badModelFile, "The bias of the layer \(name) of \(head.file) does not fit its weight.",
                    remedy: "Export it again.")
            }
            layers.append(Layer(weight: weight.values, bias: bias, width: width))
            width = weight.shape[0]
        }
        let good = head.good ?? (width == 1 ? 0 : 1)
        guard !layers.isEmpty, (0..<width).contains(good) else {
            throw SpecSearchError(
                .badModelFile, "The head in \(configuration) has \(width) outputs and reads number \(good).",
                remedy: "Correct \"layers\" and \"good\".")
        }
        self.layers = layers
        self.good = good
    }

    /// The probability of the good class: the sigmoid of one output, or the softmax of several.
    package func callAsFunction(_ hidden: UnsafePointer<Float>) -> Double {
        var values = Array(UnsafeBufferPointer(start: hidden, count: layers[0].width))
        for (index, layer) in layers.enumerated() {
            values = layer.bias.indices.map { row in
                let sum = layer.bias[row] + Self.dot(layer.weight, from: row * layer.width, values)
                return index + 1 < layers.count && sum < 0 ? 0 : sum  // NaN stays
            }
        }
        if values.count == 1 { return 1 / (1 + exp(-Double(values[0]))) }
        let best = Double(values.max() ?? .nan)
        let weights = values.map { exp(Double($0) - best) }
        return weights[good] / weights.reduce(0, +)
    }

    private static func dot(_ matrix: [Float], from start: Int, _ values: [Float]) -> Float {
        matrix.withUnsafeBufferPointer { matrix in
            values.withUnsafeBufferPointer { values in
                var sums = SIMD8<Float>()
                let whole = values.count & ~7
                for place in stride(from: 0, to: whole, by: 8) {
                    for lane in 0..<8 { sums[lane] += matrix[start + place + lane] * values[place + lane] }
                }
                var sum = sums.sum()
                for place in whole..<values.count { sum += matrix[start + place] * values[place] }
                return sum
            }
        }
    }
}
