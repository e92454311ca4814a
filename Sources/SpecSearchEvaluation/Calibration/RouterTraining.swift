internal import Foundation
public import SpecSearch

/// Trains an ``SpecSearch/AdvantageRouter`` on what searches show: rejected drafts, and whether what the target generated in
/// their place was better.
public struct RouterTraining: Sendable {
    /// A rejected draft, and what came of asking the target.
    public struct Example: Sendable, Hashable {
        public var features: AdvantageRouter.Features
        /// Whether one of the corrections scored more.
        public var isBetter: Bool
        /// The problem: examples of one go into one fold.
        public var problem: String

        public init(_ features: AdvantageRouter.Features, isBetter: Bool, problem: String) {
            self.features = features
            self.isBetter = isBetter
            self.problem = problem
        }
    }

    public private(set) var examples: [Example] = []

    public init() {}

    public init(_ examples: [Example]) { self.examples = examples }

    /// Takes in a search's rejected drafts, where the target wrote something in their place.
    public mutating func add(_ tree: SearchTree) {
        for parent in tree.ids {
            let children = tree[parent].children.map { tree[$0] }
            let corrections = children.filter { $0.state == .correction || $0.state == .duplicate }
            guard let best = corrections.map({ $0.score ?? 1 }).max() else { continue }
            for draft in children where draft.state == .rejected || draft.state == .salvaged {
                // What a draft that was given up would have scored is not known.
                guard draft.thought.stop != .rejected, let score = draft.score, let bound = draft.threshold else {
                    continue
                }
                let features = AdvantageRouter.Features(
                    draft.thought, score: score, bound: bound, depth: tree[parent].depth)
                examples.append(Example(features, isBetter: best > score, problem: tree.problem.id))
            }
        }
    }

    /// The share of examples in which the target did better.
    public var share: Double {
        Double(examples.count { $0.isBetter }) / Double(max(1, examples.count))
    }

    /// The router that all examples give.
    ///
    /// Logistic regression on standardised features with a quadratic penalty of one example's weight, by Newton's method.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` where the target always did better, or never.
    public func router(leastAdvantage: Double) throws(SpecSearchError) -> AdvantageRouter {
        guard share > 0, share < 1 else {
            throw SpecSearchError(
                .badSetting,
                "Of \(examples.count) rejected drafts the target did better in \(share > 0 ? "all" : "none"): "
                    + "there is nothing to tell apart.", remedy: "Give traces of more searches by --method specsearch.")
        }
        return Self.fit(examples, leastAdvantage)
    }

    /// The advantage of each example as routers say it that have not seen its problem.
    ///
    /// - Parameter folds: The parts that the problems are dealt into, in the order in which they first come.
    public func heldOut(folds: Int = 5) -> [Double] {
        var places: [String: Int] = [:]
        for example in examples where places[example.problem] == nil { places[example.problem] = places.count % folds }
        let routers = (0..<folds).map { fold in
            Self.fit(examples.filter { places[$0.problem] != fold }, 0)
        }
        return examples.map { routers[places[$0.problem] ?? 0].advantage($0.features) }
    }

    /// The probability that of two examples, of which in one the target did better, that one has the larger advantage (AUC);
    /// nil where it always did, or never.
    ///
    /// - Complexity: O(n log n).
    public func discrimination(_ advantages: [Double]) -> Double? {
        let sorted = zip(advantages, examples.map(\.isBetter)).sorted { $0.0 < $1.0 }
        let better = Double(examples.count { $0.isBetter })
        let worse = Double(examples.count) - better
        guard better > 0, worse > 0 else { return nil }
        // The sum of the ranks of the better ones; equals share theirs.
        var sum = 0.0
        var place = 0
        while place < sorted.count {
            let end = sorted[place...].firstIndex { $0.0 != sorted[place].0 } ?? sorted.count
            sum += Double(sorted[place..<end].count { $0.1 }) * Double(place + end + 1) / 2
            place = end
        }
        return (sum - better * (better + 1) / 2) / (better * worse)
    }

    private static func fit(_ examples: [Example], _ leastAdvantage: Double) -> AdvantageRouter {
        let rows = examples.map(\.features.vector)
        let width = rows.first?.count ?? 0
        let count = Double(max(1, rows.count))
        let means = (0..<width).map { column in rows.reduce(0) { $0 + $1[column] } / count }
        let scales = (0..<width).map { column in
            let variance = rows.reduce(0) { $0 + pow($1[column] - means[column], 2) } / count
            return variance > 1e-12 ? variance.squareRoot() : .infinity
        }
        // The first column is the intercept's.
        let inputs = rows.map { row in [1] + (0..<width).map { (row[$0] - means[$0]) / scales[$0] } }
        var weights = [Double](repeating: 0, count: width + 1)
        for _ in 0..<25 {
            var gradient = weights.enumerated().map { $0 == 0 ? 0 : -$1 }
            var hessian = (0...width).map { row in (0...width).map { $0 == row ? (row == 0 ? 1e-9 : 1) : 0.0 } }
            for (input, example) in zip(inputs, examples) {
                let p = 1 / (1 + exp(-zip(weights, input).reduce(0) { $0 + $1.0 * $1.1 }))
                for row in 0...width {
                    gradient[row] += input[row] * ((example.isBetter ? 1 : 0) - p)
                    for column in 0...width { hessian[row][column] += input[row] * input[column] * p * (1 - p) }
                }
            }
            let step = solve(hessian, gradient)
            for row in 0...width { weights[row] += step[row] }
            if step.allSatisfy({ abs($0) < 1e-9 }) { break }
        }
        let slopes = (0..<width).map { weights[$0 + 1] / scales[$0] }
        return AdvantageRouter(
            intercept: weights[0] - zip(slopes, means).reduce(0) { $0 + $1.0 * $1.1 }, weights: slopes,
            leastAdvantage: leastAdvantage)
    }

    /// Gaussian elimination; the matrix is positive definite, so no pivot vanishes.
    private static func solve(_ matrix: [[Double]], _ right: [Double]) -> [Double] {
        var (matrix, right) = (matrix, right)
        for pivot in right.indices {
            for row in right.indices where row > pivot {
                let factor = matrix[row][pivot] / matrix[pivot][pivot]
                for column in pivot..<right.count { matrix[row][column] -= factor * matrix[pivot][column] }
                right[row] -= factor * right[pivot]
            }
        }
        for row in right.indices.reversed() {
            for column in (row + 1)..<right.count { right[row] -= matrix[row][column] * right[column] }
            right[row] /= matrix[row][row]
        }
        return right
    }
}
