public import SpecSearch

/// The model that a server offers under one name: an engine, and the settings of a search where a request says nothing.
public struct ServedModel: Sendable {
    /// The name in `/v1/models`.
    public var id: String
    /// The models.
    public var engine: Engine
    /// Settings that a request may change within the limits.
    public var defaults: SearchConfiguration

    public init(id: String, engine: some EngineConvertible, defaults: SearchConfiguration = SearchConfiguration()) {
        self.id = id
        self.engine = engine.engine
        self.defaults = defaults
    }
}
