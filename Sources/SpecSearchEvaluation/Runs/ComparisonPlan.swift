/// The plan of which variants of a run are compared with which.
public enum ComparisonPlan: Sendable, Hashable, Codable {
    /// Each with all before it.
    case all
    /// The others with these; of two of these only the later with the earlier.
    case against([String])
    /// Each with those before it in its group of so many that follow one another.
    case groups(of: Int)

    /// What a variant is compared with.
    ///
    /// - Parameters:
    ///   - index: Its place among the variants.
    ///   - variants: All names, in the order of the tables.
    func baselines(of index: Int, in variants: [String]) -> [String] {
        switch self {
        case .all: Array(variants[..<index])
        case .against(let baselines):
            baselines.filter { baseline in
                guard let other = variants.firstIndex(of: baseline), other != index else { return false }
                return other < index || !baselines.contains(variants[index])
            }
        case .groups(let size): Array(variants[(index - index % max(size, 1))..<index])
        }
    }

    /// The baselines of a chart: one for each variant at most.
    func mainBaselines(in variants: [String]) -> [String] {
        switch self {
        case .all: Array(variants.prefix(1))
        case .against(let baselines): Array(baselines.prefix(1))
        case .groups(let size): stride(from: 0, to: variants.count, by: max(size, 1)).map { variants[$0] }
        }
    }
}
