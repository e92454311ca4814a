/// The part that a model plays in a search.
public enum ModelRole: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    /// The small model, which drafts thoughts.
    case draft
    /// The large model, whose quality is to be kept.
    case target
    /// The process reward model (PRM), which scores thoughts.
    case rewardModel = "prm"
}
