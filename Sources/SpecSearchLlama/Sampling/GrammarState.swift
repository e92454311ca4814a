import CKernels
import CLlama
import Foundation
package import SpecSearch

/// A grammar at a place in one text: what may come next.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class GrammarState {
    private let sampler: UnsafeMutablePointer<llama_sampler>
    /// Keeps what the grammar's state points to.
    private let vocabulary: Vocabulary
    /// The vocabulary, where all of it has to be looked at.
    private var candidates: [llama_token_data] = []

    /// - Throws: ``SpecSearchError`` `badSetting` for a grammar that cannot be read.
    package init(_ grammar: Grammar, vocabulary: Vocabulary) throws(SpecSearchError) {
        // To llama.cpp no rules are no constraint.
        guard !grammar.rules.isEmpty, let sampler = vocabulary.makeGrammar(grammar) else {
            throw SpecSearchError(
                .badSetting, "The grammar cannot be read, or begins with itself.",
                remedy: "Write it in GBNF, with a rule named root.")
        }
        self.sampler = sampler
        self.vocabulary = vocabulary
    }

    deinit { llama_sampler_free(sampler) }

    /// Returns to the beginning of the text.
    package func restart() { llama_sampler_reset(sampler) }

    /// Draws the next token from the model's distribution over those that may come next.
    ///
    /// Most draws from the whole distribution are allowed ones, and looking at one token is cheap. One that is not is drawn
    /// again from the rest, which gives the same distribution: p(x) + p(not allowed) · p(x) / p(allowed).
    ///
    /// - Parameters:
    ///   - probabilities: The distribution as the sampling parameters make it, over `count` tokens.
    ///   - logits: What it was made of, for where the parameters left out everything that is allowed.
    ///   - isGreedy: Whether the likeliest is taken.
    /// - Throws: ``SpecSearchError`` `badSetting` if no token of the vocabulary may come next.
    package func draw(
        _ probabilities: UnsafePointer<Float>, logits: UnsafePointer<Float>, count: Int, isGreedy: Bool,
        uniforms: (first: Double, second: Double)
    ) throws(SpecSearchError) -> Token {
        let first = specsearch_inverse_cdf(probabilities, Int32(count), uniforms.first)
        if first >= 0, allows(first) {
            llama_sampler_accept(sampler, first)
            return first
        }
        candidates.removeAll(keepingCapacity: true)
        for token in 0..<count where probabilities[token] > 0 {
            candidates.append(llama_token_data(id: Int32(token), logit: probabilities[token], p: 0))
        }
        restrict()
        if candidates.isEmpty {
            for token in 0..<count where logits[token].isFinite {
                candidates.append(llama_token_data(id: Int32(token), logit: logits[token], p: 0))
            }
            restrict()
            guard let most = candidates.map(\.logit).max() else {
                throw SpecSearchError(
                    .badSetting, "No token of the model's vocabulary can go on by the grammar.",
                    remedy: "Ask for a form that is written in characters that the model knows.")
            }
            for place in candidates.indices {
                let logit = candidates[place].logit
                candidates[place].logit = isGreedy ? (logit == most ? 1 : 0) : exp(logit - most)
            }
        }
        var left = uniforms.second * candidates.reduce(0.0) { $0 + Double($1.logit) }
        var token = Token(-1)
        for candidate in candidates where candidate.logit > 0 {
            token = candidate.id
            left -= Double(candidate.logit)
            if left < 0 { break }
        }
        llama_sampler_accept(sampler, token)
        return token
    }

    private func allows(_ token: Token) -> Bool {
        var candidate = llama_token_data(id: token, logit: 1, p: 0)
        return withUnsafeMutablePointer(to: &candidate) { pointer in
            var array = llama_token_data_array(data: pointer, size: 1, selected: -1, sorted: false)
            llama_sampler_apply(sampler, &array)
            return pointer.pointee.logit > 0
        }
    }

    /// Leaves the candidates that may come next.
    private func restrict() {
        candidates.withUnsafeMutableBufferPointer { buffer in
            var array = llama_token_data_array(
                data: buffer.baseAddress, size: buffer.count, selected: -1, sorted: false)
            llama_sampler_apply(sampler, &array)
        }
        candidates.removeAll { $0.logit == -.infinity }
    }
}
