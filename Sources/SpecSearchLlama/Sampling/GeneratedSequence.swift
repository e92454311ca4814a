import Foundation
import SpecSearch

/// One thought that is being generated, its place in the caches, and the tokens that are proposed for it.
package struct GeneratedSequence: Sendable {
    /// The request's place in the call.
    let request: Int
    /// Its place in the scheduler's request.
    let ordinal: Int
    /// How its tokens are drawn.
    let sampling: SamplingParameters
    /// Its random stream.
    let key: RandomKey
    /// The path that it continues, prompt first.
    let path: [Token]
    /// The most tokens that it may have.
    let limit: Int
    /// What ends it; empty for a text by a grammar, in which delimiters mean nothing.
    private let delimiter: StepDelimiter

    /// When it is given up, as it was asked for.
    private let asked: EarlyRejection?
    /// What was generated.
    private(set) var tokens: [Token] = []
    /// Why the generation ended, once it has.
    private(set) var stop: Thought.Stop?
    /// The sum of the logarithms of the tokens' probabilities.
    private var logProbability = 0.0
    /// The score of its beginning, once that was too low.
    private(set) var partialScore: Double?
    /// When it is given up, until its beginning was scored.
    private(set) var earlyRejection: EarlyRejection?
    private(set) var tail = StepDelimiter.Tail()

    /// The node whose logits predict the next token, in the cache of the model that samples; locked once while running.
    var node: RadixCache.NodeID = -1
    /// The same in the draft's cache; -1 without a draft, or where its context is full.
    var draftNode: RadixCache.NodeID = -1
    /// The tokens that the draft proposes.
    var proposals: [Token] = []
    /// The draft's nodes before each proposal, the first being `draftNode`; the last is locked once more.
    var draftNodes: [RadixCache.NodeID] = []
    /// The nodes before each proposal and after the last, the first being `node`; the last is locked once more.
    var nodes: [RadixCache.NodeID] = []
    /// How many of the proposals were accepted.
    var accepted = 0
    /// The sums over all of its decode steps.
    var proposedCount = 0
    var acceptedCount = 0

    init(
        request: Int, ordinal: Int, sample: Int, of sampleRequest: SampleRequest, path: [Token], contextLength: Int,
        delimiter: StepDelimiter
    ) {
        self.request = request
        self.ordinal = ordinal
        sampling = sampleRequest.sampling
        key = sampleRequest.key.sample(sample)
        earlyRejection = sampleRequest.earlyRejection
        asked = earlyRejection
        self.path = path
        self.delimiter = delimiter
        limit = min(sampling.maximumTokens, contextLength - path.count)
        if limit <= 0 { stop = .length }
    }

    /// Forgets what was generated.
    mutating func restart() {
        tokens = []
        stop = nil
        partialScore = nil
        earlyRejection = asked
        logProbability = 0
        tail = StepDelimiter.Tail()
        proposedCount = 0
        acceptedCount = 0
    }

    /// Adds a token, and notes whether it ends the thought.
    ///
    /// - Parameter probabilities: The distribution that it follows.
    mutating func append(_ token: Token, from probabilities: UnsafePointer<Float>, vocabulary: Vocabulary) {
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

    /// Whether its beginning is to be scored now.
    var isToBeScored: Bool { earlyRejection.map { tokens.count >= $0.tokens } ?? false }

    /// Gives it up if its beginning scores too low; asked once.
    mutating func judge(_ score: Double) {
        if let earlyRejection, score < earlyRejection.bound {
            stop = .rejected
            partialScore = score
            accepted = 0
        }
        earlyRejection = nil
    }

    /// Whether the thought would be at its end with the proposals.
    func endsWithProposals(vocabulary: Vocabulary) -> Bool {
        var tail = tail
        for (place, token) in proposals.enumerated() {
            if vocabulary.isEnd(token) || tokens.count + place + 1 >= limit { return true }
            if delimiter.isComplete(&tail, adding: vocabulary.bytes(of: token)) { return true }
        }
        return false
    }

    /// What was generated, as a thought.
    func thought(vocabulary: Vocabulary, source: ModelRole) -> Thought {
        Thought(
            text: vocabulary.text(of: tokens), tokens: tokens, stop: stop ?? .length, source: source,
            logProbability: logProbability.isFinite ? logProbability : nil, partialScore: partialScore)
    }
}
