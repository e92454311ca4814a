internal import Foundation

/// A thought that is worth scoring, and how many of a node's samples had its text.
public struct Candidate: Sendable, Hashable {
    public var thought: Thought
    /// The number of samples, this one included, with the same text up to white space.
    public var multiplicity: Int
    /// The index of the first of these samples.
    public var sampleIndex: Int
}

/// Which of a node's samples are candidates.
///
/// Dropped are thoughts cut by the length limit, empty ones, a repeat of the previous step, and a bare header such as
/// "Step 3:". The rest are merged by text up to white space, the first sample standing for all. A merged duplicate fills
/// the slot that it was sampled for: it is not requested again, neither in AR nor in SpecSearch.
public enum CandidateFilter {
    /// The candidates among `samples`, in the order of their first samples.
    public static func candidates(_ samples: [Thought], after previous: Thought?) -> [Candidate] {
        let previousKey = previous.map { key($0.text) }
        var places: [Identity: Int?] = [:]
        var candidates: [Candidate] = []
        for (index, thought) in samples.enumerated() where thought.stop != .length {
            // Most samples of a nearly certain step are equal to the letter: those are looked at once.
            let exact = Identity(text: thought.text, ends: thought.stop == .endOfSequence)
            if let known = places[exact] {
                if let place = known { candidates[place].multiplicity += 1 }
                continue
            }
            let key = key(thought.text)
            guard !key.isEmpty, key != previousKey, !isBareHeader(key) else {
                places[exact] = .some(nil)
                continue
            }
            let normal = Identity(text: key, ends: exact.ends)
            if let place = places[normal].flatMap({ $0 }) {
                candidates[place].multiplicity += 1
                places[exact] = place
            } else {
                places[normal] = candidates.count
                places[exact] = candidates.count
                candidates.append(Candidate(thought: thought, multiplicity: 1, sampleIndex: index))
            }
        }
        return candidates
    }

    /// The same words may end the text in one sample and only the step in another: two different thoughts.
    private struct Identity: Hashable {
        var text: String
        var ends: Bool
    }

    /// The text with runs of white space made one space, and none at the ends.
    static func key(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Whether two thoughts are the same thought.
    static func same(_ left: Thought, _ right: Thought) -> Bool {
        key(left.text) == key(right.text) && (left.stop == .endOfSequence) == (right.stop == .endOfSequence)
    }

    /// Whether the text is "Step 3", "## step 12:" or the like, and nothing else.
    static func isBareHeader(_ key: String) -> Bool {
        var rest = key[...].drop { "#* ".contains($0) }
        guard rest.prefix(4).lowercased() == "step" else { return false }
        rest = rest.dropFirst(4).drop { $0 == " " }
        let number = rest.prefix { $0.isASCII && $0.isNumber }
        rest = rest.dropFirst(number.count).drop { $0 == " " }
        if let mark = rest.first, ":.)".contains(mark) { rest.removeFirst() }
        return !number.isEmpty && rest.allSatisfy { "* ".contains($0) }
    }
}
