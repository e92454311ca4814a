/// An estimate of how long a search will still take, from the steps that it has taken.
///
/// How many steps a problem takes is not known before: at first as many as school problems take with chat models, and once
/// there are as many, one more. So the estimate is for people, and said with "about".
package struct RemainingTime {
    private static let usualSteps = 6.0
    /// The tokens of a step, and of a program, before one was seen.
    private static let (usualStepTokens, usualProgramTokens) = (60.0, 120.0)

    private let stepTokens: Double
    private let maximumSteps: Double
    /// The seconds at which each step was over.
    private var ends: [Double] = []

    /// - Parameters:
    ///   - maximumSteps: The depth limit, or the number of iterations where all of them are made.
    ///   - isExact: Whether it comes to exactly so many.
    ///   - isProgram: Whether a step is a whole program.
    package init(maximumSteps: Int, isExact: Bool = false, isProgram: Bool = false) {
        stepTokens = isProgram ? Self.usualProgramTokens : Self.usualStepTokens
        self.maximumSteps = Double(maximumSteps)
        expectedSteps = isExact ? Double(maximumSteps) : min(Self.usualSteps, Double(maximumSteps))
    }

    private let expectedSteps: Double

    /// Notes that a step is over.
    package mutating func stepEnded(at seconds: Double) { ends.append(seconds) }

    /// The seconds left; nil before there is anything to judge by.
    ///
    /// - Parameters:
    ///   - seconds: Those since the beginning.
    ///   - tokensOfThought: The tokens of each thought of the first call so far, for the time before the first step's end.
    package func seconds(at seconds: Double, tokensOfThought: Double) -> Double? {
        guard let last = ends.last else {
            guard tokensOfThought >= 4, seconds > 0 else { return nil }
            let step = seconds * max(1, stepTokens / tokensOfThought)
            return max(0, step * expectedSteps - seconds)
        }
        let done = Double(ends.count)
        let left = min(max(expectedSteps - done, 1), max(maximumSteps - done, 0))
        let step = last / done
        // The step under way counts for what is left of it, and never for less than a tenth.
        return max(left * step - min(seconds - last, 0.9 * step), 0)
    }
}
