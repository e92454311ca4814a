/// How far a call of a language model is, for people who wait for it.
///
/// ```swift
/// let result = try await GenerationProgress.observed { print($0.tokens) } during: { try await search.solve(problem) }
/// ```
/// An engine that generates token by token reports to the observer of the running task, at most ten times a second; what
/// it reports is no part of the search, which comes out the same with and without an observer.
public struct GenerationProgress: Sendable, Hashable {
    /// Who is told. (A struct: the optimizer of Swift 6.3 crashes on a task's value that is a function.)
    package struct Observer: Sendable {
        package let report: @Sendable (GenerationProgress) -> Void
    }

    /// Who is told about the calls of the running task and of its children; nil for nobody.
    @TaskLocal package static var observer: Observer?

    /// Runs `body`; `report` is told about the calls of models in it.
    public static func observed<Value>(
        _ report: @escaping @Sendable (GenerationProgress) -> Void, during body: () async throws -> Value
    ) async rethrows -> Value {
        try await $observer.withValue(Observer(report: report), operation: body)
    }

    /// The model that generates.
    public var role: ModelRole
    /// The thoughts that the call generates, duplicates included.
    public var thoughts: Int
    /// Of these, those that are at their end.
    public var finished: Int
    /// The tokens of all of them so far.
    public var tokens: Int
    /// The text so far of the first thought that is not at its end.
    public var text: String

    public init(role: ModelRole, thoughts: Int, finished: Int, tokens: Int, text: String) {
        self.role = role
        self.thoughts = thoughts
        self.finished = finished
        self.tokens = tokens
        self.text = text
    }
}
