public import SpecSearch

/// What a server offers under one name: models of any engine, and the settings of a search where a request says nothing.
public struct ServedModel: Sendable {
    /// The name in `/v1/models`.
    public var id: String
    /// Settings that a request may change within the limits.
    public var defaults: SearchConfiguration
    /// The models of one method.
    public var models: @Sendable (SearchMethod) -> SearchModels

    public init(
        id: String, defaults: SearchConfiguration, models: @escaping @Sendable (SearchMethod) -> SearchModels
    ) {
        self.id = id
        self.defaults = defaults
        self.models = models
    }
}
