/// All figures of one method against another on the same items (problems, or problems with several seeds).
public struct PairedComparison: Sendable, Hashable, Codable {
    /// A figure and its interval; nil for fewer than two problems.
    public struct Estimate: Sendable, Hashable, Codable {
        public var value: Double
        public var interval: Interval?

        public init(value: Double, interval: Interval?) {
            self.value = value
            self.interval = interval
        }
    }

    /// Different problems, and items (problems × seeds).
    public var problems: Int
    public var items: Int
    /// Σ seconds of the baseline ÷ Σ seconds of the method: the primary figure of speed.
    public var speedup: Estimate
    /// The geometric mean of the items' speed-ups.
    public var geometricSpeedup: Estimate
    /// Right answers, with each item counted once.
    public var outcomes: PairedOutcomes
    /// Accuracy of the method minus the baseline's: Tango's score interval for one seed, a bootstrap over problems for
    /// several.
    public var accuracyDifference: Estimate
    /// McNemar's exact test and its mid-p version; nil for several seeds, whose items are not independent.
    public var mcNemarExact: Double?
    public var mcNemarMidP: Double?
    /// The verdict at a stated margin, by the same interval; nil for fewer than two problems.
    public var nonInferiority: NonInferiority?

    /// Compares items in the same order.
    ///
    /// - Parameters:
    ///   - problems: The problem of each item; what the seeds of one problem gave is resampled together.
    ///   - seconds: Of each item; less than a nanosecond counts as one, so that every ratio is finite.
    ///   - margin: The accepted loss of accuracy, as a share.
    /// - Returns: Nil without items, or if the counts differ.
    public init?(
        problems ids: [String], seconds: (method: [Double], baseline: [Double]),
        isRight: (method: [Bool], baseline: [Bool]), margin: Double = 0.01,
        bootstrap: PairedBootstrap = PairedBootstrap()
    ) {
        let counts = [seconds.method.count, seconds.baseline.count, isRight.method.count, isRight.baseline.count]
        guard !ids.isEmpty, counts.allSatisfy({ $0 == ids.count }) else { return nil }
        problems = Set(ids).count
        items = ids.count
        let mine = seconds.method.map { max($0, 1e-9) }
        let theirs = seconds.baseline.map { max($0, 1e-9) }
        speedup = Estimate(
            value: theirs.reduce(0, +) / mine.reduce(0, +),
            interval: bootstrap.ratioOfSums(theirs, mine, problems: ids))
        geometricSpeedup = Estimate(
            value: PairedBootstrap.geometricMeanRatio(theirs, mine) ?? 1,
            interval: bootstrap.geometricMeanRatio(theirs, mine, problems: ids))
        outcomes = PairedOutcomes(method: isRight.method, baseline: isRight.baseline)
        let isClustered = problems < items
        let interval =
            isClustered
            ? bootstrap.meanDifference(
                isRight.method.map { $0 ? 1 : 0 }, isRight.baseline.map { $0 ? 1 : 0 }, problems: ids)
            : items > 1 ? outcomes.differenceInterval(confidence: bootstrap.confidence) : nil
        accuracyDifference = Estimate(value: outcomes.difference, interval: interval)
        mcNemarExact = isClustered ? nil : outcomes.mcNemarExact
        mcNemarMidP = isClustered ? nil : outcomes.mcNemarMidP
        nonInferiority = interval.map {
            NonInferiority(
                margin: margin, difference: outcomes.difference, interval: $0,
                confidence: (1 + bootstrap.confidence) / 2)
        }
    }

    /// The share right by the method, and by the baseline, to be shown with Wilson's interval.
    public var accuracy: (method: Proportion, baseline: Proportion) {
        (
            Proportion(successes: outcomes.bothRight + outcomes.methodOnly, count: items),
            Proportion(successes: outcomes.bothRight + outcomes.baselineOnly, count: items)
        )
    }
}
