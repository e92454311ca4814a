/// A model of either kind, which may keep something for a problem while it is searched.
public protocol InferenceModel: Sendable {
    /// Opens what the model keeps for searches of one problem; nil where it keeps nothing, which is so unless it says
    /// otherwise.
    ///
    /// A model made of others answers for them.
    func openSession(for problem: Problem) async throws -> (any EngineSession)?
}

extension InferenceModel {
    public func openSession(for problem: Problem) async throws -> (any EngineSession)? { nil }
}

/// A model's state for the searches of one problem, such as cached prefixes.
public protocol EngineSession: Sendable {
    /// Where the search is best run: an engine's own thread saves a change of threads at every call.
    var executor: (any TaskExecutor)? { get }

    /// Frees what was kept, once the last session of the problem is closed.
    func close() async
}

/// Several sessions as one.
package struct CombinedSession: EngineSession {
    private let parts: [any EngineSession]

    /// - Returns: Nil for no sessions.
    package init?(_ parts: [(any EngineSession)?]) {
        self.parts = parts.compactMap(\.self)
        if self.parts.isEmpty { return nil }
    }

    /// Opens the sessions of several models, of each model object once; where one cannot be opened, the others are closed.
    package static func open(
        _ models: [(any InferenceModel)?], for problem: Problem
    ) async throws -> (any EngineSession)? {
        var parts: [(any EngineSession)?] = []
        var opened: Set<ObjectIdentifier> = []
        do {
            for case let model? in models {
                if type(of: model) is AnyObject.Type,
                    !opened.insert(ObjectIdentifier(model as AnyObject)).inserted
                {
                    continue
                }
                parts.append(try await model.openSession(for: problem))
            }
        } catch {
            for part in parts.reversed() { await part?.close() }
            throw error
        }
        return CombinedSession(parts)
    }

    package var executor: (any TaskExecutor)? { parts.lazy.compactMap(\.executor).first }

    package func close() async { for part in parts.reversed() { await part.close() } }
}
