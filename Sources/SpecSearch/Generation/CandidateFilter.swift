internal import Foundation

/// The filter that says which of a node's samples are candidates.
///
/// Unusable are thoughts cut by the length limit, empty ones, a repeat of the previous step, and a bare header such as
/// "Step 3:". The rest are merged by text up to trailing white space (indentation has a meaning in programs), the first
/// sample standing for all. A merged duplicate fills the slot that it was sampled for: it is not requested again, neither
/// in AR nor in SpecSearch. What its model gave up early is judged already, and merged with its like only. An end of
/// sequence without any words is the end of its path, and a candidate; only where there is no step yet it ends nothing, and
/// is unusable.
enum CandidateFilter {
    /// Samples that say the same.
    struct Group {
        var thought: Thought
        var isUsable: Bool
        /// The samples, by their index.
        var members: [Int]
    }

    /// The groups of `samples`, in the order of their first samples.
    static func groups(_ samples: [Thought], after previous: Thought?) -> [Group] {
        let previousKey = previous.map { key($0.text) }
        var exact: [Sample: Int] = [:]
        var merged: [Sample: Int] = [:]
        var groups: [Group] = []
        for (index, thought) in samples.enumerated() {
            // Most samples of a nearly certain step are equal to the letter: those are looked at once.
            let sample = Sample(text: thought.text, stop: thought.stop.merged)
            if let place = exact[sample] {
                groups[place].members.append(index)
                continue
            }
            let key = key(thought.text)
            let normal = Sample(text: key, stop: thought.stop.merged)
            if let place = merged[normal] {
                groups[place].members.append(index)
                exact[sample] = place
                continue
            }
            let isEnd = key.isEmpty && thought.stop.isEnd && previous != nil
            let isUsable =
                isEnd || thought.stop == .rejected
                || thought.stop != .length && !key.isEmpty && key != previousKey && !isBareHeader(key)
            merged[normal] = groups.count
            exact[sample] = groups.count
            groups.append(Group(thought: thought, isUsable: isUsable, members: [index]))
        }
        return groups
    }

    /// The same words may end the text in one sample and only the step in another: two different thoughts.
    private struct Sample: Hashable {
        var text: String
        var stop: Thought.Stop
    }

    /// The words of a candidate, without white space at their end, and whether they are the last, or were given up.
    struct Words: Hashable {
        private let text: String
        private let isEnd: Bool
        private let isGivenUp: Bool

        init(_ thought: Thought) {
            text = key(thought.text)
            isEnd = thought.stop.isEnd
            isGivenUp = thought.stop == .rejected
        }
    }

    /// The text without white space at its end.
    static func key(_ text: String) -> String {
        var key = text[...]
        while key.last?.isWhitespace == true { key.removeLast() }
        return String(key)
    }

    /// Whether two thoughts are the same thought.
    static func same(_ left: Thought, _ right: Thought) -> Bool {
        Words(left) == Words(right)
    }

    /// Whether the text is "Step 3", "## step 12:" or the like, and nothing else.
    static func isBareHeader(_ key: String) -> Bool {
        var rest = key[...].drop { "#* \n".contains($0) }
        guard rest.prefix(4).lowercased() == "step" else { return false }
        rest = rest.dropFirst(4).drop { $0 == " " }
        let number = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(number.count).drop { $0 == " " }
        if let mark = rest.first, ":.)".contains(mark) { rest.removeFirst() }
        return !number.isEmpty && rest.allSatisfy { "* ".contains($0) }
    }
}

extension Thought.Stop {
    /// Two ends of a path with the same words are the same thought.
    fileprivate var merged: Thought.Stop { isEnd ? .endOfSequence : self }
}
