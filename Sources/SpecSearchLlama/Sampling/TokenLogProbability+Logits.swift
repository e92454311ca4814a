import CKernels
import Foundation
import SpecSearch

extension TokenLogProbability {
    /// A token's probability by a row of logits, and those of the likeliest.
    init(_ token: Token, by logits: UnsafePointer<Float>, topCount: Int, vocabulary: Vocabulary) {
        let count = Int32(vocabulary.count)
        let total = specsearch_log_sum_exp(logits, count, logits[Int(specsearch_argmax(logits, count))])
        func alternative(_ token: Int) -> Alternative {
            Alternative(
                bytes: Array(vocabulary.bytes(of: Token(token))), logProbability: min(0, Double(logits[token]) - total))
        }
        // The likeliest so far, the likeliest first: few, of many.
        var top: [Int] = []
        for place in 0..<vocabulary.count where topCount > 0 {
            if top.count == topCount, let last = top.last, logits[place] <= logits[last] { continue }
            top.insert(place, at: top.firstIndex { logits[$0] < logits[place] } ?? top.count)
            if top.count > topCount { top.removeLast() }
        }
        self.init(alternative(Int(token)), top: top.map(alternative))
    }
}
