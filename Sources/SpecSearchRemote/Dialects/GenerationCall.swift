package import SpecSearch

/// A call for `count` thoughts after one prompt, before a dialect has put it into its server's words.
package struct GenerationCall: Sendable, Hashable {
    /// The model's name, where a server has several.
    package var model: String?
    /// The prompt's tokens; empty for a text-only server.
    package var prompt: [Token]
    /// The prompt's text, for a text-only server.
    package var text = ""
    /// How many siblings.
    package var count: Int
    /// How to draw their tokens.
    package var sampling: SamplingParameters
    /// The seed of the first sibling; sibling `k` draws from `seed + k`.
    package var seed: Int
    /// What ends a step.
    package var delimiter: String

    package init(
        model: String? = nil, prompt: [Token], count: Int, sampling: SamplingParameters, seed: Int, delimiter: String
    ) {
        self.model = model
        self.prompt = prompt
        self.count = count
        self.sampling = sampling
        self.seed = seed
        self.delimiter = delimiter
    }
}

/// One sibling as a server generated it.
package struct Completion: Sendable, Hashable {
    /// The text, delimiter included.
    package var text: String
    /// The ids that were sampled; empty from a text-only server.
    package var tokens: [Token]
    /// Why the generation ended.
    package var stop: Thought.Stop

    package init(text: String, tokens: [Token], stop: Thought.Stop) {
        self.text = text
        self.tokens = tokens
        self.stop = stop
    }
}

/// A server's answer to a ``GenerationCall``.
package struct Completions: Sendable, Hashable {
    /// As many as were asked for, in the order of their seeds.
    package var siblings: [Completion]
    /// What the server says that it cost.
    package var usage: ModelUsage
}
