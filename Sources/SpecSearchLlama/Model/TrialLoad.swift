import CLlama
import Foundation
package import SpecSearch

/// Loads a model and runs it a little, to see that neither ends the process.
///
/// What llama.cpp asserts of a file, nobody can check beforehand: this is to be done in a process of its own.
package enum TrialLoad {
    /// What is tokenised: all of ASCII, and scripts that byte-level and character-level tokenizers cut in their own ways.
    private static let sample =
        String(decoding: UInt8(1)..<128, as: UTF8.self) + "\n\n  naïve Привет 你好 🙂 १२ \u{200D}\u{FEFF}"

    /// The code of a model that can be loaded, and is of no use.
    package static let unfit = SpecSearchError.Code("unfitModel")

    /// Loads a model with its adapters, cuts a text into tokens, and evaluates a few.
    ///
    /// - Parameter checksWeights: Whether every weight is looked at, too: that reads the whole file.
    /// - Throws: ``SpecSearchError``: what loading does; ``unfit`` where what it gives are no numbers.
    package static func run(
        path: String, adapters: [String], checksWeights: Bool
    ) throws {
        _ = try MemoryEstimate(path: path, adapters: adapters)
        let model = try LlamaModel(path: path, checksWeights: checksWeights)
        let applied = try adapters.map { AppliedAdapter(adapter: try LoraAdapter(path: $0, model: model), scale: 1) }
        let vocabulary = model.vocabulary
        _ = vocabulary.tokenize(sample)
        _ = vocabulary.text(of: (0..<Int32(vocabulary.count)).map { $0 })
        _ = try? PromptTemplate("gguf", model: model)
        _ = model.cacheBytesPerToken
        var configuration = LlamaContext.Configuration()
        (configuration.slots, configuration.batch) = (256, 64)
        let context = try LlamaContext(model: model, configuration: configuration, adapters: applied)
        var batch = RadixCache.Batch()
        for position in 0..<4 {
            batch.append(token: Token(position % vocabulary.count), position: position, sequence: 0)
        }
        try context.decode(batch) { _ in true }
        for index in 0..<4 {
            let logits = UnsafeBufferPointer(start: try context.logits(at: index), count: vocabulary.count)
            guard logits.contains(where: \.isNaN) || !logits.contains(where: \.isFinite) else { continue }
            throw SpecSearchError(
                unfit, "The model \(path) gives logits that are no numbers: its weights are damaged.",
                remedy: "Fetch it, or convert it, again.")
        }
    }
}
