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
        var places: [String: Int] = [:]
        var candidates: [Candidate] = []
        for (index, thought) in samples.enumerated() {
            let key = key(thought.text)
            guard thought.stop != .length, !key.isEmpty, key != previousKey, !isBareHeader(key) else { continue }
            // The same words may end the text in one sample and only the step in another: two different thoughts.
            let identity = thought.stop == .endOfSequence ? key + "\u{0}" : key
            if let place = places[identity] {
                candidates[place].multiplicity += 1
            } else {
                places[identity] = candidates.count
                candidates.append(Candidate(thought: thought, multiplicity: 1, sampleIndex: index))
            }
        }
        return candidates
    }

    /// The text with runs of white space made one space, and none at the ends.
    static func key(_ text: String) -> String {
        text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }

    /// Whether two thoughts are the same thought.
    static func same(_ left: Thought, _ right: Thought) -> Bool {
        key(left.text) == key(right.text) && (left.stop == .endOfSequence) == (right.stop == .endOfSequence)
    }

    static func isBareHeader(_ key: String) -> Bool {
        key.wholeMatch(of: /[#*\s]*(?i:step)\s*[0-9]+\s*[:.)]?[*\s]*/) != nil
    }
}
