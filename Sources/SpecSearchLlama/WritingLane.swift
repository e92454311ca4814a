import Foundation
package import SpecSearch

/// One thought that is being written.
package struct WritingLane: Sendable {
    /// The request's place in the call.
    package let request: Int
    /// Its random stream.
    package let key: RandomKey
    /// The node whose logits predict the next token, in the cache of the model that writes; pinned once.
    package var node: PrefixTree.NodeID
    /// What was written.
    package private(set) var tokens: [Token] = []
    /// The sum of the logarithms of their probabilities.
    private var logProbability = 0.0
    /// Why the writing ended, once it has.
    package private(set) var stop: Thought.Stop?
    /// The most tokens that it may have.
    package let limit: Int
    private(set) var tail = StepDelimiter.Tail()

    init(
        unit: WritingPlan.Unit, sample: Int, request: ThoughtRequest, node: PrefixTree.NodeID, contextLength: Int
    ) {
        self.request = unit.request
        self.node = node
        key = request.key.sample(sample)
        limit = max(1, min(request.parameters.maximumTokens, contextLength - unit.tokens.count))
    }

    /// Adds a token, and notes whether it ends the thought.
    ///
    /// - Parameter probabilities: The law that it follows.
    mutating func append(
        _ token: Token, from probabilities: UnsafePointer<Float>, vocabulary: Vocabulary, delimiter: StepDelimiter
    ) {
        tokens.append(token)
        logProbability += log(Double(probabilities[Int(token)]))
        if vocabulary.isEnd(token) {
            stop = .endOfSequence
        } else if delimiter.isComplete(&tail, adding: vocabulary.bytes(of: token)) {
            stop = .delimiter
        } else if tokens.count >= limit {
            stop = .length
        }
    }

    /// The random number for the next token.
    func nextUniform(_ purpose: RandomKey.Purpose) -> Double { key.uniform(position: tokens.count, purpose: purpose) }

    /// Whether the thought would be at its end with these tokens.
    func wouldEnd(with tokens: [Token], vocabulary: Vocabulary, delimiter: StepDelimiter) -> Bool {
        var tail = tail
        for (place, token) in tokens.enumerated() {
            if vocabulary.isEnd(token) || self.tokens.count + place + 1 >= limit { return true }
            if delimiter.isComplete(&tail, adding: vocabulary.bytes(of: token)) { return true }
        }
        return false
    }

    /// What was written, as a thought.
    func thought(vocabulary: Vocabulary, author: ModelRole) -> Thought {
        Thought(
            text: vocabulary.text(of: tokens), tokens: tokens, stop: stop ?? .length, author: author,
            logProbability: logProbability.isFinite ? logProbability : nil)
    }
}
