/// The seconds of a forward pass of one model, by how many tokens go through it: linear between known points.
///
/// Tokens whose output is read (the ends of sequences, tokens to be verified) and tokens of a text that is only read cost
/// differently: the latter need no logits, and come by the dozen, for which processors have faster kernels.
///
/// ```swift
/// let cost = try ForwardPassCost(decodePoints, prefill: prefillPoints)
/// cost.seconds(tokens: 12)                  // twelve sequences go on by a token each
/// cost.seconds(tokens: 12, prefill: 200)    // and so many tokens are read in the same pass
/// ```
/// Measured and hypothetical models are the same type, so that whatever is computed with one is computed with the other.
public struct ForwardPassCost: Sendable, Hashable, Codable {
    /// A known pass.
    public struct Point: Sendable, Hashable, Codable {
        public var tokens: Double
        public var seconds: Double

        public init(tokens: Double, seconds: Double) {
            self.tokens = tokens
            self.seconds = seconds
        }
    }

    /// By ascending tokens; a pass of more tokens never costs less.
    public let points: [Point]
    /// The same for passes over a text of which only the end's output is read; empty where that is not known apart.
    public let prefill: [Point]
    /// Seconds beside the model's own work that every pass costs: choosing tokens, a request's way.
    public var overhead = 0.0

    /// Takes measured passes; beyond the largest the cost goes on with the slope of the last two.
    ///
    /// - Parameter prefill: Passes over a text; empty where they cost what others of as many tokens do.
    /// - Throws: ``SpecSearchError`` `badSetting` without a point, or where one is out of range.
    public init(_ points: [Point], prefill: [Point] = []) throws(SpecSearchError) {
        guard !points.isEmpty else {
            throw SpecSearchError(
                .badSetting, "The cost of a model's passes is not known.",
                remedy: "Measure it with `specsearch tune`, or give passes of more than 0 tokens and seconds.")
        }
        self.points = try Self.ascending(points)
        self.prefill = try Self.ascending(prefill)
    }

    /// The points by tokens, such that more tokens never cost less.
    private static func ascending(_ points: [Point]) throws(SpecSearchError) -> [Point] {
        // Within these no sum of costs overflows, nor does the slope between two points.
        guard points.allSatisfy({ (1e-3...1e12).contains($0.tokens) && (1e-15...1e12).contains($0.seconds) }) else {
            throw SpecSearchError(
                .badSetting, "The cost of a model's passes is not known.",
                remedy: "Give passes of more than 0 tokens and seconds, and of at most 1e12.")
        }
        // Where more tokens took less time, all of these passes get their mean (isotonic regression).
        var pools: [(sum: Double, count: Int)] = []
        let sorted = points.sorted { $0.tokens < $1.tokens }
        for point in sorted {
            var pool = (sum: point.seconds, count: 1)
            while let last = pools.last, last.sum * Double(pool.count) > pool.sum * Double(last.count) {
                pool = (pool.sum + last.sum, pool.count + last.count)
                pools.removeLast()
            }
            pools.append(pool)
        }
        let seconds = pools.flatMap { Array(repeating: $0.sum / Double($0.count), count: $0.count) }
        return zip(sorted, seconds).map { Point(tokens: $0.tokens, seconds: $1) }
    }

    /// The cost with more passes; they take the place of those of as many tokens.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, as for the first ones.
    public func merging(_ newer: [Point], prefill more: [Point] = []) throws(SpecSearchError) -> ForwardPassCost {
        func merge(_ old: [Point], _ newer: [Point]) -> [Point] {
            let known = Set(newer.map(\.tokens))
            return old.filter { !known.contains($0.tokens) } + newer
        }
        var merged = try ForwardPassCost(merge(points, newer), prefill: merge(prefill, more))
        merged.overhead = overhead
        return merged
    }

    /// The cost of a hypothetical model on a machine, by the roofline (Williams and others, 2009).
    ///
    /// A pass reads all weights once, or computes two operations for each weight and token, whichever takes longer. The
    /// cache's traffic is left out.
    ///
    /// - Parameters:
    ///   - parameters: The weights that take part in a token; of a mixture of experts the active ones.
    ///   - bytesPerWeight: 2 for 16 bits, 0.5 for 4.
    ///   - bandwidth: Bytes a second.
    ///   - flops: Floating point operations a second.
    /// - Throws: ``SpecSearchError`` `badSetting` for a figure that is not positive.
    public init(parameters: Double, bytesPerWeight: Double, bandwidth: Double, flops: Double) throws(SpecSearchError) {
        let figures = [
            ("parameters", parameters), ("bytes per weight", bytesPerWeight), ("bandwidth", bandwidth),
            ("FLOP/s", flops),
        ]
        for (name, value) in figures where !(value > 0 && value.isFinite) {
            throw SpecSearchError(.badSetting, "The \(name) cannot be \(value).", remedy: "Give a number above 0.")
        }
        let reading = parameters * bytesPerWeight / bandwidth
        let computing = 2 * parameters / flops
        let balance = max(1, reading / computing)
        try self.init([
            Point(tokens: balance, seconds: balance * computing),
            Point(tokens: 2 * balance, seconds: 2 * balance * computing),
        ])
    }

    /// The seconds of a pass; 0 without tokens.
    ///
    /// - Parameters:
    ///   - tokens: The tokens whose output is read.
    ///   - text: The tokens that are only read.
    public func seconds(tokens: Double, prefill text: Double = 0) -> Double {
        guard tokens > 0 || text > 0 else { return 0 }
        // A text of one token is a sequence that goes on.
        let reading =
            prefill.isEmpty
            ? points
            : points.prefix(1).filter { $0.tokens < prefill[0].tokens && $0.seconds < prefill[0].seconds } + prefill
        if tokens <= 0 { return Self.value(text, of: reading) + overhead }
        // The weights are read once, so what text adds is what it would add to a text of so many tokens.
        let added = text > 0 ? Self.value(tokens + text, of: reading) - Self.value(tokens, of: reading) : 0
        return Self.value(tokens, of: points) + added + overhead
    }

    private static func value(_ tokens: Double, of points: [Point]) -> Double {
        guard let first = points.first, let last = points.last else { return 0 }
        guard tokens > first.tokens, points.count > 1 else { return first.seconds }
        let above = points.first { $0.tokens >= tokens } ?? last
        let place = max(1, points.firstIndex(of: above) ?? 1)
        let (low, high) = (points[place - 1], points[place])
        let slope = high.tokens > low.tokens ? (high.seconds - low.seconds) / (high.tokens - low.tokens) : 0
        return low.seconds + slope * (tokens - low.tokens)
    }
}
