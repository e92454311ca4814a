/// A way to read and compare answers.
public enum GradingMode: String, Sendable, Hashable, Codable, CaseIterable {
    /// By value, exactly: what ``MathAnswer`` says.
    case strict
    /// As the evaluation chain of the Qwen-2.5-Math family does, which most papers report: numbers within 0.01 %, also
    /// after a factor of 100; brackets, units and `\text{}` ignored; and whatever is equal in value.
    case compat
}
