/// Limits of the work that an answer may cost; whatever goes beyond is compared as text.
enum GradingLimits {
    /// Characters of an answer that is still read as mathematics.
    static let characters = 10_000
    /// Bytes at the end of a worked solution in which its answer is looked for.
    static let solution = 1_000_000
    /// Characters of a sentence that gives an answer.
    static let sentence = 2_000
    /// Levels of brackets, fractions and the like.
    static let depth = 40
    /// Nodes of an expression.
    static let nodes = 2_000
    /// Bits of an exact integer.
    static let bits = 40_000
    /// Bits of a number with which formulas are computed that double precision cannot tell apart.
    static let preciseBits = 16_384
    /// Terms of an exact polynomial.
    static let terms = 300
    /// The exponent up to which a sum of several terms is multiplied out.
    static let exponent = 60
    /// Elements that are compared without regard to their order.
    static let unordered = 200
}
