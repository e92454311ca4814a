public import SpecSearch

/// What a server offers under one name: models of any engine, and the settings of a search where a request says nothing.
public struct ServedModel: Sendable {
    /// The name in `/v1/models`.
    public var id: String
    /// Settings that a request may change within the limits.
    public var defaults: SearchConfiguration
    /// The models of one method.
    public var models: @Sendable (SearchMethod) -> SearchModels
    /// Called after a search, so that an engine can drop what it cached.
    public var release: @Sendable (Problem) async -> Void

    public init(
        id: String, defaults: SearchConfiguration, models: @escaping @Sendable (SearchMethod) -> SearchModels,
        release: @escaping @Sendable (Problem) async -> Void = { _ in }
    ) {
        self.id = id
        self.defaults = defaults
        self.models = models
        self.release = release
    }
}
