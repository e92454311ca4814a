/// What the method auto chose for the thoughts of one batch, and why.
public struct MethodChoice: Sendable, Hashable, Codable {
    /// The depth of the batch's nodes.
    public var depth: Int
    /// `ar`, `sps` or `specsearch`.
    public var method: SearchMethod
    /// The expected seconds for a token of every method that was possible, as shares of `ar`'s.
    public var costs: [SearchMethod: Double]
    /// Whether it is not the cheapest that is expected, but tried for the chance that it is.
    public var isTrial: Bool
    /// The share of drafts that was expected to be kept.
    public var acceptance: Double

    package init(
        depth: Int, method: SearchMethod, costs: [SearchMethod: Double], isTrial: Bool = false, acceptance: Double
    ) {
        self.depth = depth
        self.method = method
        self.costs = costs
        self.isTrial = isTrial
        self.acceptance = acceptance
    }
}
