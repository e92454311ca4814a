public import SpecSearch

/// The report of a ``ServerProbe`` on one server: what it said of itself, and what it could do when it was asked to.
public struct ServerReport: Sendable, Hashable, Codable {
    /// One ability, tried by a canary call.
    public struct Ability: Sendable, Hashable, Codable {
        public var name: String
        /// Whether this role of the search needs it.
        public var isNeeded: Bool
        public var works: Bool
        /// What was seen, or what went wrong.
        public var detail: String
    }

    /// What the server is for.
    public var role: ModelRole
    public var url: String
    public var dialect: Dialect
    /// The models that the server names.
    public var models: [String] = []
    public var contextLength: Int?
    public var slots: Int?
    public var version: String?
    public var abilities: [Ability] = []
    /// Ids of a fixed text, by which the models' vocabularies are compared.
    public var sampleTokens: [Token]?

    /// Whether all that its role needs works.
    public var isFit: Bool { !abilities.isEmpty && abilities.allSatisfy { $0.works || !$0.isNeeded } }

    /// Tries an ability, and notes how it went.
    ///
    /// - Parameters:
    ///   - secret: What no note may repeat.
    ///   - work: Uses the ability.
    ///   - detail: What was seen.
    /// - Returns: What the work gave; nil where it failed.
    mutating func attempt<Value>(
        _ name: String, isNeeded: Bool, hiding secret: Secret?, _ work: () async throws -> Value,
        detail: (Value) -> String
    ) async -> Value? {
        do {
            let value = try await work()
            abilities.append(Ability(name: name, isNeeded: isNeeded, works: true, detail: detail(value)))
            return value
        } catch {
            let message = secret?.hidden(in: "\(error)") ?? "\(error)"
            abilities.append(Ability(name: name, isNeeded: isNeeded, works: false, detail: message))
            return nil
        }
    }
}
