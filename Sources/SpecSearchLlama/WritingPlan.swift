package import SpecSearch

/// Which thoughts are written together: all of a call, unless the cache is too small for that.
package struct WritingPlan: Sendable {
    /// Some samples of one request.
    package struct Unit: Sendable {
        /// The request's place in the call.
        package var request: Int
        /// The request's path, prompt first.
        package var tokens: [Token]
        /// Which samples.
        package var samples: Range<Int>
    }

    /// Units that are written together.
    package var groups: [[Unit]] = []

    /// Splits a call so that each group fits.
    ///
    /// - Parameters:
    ///   - requests: The call's requests.
    ///   - paths: Their tokens, prompt first.
    ///   - cells: The size of the cache, in tokens.
    ///   - sequences: How many branches it can have.
    ///   - contextLength: The most tokens of a text.
    ///   - slack: Tokens that a sample may need for a while beyond those of its thought.
    /// - Throws: ``EngineError`` `contextOverflow` if not even one thought fits.
    package init(
        requests: [ThoughtRequest], paths: [[Token]], cells: Int, sequences: Int, contextLength: Int, slack: Int
    ) throws(EngineError) {
        var group: [Unit] = []
        var freeCells = cells
        var freeSequences = sequences - 1
        var last: [Token] = []
        for (index, request) in requests.enumerated() {
            let path = paths[index]
            let each = min(request.parameters.maximumTokens, contextLength - path.count) + slack
            var next = 0
            while next < request.count {
                let shared = zip(path, last).prefix { $0 == $1 }.count
                let own = group.isEmpty ? path.count : path.count - shared
                let fitting = min(freeSequences, (freeCells - own) / max(1, each), request.count - next)
                if fitting > 0 {
                    group.append(Unit(request: index, tokens: path, samples: next..<next + fitting))
                    next += fitting
                    freeCells -= own + fitting * each
                    freeSequences -= fitting
                    last = path
                } else {
                    guard !group.isEmpty else {
                        throw EngineError(
                            .contextOverflow,
                            "A path of \(path.count) tokens and a thought of \(each) do not fit into the cache of "
                                + "\(cells) tokens.",
                            remedy: "Raise the cache size or lower the maximum number of tokens of a thought.")
                    }
                    groups.append(group)
                    group = []
                    freeCells = cells
                    freeSequences = sequences - 1
                    last = []
                }
            }
        }
        if !group.isEmpty { groups.append(group) }
    }
}
