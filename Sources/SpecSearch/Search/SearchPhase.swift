/// A part of a search's time.
public enum SearchPhase: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    /// The draft model drafts.
    case draft
    /// The reward model scores.
    case score
    /// The target generates a whole level: the first step of SpecSearch, every step of AR and SpS.
    case target
    /// The target generates in place of rejected drafts.
    case correct
    /// Steps beyond a thought that only serve its score.
    case lookahead
}
