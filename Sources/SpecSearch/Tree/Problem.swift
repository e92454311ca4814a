/// A problem to solve.
public struct Problem: Sendable, Hashable, Codable, ExpressibleByStringLiteral {
    /// A stable name, which also keys the random numbers of its search.
    public var id: String
    /// The question; the engine puts it into the model's prompt template.
    public var text: String

    public init(id: String = "problem", text: String) {
        self.id = id
        self.text = text
    }

    public init(stringLiteral text: String) { self.init(text: text) }
}
