/// A problem to solve.
public struct Problem: Sendable, Hashable, Codable {
    /// A stable name, which also keys the random numbers of its search.
    public var id: String
    /// What is asked; the engine puts it into the model's prompt template.
    public var text: String

    public init(id: String = "problem", text: String) {
        self.id = id
        self.text = text
    }
}
