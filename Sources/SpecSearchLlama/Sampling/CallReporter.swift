import SpecSearch

/// Tells the observer of the running task how far a call is: at its first token, then at most ten times a second.
struct CallReporter {
    private static let interval = Duration.milliseconds(100)

    private let observer: GenerationProgress.Observer
    private let role: ModelRole
    private let vocabulary: Vocabulary
    private var next = ContinuousClock.now

    /// - Returns: Nil where nobody wants to know.
    init?(role: ModelRole, vocabulary: Vocabulary) {
        guard let observer = GenerationProgress.observer else { return nil }
        self.observer = observer
        self.role = role
        self.vocabulary = vocabulary
    }

    /// Reports, if it is time.
    mutating func report(_ sequences: [GeneratedSequence]) {
        let now = ContinuousClock.now
        guard now >= next else { return }
        next = now + Self.interval
        observer.report(
            GenerationProgress(
                role: role, thoughts: sequences.count, finished: sequences.count { $0.stop != nil },
                tokens: sequences.reduce(0) { $0 + $1.tokens.count },
                text: sequences.first { $0.stop == nil }.map { vocabulary.text(of: $0.tokens) } ?? ""))
    }
}
